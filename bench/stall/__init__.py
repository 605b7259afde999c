"""How late an asyncio loop is while it records, ours beside the originals. See ../README.md."""

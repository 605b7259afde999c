"""What every integration must leave at the server: whole records that point at each other and at nothing else."""

from __future__ import annotations

from typing import Any

Conversation = dict[str, Any]


def check(conversation: Conversation) -> None:
    """Every call has ended, every parent is there, nothing is told twice."""
    generations, steps, events = (conversation[kind] for kind in ("generations", "steps", "events"))
    # A generation or step has the id of the event that opened it.
    ids = [generation["generation_id"] for generation in generations]
    ids += [step["step_id"] for step in steps] + [event["event_id"] for event in events]
    assert len(ids) == len(set(ids)), f"told twice: {ids}"
    records = [*generations, *steps, *events]
    dangling = [record for record in records if record.get("parent_id") and record["parent_id"] not in ids]
    assert not dangling, f"parents that never came: {dangling}"
    for generation in generations:
        assert not generation["open"], f"without an end: {generation}"
        assert generation["input"], f"without messages: {generation}"
        assert generation["model"]["name"] != "unknown" != generation["model"]["provider"], generation["model"]
    for step in steps:
        assert not step["open"], f"without an end: {step}"


def texts(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(role, text) of each message."""
    return [
        (message["role"].removeprefix("MESSAGE_ROLE_").lower(), "".join(part.get("text", "") for part in message["parts"]))
        for message in messages
    ]


def kinds(conversation: Conversation) -> list[str]:
    """The kinds of the events."""
    return [event["kind"] for event in conversation["events"]]

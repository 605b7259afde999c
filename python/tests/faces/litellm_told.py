"""What LiteLLM hands to its handlers, made by hand."""

from __future__ import annotations

from typing import Any

HELLO = [{"role": "user", "content": "Hello!"}]


def event(litellm_params: Any = None, optional_params: Any = None, **payload: Any) -> dict[str, Any]:
    """What LiteLLM hands over for a plain successful call, but for what is given."""
    standard = {
        "id": "id-1",
        "call_type": "completion",
        "status": "success",
        "stream": False,
        "custom_llm_provider": "openai",
        "model": "gpt-4o",
        "messages": HELLO,
        "response": {"id": "resp", "model": "gpt-4o", "choices": [{"message": {"content": "hi"}}]},
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        **payload,
    }
    return {
        "standard_logging_object": standard,
        "litellm_call_id": "call-1",
        "litellm_params": litellm_params or {},
        "optional_params": optional_params or {},
    }

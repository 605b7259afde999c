"""Usage of providers as token counters."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage

ANTHROPIC = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
}
CHAT = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 16,
    "prompt_tokens_details": {"cached_tokens": 4, "cache_creation_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
RESPONSES = {
    "input_tokens": 10,
    "output_tokens": 5,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens_details": {"reasoning_tokens": 3},
}
GEMINI = {
    "prompt_token_count": 10,
    "candidates_token_count": 5,
    "thoughts_token_count": 2,
    "tool_use_prompt_token_count": 1,
    "cached_content_token_count": 4,
    "cache_creation_input_token_count": 6,
    "total_token_count": 99,
}
INPUTS: dict[str, Any] = {
    "anthropic": ANTHROPIC,
    "anthropic write": {**ANTHROPIC, "cache_write_input_tokens": 0},
    "chat": CHAT,
    "responses": RESPONSES,
    "gemini": GEMINI,
    "gemini write": {**GEMINI, "cache_write_input_token_count": 0, "total_token_count": None},
    "generic": {"prompt_tokens": None, "input_tokens": 4, "completion_tokens": 0, "output_tokens": 3, "reasoning_tokens": 1},
    "object": SimpleNamespace(**{**CHAT, "prompt_tokens_details": SimpleNamespace(cached_tokens=4)}),
    "odd": {"input_tokens": "12", "output_tokens": 3.0, "total_tokens": True, "cache_read_input_tokens": "x"},
    "odder": {"prompt_tokens": 2.5, "completion_tokens": -1, "total_tokens": None, "prompt_tokens_details": "none"},
    "candidates only": {"candidates_token_count": 7},
    "output only": {"output_tokens": 7},
    "empty": {},
    "none": None,
    "text": "12",
    "list": [1],
}


@scenario(protocols=HTTP)
def usage_helpers(s: Stage) -> None:
    """Each helper on each provider's usage, and on what is none."""
    module = importlib.import_module("sigil_sdk.usage")
    for helper in ("from_anthropic", "from_openai_chat", "from_openai_responses", "from_gemini", "from_generic", "map_usage"):
        for name, value in INPUTS.items():
            s.attempt(f"{helper}({name})", getattr(module, helper), value)


@scenario(
    protocols=HTTP,
    releases=("0.2.0",),
    earlier={
        "metrics.1.*": "0.2 counters",
        "spans.0.attributes.gen_ai.usage.*": "0.2 counters",
        "wire.0.body.generations.gen-1.usage.*": "0.2 counters",
        "seen.from_*": "0.2 counters",
        "seen.last_generation.usage.cache_write_input_tokens": "0.2 counters",
    },
)
def usage_helpers_of_0_2_0(s: Stage) -> None:
    """As programs of 0.2.0 call them."""
    module = importlib.import_module("sigil_sdk.usage")
    for helper, name in {"from_anthropic": "anthropic", "from_openai_chat": "chat", "from_gemini": "gemini"}.items():
        s.attempt(f"{helper}({name})", getattr(module, helper), INPUTS[name])
    usage = s.sdk.TokenUsage(input_tokens=1, cache_creation_input_tokens=5)
    s.see("counter", usage.cache_creation_input_tokens)
    s.see("positional", s.sdk.TokenUsage(1, 2, 3, 4, 5, 6, 7))
    s.record(s.client(), usage=usage, **s.hello())

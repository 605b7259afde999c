"""The LiteLLM handler, with replies that LiteLLM makes up, and with records as LiteLLM would hand them over."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta, timezone
from functools import wraps
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..stage import Stage

WAIT_SECONDS = 60.0
HI = [{"role": "user", "content": "hi"}]
HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Käse?"}, {"type": "text", "text": "Ja?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"q":"käse"}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "name": "look", "content": "gut"},
]
TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}}}]
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
#: What differs in every reply that comes through LiteLLM.
REPLY = {
    "*.response_id": "litellm response",
    "*.response_model": "litellm response",
    "*.cost_usd": "litellm cost",
}
STREAMED = {**REPLY, "*.time_to_first_chunk": "first token"}


def handler(s: Stage, client: Any = None, **fields: Any) -> Any:
    from sigil_sdk_litellm import SigilLiteLLMLogger

    return SigilLiteLLMLogger(client=client or s.client(), **fields)


def slo(**fields: Any) -> dict[str, Any]:
    """LiteLLM's record of a call, as it hands it to handlers."""
    return {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "stream": False,
        "status": "success",
        "custom_llm_provider": "OpenAI",
        "model": "gpt-4o",
        "messages": HI,
        "response": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}]},
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "model_parameters": {},
        "request_tags": [],
        "end_user": "",
        "error_str": None,
        "completionStartTime": 0.0,
        "metadata": {},
        **fields,
    }


def event(s: Stage, h: Any, record: Any, *, failed: bool = False, response: Any = None, **kwargs: Any) -> None:
    """Hands one record over; the original's handlers never raise."""
    given = {"standard_logging_object": record, "litellm_params": {"metadata": {}}, "optional_params": {}, **kwargs}
    if record is None:
        del given["standard_logging_object"]
    log = h.log_failure_event if failed else h.log_success_event
    log(given, response, AT, AT + timedelta(seconds=2))


def told(s: Stage, *records: Any, **kwargs: Any) -> None:
    client = s.client()
    h = handler(s, client)
    for index, record in enumerate(records):
        event(s, h, slo(**{"id": f"chatcmpl-{index}", **record}), **kwargs)
    client.flush()


def reporting(h: Any) -> threading.Semaphore:
    """Released after each call that LiteLLM makes of the handler, on a thread or in a loop, some time after the program's."""
    reported = threading.Semaphore(0)

    def whole(log: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(log)
        def logging(*args: Any, **kwargs: Any) -> None:
            log(*args, **kwargs)
            reported.release()

        return logging

    def awaited(log: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(log)
        async def logging(*args: Any, **kwargs: Any) -> None:
            await log(*args, **kwargs)
            reported.release()

        return logging

    for event_name in ("log_success_event", "log_failure_event"):
        setattr(h, event_name, whole(getattr(h, event_name)))
        setattr(h, f"async_{event_name}", awaited(getattr(h, f"async_{event_name}")))
    return reported


def arrived(s: Stage, client: Any, count: int, reported: threading.Semaphore) -> None:
    """Waits until the server has got so many records."""
    client.flush()
    while _received(s) < count:
        if not reported.acquire(timeout=WAIT_SECONDS):
            raise TimeoutError(f"{_received(s)} of {count} came")
        client.flush()
    _set_times_aside(s)


def _received(s: Stage) -> int:
    return sum(len(request.json()["generations"]) for request in s.server.requests)


def _set_times_aside(s: Stage) -> None:
    """Calls through LiteLLM have times of the machine's clock."""
    import re

    for request in s.server.requests:
        request.body = re.sub(rb'"(started_at|completed_at)": ?"20\d\d-[^"]*"', rb'"\1": "now"', request.body)
        request.body = re.sub(rb'("gen_ai.response.time_to_first_chunk": ?)[0-9.e-]+', rb"\1 0", request.body)


def through_litellm(s: Stage, calls: Callable[[Any, threading.Semaphore], None], count: int, **fields: Any) -> None:
    """Calls LiteLLM with the handler of these settings, and waits until so many records have come."""
    import litellm
    from opentelemetry import metrics, trace

    # Its durations are those of the machine.
    client = s.client(tracer=trace.NoOpTracer(), meter=metrics.NoOpMeter("parity"))
    h = handler(s, client, **fields)
    reported = reporting(h)
    litellm.callbacks = [h]
    try:
        calls(litellm, reported)
        arrived(s, client, count, reported)
    finally:
        litellm.callbacks = []
        for name in ("success_callback", "failure_callback", "_async_success_callback", "_async_failure_callback"):
            setattr(litellm, name, [])
    client.shutdown()


def calling(s: Stage, name: str, **asked: Any) -> None:
    """One call of LiteLLM's function of that name, read to its end, answered by its mock."""

    def calls(litellm: Any, _reported: threading.Semaphore) -> None:
        reply = getattr(litellm, name)(**asked)
        if asked.get("stream"):
            for _ in reply:
                pass

    through_litellm(s, calls, 1)


def awaiting(s: Stage, **asked: Any) -> None:
    """The asynchronous twin of `calling`, which waits in its loop until LiteLLM has called the handler."""

    def calls(litellm: Any, reported: threading.Semaphore) -> None:
        async def both() -> None:
            reply = await litellm.acompletion(**asked)
            if asked.get("stream"):
                async for _ in reply:
                    pass
            await asyncio.to_thread(reported.acquire, timeout=WAIT_SECONDS)

        asyncio.run(both())

    through_litellm(s, calls, 1)


@scenario(protocols=HTTP, releases=EITHER, differs={**REPLY, "*.metadata.sigil.user.id": "litellm user"})
def litellm_completion(s: Stage) -> None:
    """One reply, with everything that is mapped."""

    def calls(litellm: Any, _reported: threading.Semaphore) -> None:
        litellm.completion(
            model="openai/gpt-4o",
            messages=HISTORY,
            tools=TOOLS,
            temperature=0.25,
            max_tokens=50,
            top_p=0.5,
            mock_response="Ja.",
            metadata={"conversation_id": "conv-1", "agent_name": "agent", "agent_version": "3", "tags": ["blue"]},
            user="user-1",
        )

    through_litellm(s, calls, 1, extra_tags={"env": "test"}, extra_metadata={"m": 1})


@scenario(protocols=HTTP, releases=EITHER, differs=STREAMED)
def litellm_stream(s: Stage) -> None:
    """A streamed reply."""
    calling(s, "completion", model="anthropic/claude-sonnet-4-5", messages=HI, mock_response="hello there", stream=True)


@scenario(protocols=HTTP, releases=EITHER)
def litellm_failure(s: Stage) -> None:
    """A call that fails."""

    def calls(litellm: Any, _reported: threading.Semaphore) -> None:
        try:
            litellm.completion(model="openai/gpt-4o", messages=HI, mock_response="litellm.RateLimitError")
        except litellm.RateLimitError:
            return
        raise RuntimeError("the call was to fail")

    through_litellm(s, calls, 1)


@scenario(protocols=HTTP, releases=EITHER, differs=REPLY)
def litellm_async(s: Stage) -> None:
    """The asynchronous twin, with two choices."""
    awaiting(s, model="openai/gpt-4o", messages=HI, mock_response="one", n=2)


@scenario(protocols=HTTP, releases=EITHER, differs=REPLY)
def litellm_tool_reply(s: Stage) -> None:
    """A reply that calls a tool."""
    called = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"q": "ü"}'}}
    asked = {"model": "openai/gpt-4o", "messages": HI, "tools": TOOLS}
    calling(s, "completion", **asked, mock_response="calling", mock_tool_calls=[called])


@scenario(protocols=HTTP, releases=EITHER, differs=STREAMED)
def litellm_async_stream(s: Stage) -> None:
    """The asynchronous twin of a stream."""
    awaiting(s, model="openai/gpt-4o", messages=HI, mock_response="one two", stream=True)


@scenario(protocols=HTTP, releases=EITHER, differs={**REPLY, "*.metadata.litellm.call_type": "litellm calls"})
def litellm_text_completion(s: Stage) -> None:
    """The old kind of completion."""
    model = "text-completion-openai/gpt-3.5-turbo-instruct"
    calling(s, "text_completion", model=model, prompt="Say", mock_response="this")


@scenario(protocols=HTTP)
def litellm_embedding(s: Stage) -> None:
    """An embedding through LiteLLM: a span."""
    import litellm
    from opentelemetry import metrics

    h = handler(s, s.client(meter=metrics.NoOpMeter("parity")))
    reported = reporting(h)
    litellm.callbacks = [h]
    litellm.embedding(model="openai/text-embedding-3-small", input=["a", "b"], mock_response=[0.1, 0.2])
    if not reported.acquire(timeout=WAIT_SECONDS):
        raise TimeoutError("LiteLLM did not report the embedding")
    litellm.callbacks = []


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"*.time_to_first_chunk": "first token", "*.metadata.litellm.call_type": "litellm calls"},
    earlier={"wire.0.body.generations.chatcmpl-[56].output.*": "0.2 thinking"},
)
def litellm_records(s: Stage) -> None:
    """Call types, providers, parameters, tags, the end user, a stream with its first token."""
    thinking = [{"type": "thinking", "thinking": "hm"}, {"type": "redacted_thinking", "data": "zzz"}]
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": "x", "thinking_blocks": thinking, "tool_calls": [call]}
    told(
        s,
        {"model_parameters": {"temperature": "0.5", "max_tokens": "7", "top_p": "x"}, "request_tags": ["a", "b"]},
        {"stream": True, "completionStartTime": AT.timestamp() + 0.5, "end_user": "me"},
        {"call_type": "", "id": ""},
        {"call_type": "text_completion", "response": "plain text"},
        {"call_type": "image_generation"},
        {"response": {"choices": [{"finish_reason": "tool_calls", "message": message}]}},
        {
            "response": {
                "choices": [{"message": {"content": "x", "reasoning_content": "because"}}, {"message": {"content": ""}}]
            }
        },
        {"messages": [*HISTORY, {"role": "developer", "content": "More."}, {"role": "critic", "content": "odd role"}]},
    )


@scenario(protocols=HTTP, releases=EITHER)
def litellm_usage(s: Stage) -> None:
    """Cache and reasoning counters of the reply."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_creation_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    told(s, {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, response={"usage": usage, "model": "gpt-4o-x"})


@scenario(
    protocols=HTTP,
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def litellm_identity(s: Stage) -> None:
    """Conversation and agent: from the request's metadata, its fallbacks, the handler."""
    client = s.client()
    h = handler(s, client, agent_name="static", agent_version="0", conversation_id="static-conv")
    for index, params in enumerate(
        (
            {},
            {"metadata": {"conversation_id": "c"}},
            {"metadata": {"session_id": "sess", "thread_id": "th"}},
            {"metadata": {"thread_id": "th"}},
            {"metadata": {"litellm_session_id": "ls"}},
            {"litellm_trace_id": "lt", "metadata": None},
            {"metadata": {"agent_name": "a", "agent_version": "9", "conversation_id": ""}},
        )
    ):
        event(s, h, slo(id=f"g{index}"), litellm_params=params)
    client.flush()


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "metrics.*": "litellm incomplete",
        "spans.*": "litellm incomplete",
        "wire.0.body.generations.gen#1": "litellm incomplete",
        "wire.0.body.generations.hidden.*_id": "litellm incomplete",
        "wire.0.body.order.*": "litellm incomplete",
    },
)
def litellm_failures_as_records(s: Stage) -> None:
    """Failure events; nothing at all; content that is not to be captured."""
    client = s.client()
    h = handler(s, client)
    event(s, h, slo(status="failure", error_str="HTTP 503", response=None), failed=True)
    event(s, h, slo(id="no text", error_str="", response={}), failed=True)
    event(s, h, None)
    hidden = handler(s, client, capture_inputs=False, capture_outputs=False)
    event(s, hidden, slo(id="hidden", messages=HISTORY))
    client.flush()


@scenario(
    protocols=HTTP,
    differs={"metrics.*": "litellm incomplete", "spans.*": "litellm incomplete"},
)
def litellm_embeddings(s: Stage) -> None:
    """Spans and metrics only."""
    capture = s.sdk.EmbeddingCaptureConfig(capture_input=True)
    h = handler(s, s.client(embedding_capture=capture), agent_name="agent")
    base = {"call_type": "aembedding", "model": "te-3", "prompt_tokens": 5, "response": None}
    response = {"model": "te-3-x", "data": [{"embedding": [0.1, 0.2, 0.3]}]}
    for given in ("text", ["a", "b"], [1, 2, 3], [[1], [2]], None, ""):
        event(s, h, slo(**base), response=response, input=given)
    event(s, h, slo(**base), response=response, input=["a"], optional_params={"dimensions": 256, "encoding_format": "float"})
    event(s, h, slo(**base, error_str="HTTP 500"), failed=True, input=["a"])
    event(s, handler(s, capture_inputs=False), slo(**base), response=response, input="secret")
    event(s, h, slo(**{**base, "model": ""}), response=response, input="x")


def odd(name: str, record: dict[str, Any], **keywords: Any) -> None:
    """Registers a record that costs the original a generation, or a part of it."""

    def run(s: Stage) -> None:
        told(s, {}, record, {})

    run.__name__ = f"litellm_{name}"
    run.__doc__ = f"{name.replace('_', ' ')}, between two good records."
    scenario(protocols=HTTP, releases=EITHER, **keywords)(run)


def kept(row: str, *more: str) -> dict[str, str]:
    """What differs when the original loses a call that ours records."""
    paths = ("spans.*", "metrics.*", "wire.0.body.generations.chatcmpl-1*", "wire.0.body.order.*", "log.*", *more)
    return dict.fromkeys(paths, row)


def replying(message: Any) -> dict[str, Any]:
    return {"response": {"choices": [{"finish_reason": "stop", "message": message}]}}


CALL = {"id": "c", "function": {"name": "n", "arguments": {"a": 1}}}
BLANK_CALL = {"id": "c", "function": {"name": " ", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
TEXT_COMPLETION = {"call_type": "text_completion", "response": {"choices": [{"text": "raw", "finish_reason": "stop"}]}}
INCOMPLETE = kept("litellm incomplete")
#: The original does not even begin a span, so that the next one has another id.
NOT_BEGUN = kept("litellm incomplete", "wire.0.body.generations.chatcmpl-2.*_id")
QUIETLY = {path: "litellm calls" for path in NOT_BEGUN if path != "log.*"}
OUTPUT = "wire.0.body.generations.chatcmpl-1.output"

odd("blank_user_message", {"messages": [{"role": "user", "content": " "}]}, differs=INCOMPLETE)
odd("reply_of_a_newline", replying({"content": "\n"}), differs=INCOMPLETE)
odd("part_with_text_none", {"messages": [{"role": "user", "content": [{"type": "text", "text": None}]}]}, differs=NOT_BEGUN)
odd(
    "arguments_as_an_object",
    replying({"tool_calls": [CALL]}),
    differs={path: row for path, row in INCOMPLETE.items() if "order" not in path},
)
odd("reply_as_parts", replying({"content": [{"type": "text", "text": "a"}, IMAGE]}), differs=kept("litellm output"))
odd("end_user_of_an_integer", {"end_user": 7}, differs=NOT_BEGUN)
odd("lone_surrogate", replying({"content": "a\ud800"}), differs=INCOMPLETE)
odd("float_tokens", {"prompt_tokens": 3.5, "total_tokens": 7.5}, differs=INCOMPLETE)
odd("blank_tool_name", replying({"content": None, "tool_calls": [BLANK_CALL]}), differs=INCOMPLETE)
odd("no_provider", {"custom_llm_provider": ""}, differs=INCOMPLETE)
odd("no_model", {"model": ""}, differs=INCOMPLETE)
odd(
    "image_only",
    {"messages": [{"role": "user", "content": [IMAGE]}]},
    differs={"wire.0.body.generations.chatcmpl-1.input": "litellm media"},
)
odd("refusal", replying({"content": None, "refusal": "I cannot."}), differs={OUTPUT: "litellm output"})
odd(
    "function_call",
    replying({"content": None, "function_call": {"name": "look", "arguments": "{}"}}),
    differs={OUTPUT: "litellm output", "metrics.2.*": "litellm output"},
)
odd("raw_text_completion", TEXT_COMPLETION, differs={OUTPUT: "litellm output", "*.metadata.litellm.call_type": "litellm calls"})
odd("responses_call", {"call_type": "aresponses"}, differs=QUIETLY)
odd("anthropic_messages_call", {"call_type": "anthropic_messages"}, differs=QUIETLY)
odd(
    "cache_hit_and_cost",
    {"cache_hit": True, "response_cost": 0.25},
    differs={"*.metadata.cost_usd": "litellm cost", "*.metadata.litellm.cache_hit": "litellm cache"},
)

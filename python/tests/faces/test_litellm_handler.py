"""Calls made with the real LiteLLM, answered by its mocks, arrive as generations."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

litellm = pytest.importorskip("litellm", reason="the handler needs LiteLLM")
pytest.importorskip("sigil_sdk_litellm", reason="the handler needs Python 3.10")

from litellm_told import HELLO, event  # noqa: E402
from waiting import wait_for  # noqa: E402

from sigil_sdk_litellm import SigilLiteLLMLogger, create_sigil_litellm_logger  # noqa: E402

# LiteLLM and what it stands on warn about their own use of old APIs.
pytestmark = pytest.mark.filterwarnings("ignore")

MODEL = "openai/gpt-4o-mini"
WEATHER_CALL: dict[str, Any] = {
    "id": "call-1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
}


class Recording:
    """LiteLLM with our handler registered, and what arrived at the server."""

    def __init__(self, client: Any, server: Any) -> None:
        self.client = client
        self.server = server

    def only(self) -> dict[str, Any]:
        """The one generation that was recorded."""
        wait_for(lambda: self.client.stats()["accepted"] > 0, "the call is recorded")
        self.client.flush()
        (generation,) = self.server.generations()
        return generation


@pytest.fixture
def recording(litellm_client: Any, server: Any) -> Recording:
    return Recording(litellm_client, server)


def test_a_completion_arrives_complete(recording: Recording) -> None:
    response = litellm.completion(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, *HELLO],
        mock_response="Hi.",
        temperature=0.5,
        max_tokens=10,
        user="user-1",
        metadata={"conversation_id": "conv-1", "agent_name": "greeter", "agent_version": "3", "tags": ["a", "b"]},
    )
    generation = recording.only()
    started, completed = generation.pop("started_at"), generation.pop("completed_at")
    assert datetime.fromisoformat(started.replace("Z", "+00:00")) <= datetime.fromisoformat(
        completed.replace("Z", "+00:00")
    )
    assert generation.pop("metadata") == {
        "cost_usd": pytest.approx(1.35e-05),
        "sigil.user.id": "user-1",
        "sigil.sdk.name": "sdk-python",
        "sigil.sdk.content_capture_mode": "no_tool_content",
    }
    assert generation == {
        "id": response.id,
        "conversation_id": "conv-1",
        "agent_name": "greeter",
        "agent_version": "3",
        "operation_name": "generateText",
        "mode": "GENERATION_MODE_SYNC",
        "model": {"provider": "openai", "name": "gpt-4o-mini"},
        "response_id": response.id,
        "response_model": "gpt-4o-mini",
        "system_prompt": "Be brief.",
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Hello!"}]}],
        "output": [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Hi."}]}],
        "usage": {"input_tokens": "10", "output_tokens": "20", "total_tokens": "30"},
        "stop_reason": "stop",
        "temperature": 0.5,
        "max_tokens": "10",
        "tags": {
            "sigil.framework.name": "litellm",
            "sigil.framework.source": "handler",
            "sigil.framework.language": "python",
            "litellm.tag.a": "a",
            "litellm.tag.b": "b",
        },
    }


def test_a_stream_arrives_with_its_first_token(recording: Recording) -> None:
    chunks = litellm.completion(model=MODEL, messages=HELLO, mock_response="One two three.", stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    generation = recording.only()
    assert generation["mode"] == "GENERATION_MODE_STREAM"
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": text}]}]
    assert generation["metadata"]["gen_ai.response.time_to_first_chunk"] >= 0


@pytest.mark.parametrize("stream", [False, True])
def test_asynchronous_calls_arrive(recording: Recording, stream: bool) -> None:
    async def call() -> None:
        response = await litellm.acompletion(model=MODEL, messages=HELLO, mock_response="Hi you.", stream=stream)
        if stream:
            async for _chunk in response:
                pass
        # LiteLLM reports from the loop.
        await asyncio.to_thread(wait_for, lambda: recording.client.stats()["accepted"], "the call is recorded")

    asyncio.run(call())
    generation = recording.only()
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Hi you."}]}]


def test_tool_calls_and_results_arrive(recording: Recording) -> None:
    history = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [WEATHER_CALL]},
        {"role": "tool", "tool_call_id": "call-1", "name": "get_weather", "content": "18"},
    ]
    litellm.completion(model=MODEL, messages=history, mock_response="", mock_tool_calls=[WEATHER_CALL])
    generation = recording.only()
    call = {"tool_call": {"id": "call-1", "name": "get_weather", "input_json": "eyJjaXR5IjogIlBhcmlzIn0="}}
    result = {"tool_result": {"tool_call_id": "call-1", "name": "get_weather", "content": "18"}}
    assert generation["input"][1:] == [
        {"role": "MESSAGE_ROLE_ASSISTANT", "parts": [call]},
        {"role": "MESSAGE_ROLE_TOOL", "parts": [result]},
    ]
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [call]}]


def test_a_failure_arrives_with_its_error(recording: Recording) -> None:
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model=MODEL, messages=HELLO, mock_response="litellm.RateLimitError")
    generation = recording.only()
    assert "RateLimitError" in generation["call_error"]
    assert generation["metadata"]["call_error"] == generation["call_error"]
    assert "output" not in generation
    assert "cost_usd" not in generation["metadata"]


def test_a_failure_before_a_provider_was_chosen_arrives(recording: Recording) -> None:
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(model="no-such-model", messages=HELLO)
    generation = recording.only()
    assert generation["model"] == {"provider": "unknown", "name": "no-such-model"}
    assert generation["metadata"]["litellm.incomplete"] == ["the provider is not known"]


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ({"role": "user", "content": " "}, None),
        ({"role": "user", "content": [{"type": "text", "text": None}]}, None),
        ({"role": "user", "content": "lone \ud800"}, [{"text": "lone ?"}]),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
            [{"text": "[image_url https://x/y.png]"}],
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}]},
            [{"tool_call": {"id": "c", "name": "f", "input_json": "eyJhIjogMX0="}}],
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": " ", "arguments": "{}"}}]},
            [{"tool_call": {"id": "c", "name": "unknown", "input_json": "e30="}}],
        ),
        (
            {"role": "assistant", "content": "a", "reasoning_content": "hm"},
            [{"thinking": "hm"}, {"text": "a"}],
        ),
        ({"role": "assistant", "refusal": "No."}, [{"text": "No."}]),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
            [{"tool_call": {"name": "f", "input_json": "e30="}}],
        ),
    ],
)
def test_what_cost_the_original_a_generation_costs_none(
    sigil_client: Any, server: Any, message: dict[str, Any], parts: list[Any] | None
) -> None:
    handler = create_sigil_litellm_logger(client=(client := sigil_client()))
    log(handler, messages=[message], response={"choices": [{"message": message, "finish_reason": "stop"}]})
    client.flush()
    (generation,) = server.generations()
    assert [sent["parts"] for sent in generation.get("input", [])] == ([] if parts is None else [parts])


@pytest.mark.parametrize(
    "odd",
    [
        {"end_user": 7},
        {"prompt_tokens": 10.0, "completion_tokens": "5"},
        {"custom_llm_provider": "", "model": None},
        {"response": {"choices": [{"message": {"content": "\n"}}]}},
        {"response": {"choices": [{"message": {"content": [{"type": "text", "text": "list"}]}}]}},
        {"response": {"choices": [{"text": "text completion"}]}},
        {"response": "redacted-by-litellm"},
        {"messages": "a bare prompt"},
        {"model_parameters": {"temperature": "hot", "max_tokens": float("inf")}},
    ],
)
def test_odd_events_yield_a_record(sigil_client: Any, server: Any, odd: dict[str, Any]) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    log(handler, **odd)
    client.flush()
    assert len(server.generations()) == 1


def test_string_metadata_and_missing_payload_yield_a_record(sigil_client: Any, server: Any) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    kwargs = {"model": "gpt-4o", "messages": HELLO, "litellm_params": {"metadata": "text", "custom_llm_provider": "openai"}}
    handler.log_success_event(kwargs, {"choices": [{"message": {"content": "hi"}}]}, datetime.now(), datetime.now())
    client.flush()
    (generation,) = server.generations()
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "hi"}]}]
    assert generation["metadata"]["litellm.incomplete"] == [
        "LiteLLM gave no standard logging object",
        "the call's metadata is a text, not a mapping",
    ]


def test_static_settings_hold_where_the_call_says_nothing(sigil_client: Any, server: Any) -> None:
    handler = SigilLiteLLMLogger(
        client=(client := sigil_client()),
        capture_inputs=False,
        capture_outputs=False,
        agent_name="static-agent",
        conversation_id="static-conversation",
        extra_tags={"e": "1"},
        extra_metadata={"m": [1]},
    )
    log(handler)
    log(handler, litellm_params={"metadata": {"session_id": "s-1", "agent_name": "call-agent"}})
    client.flush()
    first, second = server.generations()
    assert (first["conversation_id"], first["agent_name"]) == ("static-conversation", "static-agent")
    assert (second["conversation_id"], second["agent_name"]) == ("s-1", "call-agent")
    assert "input" not in first and "output" not in first and "system_prompt" not in first
    assert first["tags"]["e"] == "1" and first["metadata"]["m"] == [1]


def test_other_calls_are_not_recorded(sigil_client: Any) -> None:
    log(SigilLiteLLMLogger(client=(client := sigil_client())), call_type="image_generation")
    assert client.stats()["accepted"] == 0


def test_a_call_that_litellm_reports_after_shutdown_is_delivered(sigil_client: Any, server: Any) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    started = datetime.now()
    client.shutdown()
    log(handler, started=started)
    assert len(server.generations()) == 1
    log(handler, started=datetime.now() + timedelta(seconds=1))
    assert len(server.generations()) == 1, "a call that began after the shutdown is refused"


# LiteLLM takes seconds to import: one process does it, and its children make the calls and end, each in its way.
PROGRAM = """
import os
import litellm
from sigil_sdk import Client
from sigil_sdk_litellm import SigilLiteLLMLogger

for ending in ("shutdown", "the last line", "SystemExit"):
    child = os.fork()
    if child == 0:
        break
    assert os.waitpid(child, 0)[1] == 0, ending
else:
    os._exit(0)

client = Client()
litellm.callbacks = [SigilLiteLLMLogger(client=client)]
asked = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": ending}]}
for chunk in litellm.completion(**asked, mock_response="one two", stream=True):
    pass
litellm.completion(**asked, mock_response="three")
if ending == "shutdown":
    client.shutdown()
elif ending == "SystemExit":
    raise SystemExit(0)
"""


def test_a_program_loses_nothing_however_it_ends(run_program: Any, server: Any) -> None:
    run_program(PROGRAM, SIGIL_ENDPOINT=server.url, SIGIL_PROTOCOL="http")
    for ending in ("shutdown", "the last line", "SystemExit"):
        ended = [each for each in server.generations() if each["input"][0]["parts"] == [{"text": ending}]]
        assert sorted(each["output"][0]["parts"][0]["text"] for each in ended) == ["one two", "three"], ending


def test_a_client_that_only_looks_like_one_is_enough(sigil_client: Any) -> None:
    class Stub:
        def __init__(self) -> None:
            self.real = sigil_client({"protocol": "none"})
            self.started: list[Any] = []

        def start_generation(self, start: Any) -> Any:
            self.started.append(start)
            return self.real.start_generation(start)

        start_streaming_generation = start_generation

    log(SigilLiteLLMLogger(client=(stub := Stub())))
    assert [start.model.name for start in stub.started] == ["gpt-4o"]


def test_python_code_that_sees_the_record_sees_models(sigil_client: Any) -> None:
    from sigil_sdk import (
        Message,
        MessageRole,
        ToolCall,
        assistant_text_message,
        tool_call_part,
        tool_result_message,
        user_text_message,
    )

    seen: list[Any] = []

    def look(generation: Any) -> Any:
        seen.append(generation)
        return generation

    handler = SigilLiteLLMLogger(client=sigil_client(generation_sanitizer=look))
    answer = {"role": "tool", "tool_call_id": "call-1", "content": "18"}
    log(handler, messages=[*HELLO, {"role": "assistant", "tool_calls": [WEATHER_CALL]}, answer])
    (generation,) = seen
    call = ToolCall("get_weather", "call-1", WEATHER_CALL["function"]["arguments"].encode())
    assert generation.input == [
        user_text_message("Hello!"),
        Message(MessageRole.ASSISTANT, [tool_call_part(call)]),
        tool_result_message("call-1", "18"),
    ]
    assert generation.output == [assistant_text_message("hi")]


def log(handler: Any, started: datetime | None = None, litellm_params: Any = None, **payload: Any) -> None:
    """Calls the handler as LiteLLM does, with a call of its own: `event`, but for what is given."""
    arguments = event(litellm_params, **payload)
    del arguments["litellm_call_id"]
    moment = started or datetime.now()
    handler.log_success_event(arguments, None, moment, moment)

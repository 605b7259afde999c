"""Shapes of calls and replies that LiteLLM hands over, with a provider that answers as OpenAI and Anthropic do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

litellm = pytest.importorskip("litellm", reason="the handler needs LiteLLM")
pytest.importorskip("sigil_sdk_litellm", reason="the handler needs Python 3.10")

from litellm_told import HELLO  # noqa: E402
from provider import Provider  # noqa: E402
from waiting import wait_for  # noqa: E402

# LiteLLM and what it stands on warn about their own use of old APIs.
pytestmark = pytest.mark.filterwarnings("ignore")

GPT_NAME = "gpt-4o-mini"
GPT, CLAUDE = f"openai/{GPT_NAME}", "anthropic/claude-sonnet-4-5"
THOUGHT = {"thinking": "Let me think."}
PARIS = {"tool_call": {"id": "call_1", "name": "weather", "input_json": "eyJjaXR5IjogIlBhcmlzIn0="}}


class Recording:
    """LiteLLM with our handler, a provider, and what arrived at the server."""

    def __init__(self, client: Any, server: Any, provider: Provider) -> None:
        self.client, self.server, self.provider = client, server, provider

    def generations(self, count: int = 1) -> list[dict[str, Any]]:
        """What arrived, in the order of the calls, once there are at least so many."""
        wait_for(lambda: self.client.stats()["accepted"] >= count, f"{count} calls are recorded")
        self.client.flush()
        return sorted(self.server.generations(), key=lambda generation: generation["started_at"])

    def call(self, name: str, **arguments: Any) -> Any:
        """A call of `litellm.<name>`, awaited and read to its end; several of them are one after the other."""

        async def await_all() -> Any:
            before = self.client.stats()["accepted"]
            reply = await getattr(litellm, name)(**arguments)
            if arguments.get("stream"):
                async for _piece in reply:
                    pass
            # LiteLLM reports from the loop.
            await asyncio.to_thread(wait_for, lambda: self.client.stats()["accepted"] > before, "the call is recorded")
            return reply

        if name.startswith("a"):
            return asyncio.run(await_all())
        reply = getattr(litellm, name)(**arguments)
        return list(reply) if arguments.get("stream") else reply


@pytest.fixture
def recording(litellm_client: Any, server: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Recording:
    provider.chats = ["Hello, you."]
    monkeypatch.setenv("OPENAI_API_KEY", "not-used")
    monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-used")
    monkeypatch.setenv("ANTHROPIC_API_BASE", provider.url.removesuffix("/v1"))
    return Recording(litellm_client, server, provider)


@pytest.fixture
def _the_price_is_put_back() -> Iterator[None]:
    """LiteLLM keeps a price that a call names, for all later calls of that model."""
    price = dict(litellm.model_cost[GPT_NAME])
    yield
    litellm.register_model({GPT_NAME: price})


def assistant(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": list(parts)}]


@pytest.mark.parametrize("name", ["responses", "aresponses"])
@pytest.mark.parametrize("stream", [False, True])
def test_responses(recording: Recording, name: str, stream: bool) -> None:
    tool = {"type": "function", "name": "weather", "description": "Looks.", "parameters": {"type": "object"}}
    settings: dict[str, Any] = {"max_output_tokens": 50, "temperature": 0.5, "user": "user-1", "tools": [tool]}
    asked = {"model": GPT, "input": "Hello!", "instructions": "Be brief.", "stream": stream}
    recording.call(name, **asked, **settings, metadata={"conversation_id": "conv-1", "tags": ["a"]})
    (generation,) = recording.generations()
    assert generation["conversation_id"] == "conv-1"
    assert generation["metadata"]["sigil.user.id"] == "user-1"
    assert generation["system_prompt"] == "Be brief."
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Hello!"}]}]
    assert generation["output"] == assistant(THOUGHT, {"text": "Hello, you."})
    assert generation["mode"] == ("GENERATION_MODE_STREAM" if stream else "GENERATION_MODE_SYNC")
    assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert (generation["max_tokens"], generation["temperature"]) == ("50", 0.5)
    assert [(tool["name"], tool["type"]) for tool in generation["tools"]] == [("weather", "function")]
    assert generation["usage"] == {
        "input_tokens": "20",
        "output_tokens": "10",
        "total_tokens": "30",
        "cache_read_input_tokens": "4",
        "reasoning_tokens": "3",
    }
    assert generation["stop_reason"] == "completed"
    assert generation["metadata"]["cost_usd"] > 0
    assert generation["metadata"]["litellm.call_type"] == name
    assert generation["tags"]["litellm.tag.a"] == "a"
    assert "litellm.incomplete" not in generation["metadata"]


def test_the_reply_of_a_response_is_the_history_of_the_next(recording: Recording) -> None:
    recording.provider.chats = [("weather", {"city": "Paris"}), "It is sunny."]
    first = recording.call("responses", model=GPT, input="How is Paris?")
    history = [{"role": "user", "content": "How is Paris?"}, *(item.model_dump() for item in first.output)]
    answer = {"type": "function_call_output", "call_id": "call_1", "output": '{"sky": "blue"}'}
    recording.call("responses", model=GPT, input=[*history, answer])
    called, told = recording.generations(2)
    assert called["output"] == assistant(THOUGHT, PARIS)
    assert told["input"][1:2] == called["output"]
    result = {"tool_call_id": "call_1", "content": '{"sky": "blue"}'}
    assert told["input"][2] == {"role": "MESSAGE_ROLE_TOOL", "parts": [{"tool_result": result}]}


def test_messages(recording: Recording) -> None:
    history = [
        *HELLO,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Where?", "signature": "s"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "18"}], "is_error": True},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    tools = [{"name": "weather", "description": "Looks.", "input_schema": {"type": "object"}}]
    recording.provider.chats = [("weather", {"city": "Paris"})]
    metadata = {"litellm_metadata": {"conversation_id": "conv-1"}, "metadata": {"user_id": "user-1"}}
    asked = {"model": CLAUDE, "messages": history, "max_tokens": 50, "system": "Be brief.", "tools": tools}
    recording.call("anthropic_messages", **asked, **metadata)
    (generation,) = recording.generations()
    assert generation["conversation_id"] == "conv-1"
    assert generation["metadata"]["sigil.user.id"] == "user-1"
    assert generation["system_prompt"] == "Be brief."
    said, called, result, more = generation["input"]
    assert called["parts"] == [{"thinking": "Where?"}, {"text": "I look."}, PARIS]
    told = {"tool_call_id": "call_1", "content": "18", "is_error": True}
    assert result == {"role": "MESSAGE_ROLE_TOOL", "parts": [{"tool_result": told}]}
    assert more["parts"] == [{"text": "[image image/png, 4 characters] And now?"}]
    assert generation["metadata"]["litellm.incomplete"] == ["input[3]: the bytes of an attachment were left out"]
    (thought, call) = generation["output"][0]["parts"]
    assert thought == THOUGHT and call["tool_call"]["name"] == "weather"
    assert [tool["name"] for tool in generation["tools"]] == ["weather"]
    assert generation["usage"]["cache_read_input_tokens"] == "4"
    assert generation["usage"]["cache_write_input_tokens"] == "2"
    assert generation["response_id"] == "reply-1"


def test_a_call_of_one_provider_in_the_form_of_another(recording: Recording) -> None:
    recording.call("responses", model=CLAUDE, input="Hello!", instructions="Be brief.")
    recording.call("anthropic_messages", model=GPT, messages=HELLO, max_tokens=50, system="Be brief.")
    for generation in recording.generations(2):
        assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Hello!"}]}]
        assert generation["output"] == assistant(THOUGHT, {"text": "Hello, you."})


@pytest.mark.parametrize("name", ["completion", "acompletion", "responses", "aresponses", "anthropic_messages"])
def test_failures(recording: Recording, name: str) -> None:
    recording.provider.chats = [400]
    asked: dict[str, Any] = {"input": "Hello!"} if "responses" in name else {"messages": HELLO, "max_tokens": 5}
    with pytest.raises(litellm.BadRequestError):
        recording.call(name, model=GPT if name != "anthropic_messages" else CLAUDE, **asked)
    (generation,) = recording.generations()
    assert "told to fail" in generation["call_error"]
    assert "output" not in generation and "cost_usd" not in generation["metadata"]


def test_a_router_is_one_record_an_attempt(recording: Recording) -> None:
    models = [
        {"model_name": name, "litellm_params": {"model": model, "max_retries": 0}}
        for name, model in (("large", "openai/gpt-4o"), ("small", GPT))
    ]
    router = litellm.Router(model_list=models, num_retries=1, retry_after=0, fallbacks=[{"large": ["small"]}])
    recording.provider.chats = [500, 500, "Fallback."]
    router.completion(model="large", messages=HELLO, metadata={"conversation_id": "conv-1"})
    first, second, answered = recording.generations(3)
    assert {generation["conversation_id"] for generation in (first, second, answered)} == {"conv-1"}
    assert [generation.get("call_error", "")[:7] for generation in (first, second, answered)] == ["litellm", "litellm", ""]
    assert [generation["metadata"].get("litellm.attempt") for generation in (first, second)] == [None, 2]
    assert [generation["metadata"]["litellm.model_group"] for generation in (second, answered)] == ["large", "small"]
    assert answered["output"] == assistant({"text": "Fallback."})


def test_retries_within_a_call_are_one_record(recording: Recording) -> None:
    recording.provider.chats = [500, "Hello, you."]
    recording.call("acompletion", model=GPT, messages=HELLO, num_retries=2)
    (generation,) = recording.generations()
    assert generation["output"] == assistant({"text": "Hello, you."})


def test_several_choices(recording: Recording) -> None:
    recording.call("completion", model=GPT, messages=HELLO, n=2, mock_response="Yes.")
    (generation,) = recording.generations()
    assert generation["output"] == assistant({"text": "Yes."}) * 2


def test_a_text_completion(recording: Recording) -> None:
    recording.provider.completions = ["A text."]
    recording.call("text_completion", model="text-completion-openai/gpt-3.5-turbo-instruct", prompt="Say!")
    (generation,) = recording.generations()
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Say!"}]}]
    assert generation["output"] == assistant({"text": "A text."})
    assert generation["metadata"]["litellm.call_type"] == "text_completion"


@pytest.mark.parametrize("name", ["completion", "responses", "anthropic_messages"])
def test_what_litellm_redacts_is_not_recorded(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(litellm, "turn_off_message_logging", True)
    secret = {"role": "user", "content": "secret question"}
    recording.provider.chats = ["secret answer"]
    asked: dict[str, dict[str, Any]] = {
        "completion": {"messages": [{"role": "system", "content": "secret rule"}, secret]},
        "responses": {"input": "secret question", "instructions": "secret rule"},
        "anthropic_messages": {"messages": [secret], "system": "secret rule", "max_tokens": 5},
    }
    recording.call(name, model=CLAUDE if name == "anthropic_messages" else GPT, **asked[name])
    (generation,) = recording.generations()
    assert "secret" not in json.dumps(generation)
    assert generation["output"][0]["parts"][-1] == {"text": "redacted-by-litellm"}


@pytest.mark.usefixtures("_the_price_is_put_back")
def test_a_price_that_litellm_does_not_know_is_not_zero(recording: Recording) -> None:
    recording.call("completion", model="openai/a-model-of-my-own", messages=HELLO)
    recording.call("completion", model=GPT, messages=HELLO, input_cost_per_token=0, output_cost_per_token=0)
    unknown, free = recording.generations(2)
    assert "cost_usd" not in unknown["metadata"]
    assert free["metadata"]["cost_usd"] == 0


def test_embeddings_become_no_generations(recording: Recording) -> None:
    from sigil_sdk import Client

    made: list[Any] = []
    start_embedding = Client.start_embedding

    def spied(client: Client, start: Any) -> Any:
        recorder = start_embedding(client, start)
        set_result = recorder.set_result
        made.append([start, recorder])
        recorder.set_result = lambda result: (made[-1].append(result), set_result(result))[1]  # type: ignore[method-assign]
        return recorder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "start_embedding", spied)
        asked = {"model": "openai/text-embedding-3-small", "input": ["a", "b"], "dimensions": 3}
        recording.call("embedding", **asked, metadata={"agent_name": "indexer"})
        wait_for(lambda: bool(made) and len(made[0]) == 3, "the embedding is recorded")
    ((start, recorder, result),) = made
    assert (start.model.provider, start.model.name) == ("openai", "text-embedding-3-small")
    assert (start.agent_name, start.dimensions) == ("indexer", 3)
    assert (result.input_count, result.input_tokens, result.input_texts) == (2, 7, ["a", "b"])
    assert (result.response_model, result.dimensions) == ("text-embedding-3-small", 3)
    wait_for(lambda: recorder.err() is None, "it went well")
    assert recording.client.stats()["accepted"] == 0

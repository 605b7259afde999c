"""Events as LiteLLM could hand them over, made by hand: odd shapes of content, replies, identities and reports."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("litellm", reason="the handler needs LiteLLM")
pytest.importorskip("sigil_sdk_litellm", reason="the handler needs Python 3.10")

from litellm_told import HELLO, event  # noqa: E402

from sigil_sdk_litellm import SigilLiteLLMLogger  # noqa: E402

START = datetime(2026, 11, 20, 12, 0, 0)
LOST = "the bytes of an attachment were left out"
DATA = "data:image/png;base64,AAAA"


def text(said: str) -> dict[str, Any]:
    return {"text": said}


@pytest.mark.parametrize(
    ("block", "told", "lost"),
    [
        ({"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}, "[image_url https://x/y.png]", False),
        ({"type": "image_url", "image_url": DATA}, "[image_url data:image/png;base64, 26 characters]", True),
        ({"type": "input_image", "image_url": DATA}, "[input_image data:image/png;base64, 26 characters]", True),
        ({"type": "input_image", "file_id": "file-1"}, "[input_image file-1]", False),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "[input_audio wav, 4 characters]", True),
        (
            {"type": "file", "file": {"filename": "report.pdf", "file_data": "AAAAAA"}},
            "[file report.pdf, 6 characters]",
            True,
        ),
        ({"type": "file", "file": {"file_id": "file-1", "format": "application/pdf"}}, "[file file-1, application/pdf]", False),
        ({"type": "video_url", "video_url": {"url": "https://x/y.mp4"}}, "[video_url https://x/y.mp4]", False),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
            "[document application/pdf, 4 characters]",
            True,
        ),
        ({"type": "document", "source": {"type": "text", "data": "its text"}}, "its text", False),
        ({"type": "hologram", "depth": 3}, '[hologram {"depth": 3}]', False),
        ({"type": "hologram", "light": "A" * 1000}, '[hologram {"light": "(1000 characters)"}]', True),
        ({"text": "a block without a type"}, "a block without a type", False),
        ("a bare text", "a bare text", False),
        (17, "17", False),
    ],
)
def test_a_block_is_told_in_the_message(sigil_client: Any, server: Any, block: Any, told: str, lost: bool) -> None:
    content = [{"type": "text", "text": "Look:"}, block]
    generation = recorded(sigil_client, server, messages=[{"role": "user", "content": content}])
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [text(f"Look: {told}")]}]
    assert generation["metadata"].get("litellm.incomplete") == ([f"input[0]: {LOST}"] if lost else None)


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (
            {"content": None, "audio": {"id": "a-1", "transcript": "Good day.", "data": "AAAA"}},
            [text("Good day. [audio a-1, 4 characters]")],
        ),
        (
            {"content": "Here:", "images": [{"type": "image_url", "image_url": {"url": DATA}}]},
            [text("Here:"), text("[image_url data:image/png;base64, 26 characters]")],
        ),
        ({"content": None, "refusal": "I will not."}, [text("I will not.")]),
        (
            {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]},
            [{"thinking": "hm"}, text("yes")],
        ),
        (
            {"content": "yes", "thinking_blocks": [{"type": "redacted_thinking", "data": "x="}], "reasoning_content": "no"},
            [{"thinking": "x="}, text("yes")],
        ),
        (
            {"tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}]},
            [{"tool_call": {"id": "c", "name": "sql", "input_json": "c2VsZWN0IDE="}}],
        ),
        (
            {"tool_calls": [{"id": "c", "name": "f", "args": {"a": 1}}]},
            [{"tool_call": {"id": "c", "name": "f", "input_json": "eyJhIjogMX0="}}],
        ),
    ],
)
def test_a_reply_is_told_whole(sigil_client: Any, server: Any, message: dict[str, Any], parts: list[Any]) -> None:
    generation = recorded(sigil_client, server, response={"choices": [{"message": message}]})
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": parts}]


def test_tools_that_the_provider_runs_are_calls_with_results(sigil_client: Any, server: Any) -> None:
    output = [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "Paris"}},
        {"type": "mcp_call", "id": "m_1", "name": "list", "arguments": "{}", "output": "two files"},
        {"type": "image_generation_call", "id": "ig_1", "result": "A" * 5000},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No more."}]},
        {"type": "reasoning", "encrypted_content": "AAAA", "summary": []},
        {"type": "novelty", "x": 1},
    ]
    generation = recorded(sigil_client, server, call_type="responses", response={"output": output, "status": "incomplete"})
    spoken = [[next(iter(part)) for part in message["parts"]] for message in generation["output"]]
    assert spoken == [["tool_call", "tool_call"], ["tool_result"], ["tool_call"], ["tool_result"], ["text", "text"]]
    assert generation["output"][3]["parts"][0]["tool_result"]["content"] == "[image_generation 5000 characters]"
    assert generation["output"][4]["parts"] == [text("No more."), text('[novelty {"x": 1}]')]
    reasons = [f"output[2]: {LOST}", "output[4]: an encrypted thought was left out"]
    assert generation["metadata"]["litellm.incomplete"] == reasons
    assert generation["stop_reason"] == "incomplete"


def test_a_reply_of_an_unknown_shape_is_kept_as_it_came(sigil_client: Any, server: Any) -> None:
    generation = recorded(sigil_client, server, response={"candidates": [{"text": "hi"}]})
    (artifact,) = generation["raw_artifacts"]
    assert (artifact["name"], artifact["content_type"]) == ("response", "application/json")
    assert generation["metadata"]["litellm.incomplete"] == ["the reply has an unknown shape, it is kept as an artifact"]


def test_citations_are_kept_beside_the_reply(sigil_client: Any, server: Any) -> None:
    cited = [{"type": "url_citation", "url_citation": {"url": "https://x", "title": "X"}}]
    generation = recorded(sigil_client, server, response={"choices": [{"message": {"content": "hi", "annotations": cited}}]})
    assert generation["output"][0]["parts"] == [text("hi")]
    (artifact,) = generation["raw_artifacts"]
    assert artifact["name"] == "annotations"
    assert "litellm.incomplete" not in generation["metadata"]


@pytest.mark.parametrize(
    ("payload", "provider", "name"),
    [
        ({"custom_llm_provider": "OpenAI"}, "openai", "gpt-4o"),
        ({"custom_llm_provider": None, "model": "anthropic/claude-sonnet-4-5"}, "anthropic", "claude-sonnet-4-5"),
        ({"custom_llm_provider": None, "model": "my-org/my-model"}, "unknown", "my-org/my-model"),
        ({"custom_llm_provider": None, "error_information": {"llm_provider": "Groq"}}, "groq", "gpt-4o"),
        ({"custom_llm_provider": "", "model": ""}, "unknown", "unknown"),
    ],
)
def test_the_provider_is_looked_for_everywhere(
    sigil_client: Any, server: Any, payload: dict[str, Any], provider: str, name: str
) -> None:
    generation = recorded(sigil_client, server, **payload)
    assert generation["model"] == {"provider": provider, "name": name}
    gaps = generation["metadata"].get("litellm.incomplete", [])
    assert ("the provider is not known" in gaps) == (provider == "unknown")


@pytest.mark.parametrize(
    ("params", "conversation"),
    [
        ({"metadata": {"thread_id": "t", "session_id": "s"}}, "s"),
        ({"metadata": {"thread_id": 7}}, "7"),
        ({"litellm_metadata": {"conversation_id": "c"}}, "c"),
        ({"metadata": {"requester_metadata": {"conversation_id": "r"}}}, "r"),
        ({"metadata": '{"conversation_id": "j"}'}, "j"),
        ({"metadata": {"litellm_trace_id": "lt"}, "litellm_session_id": "ls"}, "ls"),
        ({"litellm_trace_id": "lt"}, "lt"),
        ({"metadata": {"conversation_id": " "}}, "static"),
        ({"metadata": ["no", "mapping"]}, "static"),
        ({"metadata": {"conversation_id": "x" * 300}}, "x" * 255),
        ({"metadata": {"conversation_id": "a\0b\ud800"}}, "a?b?"),
    ],
)
def test_where_a_call_names_its_conversation(
    sigil_client: Any, server: Any, params: dict[str, Any], conversation: str
) -> None:
    generation = recorded(sigil_client, server, {"conversation_id": "static"}, litellm_params=params)
    assert generation["conversation_id"] == conversation


def test_ids_and_tags_are_what_servers_take(sigil_client: Any, server: Any) -> None:
    long = "resp_" + "x" * 400
    request_tags = ["y" * 300, *map(str, range(200)), None, ""]
    response = {"id": long, "output": [], "model": "m" * 2000, "status": "completed"}
    generation = recorded(sigil_client, server, id=long, response=response, request_tags=request_tags, end_user="u" * 2000)
    assert generation["id"] == "call-1"
    assert "response_id" not in generation and generation["metadata"]["litellm.response_id"] == long
    assert len(generation["response_model"]) == len(generation["metadata"]["sigil.user.id"]) == 1024
    assert len(generation["tags"]) == 128 and max(map(len, generation["tags"])) == 255


def test_a_call_that_is_reported_to_both_hooks_is_one_record(sigil_client: Any, server: Any) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    arguments = event(id="resp-1")
    asyncio.run(handler.async_log_success_event(arguments, None, START, START))
    handler.log_success_event(arguments, None, START, START)
    client.flush()
    assert len(server.generations()) == 1


def test_calls_of_one_id_are_records_of_their_own(sigil_client: Any, server: Any) -> None:
    """Attempts of a call, and replies of a provider that gives them all one id."""
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    for number in range(3):
        moment = START + timedelta(seconds=number)
        handler.log_success_event({**event(id="same"), "litellm_call_id": f"call-{number // 2}"}, None, moment, moment)
    client.flush()
    ids = {generation["id"] for generation in server.generations()}
    assert "same" in ids and len(ids) == 3


def test_the_first_token_is_told_only_where_litellm_knows_it(sigil_client: Any, server: Any) -> None:
    end = START.timestamp() + 2
    known = recorded(sigil_client, server, stream=True, completionStartTime=end - 1, endTime=end)
    assert known["metadata"]["gen_ai.response.time_to_first_chunk"] == 1
    unknown = recorded(sigil_client, server, stream=True, completionStartTime=end, endTime=end)
    assert "gen_ai.response.time_to_first_chunk" not in unknown["metadata"]


@pytest.mark.parametrize(
    ("parameters", "thinks"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"reasoning_effort": "low"}, True),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning": {"effort": "high"}}, True),
        ({}, None),
    ],
)
def test_whether_the_model_was_asked_to_think(
    sigil_client: Any, server: Any, parameters: dict[str, Any], thinks: bool | None
) -> None:
    assert recorded(sigil_client, server, optional_params=parameters).get("thinking_enabled") is thinks


def test_tools_of_every_shape(sigil_client: Any, server: Any) -> None:
    schema = {"type": "object"}
    tools = [
        {"type": "function", "function": {"name": "chat", "description": "d", "parameters": schema}},
        {"type": "function", "name": "responses", "parameters": schema},
        {"name": "anthropic", "input_schema": schema, "defer_loading": True},
        {"type": "web_search_preview"},
        {"type": "mcp", "server_label": "files"},
        {"type": "function", "function": {"name": " "}},
        "no tool",
    ]
    parameters = {"tools": tools, "functions": [{"name": "legacy"}]}
    generation = recorded(sigil_client, server, optional_params=parameters)
    names = [tool["name"] for tool in generation["tools"]]
    assert names == ["chat", "responses", "anthropic", "web_search_preview", "files", "legacy"]


@pytest.mark.parametrize("arguments", [None, "text", {}, {"standard_logging_object": 7}, {"litellm_params": 7, "messages": 7}])
def test_nothing_is_raised(sigil_client: Any, arguments: Any) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    handler.log_pre_api_call("m", [], arguments)
    handler.log_success_event(arguments, object(), "then", "now")
    handler.log_failure_event(arguments, object(), None, None)
    client.flush()
    stats = client.stats()
    assert stats["accepted"] == stats["delivered"]


def test_an_embedding_that_is_reported_after_shutdown_is_told(sigil_client: Any, caplog: pytest.LogCaptureFixture) -> None:
    handler = SigilLiteLLMLogger(client=(client := sigil_client()))
    client.shutdown()
    handler.log_success_event(event(call_type="embedding"), None, START, START)
    (line,) = caplog.records
    assert line.getMessage() == "sigil: embedding recorder error: sigil: client is shutting down"
    assert line.exc_info is None


def recorded(sigil_client: Any, server: Any, options: dict[str, Any] | None = None, **payload: Any) -> dict[str, Any]:
    """The record of an event."""
    before = len(server.generations())
    handler = SigilLiteLLMLogger(client=(client := sigil_client()), **(options or {}))
    handler.log_success_event(event(**payload), None, START, START + timedelta(seconds=2))
    client.flush()
    (generation,) = server.generations()[before:]
    return dict(generation)

"""Messages, tools and artifacts are read once, when they are handed over; what Python code sees later is made of that."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import (  # noqa: E402  (after the check for the package)
    Artifact,
    ArtifactKind,
    ContentCaptureMode,
    GenerationStart,
    Message,
    MessageRole,
    ModelRef,
    Part,
    PartKind,
    PartMetadata,
    ToolCall,
    ToolDefinition,
    ToolResult,
    assistant_text_message,
    thinking_part,
    tool_call_part,
    tool_result_part,
    user_text_message,
    validate_generation,
)

MODEL = ModelRef("openai", "gpt-4o")
TOOLS = [ToolDefinition("add", "adds", "function", b'{"a":1}', deferred=True)]
CONTENT: dict[str, Any] = {
    "input": [
        user_text_message("2+2?"),
        Message(MessageRole.ASSISTANT, [thinking_part("hm"), tool_call_part(ToolCall("add", "c1", b"\xff\x00"))], name="bob"),
        Message(MessageRole.TOOL, [tool_result_part(ToolResult("c1", "add", "vier – 4", b"5", is_error=True))]),
    ],
    "output": [Message(MessageRole.ASSISTANT, [Part(PartKind.TEXT, "4", metadata=PartMetadata("output_text"))])],
    "tools": TOOLS,
    "artifacts": [Artifact(ArtifactKind.PROVIDER_EVENT, "raw", "application/json", b"{}", "rec-1", "uri-1")],
}


def record(client: Any, start: Any = None, **fields: Any) -> Any:
    recorder = client.start_generation(start or GenerationStart(model=MODEL))
    recorder.set_result(**fields)
    recorder.end()
    return recorder


def test_the_last_generation_is_what_was_given_as_new_objects(sigil_client: Any) -> None:
    recorder = record(sigil_client(), **CONTENT)
    assert recorder.err() is None
    last = recorder.last_generation
    for name, given in CONTENT.items():
        assert getattr(last, name) == given
    assert last.input[0] is not CONTENT["input"][0]
    last.input[0].parts[0].text = "changed"
    assert recorder.last_generation.input[0].parts[0].text == "2+2?"


def test_a_result_may_be_an_object_and_is_not_followed(sigil_client: Any, server: Any) -> None:
    given = sigil_sdk.Generation(**copy.deepcopy(CONTENT), tags={"k": "v"}, metadata={"list": [1]})
    client = sigil_client()
    recorder = client.start_generation(GenerationStart(model=MODEL))
    recorder.set_result(given)
    given.output[0].parts[0].text = " "
    given.input[1].parts[1].tool_call.name = ""
    given.tools.clear()
    given.tags["k"] = "changed"
    given.metadata["list"].append(2)
    recorder.end()
    assert recorder.err() is None
    client.flush()
    (arrived,) = server.generations()
    assert arrived["output"][0]["parts"] == [{"metadata": {"provider_type": "output_text"}, "text": "4"}]
    assert [tool["name"] for tool in arrived["tools"]] == ["add"]
    assert (arrived["tags"], arrived["metadata"]["list"]) == ({"k": "v"}, [1])


def test_the_last_result_wins(sigil_client: Any, server: Any) -> None:
    client = sigil_client()
    recorder = client.start_generation(GenerationStart(model=MODEL))
    recorder.set_result(input=7, stop_reason="first")
    recorder.set_result(output=[assistant_text_message("second")])
    recorder.end()
    assert recorder.err() is None
    client.flush()
    (arrived,) = server.generations()
    assert "stop_reason" not in arrived and "input" not in arrived
    assert arrived["output"][0]["parts"] == [{"text": "second"}]


def test_content_may_be_anything_with_the_attributes_or_dicts(sigil_client: Any, server: Any) -> None:
    class Mine(Message):
        pass

    record(
        client := sigil_client(),
        input=(
            Mine("user", (Part("text", text="subclass"),)),
            {"role": "user", "parts": [{"kind": "text", "text": "dict"}]},
            SimpleNamespace(role="user", parts=[SimpleNamespace(kind="text", text=bytearray(b"duck"))]),
        ),
        output=(message for message in [assistant_text_message("generated")]),
    )
    client.flush()
    (arrived,) = server.generations()
    assert [message["parts"][0]["text"] for message in arrived["input"]] == ["subclass", "dict", "duck"]
    assert arrived["output"][0]["parts"] == [{"text": "generated"}]


def test_tools_of_the_start_count_when_the_result_has_none(sigil_client: Any, server: Any) -> None:
    client = sigil_client()
    tools = copy.deepcopy(TOOLS)
    recorder = client.start_generation(GenerationStart(model=MODEL, tools=tools))
    tools.clear()
    assert recorder.seed.tools == TOOLS
    recorder.end()
    own = record(client, GenerationStart(model=MODEL, tools=TOOLS), tools=[ToolDefinition("other")])
    client.flush()
    first, second = server.generations()
    assert [tool["name"] for tool in first["tools"]] == ["add"] and recorder.last_generation.tools == TOOLS
    assert [tool["name"] for tool in second["tools"]] == ["other"] and len(own.last_generation.tools) == 1


def test_a_seed_that_a_program_changes_counts(sigil_client: Any, server: Any) -> None:
    client = sigil_client()
    recorder = client.start_generation(GenerationStart(model=MODEL, tools=TOOLS, tags={"k": "v"}, conversation_id="c"))
    recorder.seed.id = "gen-7"
    recorder.seed.tags["more"] = "yes"
    recorder.seed.tools.append(ToolDefinition("late"))
    assert recorder.seed is recorder.seed
    recorder.end()
    client.flush()
    (arrived,) = server.generations()
    assert (arrived["id"], arrived["conversation_id"], arrived["tags"]) == ("gen-7", "c", {"k": "v", "more": "yes"})
    assert [tool["name"] for tool in arrived["tools"]] == ["add", "late"]


@pytest.mark.parametrize("own", [{}, {"tools": TOOLS}])
def test_what_is_withheld_is_nowhere(sigil_client: Any, server: Any, own: dict[str, Any]) -> None:
    client = sigil_client(content_capture=ContentCaptureMode.METADATA_ONLY)
    fields = {**CONTENT, "tools": [], **own}
    recorder = record(client, GenerationStart(model=MODEL, tools=TOOLS, system_prompt="secret"), **fields)
    assert recorder.err() is None
    assert recorder.seed.tools == TOOLS
    client.flush()
    (arrived,) = server.generations()
    assert arrived["input"][1]["parts"] == [{"thinking": ""}, {"tool_call": {"id": "c1", "name": "add"}}]
    assert arrived["input"][2]["parts"] == [{"tool_result": {"tool_call_id": "c1", "name": "add", "is_error": True}}]
    assert arrived["tools"] == [{"name": "add", "type": "function", "deferred": True}]
    assert "raw_artifacts" not in arrived and "system_prompt" not in arrived
    last = recorder.last_generation
    assert last.tools == [ToolDefinition("add", "", "function", deferred=True)] and last.artifacts == []
    assert last.output == [Message(MessageRole.ASSISTANT, [Part(PartKind.TEXT, metadata=PartMetadata("output_text"))])]


@pytest.mark.parametrize("mode", [ContentCaptureMode.FULL, ContentCaptureMode.METADATA_ONLY])
def test_an_invalid_generation_is_refused_and_can_be_looked_at(sigil_client: Any, mode: Any) -> None:
    client = sigil_client(content_capture=mode)
    recorder = record(client, output=[assistant_text_message("fine"), Message("system", [Part("text", text="x")])])
    assert str(recorder.err()).endswith("generation.output[1].role must be one of user|assistant|tool")
    texts = [message.parts[0].text for message in recorder.last_generation.output]
    assert texts == (["fine", "x"] if mode is ContentCaptureMode.FULL else ["", ""])
    assert client.stats()["accepted"] == 0


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"mode": "BATCH"}, "generation.mode must be one of SYNC|STREAM"),
        ({"model": ModelRef("", "m")}, "generation.model.provider is required"),
        ({"model": ModelRef("p", "\t")}, "generation.model.name is required"),
        ({"tools": [ToolDefinition(" ")]}, "generation.tools[0].name is required"),
        ({"artifacts": [Artifact("image", payload=b"x")]}, "generation.artifacts[0].kind is invalid"),
        ({"artifacts": [Artifact("request")]}, "generation.artifacts[0] must provide payload or record_id"),
        ({"input": [user_text_message("\x1c\u2003")]}, "generation.input[0].parts[0] must set exactly one payload field"),
        ({"input": 7}, "generation.input cannot be read as a list: TypeError: 'int' object is not iterable"),
    ],
)
def test_validation_names_the_first_problem(fields: dict[str, Any], problem: str) -> None:
    validate_generation(sigil_sdk.Generation(model=MODEL, **CONTENT))
    with pytest.raises(ValueError) as refused:
        validate_generation(sigil_sdk.Generation(**{"model": MODEL, **fields}))
    assert str(refused.value) == problem


def test_withheld_prose_may_be_empty_to_a_sanitised_record() -> None:
    withheld = {"sigil.sdk.content_capture_mode": "metadata_only"}
    message, thought = Message("user", [Part("text")]), Message("assistant", [Part("thinking")])
    validate_generation(sigil_sdk.Generation(model=MODEL, input=[message], output=[thought], metadata=withheld))
    with pytest.raises(ValueError, match=r"input\[0\].parts\[0\].thinking only allowed for assistant role"):
        misplaced = Message("user", thought.parts)
        validate_generation(sigil_sdk.Generation(model=MODEL, input=[misplaced], metadata=withheld))


def test_blank_prose_is_no_reason_to_lose_a_record_that_withholds_it(sigil_client: Any) -> None:
    recorder = record(sigil_client(content_capture=ContentCaptureMode.METADATA_ONLY), input=[user_text_message(" ")])
    assert recorder.err() is None
    assert recorder.last_generation.input == [user_text_message("")]


def test_a_value_that_raises_is_told_by_err_and_not_to_the_program(sigil_client: Any) -> None:
    class Raises:
        @property
        def role(self) -> str:
            raise RuntimeError("not now")

    recorder = record(sigil_client(), input=[Raises()])
    assert isinstance(recorder.err(), sigil_sdk.EnqueueError)
    assert "message.role cannot be read: RuntimeError: not now" in str(recorder.err())


def test_what_is_refused_for_its_shape_is_not_shown_when_it_is_withheld(sigil_client: Any) -> None:
    recorder = record(sigil_client(content_capture=ContentCaptureMode.METADATA_ONLY), input=[{"role": "user"}, 7])
    assert recorder.err() is not None
    assert recorder.last_generation.input == []

"""Redaction of records: on the way through the native encoder, and by the sanitizer called with a generation."""

from __future__ import annotations

import copy
import logging
import random
from typing import Any, Iterator

import pytest
from sigil_sdk import (
    Artifact,
    ArtifactKind,
    Client,
    ClientConfig,
    ContentCaptureMode,
    Generation,
    GenerationExportConfig,
    GenerationStart,
    Message,
    MessageRole,
    ModelRef,
    Part,
    PartKind,
    SecretRedactionOptions,
    ToolCall,
    ToolDefinition,
    ToolResult,
    create_secret_redaction_sanitizer,
)
from sigil_sdk.redaction import SecretRedactionSanitizer, _resolve_redact_input_messages

KEY = "AKIAIOSFODNN7EXAMPLE"
GONE = "[REDACTED:aws-access-token]"
VALUE = "[REDACTED:env-secret-value]"
MODEL = ModelRef("openai", "gpt-5")
#: What random texts are made of.
PIECES = [
    KEY, "token=abc", '{"api_key": "a b"}', "alice@example.com", " ", "\n", "monkey: banana", "é", "key: ", "Bearer ", "sk-",
    "a1B2" * 8, "https://bob:hunter2@example.com/", '"', "\\n", "\ud800", "\x00", "plain words",
]  # fmt: skip


def client(sanitizer: Any, **config: Any) -> Client:
    """One that sends nowhere."""
    export = GenerationExportConfig(protocol="none")
    return Client(ClientConfig(generation_export=export, generation_sanitizer=sanitizer, **config))


def recorded(sanitizer: Any, fields: dict[str, Any], **config: Any) -> Generation:
    """The record of a call whose result has these fields."""
    made = client(sanitizer, **config)
    recorder = made.start_generation(GenerationStart(model=MODEL, id="g"))
    recorder.set_result(**fields)
    recorder.end()
    made.shutdown()
    assert recorder.err() is None
    generation = recorder.last_generation
    assert generation is not None
    return generation


def messages(text: str) -> list[Message]:
    """One of every role, with every part that it may have."""
    data = text.encode("utf-8", "surrogatepass")
    call = Part(PartKind.TOOL_CALL, tool_call=ToolCall("look", "c", data))
    result = Part(PartKind.TOOL_RESULT, tool_result=ToolResult("c", "look", text, data))
    return [
        Message(MessageRole.USER, [Part(PartKind.TEXT, text=text)]),
        Message(MessageRole.ASSISTANT, [Part(PartKind.TEXT, text=text), Part(PartKind.THINKING, thinking=text), call]),
        Message(MessageRole.TOOL, [result, Part(PartKind.TEXT, text=text)]),
    ]


def everything(text: str) -> dict[str, Any]:
    """A result with the text in every place."""
    data = text.encode("utf-8", "surrogatepass")
    return {
        "system_prompt": text,
        "input": messages(text),
        "output": messages(text),
        "tools": [ToolDefinition("look", text, "function", data)],
        "artifacts": [Artifact(ArtifactKind.REQUEST, "name", "text/plain", data, "r", text)],
        "tags": {"tag": text, "password": "tag " + text},
        "metadata": {"m": text, "deep": [{"client_secret": text, text: 1}, (text, 2.5, None)], "n": 1},
        "conversation_title": "title " + text,
        "call_error": text,
    }


def texts(size: int) -> Iterator[str]:
    seeded = random.Random(20261122)
    for _ in range(size):
        yield "".join(seeded.choices(PIECES, k=seeded.randint(1, 8)))


def comparable(generation: Generation) -> Generation:
    """Without what differs from recording to recording."""
    generation.started_at = generation.completed_at = None
    return generation


def test_where_and_how_thoroughly() -> None:
    text = f"{KEY} token=abc"
    light, full = f"{GONE} token=abc", f"{GONE} token={VALUE}"
    generation = recorded(create_secret_redaction_sanitizer(), everything(text))
    assert generation.input == messages(text)
    user, assistant, tool = generation.output
    assert user.parts[0].text == text
    assert [assistant.parts[0].text, assistant.parts[1].thinking] == [light, light]
    assert assistant.parts[2].tool_call is not None and assistant.parts[2].tool_call.input_json == full.encode()
    result = tool.parts[0].tool_result
    assert result is not None
    assert [result.content, result.content_json, tool.parts[1].text] == [full, full.encode(), full]
    assert [generation.system_prompt, generation.call_error, generation.conversation_title] == [full, full, "title " + light]
    assert [generation.tools[0].description, generation.tools[0].input_schema_json] == [light, full.encode()]
    assert [generation.artifacts[0].payload, generation.artifacts[0].uri] == [full.encode(), light]
    assert generation.tags == {"tag": full, "password": VALUE}
    assert generation.metadata["m"] == full
    assert generation.metadata["deep"] == [{"client_secret": VALUE, light: 1}, (full, 2.5, None)]
    assert generation.metadata["sigil.conversation.title"] == "title " + light


def test_input_messages_when_asked_for() -> None:
    text = f"{KEY} token=abc"
    options = SecretRedactionOptions(redact_input_messages=True)
    generation = recorded(create_secret_redaction_sanitizer(options), everything(text))
    assert [message.parts[0].text for message in generation.input[:2]] == [f"{GONE} token={VALUE}", f"{GONE} token=abc"]


@pytest.mark.parametrize("inputs", [False, True])
@pytest.mark.parametrize("emails", [False, True])
def test_on_the_way_it_is_what_the_sanitizer_makes_of_model_objects(inputs: bool, emails: bool) -> None:
    sanitizer = create_secret_redaction_sanitizer(SecretRedactionOptions(inputs, emails))
    assert isinstance(sanitizer, SecretRedactionSanitizer)

    def in_python(generation: Generation) -> Generation:
        return sanitizer(generation)

    for text in texts(60):
        if not text.strip() or "\ud800" in text:
            continue
        fields = everything(text)
        native = comparable(recorded(sanitizer, fields))
        assert native == comparable(recorded(in_python, fields)), text


def test_the_sanitizer_changes_what_it_is_given() -> None:
    generation = Generation(system_prompt=KEY, output=messages(KEY))
    returned = create_secret_redaction_sanitizer()(generation)
    assert returned is generation and generation.system_prompt == GONE


def test_what_is_recorded_is_not_changed() -> None:
    fields = everything(f"{KEY} token=abc")
    before = copy.deepcopy(fields)
    recorded(create_secret_redaction_sanitizer(), fields)
    assert fields == before


def test_values_of_any_class_are_looked_at() -> None:
    class Secretive:
        def __str__(self) -> str:
            return f"it is {KEY}"

    metadata = {"object": Secretive(), "set": {KEY}, "bytes": KEY.encode(), "fine": Secretive}
    generation = recorded(create_secret_redaction_sanitizer(), {"metadata": metadata})
    assert KEY not in str({key: value for key, value in generation.metadata.items() if key != "fine"})
    assert generation.metadata["object"] == f'"it is {GONE}"'


def test_the_users_address_is_who_they_are() -> None:
    address = "alice@example.com"
    generation = recorded(create_secret_redaction_sanitizer(), {"user_id": address, "metadata": {"m": address}})
    assert generation.user_id == generation.metadata["sigil.user.id"] == "alice@example.com"
    assert generation.metadata["m"] == "[REDACTED:email]"


def test_arguments_that_are_no_text_lose_their_secret_and_nothing_else() -> None:
    call = ToolCall("look", "c", b'\xff"' + KEY.encode())
    output = [Message(MessageRole.ASSISTANT, [Part(PartKind.TEXT, text="fine"), Part(PartKind.TOOL_CALL, tool_call=call)])]
    generation = recorded(create_secret_redaction_sanitizer(), {"output": output})
    assert generation.output[0].parts[0].text == "fine"
    assert generation.output[0].parts[1].tool_call == ToolCall("look", "c", b'\xff"' + GONE.encode())


def test_when_it_fails_the_content_is_withheld(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise RuntimeError("not today")

    fields = {**everything(KEY), "metadata": {"broken": Broken(a=1)}}
    with caplog.at_level(logging.WARNING):
        generation = recorded(create_secret_redaction_sanitizer(), fields)
    assert "sigil: generation sanitization failed, falling back to metadata_only" in caplog.text
    assert generation.metadata["sigil.sdk.content_capture_mode"] == "metadata_only"
    assert KEY not in str((generation.input, generation.output, generation.tools, generation.artifacts))
    assert generation.system_prompt == generation.conversation_title == ""
    assert generation.call_error != KEY


def test_what_is_withheld_is_not_redacted() -> None:
    generation = recorded(
        create_secret_redaction_sanitizer(), everything(KEY), content_capture=ContentCaptureMode.METADATA_ONLY
    )
    assert generation.output[0].parts[0].text == ""


def test_an_exporter_of_the_program_gets_redacted_objects() -> None:
    class Kept:
        def export_generations(self, request: Any) -> Any:
            self.generations = request.generations
            from sigil_sdk.models import ExportGenerationResult, ExportGenerationsResponse

            return ExportGenerationsResponse([ExportGenerationResult(each.id, True) for each in request.generations])

    exporter = Kept()
    recorded(create_secret_redaction_sanitizer(), everything(KEY), generation_exporter=exporter)
    assert exporter.generations[0].output[1].parts[0].text == GONE


@pytest.mark.parametrize(
    ("value", "expected", "warned"),
    [("1", True, False), (" YES ", True, False), ("off", False, False), ("", False, False), ("maybe", False, True)],
)
def test_the_environments_word(caplog: pytest.LogCaptureFixture, value: str, expected: bool, warned: bool) -> None:
    with caplog.at_level(logging.WARNING, logger="sigil_sdk"):
        assert _resolve_redact_input_messages(None, {"SIGIL_REDACT_INPUT_MESSAGES": value}) is expected
    assert ("SIGIL_REDACT_INPUT_MESSAGES: maybe" in caplog.text) is warned
    assert _resolve_redact_input_messages(True, {"SIGIL_REDACT_INPUT_MESSAGES": "off"}) is True

"""Messages, parts, tools and artifacts; what is kept of them in each capture mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import EITHER, scenario

if TYPE_CHECKING:
    from ..stage import Stage


def everything(s: Stage) -> dict[str, Any]:
    """A result with every kind of content."""
    sdk = s.sdk
    call = sdk.ToolCall(id="call_1", name="weather", input_json='{"city":"Zürich"}'.encode())
    result = sdk.ToolResult(tool_call_id="call_1", name="weather", content="18", content_json=b'{"temp_c":18}')
    return {
        "system_prompt": "secret prompt",
        "input": [
            s.message("user", s.part("text", text="secret question"), s.part("text", text="more"), name="bob"),
            s.message("assistant", s.part("tool_call", "tool_use", tool_call=call)),
            s.message("tool", s.part("tool_result", tool_result=result), name="weather"),
        ],
        "output": [
            s.message("assistant", s.part("thinking", "thinking", thinking="secret thought"), s.part("text", text="secret")),
            s.message("assistant", s.part("tool_call", tool_call=sdk.ToolCall(name="weather", id="call_2"))),
        ],
        "tools": [sdk.ToolDefinition("weather", "Tells it", "function", b'{"type":"object"}')],
        "artifacts": [sdk.Artifact(kind=sdk.ArtifactKind.RESPONSE, name="r", content_type="a/b", payload=b"\x00\xff")],
        "conversation_title": "secret title",
        "metadata": {"plain": "stays"},
        "tags": {"t": "stays"},
        "usage": sdk.TokenUsage(input_tokens=3),
        "stop_reason": "tool_calls",
    }


@scenario(releases=EITHER)
def parts_of_every_kind(s: Stage) -> None:
    """Text, thinking, tool calls and results, with names and provider types."""
    s.record(s.client(), "", {"tools": []}, **everything(s))


@scenario(releases=EITHER)
def tool_results_of_every_kind(s: Stage) -> None:
    """As text, as JSON, as both, as an error, empty; bytes that are no JSON and no UTF-8."""
    result, parts = s.sdk.ToolResult, []
    for fields in (
        {"tool_call_id": "c1", "name": "n", "content": "text"},
        {"content_json": b'{"a": 1}'},
        {"content_json": b"not json"},
        {"content_json": b"\xff\xfe"},
        {"tool_call_id": "c2", "content": "no such city", "is_error": True},
        {},
    ):
        parts.append(s.part("tool_result", tool_result=result(**fields)))
    call = s.sdk.ToolCall
    calls = [call(name="a", input_json=b"\xff"), call(name="b", input_json=b"{"), call(name=" c ", id="")]
    called = s.message("assistant", *[s.part("tool_call", tool_call=each) for each in calls])
    results = [s.message("tool", *parts, name="n"), s.sdk.tool_result_message("c3", "12 degrees")]
    s.record(s.client(), input=[called, *results])


@scenario()
def tool_definitions(s: Stage) -> None:
    """Schemas that are JSON and not; deferred tools."""
    tool = s.sdk.ToolDefinition
    tools = [
        tool(name="a"),
        tool("b", "B", "function", b'{"type": "object"}', True),
        tool(name="c", input_schema_json=b"\xff{"),
    ]
    s.record(s.client(), "", {"tools": tools}, **s.hello())


@scenario(releases=EITHER)
def artifacts_of_every_kind(s: Stage) -> None:
    """Bytes, references, both."""
    sdk = s.sdk
    kept = [sdk.Artifact(kind=kind, name=kind.value, content_type="x/y", payload=b"\x00\xff") for kind in sdk.ArtifactKind]
    kept.append(sdk.Artifact(kind=sdk.ArtifactKind.REQUEST, record_id="rec-1", uri="s3://bucket/key"))
    s.record(s.client(), artifacts=kept, **s.hello())


@scenario(releases=EITHER)
def unusual_texts(s: Stage) -> None:
    """Unicode, controls, long texts, text that looks like JSON."""
    texts = ["漢字 🦀 \u0007", "\ufeff bom", "line\u2028sep", '{"a": "b"}', "x" * 70000, "</script>", "\\u0000 \x00"]
    s.record(s.client(), input=[s.sdk.user_text_message(text) for text in texts])


def captured(s: Stage, mode: Any, client_mode: Any = None) -> None:
    client = s.client() if client_mode is None else s.client(content_capture=client_mode)
    start = {"system_prompt": "secret prompt", "conversation_title": "secret start title", "user_id": "user"}
    s.record(client, "ok.", {**start, "content_capture": mode}, **everything(s))
    recorder = client.start_generation(s.start(id="gen-2", content_capture=mode))
    recorder.set_call_error(RuntimeError("secret: 429 too many"))
    s.finish(recorder, "failed.", **s.hello())
    recorder = client.start_generation(s.start(id="gen-3", content_capture=mode))
    s.finish(recorder, "text.", call_error="secret failure", metadata={"call_error": "x"})


@scenario(releases=EITHER)
def capture_full(s: Stage) -> None:
    """FULL, at the start."""
    captured(s, s.sdk.ContentCaptureMode.FULL)


@scenario(releases=EITHER)
def capture_no_tool_content(s: Stage) -> None:
    """NO_TOOL_CONTENT, at the start."""
    captured(s, s.sdk.ContentCaptureMode.NO_TOOL_CONTENT)


@scenario(releases=EITHER)
def capture_metadata_only(s: Stage) -> None:
    """METADATA_ONLY, at the start."""
    captured(s, s.sdk.ContentCaptureMode.METADATA_ONLY)


@scenario()
def capture_full_with_metadata_spans(s: Stage) -> None:
    """FULL_WITH_METADATA_SPANS, at the start."""
    captured(s, s.sdk.ContentCaptureMode.FULL_WITH_METADATA_SPANS)


@scenario(releases=EITHER)
def capture_of_the_client(s: Stage) -> None:
    """The client withholds, a start allows."""
    modes = s.sdk.ContentCaptureMode
    captured(s, modes.DEFAULT, modes.METADATA_ONLY)
    s.record(s.client(content_capture=modes.METADATA_ONLY), "allowed.", {"content_capture": modes.FULL}, **s.hello())


@scenario(releases=EITHER)
def capture_of_the_context(s: Stage) -> None:
    """A block, generations within it and within one another, ending out of order."""
    modes, sdk = s.sdk.ContentCaptureMode, s.sdk
    client = s.client(content_capture=modes.NO_TOOL_CONTENT)

    def now(name: str) -> None:
        s.see(name, sdk.content_capture_mode_from_context())

    with sdk.with_content_capture_mode(modes.METADATA_ONLY):
        now("in the block")
        s.record(client, "block.", {"id": "gen-block"}, **s.hello())
        first = client.start_generation(s.start(id="gen-first", content_capture=modes.FULL))
        now("in the first")
        second = client.start_generation(s.start(id="gen-second"))
        third = client.start_generation(s.start(id="gen-third", content_capture=modes.NO_TOOL_CONTENT))
        now("in the third")
        s.finish(first, "first.", **s.hello())
        now("first ended")
        s.finish(third, "third.", **s.hello())
        now("third ended")
        s.finish(second, "second.", **s.hello())
        now("all ended")
    now("after the block")


@scenario(
    releases=EITHER,
    differs={"seen.asked.*": "lazy resolver"},
)
def capture_resolver(s: Stage) -> None:
    """A resolver sees the metadata and ranks between the context and the client."""
    modes, asked = s.sdk.ContentCaptureMode, []

    def resolve(metadata: Any) -> Any:
        asked.append(metadata)
        return modes.METADATA_ONLY if metadata and metadata.get("private") else modes.DEFAULT

    client = s.client(content_capture=modes.FULL, content_capture_resolver=resolve)
    s.record(client, "a.", {"metadata": {"private": True}}, **s.hello())
    s.record(client, "b.", {"metadata": {"private": False}}, **s.hello())
    s.record(client, "c.", None, **s.hello())
    s.record(client, "d.", {"metadata": {"private": True}, "content_capture": modes.FULL}, **s.hello())
    with s.sdk.with_content_capture_mode(modes.NO_TOOL_CONTENT):
        s.record(client, "e.", {"metadata": {"private": True}}, **s.hello())
    s.see("asked", asked)


@scenario(releases=EITHER)
def capture_resolver_that_fails(s: Stage) -> None:
    """It raises, or gives something else than a mode: nothing is shown."""

    def raising(metadata: Any) -> Any:
        raise KeyError("tenant")

    for name, resolver in {
        "raises": raising,
        "text": lambda metadata: "full",
        "none": lambda metadata: None,
        "mutates": lambda metadata: metadata.clear() or s.sdk.ContentCaptureMode.FULL,
    }.items():
        s.record(s.client(content_capture_resolver=resolver), f"{name}.", {"id": name, "metadata": {"a": 1}}, **s.hello())


@scenario()
def sanitizers(s: Stage) -> None:
    """They change, raise, or spoil."""

    def change(generation: Any) -> Any:
        s.see("given", generation)
        generation.system_prompt = "sanitised"
        generation.input[0].parts[0].text = "[hidden]"
        generation.tags["by"] = "sanitizer"
        return generation

    def raising(generation: Any) -> Any:
        raise ValueError("cannot")

    def spoil(generation: Any) -> Any:
        generation.input[0].parts.clear()
        return generation

    for name, sanitizer in {"change": change, "raises": raising, "spoils": spoil}.items():
        client = s.client(generation_sanitizer=sanitizer)
        s.record(client, f"{name}.", {"id": name, "conversation_title": "title"}, **everything(s))


@scenario(
    releases=EITHER,
    differs={
        "metrics.*": "bare sanitizer",
    },
)
def sanitizer_that_replaces(s: Stage) -> None:
    """It gives another generation, with little in it."""

    def replace(generation: Any) -> Any:
        return s.sdk.Generation(id="other", model=s.sdk.ModelRef("x", "y"), metadata={"replaced": True})

    s.record(s.client(generation_sanitizer=replace), "", {"conversation_title": "title"}, **everything(s))


@scenario(differs={"log.* generation sanitization failed, falling back to metadata_only | *Error: *": "texts of errors"})
def sanitizer_that_gives_nothing(s: Stage) -> None:
    """None counts as a failure."""
    client = s.client(generation_sanitizer=lambda generation: None)
    s.record(client, "", {"conversation_title": "title"}, **everything(s))


@scenario(
    differs={
        "log.* generation sanitization failed, falling back to metadata_only | *Error: *": "wrong sanitizer",
        "seen.end": "wrong sanitizer",
        "seen.last_generation": "wrong sanitizer",
        "wire.0": "wrong sanitizer",
        "spans.0": "wrong sanitizer",
        "metrics.*": "wrong sanitizer",
    }
)
def sanitizer_that_gives_a_text(s: Stage) -> None:
    """Something else than a generation."""
    client = s.client(generation_sanitizer=lambda generation: "text")
    s.record(client, "", {"conversation_title": "title"}, **everything(s))


@scenario(releases=EITHER)
def sanitizers_and_capture_modes(s: Stage) -> None:
    """A sanitizer is not asked when nothing is shown; its failure hides."""
    modes, asked = s.sdk.ContentCaptureMode, []

    def raising(generation: Any) -> Any:
        asked.append(generation.id)
        raise ValueError("cannot")

    client = s.client(generation_sanitizer=raising)
    for mode in (modes.METADATA_ONLY, modes.FULL):
        recorder = client.start_generation(s.start(id=mode.value, content_capture=mode, conversation_title="title"))
        recorder.set_call_error(RuntimeError("secret 503"))
        s.finish(recorder, f"{mode.value}.", **everything(s))
    s.see("asked", asked)

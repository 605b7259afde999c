"""Calls that fail, results that do not validate, values that nobody expects."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import BOTH, EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


class Failing(Exception):
    """An error of a provider, with whatever attributes."""

    def __init__(self, text: str, **attributes: Any) -> None:
        super().__init__(text)
        self.__dict__.update(attributes)


def provider_errors() -> dict[str, Exception]:
    """Errors by what is special about them."""
    return {
        "status": Failing("x", status=429),
        "status_code": Failing("x", status_code=401),
        "text status": Failing("x", status_code="503"),
        "bool status": Failing("x", status_code=True),
        "out of range": Failing("x", status=42, status_code=404),
        "response": Failing("x", response=SimpleNamespace(status_code=403)),
        "error": Failing("x", error=SimpleNamespace(status=408)),
        "in the text": RuntimeError("got HTTP 500 from upstream"),
        "not in the text": RuntimeError("took 5000 ms, model 4o-429x"),
        "timeout": TimeoutError("slow"),
        "socket timeout": socket.timeout("slow"),
        "async timeout": asyncio.TimeoutError(),
        "timeout in the text": RuntimeError("Deadline Exceeded while reading"),
        "timeout and status": Failing("request timeout", status_code=500),
        "418": Failing("teapot", status_code=418),
        "empty": RuntimeError(""),
        "several lines": RuntimeError('line one\n"line" two'),
    }


@scenario(releases=EITHER)
def call_errors_and_categories(s: Stage) -> None:
    """How an exception is told, and its category."""
    client = s.client()
    for name, error in provider_errors().items():
        recorder = client.start_generation(s.start(id=name))
        recorder.set_call_error(error)
        s.finish(recorder, f"{name}.", input=[s.sdk.user_text_message("hi")])


@scenario(releases=EITHER)
def call_error_forms(s: Stage) -> None:
    """None, several, in the result, in both."""
    client = s.client()
    recorder = client.start_generation(s.start())
    recorder.set_call_error(None)
    s.finish(recorder, "none.", **s.hello())
    recorder = client.start_generation(s.start(id="gen-2"))
    recorder.set_call_error(ValueError("first 400"))
    recorder.set_call_error(ValueError("second 500"))
    s.finish(recorder, "two.", call_error="of the result", **s.hello())
    s.record(client, "result.", {"id": "gen-3"}, call_error="only of the result 401", **s.hello())
    recorder = client.start_generation(s.start(id="gen-4"))
    recorder.set_call_error(KeyError("k"))
    s.finish(recorder, "nothing else.")


@scenario(
    releases=EITHER,
    differs={
        "seen.end": "error as text",
        "seen.last_generation": "error as text",
        "metrics.*": "error as text",
        "log.*OpenTelemetry failed: TypeError: Exception expected*": "error as text",
    },
)
def call_error_that_is_a_text(s: Stage) -> None:
    """Something else than an exception."""
    recorder = s.client().start_generation(s.start())
    s.attempt("not an exception", recorder.set_call_error, "text")
    s.finish(recorder)


@scenario(releases=EITHER)
def mapping_errors(s: Stage) -> None:
    """What a provider returned could not be read."""
    client = s.client()
    recorder = client.start_generation(s.start())
    recorder.set_result(s.sdk.Generation(), mapping_error=ValueError("cannot map 500"))
    s.finish(recorder, "a.")
    recorder = client.start_generation(s.start(id="gen-2"))
    recorder.set_result(mapping_error=s.sdk.MappingError("no choices"))
    recorder.set_call_error(RuntimeError("call"))
    s.finish(recorder, "b.")
    recorder = client.start_generation(s.start(id="gen-3", content_capture=s.sdk.ContentCaptureMode.METADATA_ONLY))
    recorder.set_result(None, ValueError("secret"), **s.hello())
    s.finish(recorder, "c.")


def invalid_results(s: Stage) -> dict[str, dict[str, Any]]:
    """Results that do not validate, by what is wrong."""
    sdk, part, message = s.sdk, s.part, s.message
    call, result = sdk.ToolCall(name="n"), sdk.ToolResult(content="x")
    both = sdk.Part(kind=sdk.PartKind.TEXT, text="a", thinking="b")
    inputs: dict[str, list[Any]] = {
        "no parts": [message("user")],
        "empty text": [message("user", part("text", text=""))],
        "blank text": [sdk.user_text_message("hi"), sdk.user_text_message(" \n")],
        "two payloads": [message("user", both)],
        "no payload": [message("assistant", part("tool_call"))],
        "thinking of a user": [message("user", part("thinking", thinking="x"))],
        "blank thinking": [message("assistant", part("thinking", thinking=" "))],
        "call of a user": [message("user", part("tool_call", tool_call=call))],
        "call without name": [message("assistant", part("tool_call", tool_call=sdk.ToolCall(name=" ")))],
        "result of a user": [message("user", part("tool_result", tool_result=result))],
        "no result": [message("tool", part("tool_result", text="x"))],
        "text kind with a call": [message("assistant", part("text", tool_call=call))],
        "second part": [message("user", part("text", text="ok"), part("text", text=" "))],
    }
    return {
        **{name: {"input": value} for name, value in inputs.items()},
        "in the output": {"output": [message("assistant", part("text", text="ok")), message("assistant")]},
        "tool without name": {"tools": [sdk.ToolDefinition(name="ok"), sdk.ToolDefinition(name=" ")]},
        "artifact of nothing": {"artifacts": [sdk.Artifact(kind=sdk.ArtifactKind.TOOLS, record_id=" ")]},
    }


@scenario(releases=EITHER)
def validation_of_results(s: Stage) -> None:
    """Each rule, and the function that checks the same."""
    client = s.client()
    for name, fields in invalid_results(s).items():
        recorder = client.start_generation(s.start(id=name))
        recorder.set_result(**fields)
        recorder.end()
        s.see(f"{name}.err", recorder.err())
        s.see(f"{name}.last_generation", recorder.last_generation)
        generation = s.sdk.Generation(model=s.sdk.ModelRef("openai", "gpt-5"), **fields)
        s.attempt(f"{name}.validate", s.sdk.validate_generation, generation)


@scenario(
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def validation_of_models(s: Stage) -> None:
    """A model without provider or name."""
    client, model = s.client(), s.sdk.ModelRef
    for name, given in {"provider": model("", "gpt-5"), "name": model("openai", " "), "both": model()}.items():
        s.record(client, f"{name}.", {"id": name, "model": given}, **s.hello())
    recorder = client.start_generation(s.start(id="mended", model=model()))
    s.finish(recorder, "mended.", model=model("openai", "gpt-5"), **s.hello())


@scenario()
def validation_and_metadata_only(s: Stage) -> None:
    """What is withheld is checked before."""
    client = s.client(content_capture=s.sdk.ContentCaptureMode.METADATA_ONLY)
    s.record(client, "blank.", {"id": "blank"}, input=[s.sdk.user_text_message(" ")])
    s.record(client, "empty.", {"id": "empty"}, output=[s.sdk.assistant_text_message("")])


@scenario(releases=EITHER)
def validation_of_generations_with_odd_types(s: Stage) -> None:
    """The function on what is not as it should be."""
    sdk, check = s.sdk, s.sdk.validate_generation
    model = sdk.ModelRef("openai", "gpt-5")
    s.attempt("text role", check, sdk.Generation(model=model, input=[sdk.Message(role="user", parts=[sdk.text_part("x")])]))
    s.attempt("bad role", check, sdk.Generation(model=model, input=[sdk.Message(role="system", parts=[sdk.text_part("x")])]))
    s.attempt("bad kind", check, sdk.Generation(model=model, input=[sdk.Message("user", [sdk.Part(kind="image", text="x")])]))
    s.attempt("bad mode", check, sdk.Generation(model=model, mode="BATCH"))
    s.attempt("text mode", check, sdk.Generation(model=model, mode="SYNC"))
    s.attempt("bad artifact", check, sdk.Generation(model=model, artifacts=[sdk.Artifact(kind="x", payload=b"x")]))
    s.attempt("ok", check, sdk.Generation(model=model))
    s.attempt("seed", check, sdk.Generation())


def lost(row: str, *more: str) -> dict[str, str]:
    """What differs when the original refuses a generation that ours records."""
    paths = ("seen.err", "spans.1.*", "metrics.*", "wire.0.body.generations.gen-1", "wire.0.body.order.*", *more)
    return dict.fromkeys(paths, row)


def raised(row: str, *more: str) -> dict[str, str]:
    """What differs when the original raises from `end()`, its span stays open, and the generation is lost."""
    paths = ("seen.end", "spans.*", "metrics.*", "wire.0.body.generations.gen-1", "wire.0.body.order.*", *more)
    return dict.fromkeys(paths, row)


def not_started(row: str) -> dict[str, str]:
    """What differs when the original raises from `start_generation()`."""
    later = ("seen.err", "seen.after.last_generation.*_id", "wire.0.body.generations.gen-after.*_id")
    return raised(row, "seen.start", "seen.set", *later)


def batch(row: str) -> dict[str, str]:
    """What differs over HTTP when the original cannot encode the whole batch."""
    return {"log.*sigil generation export failed: *": row, "seen.flush": row, "wire.0": row}


Fields = Callable[[Any], dict[str, Any]]


def odd(name: str, protocols: tuple[str, ...] = BOTH, start: Fields | None = None, **keywords: Any) -> None:
    """Registers a scenario: an odd generation between two good ones."""
    result: Fields = keywords.pop("result", lambda s: {})

    def run(s: Stage) -> None:
        client = s.client(export={"max_retries": 1})
        s.record(client, "before.", {"id": "gen-before"}, **s.hello())
        recorder = s.attempt("start", client.start_generation, s.start(**(start(s) if start else {})))
        if recorder is not None:
            s.attempt("set", recorder.set_result, **{**s.hello(), **result(s)})
            s.attempt("end", recorder.end)
            s.see("err", recorder.err())
        s.record(client, "after.", {"id": "gen-after"}, **s.hello())
        s.attempt("flush", client.flush)

    run.__name__ = f"odd_{name}"
    run.__doc__ = f"{name.replace('_', ' ')}, between two good generations."
    scenario(protocols=protocols, **keywords)(run)


def calling(s: Stage, call: Any) -> Any:
    return s.message("assistant", s.part("tool_call", tool_call=call))


class Uncopyable:
    """Refuses to be copied."""

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("cannot copy")


ODD, NONE = lost("odd values"), raised("none values")

odd("metadata_nan", HTTP, start=lambda s: {"metadata": {"x": math.nan}}, differs=batch("odd values"))
odd("metadata_infinity", HTTP, start=lambda s: {"metadata": {"x": [math.inf]}}, differs=batch("odd values"))
odd(
    "metadata_nan_over_grpc",
    ("grpc",),
    start=lambda s: {"metadata": {"x": math.nan}},
    differs={"wire.0.body.generations.gen-1.metadata.x": "odd values"},
)
odd("metadata_datetime", start=lambda s: {"metadata": {"at": datetime(2026, 1, 2)}}, differs=ODD)
odd("metadata_set", start=lambda s: {"metadata": {"x": {1}}}, differs=ODD)
odd("metadata_object", HTTP, start=lambda s: {"metadata": {"x": SimpleNamespace()}}, differs=ODD)
odd("metadata_bytes", start=lambda s: {"metadata": {"x": b"\xff"}}, differs=ODD)
odd("metadata_integer_key", start=lambda s: {"metadata": {1: "x"}}, differs=ODD)
odd("metadata_uncopyable", HTTP, start=lambda s: {"metadata": {"x": Uncopyable()}}, differs=not_started("odd values"))
odd("tag_of_an_integer", start=lambda s: {"tags": {"x": 7}}, differs=ODD)
odd("tag_of_none", start=lambda s: {"tags": {"x": None}}, differs=ODD)
odd("lone_surrogate", result=lambda s: {"output": [s.sdk.assistant_text_message("a\ud800b")]}, differs=ODD)
odd("arguments_as_text", result=lambda s: {"output": [calling(s, s.sdk.ToolCall("n", "c", "{}"))]}, differs=ODD)
odd("float_tokens", result=lambda s: {"usage": s.sdk.TokenUsage(1.5)}, differs=lost("odd values", "log.*recorded as*"))
odd("text_tokens", result=lambda s: {"usage": s.sdk.TokenUsage("7")}, differs=raised("odd values"))
odd("tokens_none", result=lambda s: {"usage": s.sdk.TokenUsage(None)}, differs=NONE)
odd("tokens_too_large", result=lambda s: {"usage": s.sdk.TokenUsage(2**70)}, differs=lost("odd values", "log.*recorded as*"))
odd("max_tokens_float", start=lambda s: {"max_tokens": 5.0}, differs=ODD)
odd("max_tokens_text", start=lambda s: {"max_tokens": "5"}, differs=ODD)
odd("temperature_text", start=lambda s: {"temperature": "hot"}, differs=ODD)
odd("temperature_nan", start=lambda s: {"temperature": math.nan})
odd("role_system", result=lambda s: {"input": [s.sdk.Message(role="system", parts=[s.sdk.text_part("x")])]})
odd(
    "text_none",
    result=lambda s: {"input": [s.message("user", s.part("text", text=None))]},
    differs={"seen.err.message": "none values", "spans.1.description": "none values", "spans.1.events.*": "none values"},
)
odd("title_none", HTTP, start=lambda s: {"conversation_title": None}, differs=not_started("none values"))
odd("agent_name_integer", HTTP, start=lambda s: {"agent_name": 7}, differs=raised("odd values"))
odd(
    "id_none",
    HTTP,
    start=lambda s: {"id": None, "conversation_id": None},
    differs={
        "spans.1.attributes.sigil.generation.id": "none values",
        "wire.0.body.generations.*": "none values",
        "wire.0.body.order.*": "none values",
    },
)
odd("input_none", HTTP, result=lambda s: {"input": None, "output": None}, differs=NONE)
odd("metadata_none", HTTP, start=lambda s: {"metadata": None, "tags": None, "tools": None}, differs=NONE)
odd(
    "messages_as_dicts",
    HTTP,
    result=lambda s: {"input": [{"role": "user", "parts": [{"kind": "text", "text": "x"}]}]},
    differs=lost("dicts"),
)
odd("tuples", HTTP, result=lambda s: {"input": (s.sdk.user_text_message("hi"),), "metadata": {"x": (1, 2)}})
odd("mode_text", HTTP, start=lambda s: {"mode": "STREAM"})
odd("model_none", HTTP, start=lambda s: {"model": None}, differs={"seen.start.raised.message": "texts of errors"})
odd("started_at_text", HTTP, start=lambda s: {"started_at": "2026-01-02"})
odd("started_at_float", HTTP, start=lambda s: {"started_at": 1767355200.0})


@scenario(differs=lost("cut", "log.*sigil generation shortened*"))
def oversized_payload(s: Stage) -> None:
    """Over `payload_max_bytes`, between two good ones; and without a limit."""
    client = s.client(export={"payload_max_bytes": 2000})
    s.record(client, "before.", {"id": "gen-before"}, **s.hello())
    recorder = client.start_generation(s.start())
    recorder.set_result(output=[s.sdk.assistant_text_message("x" * 5000)])
    recorder.end()
    s.see("err", recorder.err())
    s.record(client, "after.", {"id": "gen-after"}, **s.hello())
    unlimited = s.client(export={"payload_max_bytes": 0})
    s.record(unlimited, "unlimited.", {"id": "gen-large"}, output=[s.sdk.assistant_text_message("x" * 5000)])

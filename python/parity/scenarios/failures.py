"""Calls that fail, results that do not validate, values that nobody expects."""

from __future__ import annotations

import asyncio
import math
import socket
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import BOTH, EITHER, HTTP, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

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
    recorder = client.start_generation(s.start(id="gen-5"))
    s.attempt("not an exception", recorder.set_call_error, "text")
    s.finish(recorder, "text.")


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


@scenario(releases=EITHER)
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


#: Values that cost the original a record, or the program an exception.
def odd(name: str, protocols: tuple[str, ...] = BOTH, start: Callable[[Any], dict[str, Any]] | None = None, **keywords: Any) -> None:
    """Registers a scenario: an odd generation between two good ones."""
    result: Callable[[Any], dict[str, Any]] = keywords.pop("result", lambda s: {})

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


class Uncopyable:
    """Refuses to be copied."""

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("cannot copy")


odd("metadata_nan", start=lambda s: {"metadata": {"x": math.nan}})
odd("metadata_infinity", start=lambda s: {"metadata": {"x": [math.inf]}})
odd("metadata_datetime", start=lambda s: {"metadata": {"at": datetime(2026, 1, 2)}})
odd("metadata_set", start=lambda s: {"metadata": {"x": {1}}})
odd("metadata_object", HTTP, start=lambda s: {"metadata": {"x": SimpleNamespace()}})
odd("metadata_bytes", start=lambda s: {"metadata": {"x": b"\xff"}})
odd("metadata_integer_key", start=lambda s: {"metadata": {1: "x"}})
odd("metadata_uncopyable", HTTP, start=lambda s: {"metadata": {"x": Uncopyable()}})
odd("tag_of_an_integer", start=lambda s: {"tags": {"x": 7}})
odd("tag_of_none", start=lambda s: {"tags": {"x": None}})
odd("lone_surrogate", result=lambda s: {"output": [s.sdk.assistant_text_message("a\ud800b")]})
odd("arguments_as_text", result=lambda s: {"output": [s.message("assistant", s.part("tool_call", tool_call=s.sdk.ToolCall("n", "c", "{}")))]})
odd("float_tokens", result=lambda s: {"usage": s.sdk.TokenUsage(input_tokens=1.5)})
odd("text_tokens", result=lambda s: {"usage": s.sdk.TokenUsage(input_tokens="7")})
odd("tokens_none", result=lambda s: {"usage": s.sdk.TokenUsage(input_tokens=None)})
odd("tokens_too_large", result=lambda s: {"usage": s.sdk.TokenUsage(input_tokens=2**70)})
odd("max_tokens_float", start=lambda s: {"max_tokens": 5.0})
odd("max_tokens_text", start=lambda s: {"max_tokens": "5"})
odd("temperature_text", start=lambda s: {"temperature": "hot"})
odd("temperature_nan", start=lambda s: {"temperature": math.nan})
odd("role_system", result=lambda s: {"input": [s.sdk.Message(role="system", parts=[s.sdk.text_part("x")])]})
odd("text_none", result=lambda s: {"input": [s.message("user", s.part("text", text=None))]})
odd("title_none", HTTP, start=lambda s: {"conversation_title": None})
odd("agent_name_integer", HTTP, start=lambda s: {"agent_name": 7})
odd("id_none", HTTP, start=lambda s: {"id": None, "conversation_id": None})
odd("input_none", HTTP, result=lambda s: {"input": None, "output": None})
odd("metadata_none", HTTP, start=lambda s: {"metadata": None, "tags": None, "tools": None})
odd("messages_as_dicts", HTTP, result=lambda s: {"input": [{"role": "user", "parts": [{"kind": "text", "text": "x"}]}]})
odd("tuples", HTTP, result=lambda s: {"input": (s.sdk.user_text_message("hi"),), "metadata": {"x": (1, 2)}})
odd("mode_text", HTTP, start=lambda s: {"mode": "STREAM"})
odd("model_none", HTTP, start=lambda s: {"model": None})
odd("started_at_text", HTTP, start=lambda s: {"started_at": "2026-01-02"})
odd("started_at_float", HTTP, start=lambda s: {"started_at": 1767355200.0})


@scenario()
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

"""What is asked of the server while the program waits: ratings, hooks, conversations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..server import Answer, always, answers
from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage

RATED: dict[str, Any] = {
    "rating": {
        "rating_id": "r1",
        "conversation_id": "conv/1",
        "rating": "CONVERSATION_RATING_VALUE_GOOD",
        "created_at": "2026-01-02T03:04:05Z",
        "comment": "fine",
        "metadata": {"a": 1},
        "generation_id": "gen-1",
        "rater_id": "me",
        "source": "ui",
    },
    "summary": {
        "total_count": 3,
        "good_count": 2,
        "bad_count": 1,
        "latest_rated_at": "2026-01-02T03:04:05.123456+02:00",
        "has_bad_rating": True,
        "latest_rating": "CONVERSATION_RATING_VALUE_BAD",
        "latest_bad_at": "2026-01-01T00:00:00Z",
    },
}


def rating(s: Stage, **fields: Any) -> Any:
    return s.sdk.ConversationRatingInput(**{"rating_id": "r1", "rating": s.sdk.ConversationRatingValue.GOOD, **fields})


@scenario(protocols=HTTP, releases=EITHER)
def ratings(s: Stage) -> None:
    """Everything and as little as possible, with authentication, over odd ids."""
    s.server.script = always(Answer(200, RATED))
    auth = s.sdk.AuthConfig(mode="basic", tenant_id="acme", basic_password="secret")
    client = s.client(export={"auth": auth, "headers": {"x-own": "1"}})
    full = rating(s, comment=" fine ", metadata={"ü": [1]}, generation_id="gen-1", rater_id="me", source="ui")
    s.attempt("full", client.submit_conversation_rating, " conv/1 ä?", full)
    s.attempt("small", client.submit_conversation_rating, "c", rating(s, rating="CONVERSATION_RATING_VALUE_BAD"))
    minimal = {
        "rating": {name: RATED["rating"][name] for name in ("rating_id", "conversation_id", "rating", "created_at")},
        "summary": {**RATED["summary"], "latest_rating": None, "latest_bad_at": ""},
    }
    s.server.script = always(Answer(201, minimal))
    s.attempt("minimal answer", client.submit_conversation_rating, "c", rating(s))


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "seen.400.raised.message": "texts of the API",
        "seen.odd metadata.*": "rating metadata",
    },
)
def ratings_that_are_refused(s: Stage) -> None:
    """Each limit, each answer."""
    client = s.client()
    refused: dict[str, tuple[str, dict[str, Any]]] = {
        "no conversation": (" ", {}),
        "long conversation": ("c" * 256, {}),
        "no id": ("c", {"rating_id": ""}),
        "long id": ("c", {"rating_id": "r" * 129}),
        "bad rating": ("c", {"rating": "FINE"}),
        "long comment": ("c", {"comment": "ü" * 2049}),
        "long generation": ("c", {"generation_id": "g" * 256}),
        "long rater": ("c", {"rater_id": "g" * 256}),
        "long source": ("c", {"source": "g" * 65}),
        "large metadata": ("c", {"metadata": {"x": "x" * 16400}}),
        "odd metadata": ("c", {"metadata": {"x": {1}}}),
    }
    for name, (conversation, fields) in refused.items():
        s.attempt(name, client.submit_conversation_rating, conversation, rating(s, **fields))
    for name, answer in {
        "400": Answer(400, {"error": "no such thing"}),
        "409": Answer(409, b"there already"),
        "401": Answer(401, b""),
        "500": Answer(500, b"oops"),
        "no json": Answer(200, b"<html>"),
        "list": Answer(200, []),
        "no summary": Answer(200, {"rating": RATED["rating"]}),
        "bad count": Answer(200, {**RATED, "summary": {**RATED["summary"], "total_count": "3"}}),
        "bad time": Answer(200, {**RATED, "rating": {**RATED["rating"], "created_at": "yesterday"}}),
    }.items():
        s.server.script = answers(answer)
        s.attempt(name, client.submit_conversation_rating, "c", rating(s))


@scenario(protocols=HTTP, releases=EITHER, differs={"seen.infinite metadata.*": "rating metadata", "wire.0": "rating metadata"})
def ratings_with_infinite_metadata(s: Stage) -> None:
    """A number that JSON does not have."""
    infinite = rating(s, metadata={"x": math.inf})
    s.attempt("infinite metadata", s.client().submit_conversation_rating, "c", infinite)


@scenario(protocols=HTTP, releases=EITHER)
def ratings_and_capture_modes(s: Stage) -> None:
    """Comments are content."""
    s.server.script = always(Answer(200, RATED))
    modes, asked = s.sdk.ContentCaptureMode, []

    def resolve(metadata: Any) -> Any:
        asked.append(metadata)
        return modes.METADATA_ONLY if metadata and "private" in metadata else modes.DEFAULT

    for mode in (modes.METADATA_ONLY, modes.FULL, modes.NO_TOOL_CONTENT):
        s.client(content_capture=mode).submit_conversation_rating("c", rating(s, rating_id=mode.value, comment="secret"))
    client = s.client(content_capture_resolver=resolve)
    client.submit_conversation_rating("c", rating(s, rating_id="resolved", comment="secret", metadata={"private": 1}))
    s.see("asked", asked)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.nobody.raised.message": "texts of the API"},
)
def base_address_of_the_api(s: Stage) -> None:
    """Only scheme and host count; nobody listening."""
    s.server.script = always(Answer(200, RATED))
    host = s.server.http_endpoint.removeprefix("http://")
    for name, endpoint in {
        "path": f"http://{host}/some/path",
        "bare": host,
        "grpc": f"grpc://{host}",
        "slash": f"{host}/",
    }.items():
        client = s.client(api=s.sdk.ApiConfig(endpoint=endpoint))
        s.attempt(name, lambda client=client: type(client.submit_conversation_rating("c", rating(s))).__name__)
    client = s.client(api=s.sdk.ApiConfig(endpoint="http://127.0.0.1:9"))
    s.attempt("nobody", client.submit_conversation_rating, "c", rating(s))


def hook_request(s: Stage, **fields: Any) -> Any:
    from sigil_sdk import HookContext, HookEvaluateRequest, HookInput, HookModel, HookPhase

    given = {
        "phase": HookPhase.PREFLIGHT,
        "context": HookContext(model=HookModel("openai", "gpt-5"), agent_name="agent", agent_version="1", tags={"a": "b"}),
        "input": HookInput(messages=[s.sdk.user_text_message("hi")]),
    }
    return HookEvaluateRequest(**{**given, **fields})


def hooks(s: Stage, **fields: Any) -> Any:
    return s.client(hooks=s.sdk.HooksConfig(**{"enabled": True, **fields}), export={"headers": {"x-own": "1"}})


@scenario(protocols=HTTP)
def hook_requests(s: Stage) -> None:
    """Every kind of message and context; disabled; another phase."""
    from sigil_sdk import HookContext, HookInput, HookPhase

    sdk, client = s.sdk, hooks(s, timeout_seconds=2.5)
    call = sdk.ToolCall(id="c1", name="look", input_json=b'{"q":1}')
    result = sdk.ToolResult(tool_call_id="c1", name="look", content="text", content_json=b"{}", is_error=True)
    messages = [
        s.message("user", s.part("text", text="hi"), s.part("text", text=""), name="bob"),
        s.message("assistant", s.part("thinking", thinking="hm"), s.part("tool_call", tool_call=call)),
        s.message("tool", s.part("tool_result", tool_result=result)),
        sdk.tool_result_message("c2", "12"),
        sdk.Message(role="system", parts=[sdk.text_part("odd role")]),
    ]
    full = HookInput(
        messages=messages,
        tools=[sdk.ToolDefinition("look", "Looks", "function", b"{}"), sdk.ToolDefinition(name="bare")],
        system_prompt="Be brief.",
        output=[sdk.assistant_text_message("done")],
        conversation_preview="preview",
    )
    s.attempt("full", client.evaluate_hook, hook_request(s, input=full))
    s.attempt("small", client.evaluate_hook, hook_request(s, context=HookContext(), input=HookInput()))
    s.attempt("other phase", client.evaluate_hook, hook_request(s, phase=HookPhase.POSTFLIGHT))
    s.attempt("disabled", s.client().evaluate_hook, hook_request(s))
    s.attempt("post", hooks(s, phases=["postflight"]).evaluate_hook, hook_request(s, phase="postflight"))


HOOK_ANSWERS: dict[str, Any] = {
    "allow": {"action": "allow"},
    "deny": {"action": "deny", "rule_id": "r1", "reason": "no", "evaluations": []},
    "full": {
        "action": "deny",
        "rule_id": " r1 ",
        "reason": "",
        "evaluations": [
            {"rule_id": "r1", "evaluator_id": "e", "evaluator_kind": "k", "passed": False, "latency_ms": "12", "reason": "x"},
            {"rule_id": "r2", "passed": 1, "latency_ms": 3.7, "explanation": "why"},
            "nonsense",
        ],
    },
    "unknown action": {"action": "maybe"},
    "upper case": {"action": "DENY"},
    "nothing": {},
    "list": [1],
}


@scenario(protocols=HTTP, releases=EITHER)
def hook_answers(s: Stage) -> None:
    """What is made of an answer, and of a denial."""
    client = hooks(s)
    for name, answer in HOOK_ANSWERS.items():
        s.server.script = answers(Answer(200, answer))
        response = s.attempt(name, client.evaluate_hook, hook_request(s))
        if response is not None:
            s.see(f"{name}.is_deny", response.is_deny)
            s.attempt(f"{name}.denied", s.sdk.hook_denied_from_response, response)


@scenario(
    protocols=HTTP,
    differs={"seen.all.transformed_input.messages.0.parts.2": "transformed calls"},
)
def hook_transformations(s: Stage) -> None:
    """An answer may change what goes to the model."""
    client = hooks(s)
    messages = [
        {"role": "USER", "parts": [{"text": "a"}, {"thinking": "b"}, {"tool_call": {"name": "x"}}, {"text": ""}, "odd"]},
        {"role": 2, "parts": [{"text": "c"}], "name": "n"},
        {"role": "MESSAGE_ROLE_TOOL", "parts": []},
        {"role": 3},
        "odd",
    ]
    for name, transformed in {
        "all": {"messages": messages, "system_prompt": "new", "conversation_preview": "p"},
        "prompt": {"system_prompt": "new"},
        "empty": {"messages": [], "system_prompt": ""},
        "odd": {"messages": "x", "system_prompt": 7},
        "list": [1],
    }.items():
        s.server.script = answers(Answer(200, {"action": "allow", "transformed_input": transformed}))
        s.attempt(name, client.evaluate_hook, hook_request(s))


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "seen.401, open False.raised.message": "texts of the API",
        "seen.nobody, open False.raised.message": "texts of the API",
    },
)
def hook_failures(s: Stage) -> None:
    """Failing open, failing closed."""
    for name, answer in {
        "500": Answer(500, b"oops"),
        "401": Answer(401, {"error": "x"}),
        "empty": Answer(200, b""),
        "no json": Answer(200, b"<html>"),
        "large": Answer(200, {"action": "deny", "reason": "x" * (5 << 20)}),
    }.items():
        for fail_open in (True, False):
            s.server.script = answers(answer)
            s.attempt(f"{name}, open {fail_open}", hooks(s, fail_open=fail_open).evaluate_hook, hook_request(s))
    for fail_open in (True, False):
        client = s.client(
            hooks=s.sdk.HooksConfig(enabled=True, fail_open=fail_open), api=s.sdk.ApiConfig(endpoint="http://127.0.0.1:9")
        )
        s.attempt(f"nobody, open {fail_open}", client.evaluate_hook, hook_request(s))
    client.shutdown()
    s.attempt("after shutdown", client.evaluate_hook, hook_request(s))


@scenario(
    protocols=HTTP,
    differs={"seen.status *.raised.message": "texts of the API"},
)
def conversations(s: Stage) -> None:
    """Reading back: members of a collection, one conversation; what goes wrong."""
    client = s.client(ingest_actor="actor", export={"headers": {"x-own": "1"}, "max_retries": 1})
    for name, body in {
        "list": [{"a": 1}, "odd", {"b": 2}],
        "members": {"members": [{"a": 1}]},
        "items": {"items": [{"a": 1}], "next": 1},
        "neither": {"x": 1},
        "text": "text",
    }.items():
        s.server.script = always(Answer(200, body))
        s.attempt(f"members {name}", client.list_collection_members, " c/1 ")
        s.attempt(f"conversation {name}", client.get_conversation, "conv ä/1")
    s.attempt("blank collection", client.list_collection_members, " ")
    s.attempt("blank conversation", client.get_conversation, "")
    for status in (400, 404, 409, 422, 401, 500):
        s.server.script = always(Answer(status, {"error": "why"}))
        s.attempt(f"status {status}", client.get_conversation, "c")
    s.server.script = answers(Answer(503), Answer(200, {"id": "c"}))
    s.attempt("recovers", client.get_conversation, "c")
    s.server.script = always(Answer(200, b""))
    s.attempt("empty", client.get_conversation, "c")
    s.server.script = always(Answer(200, b"<html>"))
    s.attempt("no json", client.get_conversation, "c")
    client.shutdown()
    s.attempt("after shutdown", client.get_conversation, "c")

"""Values that mean the same and are written in another way: enums as texts, numbers of other kinds, blanks."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import Enum
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


@scenario(
    releases=EITHER,
    differs={"seen.a.last_generation.*.kind": "enums", "seen.a.last_generation.*.role": "enums"},
)
def texts_for_enums(s: Stage) -> None:
    """Roles, kinds and modes as programs write them without importing the enums."""
    sdk, client = s.sdk, s.client()
    call = sdk.ToolCall(name="look")
    messages = [
        sdk.Message(role="user", parts=[sdk.Part(kind="text", text="hi")]),
        sdk.Message("assistant", [sdk.Part("thinking", thinking="hm"), sdk.Part("tool_call", tool_call=call)]),
        sdk.Message("tool", [sdk.Part("tool_result", tool_result=sdk.ToolResult(content="x"))]),
    ]
    artifacts = [sdk.Artifact(kind="provider_event", payload=b"x")]
    s.record(client, "a.", {"mode": "SYNC"}, input=messages, artifacts=artifacts)
    s.record(client, "c.", {"id": "gen-3"}, mode="STREAM", **s.hello())
    upper = [sdk.Message(role="USER", parts=[sdk.Part(kind="text", text="hi")])]
    s.record(client, "d.", {"id": "gen-4"}, input=upper)


@scenario(
    releases=EITHER,
    differs={
        "seen.end": "odd values",
        "seen.last_generation": "odd values",
        "spans.*": "odd values",
        "metrics.*": "odd values",
        "wire.0": "odd values",
    },
)
def a_text_for_the_capture_mode(s: Stage) -> None:
    """At the start, where the enum is meant."""
    s.record(s.client(), "", {"content_capture": "metadata_only"}, **s.hello())


@scenario(releases=EITHER)
def numbers_of_other_kinds(s: Stage) -> None:
    """Whole numbers for fractions, negative and large ones."""
    client = s.client()
    s.record(client, "a.", {"temperature": 1, "top_p": 0}, **s.hello())
    s.record(client, "b.", {"id": "gen-2", "thinking_enabled": 1}, **s.hello())
    s.record(client, "c.", {"id": "gen-3", "max_tokens": -5, "temperature": -0.0, "top_p": 1e300}, **s.hello())
    s.record(client, "d.", {"id": "gen-4", "max_tokens": 2**62}, **s.hello())


@scenario(
    releases=EITHER,
    differs={
        "seen.*.err": "odd values",
        "spans.*": "odd values",
        "metrics.*": "odd values",
        "wire.0": "odd values",
    },
)
def booleans_for_numbers(s: Stage) -> None:
    """True where a count is meant."""
    client = s.client()
    s.record(client, "controls.", {"max_tokens": True}, **s.hello())
    s.record(client, "usage.", {"id": "gen-2"}, usage=s.sdk.TokenUsage(input_tokens=True), **s.hello())


@scenario(releases=EITHER, earlier={"metrics.*": "exemplars"})
def blanks_in_identities(s: Stage) -> None:
    """White space around ids, names and models."""
    client = s.client()
    given = {
        "id": " gen 1 ",
        "conversation_id": " conv ",
        "agent_name": " agent ",
        "agent_version": " 1 ",
        "model": s.sdk.ModelRef(" openai ", " gpt-5 "),
        "operation_name": " op ",
        "system_prompt": "  ",
        "tags": {" k ": " v "},
        "parent_generation_ids": [" p ", ""],
    }
    result = {"response_id": " r ", "response_model": " m ", "stop_reason": " stop ", "tools": [s.sdk.ToolDefinition(" t ")]}
    s.record(client, "", given, **result, **s.hello())


@scenario(releases=EITHER)
def metadata_keys(s: Stage) -> None:
    """Keys of the package's own, keys with dots, and values of its own types."""
    metadata = {
        "sigil.sdk.name": "mine",
        "sigil.sdk.content_capture_mode": "mine",
        "call_error": "mine",
        "a.b": {"c.d": 1},
        "sigil.framework.retry_attempt": "2",
        "sigil.framework.run_id": "run",
        "sigil.gen_ai.request.thinking.budget_tokens": "2048",
        "enum": s.sdk.MessageRole.USER,
    }
    s.record(s.client(), "", {"metadata": metadata}, **s.hello())


class Colour(Enum):
    """An enum of the program."""

    RED = "red"


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.*.err": "odd values", "wire.0": "odd values", "spans.*": "odd values", "metrics.*": "odd values"},
)
def metadata_of_programs(s: Stage) -> None:
    """Values that programs put there: enums, dates, exceptions, models."""
    client = s.client()
    values: dict[str, Any] = {
        "enum": Colour.RED,
        "date": date(2026, 1, 2),
        "exception": ValueError("x"),
        "duration": timedelta(seconds=1.5),
        "complex": 1j,
    }
    for name, value in values.items():
        s.record(client, f"{name}.", {"id": f"gen-{name}", "metadata": {"x": value}}, **s.hello())


class Zone(tzinfo):
    """A zone that says that it has no offset."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None


@scenario(releases=EITHER)
def unusual_times(s: Stage) -> None:
    """Far away, with zones that are odd, with fractions."""
    client = s.client()
    for name, moment in {
        "early": datetime(1970, 1, 1, tzinfo=timezone.utc),
        "before": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc),
        "late": datetime(2500, 1, 1, tzinfo=timezone.utc),
        "half": datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        "none": datetime(2026, 1, 2, tzinfo=Zone()),
        "micro": datetime(2026, 1, 2, microsecond=1, tzinfo=timezone.utc),
    }.items():
        s.record(client, f"{name}.", {"id": f"gen-{name}", "started_at": moment}, completed_at=moment, **s.hello())

"""The differences that are meant, each with its reason, and the table of them in docs/differences.md."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from .compare import Found
from .scenarios import Scenario


class Row(NamedTuple):
    """One row of the table. `original` and `ours` say what they do, `why` is the reason."""

    what: str
    original: str
    ours: str
    why: str


BEGIN, END = "<!-- parity: begin -->", "<!-- parity: end -->"

ROWS: dict[str, Row] = {
    "account": Row(
        "a header, or metadata entry, `lightwell-delivery` with each export",
        "none",
        "which records it carries, counters, process id and host name",
        "[the account](delivery.md#the-account) of what arrived; other servers ignore it",
    ),
    "cache creation": Row(
        "`TokenUsage.cache_creation_input_tokens`",
        "removed in 0.9",
        "a last field, 0 when not told; on the wire it is in the counter of cache writes",
        "programs written for 0.2 read and set it",
    ),
    "log": Row(
        "local errors, losses",
        "only in `err()`",
        "also one log line per 5 s, and counters in `client.stats()`",
        "whoever does not call `err()` should know",
    ),
    "additions": Row(
        "`Client.stats()`, `metrics_text()`, `timeout` of `flush()` and `shutdown()`, `spool_*` settings",
        "not there",
        "there; the defaults behave as without them",
        "[delivery](delivery.md)",
    ),
    "version": Row("`SDK_VERSION`", "0.9.3", "0.9.4", "packages that require `sigil-sdk>=0.9.3` accept ours"),
    "first token": Row(
        "time to the first token of a stream",
        "only an OpenTelemetry metric",
        "also metadata `gen_ai.response.time_to_first_chunk`, seconds",
        "the format has no field for it",
    ),
    "odd values": Row(
        "metadata or tags with dates, sets, NaN, objects, integer keys; counters and controls of a wrong type; "
        "lone surrogates; arguments as text",
        "the generation is lost, or over HTTP its whole batch; some raise into the program",
        "recorded: the value is sent as text or number, or left out",
        "nothing is lost for one value",
    ),
    "none values": Row(
        "None for a container, a text or a counter; wrong types in a start or result",
        "exception in the program",
        "None is empty; the rest is told by `err()`",
        "telemetry never raises into the program",
    ),
    "dicts": Row(
        "messages, parts and tools as dicts, or as other objects with the fields of the models",
        "the generation is lost",
        "read as the models are",
        "",
    ),
    "cut": Row(
        "a generation over `payload_max_bytes`",
        "`err()`: payload exceeds max bytes",
        "its longest parts are cut, the metadata and a log line say so; the error only when that is not enough",
        "what fits is better than nothing",
    ),
    "texts of errors": Row(
        "texts of delivery errors: `flush()`, log, results of gRPC calls",
        "of urllib and grpcio, whose exceptions come out of `flush()`",
        "of the native core, as `RuntimeError`: status, reason, and what the server said",
        "the core has neither library",
    ),
    "permanent": Row(
        "answers that will not change: 400, 401, 403, 404, UNAUTHENTICATED and the like",
        "sent again as often as the settings allow",
        "sent once",
        "a wrong key stays wrong",
    ),
    "one bad item": Row(
        "a batch that a server refuses with 400",
        "all of it is lost",
        "halved until the bad item stands alone; only that is lost, and `flush()` does not raise",
        "its neighbours are good",
    ),
    "accepted": Row(
        "an answer of success without results, or with a body that is not JSON",
        "taken for a failure; every record is sent again",
        "delivered",
        "each would arrive six times",
    ),
    "lazy resolver": Row(
        "a resolver of capture modes, when the start or the context says the mode",
        "is asked, and its answer ignored",
        "is not asked",
        "it may be expensive",
    ),
    "bad port": Row(
        "an HTTP endpoint that cannot be used",
        "found when the first batch is lost",
        "`ValueError` when the client is made",
        "a typo should not cost records",
    ),
    "stripped seed": Row(
        "user id of the configuration in `recorder.seed`",
        "with its blanks",
        "without; the same on the wire",
        "",
    ),
    "naive": Row(
        "a workflow step with one time in UTC and one without zone",
        "`TypeError`",
        "naive times are UTC, as elsewhere",
        "",
    ),
    "wrong sanitizer": Row(
        "a sanitizer that gives something else than a generation",
        "`end()` raises, the generation is lost",
        "recorded as METADATA_ONLY, and a warning",
        "as when it raises",
    ),
    "error as text": Row(
        "`set_call_error` with something that is no exception",
        "`end()` raises, the generation is lost",
        "its text is the error",
        "",
    ),
}

#: Path patterns that hold in every scenario.
EVERYWHERE = {
    "wire.*.headers.lightwell-delivery": "account",
    "seen.*.cache_creation_input_tokens": "cache creation",
    "log.parity WARNING: lightwell: * sigil records were dropped *": "log",
    "log.parity WARNING: sigil: generation validation failed: *": "log",
    "log.parity WARNING: sigil: generation queue is full": "log",
}


class Verdict(NamedTuple):
    """Of one comparison: what nobody meant, the rows that were seen, and the scenario's patterns that nothing matched."""

    unexpected: list[Found]
    rows: set[str]
    stale: list[str]


def judge(found: list[Found], scenario: Scenario, release: str) -> Verdict:
    """Holds what was found against what is meant."""
    own = dict(scenario.differs)
    if release == "0.2.0":
        own.update(scenario.differs_earlier)
    unexpected, rows, used = [], set(), set()
    for each in found:
        patterns = [pattern for pattern in (*own, *EVERYWHERE) if fnmatchcase(each.path, pattern)]
        if not patterns:
            unexpected.append(each)
            continue
        used.add(patterns[0])
        rows.add(own.get(patterns[0]) or EVERYWHERE[patterns[0]])
    return Verdict(unexpected, rows, sorted(set(own) - used))


def table() -> str:
    """The rows as Markdown, between the marks."""
    lines = [BEGIN, "", "| what | original | ours | why |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.original} | {row.ours} | {row.why} |" for row in ROWS.values()]
    return "\n".join([*lines, "", END])

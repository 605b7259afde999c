"""The differences that are meant, each with its reason, and the table of them in docs/differences.md."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from .compare import ABSENT, Found
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
    "context readers": Row(
        "`*_from_context` functions", "functions", "the variables' own `get`, which `inspect` cannot look into", "speed"
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
    "enums": Row(
        "roles and kinds that are given as texts, in `last_generation`", "the texts", "the enums, which are equal to them", ""
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
    "later fields": Row(
        "fields and names that 0.9.3 has",
        "0.2.0: not there",
        "there, after those of 0.2.0 but for `transformed_input` and `effective_version`, which stand where 0.9.3 has them",
        "programs of 0.2.0 give them by name",
    ),
    "exemplars": Row(
        "metrics",
        "0.2.0: without exemplars, without the agent's version",
        "as of 0.9.3: recorded with the span current, labelled with the version",
        "",
    ),
    "user agent": Row(
        "User-Agent of ratings, hooks, conversations and experiments; of exports, against 0.2.0",
        "that of urllib or grpcio",
        "`sigil-sdk-python/<version>`, as of exports",
        "a server's log should say who asks",
    ),
    "texts of the API": Row(
        "texts of errors of ratings, hooks, conversations and experiments",
        "the body of the answer as it came; addresses of another product",
        "the text of its `error`, if it has one; what to set",
        "they are for people",
    ),
    "rating metadata": Row(
        "metadata of a rating that JSON cannot hold",
        "`TypeError`, or sent as `Infinity`, which is no JSON",
        "`ValidationError`",
        "",
    ),
    "transformed calls": Row(
        "tool calls and results in the messages that a hook gives back", "dropped", "kept", "they are part of the input"
    ),
    "artifact bytes": Row(
        "`Trial.artifact(data=...)` without a kind",
        "kind `json`, also for bytes",
        "bytes are `binary`",
        "they are not JSON",
    ),
    "tool errors": Row(
        "a tool that raises in `execute_tool_calls`",
        "two exception events on its span",
        "one, and its arguments",
        "a failure is told once",
    ),
    "tool results": Row(
        "a result of `execute_tool_calls` with dates and other objects",
        "`tool_execution_error` on the span, though the tool answered",
        "their text, as in the answer",
        "",
    ),
    "step values": Row(
        "states and metadata of workflow steps with values that JSON has no type for",
        "`ValueError`",
        "sent as text",
        "as in generations",
    ),
    "framework clock": Row(
        "times of chains, workflow steps and first tokens of framework handlers",
        "of the machine's clock",
        "of `config.now`",
        "as of generations",
    ),
    "framework messages": Row(
        "messages of framework handlers",
        "system messages are user messages; images are dropped; results of tools as text; calls that fail have no input; "
        "Anthropic's thinking settings and cache writes are not read",
        "system prompt; images are named; tool results; the input; both are read",
        "complete where it is known",
    ),
    "framework metadata": Row(
        "a number as conversation or thread id of a framework; a retry number as text", "left out", "read", ""
    ),
    "framework names": Row(
        "the name of a LangGraph node or graph, which its callbacks pass as `name`",
        "not recorded; every span is `langgraph.chain chain`",
        "the component's name, where nothing else names it",
        "",
    ),
    "framework tools": Row(
        "call id of a framework's tool, arguments of tools that fail",
        "not recorded",
        "recorded",
        "",
    ),
    "litellm response": Row("response id and model of LiteLLM calls", "never set", "set", "they are known"),
    "litellm cost": Row(
        "cost that LiteLLM reports", "not recorded", "metadata `cost_usd`", "the key that servers of this protocol read"
    ),
    "litellm cache": Row("cache hit", "not recorded", "metadata `litellm.cache_hit`", ""),
    "litellm user": Row("end user", "only LiteLLM's proxy field", "else the request's `user`", ""),
    "litellm media": Row(
        "images, files, audio in messages",
        "dropped",
        "named in the text, e.g. `[image_url https://...]`, never their bytes",
        "a message of only an image was lost",
    ),
    "litellm output": Row(
        "refusals, legacy function calls, raw text completions, replies as parts", "no output, or lost", "output", ""
    ),
    "litellm calls": Row(
        "calls of the kinds `responses`, `anthropic_messages`, and text completions",
        "not recorded, or not told apart",
        "recorded; metadata `litellm.call_type`",
        "",
    ),
    "litellm incomplete": Row(
        "calls that failed before a provider was chosen, events without LiteLLM's record, white-space texts, odd argument and "
        "counter types, lone surrogates",
        "the whole generation is lost",
        "recorded; what is missing is said in metadata `litellm.incomplete`",
        "nothing is lost silently",
    ),
    "redaction": Row(
        'redaction of JSON-quoted secrets, `NAME="value"`, JWTs, classic OpenAI keys, Anthropic keys of any length; in titles, '
        "tools, metadata, tags, errors; of words that only end like a name of a secret",
        "not redacted; words like `monkey:` are",
        "redacted; words are left alone",
        "a secret is one wherever it stands",
    ),
    "sanitised bytes": Row(
        "tool arguments that are not UTF-8, with redaction",
        "the whole generation is stripped to METADATA_ONLY",
        "redacted where they are text",
        "",
    ),
    "bare sanitizer": Row("a sanitizer that gives a generation without times", "no metrics", "metrics", ""),
    "0.2 counters": Row(
        "tokens of cache creation; Gemini's tool-use and thought tokens",
        "0.2.0: a counter, an attribute and a metric of their own; not in input and output",
        "as of 0.9.3: cache writes; in input and output. `cache_creation_input_tokens` is filled too",
        "",
    ),
    "0.2 thinking": Row("thinking in LiteLLM's replies", "0.2.0: not recorded", "recorded, as with 0.9.3", ""),
    "0.2 withheld": Row(
        "descriptions and error texts of embeddings and tools under METADATA_ONLY",
        "0.2.0: on the span",
        "withheld, as with 0.9.3",
        "privacy",
    ),
    "0.2 log": Row(
        "log lines of failed flushes and LiteLLM events",
        "0.2.0: none for an explicit `flush()`; other words",
        "those of 0.9.3",
        "",
    ),
    "no host": Row(
        "an HTTP endpoint without a host", "0.2.0: found when the first batch is lost", "`ValueError`, as with 0.9.3", ""
    ),
    "empty request": Row(
        "`export_generations` of the package's own exporters with an empty request", "sent", "not sent", "it says nothing"
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

#: What holds in every scenario: pattern of the path, pattern of the original's value, row.
EVERYWHERE = [
    ("wire.*.headers.lightwell-delivery", ABSENT, "account"),
    ("wire.*.headers.user-agent", "Python-urllib/*", "user agent"),
    ("seen.*.cache_creation_input_tokens", ABSENT, "cache creation"),
    ("log.parity WARNING: lightwell: * sigil records were dropped *", ABSENT, "log"),
    ("log.parity WARNING: sigil: generation validation failed: *", ABSENT, "log"),
    ("log.parity WARNING: sigil: generation queue is full", ABSENT, "log"),
    ("log.parity WARNING: sigil: client is shutting down", ABSENT, "log"),
]

#: The same, beside those, for 0.2.0.
EARLIER = [
    ("seen.*", ABSENT, "later fields"),
    ("metrics.*.exemplars.*", ABSENT, "exemplars"),
    ("wire.*.headers.user-agent", "grpc-python/*", "user agent"),
]


class Verdict(NamedTuple):
    """Of one comparison: what nobody meant, the rows that were seen, and the scenario's patterns that nothing matched."""

    unexpected: list[Found]
    rows: set[str]
    stale: list[str]


def judge(found: list[Found], scenario: Scenario, release: str) -> Verdict:
    """Holds what was found against what is meant."""
    own = {**scenario.differs, **(scenario.differs_earlier if release == "0.2.0" else {})}
    unexpected: list[Found] = []
    rows: set[str] = set()
    used: set[str] = set()
    for each in found:
        pattern = next((pattern for pattern in own if fnmatchcase(each.path, pattern)), None)
        row = own[pattern] if pattern is not None else _everywhere(each, release)
        if pattern is not None:
            used.add(pattern)
        if row is None:
            unexpected.append(each)
        else:
            rows.add(row)
    # What differs from 0.9.3 need not differ from 0.2.0.
    must = scenario.differs_earlier if release == "0.2.0" else scenario.differs
    return Verdict(unexpected, rows, sorted(set(must) - used))


def _everywhere(found: Found, release: str) -> str | None:
    for path, original, row in EVERYWHERE + (EARLIER if release == "0.2.0" else []):
        if fnmatchcase(found.path, path) and fnmatchcase(str(found.original), original):
            return row
    return None


def table() -> str:
    """The rows as Markdown, between the marks."""
    lines = [BEGIN, "", "| what | original | ours | why |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.original} | {row.ours} | {row.why} |" for row in ROWS.values()]
    return "\n".join([*lines, "", END])

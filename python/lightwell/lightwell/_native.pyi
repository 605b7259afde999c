"""Types of the compiled module. This file is the contract between the native core and the Python packages.

Units: every timeout, interval and backoff is seconds (float); every size is bytes.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, final

__all__ = [
    "Around",
    "Call",
    "Closed",
    "Content",
    "EncodeError",
    "EventContext",
    "EventLog",
    "EventSchema",
    "FlushReport",
    "Invalid",
    "Pipeline",
    "QueueFull",
    "RedactionError",
    "Redactor",
    "Run",
    "TooLarge",
    "Traced",
    "__version__",
    "arm_sigterm",
    "encode_generation",
    "encode_workflow_step",
    "forked",
    "generation_problem",
    "mark_exiting",
    "new_event_id",
    "rearm_sigterm",
    "utc_now",
]

__version__: str

class QueueFull(Exception):
    """The queue holds ``queue_size`` records (or its byte bound is reached); the new record was refused and counted."""

class TooLarge(Exception):
    """One record is over the limit: ``<generation|workflow step|event> payload exceeds max bytes (<n> > <limit>)``."""

class Closed(Exception):
    """``shutdown`` has begun; the record was refused and counted."""

class EncodeError(Exception):
    """A record has no sane reading; the message names the field."""

class Invalid(Exception):
    """A generation cannot be exported; the message is the path of the first offence in reading order, and what it is."""

@final
class Content:
    """Messages, tools and artifacts of a generation: checked and encoded when it is made, so later changes do not matter."""

    def __new__(cls, lists: Any, withhold: bool = False, redactor: Optional[Redactor] = None) -> Content:
        """Read ``input``, ``output``, ``tools`` and ``artifacts`` of a dict or an object; what is missing or None is empty.

        ``withhold`` leaves out texts, arguments, results, descriptions, schemas and artifacts, and keeps the shape.
        ``redactor`` takes secrets out on the way. Raises ``EncodeError`` for what is no list or raises when it is read, and
        ``RedactionError``.
        """
    @property
    def problem(self) -> Optional[str]:
        """As ``generation_problem``, of the content alone. Nothing behind the problem was read."""
    @property
    def tool_count(self) -> int: ...
    @property
    def tool_calls(self) -> int:
        """How many tools the output calls."""
    def models(self, models: Any) -> Dict[str, List[Any]]:
        """The four lists as new objects of the classes that the module ``models`` has."""

class RedactionError(Exception):
    """Redaction failed: the content must be withheld."""

@final
class Redactor:
    """Takes secrets out of records; ``[REDACTED:<rule>]`` stands in their place. A long text is searched without the
    interpreter lock.

    ``inputs``: also messages that were sent to the model, which ``Content`` leaves alone otherwise. ``emails``: addresses
    count as secrets. ``named``: values count whose name says so, such as ``PASSWORD=...``. Every method may raise
    ``RedactionError``.
    """

    def __new__(cls, *, inputs: bool = False, emails: bool = True) -> Redactor: ...
    def text(self, text: str, *, named: bool = True) -> str:
        """The text without its secrets; the same object when there are none."""
    def data(self, data: bytes, *, named: bool = True) -> bytes:
        """The same of bytes that may be text."""
    def header(self, fields: Dict[str, Any]) -> None:
        """Redacts, in a dict of a generation's fields, those that are no messages, tools or artifacts.

        What holds a secret is replaced by a copy without it. Raises what the program's own objects raise when they are read.
        """

def encode_generation(generation: Any) -> bytes:
    """The record as protobuf, as ``Pipeline.record_generation`` sends it. Raises ``EncodeError``."""

def encode_workflow_step(step: Any) -> bytes:
    """The same of a workflow step."""

def generation_problem(generation: Any, withheld: bool = False) -> Optional[str]:
    """Why a generation (object or dict) cannot be exported, such as ``generation.input[0].parts must not be empty``, or None.

    ``withheld``: texts were taken away before. Raises ``EncodeError``.
    """

@final
class EventSchema:
    """The fields of one type of InsideLLM event, for payloads that need no coercion."""

    def __new__(cls, event_type: str, fields: List[Tuple[str, str, bool, Tuple[Any, ...]]]) -> EventSchema:
        """``fields``: name, kind, nullable, and ``(default,)`` or ``()`` for a required one.

        A kind says what a value must exactly be: any, text, whole, real, flag, number, primitive (text, number or flag), object
        (dict with str keys), texts, objects (lists of those), other (always needs coercion).
        """
    def fill(self, values: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """All fields in their order, defaults filled in, containers copied; None when a value is missing or needs coercion."""
    def begin(self, values: Dict[str, Any]) -> Optional[Tuple[str, str, Dict[str, Any]]]:
        """A new id, the time, and the payload of an event that is made now: ``values`` itself, completed with defaults.

        None, and ``values`` is as it was, unless it holds the schema's first fields in their order, none of them a container.
        """

@final
class Run:
    """An open or ended run of InsideLLM events. ``before`` is the run of the same context that it interrupted."""

    def __new__(cls, run_id: str, user_id: str, metadata: Dict[str, Any], before: Optional[Run]) -> Run: ...
    @property
    def run_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def metadata(self) -> Dict[str, Any]: ...
    @property
    def before(self) -> Optional[Run]: ...
    @property
    def ended(self) -> bool: ...
    def end(self) -> None: ...

@final
class EventLog:
    """Where a client's events go, and the runs that it knows. A client has it as its attribute ``_events``."""

    def __new__(
        cls,
        pipeline: Pipeline,
        queue_manager: Any,
        key: int,
        open_runs: Dict[Optional[str], Run],
        current: Callable[[], Optional[Run]],
    ) -> EventLog:
        """``key``: what the variable of the runs knows the client by. ``current`` says which run a context is in.

        ``queue_manager.after_refusal(event_id, error)`` is told of what the pipeline refuses.
        """
    def add(
        self,
        queue_manager: Any,
        event: Any,
        schema: EventSchema,
        event_id: str,
        timestamp: str,
        run_id: Optional[str],
        user_id: Optional[str],
        parent_event_id: Optional[str],
        metadata: Optional[Dict[str, Any]],
        payload: Dict[str, Any],
        /,
    ) -> bool:
        """Log an event of which these are the parts; its attribute ``metadata`` becomes the run's and its own.

        False, and nothing is done, when a part is not exactly of its type, and for another queue manager than the client was
        made with, or one with an ``add_event`` of its own.
        """

@final
class EventContext:
    """What all clients of a process share."""

    def __new__(
        cls,
        package: Dict[str, Any],
        client_class: type,
        runs: ContextVar[Optional[Dict[int, Run]]],
        parent: ContextVar[Optional[str]],
        parent_run: ContextVar[Tuple[Optional[str], Optional[str]]],
    ) -> EventContext:
        """``package``: the dict in which ``_default_client`` is found."""
    def log(
        self,
        client: Any,
        schema: EventSchema,
        run_id: Optional[str],
        user_id: Optional[str],
        parent_event_id: Any,
        metadata: Optional[Dict[str, Any]],
        payload: Dict[str, Any],
        whole: bool,
        /,
    ) -> Optional[str]:
        """Make an event, log it and make it the parent of the next one in this context. Returns its id.

        ``parent_event_id``: ``...`` is the context's. ``whole``: the fields of the schema, all of them and no others.
        None, and nothing is done, when a part is not exactly of its type, and for a client that is not of ``client_class``, is
        shut down, or has a ``log_event``, ``queue_manager`` or ``add_event`` that it was not made with.
        """

@final
class Traced:
    """What a decorated function logs, as far as nothing of it needs Python."""

    def __new__(
        cls,
        work: str,
        context: EventContext,
        *,
        client: Any,
        metadata: Optional[Dict[str, Any]],
        before: EventSchema,
        after: EventSchema,
        head: Dict[str, Any],
        skipped: int,
        prompt_position: int,
        resume: Callable[..., Any],
    ) -> Traced:
        """``work``: llm, tool, step or function. ``client`` None: the default client of each call.

        ``head``: what each payload begins with; it must fit the schemas. ``skipped``: positional arguments that are not told.
        ``resume`` makes the span that goes on where Python is needed: of (client, run_id, user_id, parent_event_id, seconds since
        the call), and (args, kwargs) of a function.
        """
    def around(
        self, function: Callable[..., Any], otherwise: Callable[..., Any], warn: Callable[[Exception], Any], /
    ) -> Around:
        """``function`` with what is logged before and after it. ``otherwise`` is called in its place when this is for Python to do.

        ``warn`` gets what went wrong in logging.
        """
    def begin(self, args: Tuple[Any, ...], kwargs: Dict[str, Any], /) -> Optional[Call]:
        """Log that the function is called. None, and nothing is done, when this is for Python to do."""

@final
class Around:
    """A decorated function: see `Traced.around`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result; what it raises."""

@final
class Call:
    """One call of a decorated function. Each may raise what a queue manager raises of refusals."""

    def succeed(self, result: Any, /) -> None:
        """The function returned."""
    def fail(self, error: BaseException, /) -> None:
        """The function raised."""

def mark_exiting() -> None:
    """The exit handler has run: whoever records something from now on sends it at once."""

def new_event_id() -> str:
    """A random (version 4) UUID in its usual spelling. A forked child never repeats its parent's."""

def utc_now() -> str:
    """Now in UTC, ISO 8601 with ``Z``, microseconds unless they are 0."""

@final
class FlushReport:
    """What became of the records that were pending when ``flush_report`` was called."""

    @property
    def complete(self) -> bool:
        """True when each of them is acknowledged or given up; False when the timeout ended the wait."""
    @property
    def delivered(self) -> int: ...
    @property
    def rejected(self) -> int:
        """Refused by the server, alone, with a reason (see ``take_notices``)."""
    @property
    def gave_up(self) -> int:
        """Dropped after the last attempt, or because the whole request was refused for good."""
    @property
    def error(self) -> Optional[str]:
        """Text of the first failure that made the pipeline give up during this flush, e.g. ``HTTP 401 Unauthorized``."""
    @property
    def refusals(self) -> List[Tuple[str, str]]:
        """Ids of the rejected, each with the server's reason; at most 10 000."""

@final
class Pipeline:
    """Admit, queue, batch, deliver. One native thread, ``lightwell-send``, started by the first record.
    Beside it one thread a process, ``lightwell-term``, sleeps until SIGTERM comes (see ``lightwell.sigterm``).

    Thread-safe and fork-safe: a forked child starts with an empty queue, zero counters and its own thread; the parent
    keeps what it had. A pipeline that is garbage-collected without ``shutdown`` delivers what it has and frees its thread.
    """

    @staticmethod
    def sigil(
        *,
        protocol: str,
        endpoint: str,
        insecure: Optional[bool] = None,
        headers: Optional[Mapping[str, str]] = None,
        user_agent: str = ...,
        batch_size: int = 100,
        flush_interval: float = 1.0,
        queue_size: int = 2000,
        max_retries: int = 5,
        initial_backoff: float = 0.1,
        max_backoff: float = 5.0,
        payload_max_bytes: int = 4194304,
        request_timeout: float = 10.0,
        spool_dir: Optional[str] = None,
        spool_max_bytes: int = 1073741824,
        spool_when_full: str = "drop_newest",
        spool_fsync: str = "never",
        queue_max_bytes: int = 67108864,
        compression: str = "auto",
    ) -> Pipeline:
        """A pipeline for generations and workflow steps. Never connects.

        ``protocol``: ``"grpc"``, ``"http"`` or ``"none"`` (accepts and forgets), any case, stripped.
        ``insecure`` (gRPC only): None = plaintext for ``http://`` and for a loopback host without scheme, else TLS.
        ``headers``: a non-blank ``User-Agent`` among them wins over ``user_agent``.
        ``queue_size`` bounds generations and workflow steps separately. ``payload_max_bytes <= 0``: a quarter of ``queue_max_bytes``. A record over the
        limit has its longest parts cut, and only what then is too large still is refused. ``queue_max_bytes`` bounds what the
        pipeline holds in memory, encoded. ``compression``: ``"off"``, ``"on"`` or ``"auto"``, which compresses for a server that
        has said that it understands gzip and is not on this machine.

        ``spool_dir``: every record is in a file below this folder before ``record_*`` returns, and is gone from there once
        the server has it; what a process leaves there, the next one that sends to the same place delivers. None or empty:
        no spool. ``spool_max_bytes`` bounds the folder over all processes; ``spool_when_full`` is ``"drop_newest"`` or
        ``"drop_oldest"``; ``spool_fsync`` is ``"never"``, ``"always"`` or milliseconds, e.g. ``"500"``.

        Raises ``ValueError``: ``unsupported generation export protocol '<p>'``, ``endpoint is required``,
        ``endpoint host is required``, or a sentence that names the header that cannot be sent.
        """
    @staticmethod
    def insidellm(
        *,
        base_url: str,
        api_key: str,
        user_agent: str = ...,
        batch_size: int = 50,
        flush_interval: float = 30.0,
        queue_size: int = 10000,
        max_retries: int = 3,
        backoff_factor: float = 2.0,
        request_timeout: float = 30.0,
        spool_dir: Optional[str] = None,
        spool_max_bytes: int = 1073741824,
        spool_when_full: str = "drop_newest",
        spool_fsync: str = "never",
        queue_max_bytes: int = 67108864,
        compression: str = "auto",
    ) -> Pipeline:
        """A pipeline for InsideLLM events: ``POST {base_url}/api/v1/ingest`` with ``Authorization: Bearer <api_key>``.

        ``flush_interval <= 0``: send as soon as anything is queued. Pauses before retry n (from 0) are random, at most
        ``backoff_factor * 2**n`` seconds. The spool as in ``sigil``. Never connects. Raises ``ValueError`` for a URL or key that cannot be used.
        """
    def record_generation(self, generation: Any) -> None:
        """Encode a ``sigil_sdk.models.Generation`` (or anything with its attributes) and queue it. Never blocks.

        ``conversation_title`` and ``user_id`` are not read: they travel in ``metadata``. The caller's object is only read.
        Raises ``QueueFull``, ``TooLarge``, ``Closed``, ``EncodeError``.
        """
    def record_content(self, header: Dict[str, Any], content: Content, seed_tools: Optional[Content] = None) -> None:
        """As ``record_generation``, of a generation whose content was read before. ``header`` has the other fields.

        ``seed_tools`` count when ``content`` has no tools. Raises also ``Invalid``, and then nothing is counted.
        """
    def record_workflow_step(self, step: Any) -> None:
        """Encode a ``sigil_sdk.models.WorkflowStep`` and queue it. Raises as ``record_generation``."""
    def record_event(self, event: Mapping[str, Any]) -> None:
        """Encode one InsideLLM wire object as JSON and queue it. Key order is kept; any value is made JSON-safe.

        Raises ``QueueFull``, ``TooLarge`` (over a quarter of ``queue_max_bytes``, and nothing to cut), ``Closed``, ``EncodeError``
        (not a mapping).
        """
    def flush(self, timeout: Optional[float] = None) -> bool:
        """Send now and wait. True: everything recorded before the call is acknowledged or given up; False: timed out.

        None waits as long as the retry settings allow. The interpreter lock is released; Ctrl-C interrupts the wait.
        """
    def flush_report(self, timeout: Optional[float] = None) -> FlushReport:
        """As ``flush``, and says what became of the records."""
    def shutdown(self, timeout: Optional[float] = None) -> bool:
        """Refuse new records, deliver what is queued, stop the thread. Idempotent.

        Returns by the deadline (plus at most 50 ms); what is unsent then stays in the spool, pending, or is counted as
        ``dropped_shutdown`` without one. True when
        nothing was left unsent. With an empty queue it returns at once and touches no network. None waits as long as
        the retry settings allow: pass a timeout.
        """
    def stats(self) -> Dict[str, int]:
        """Counters since construction (in a forked child: since the fork).

        Keys: accepted, delivered, dropped_queue_full, dropped_too_large, dropped_rejected, dropped_gave_up,
        dropped_shutdown, dropped_spool_full, dropped_spool_damaged, pending, pending_bytes, requests, retries. Always
        ``accepted == delivered + dropped_* + pending``: ``accepted`` counts every record offered, refused ones too.
        ``pending`` is queued plus in flight; with a spool also what is on disk only, after ``shutdown`` too.

        Of the spool: spooled (pending records that outlive the process), unspooled (accepted into memory alone because
        the disk did not take them), adopted (read from what earlier processes left, and in no other counter),
        adopted_delivered, adopted_dropped.
        """
    def prometheus(self) -> str:
        """The counters in Prometheus' text format: ``lightwell_client_records_accepted_total``,
        ``..._records_delivered_total``, ``..._records_dropped_total{reason=...}``, ``..._records_pending``,
        ``..._pending_bytes``, ``..._requests_total``, ``..._retries_total``, each with the label ``product``."""
    def summary(self) -> Optional[str]:
        """One line about what was dropped, by reason; None when nothing was."""
    def queue_len(self) -> int:
        """Records queued and not yet taken for sending."""
    def log_notices_to(self, call: Callable[[str, str], object]) -> None:
        """Has ``call(level, text)`` log the lines of ``take_notices`` from a thread that records, at most every 5 s.

        It must not refer to the pipeline, which it would keep alive.
        """
    def take_notices(self) -> List[Tuple[str, str]]:
        """Log lines that the delivery thread left, oldest first, each ``(level, text)`` with level ``warning`` or ``error``.

        At most 64 are kept; call it after ``flush``/``shutdown`` (or now and then) and log them. For Sigil the texts are
        ``sigil generation rejected id=<id> error=<text>``, ``sigil workflow step rejected id=...``,
        ``sigil generation export failed: <error>``, ``sigil workflow step export failed: <error>``.
        """
    def probe(self, timeout: float = 5.0) -> bool:
        """``GET {base}/health`` with the pipeline's headers: True only for status 200. False on any failure."""

def arm_sigterm(grace_seconds: float) -> None:
    """Deliver for at most `grace_seconds` when SIGTERM comes, where it would kill the process. See `lightwell.sigterm`."""

def rearm_sigterm() -> None:
    """The same again, after the program has put the default back."""

def forked() -> None:
    """What a forked child does first: it closes its copies of the parent's connections."""

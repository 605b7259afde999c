"""The native delivery pipeline behind a client: how it is built, and how its verdicts become this package's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from lightwell import Closed, Content, EncodeError, Invalid, Pipeline, QueueFull, TooLarge, at_exit

from .errors import ClientShutdownError, EnqueueError, QueueFullError, ValidationError
from .models import Generation
from .version import user_agent

if TYPE_CHECKING:
    import logging

    from .config import ClientConfig
    from .models import WorkflowStep

#: As `logging` numbers them.
_WARNING, _ERROR = 30, 40
_LEVELS = {"warning": _WARNING, "error": _ERROR}


class DeliveryReport(Protocol):
    """What became of the records that were pending when a flush began."""

    @property
    def complete(self) -> bool: ...
    @property
    def gave_up(self) -> int: ...
    @property
    def error(self) -> str | None: ...


class DeliveryPipeline(Protocol):
    """What a client needs of a pipeline. Timeouts are seconds."""

    def record_generation(self, generation: Generation) -> None: ...
    def record_workflow_step(self, step: WorkflowStep) -> None: ...
    def flush(self, timeout: float | None = None) -> bool: ...
    def flush_report(self, timeout: float | None = None) -> DeliveryReport: ...
    def shutdown(self, timeout: float | None = None) -> bool: ...
    def stats(self) -> dict[str, int]: ...
    def take_notices(self) -> list[tuple[str, str]]: ...


def build_pipeline(config: ClientConfig, *, insecure: bool | None, logger: logging.Logger) -> DeliveryPipeline:
    """The pipeline of a resolved configuration: the program's exporter if it has one, else the native pipeline.

    `insecure` None means plaintext for loopback hosts only.
    """
    if config.generation_exporter is not None:
        from ._exporter_pipeline import ExporterPipeline

        return ExporterPipeline(config.generation_exporter, config, logger)
    from lightwell import spool, tuning

    export = config.generation_export
    spooled = spool.keywords(
        export.spool_dir, export.spool_max_bytes, export.spool_when_full, export.spool_fsync, env={}
    )
    pipeline = Pipeline.sigil(
        protocol=export.protocol or "",
        endpoint=export.endpoint or "",
        insecure=insecure,
        headers=export.headers or {},
        user_agent=user_agent(),
        batch_size=export.batch_size,
        flush_interval=export.flush_interval.total_seconds(),
        queue_size=export.queue_size,
        max_retries=export.max_retries,
        initial_backoff=export.initial_backoff.total_seconds(),
        max_backoff=export.max_backoff.total_seconds(),
        payload_max_bytes=export.payload_max_bytes,
        **spooled,
        **tuning.keywords(),
    )
    pipeline.log_notices_to(lambda level, text: _log(logger, level, text))
    return pipeline


def enqueue(pipeline: DeliveryPipeline, record: Generation | WorkflowStep) -> None:
    """Queues a record; `QueueFullError`, `ClientShutdownError` or `EnqueueError` when it was refused."""
    kind = "generation" if isinstance(record, Generation) else "workflow step"
    try:
        if isinstance(record, Generation):
            pipeline.record_generation(record)
        else:
            pipeline.record_workflow_step(record)
    except (QueueFull, Closed, TooLarge, EncodeError) as error:
        raise _told(error, kind) from error


def enqueue_content(
    pipeline: Any, header: dict[str, Any], content: Content, seed_tools: Content | None
) -> None:
    """As `enqueue`, of a generation whose content the native core has read; also `ValidationError`.

    The pipeline is a native one: a program's own exporter gets model objects.
    """
    try:
        pipeline.record_content(header, content, seed_tools)
    except Invalid as error:
        raise ValidationError(f"sigil: generation validation failed: {error}") from error
    except (QueueFull, Closed, TooLarge, EncodeError) as error:
        raise _told(error, "generation") from error


def _told(error: Exception, kind: str) -> EnqueueError:
    """A refusal of the pipeline in this package's words."""
    if isinstance(error, QueueFull):
        return QueueFullError(f"sigil: {kind} queue is full")
    if isinstance(error, Closed):
        return ClientShutdownError("sigil: client is shutting down")
    if kind == "workflow step":
        # Raised to the caller, where a generation's error waits in `err()`: the originals say it without a prefix.
        return EnqueueError(str(error))
    return EnqueueError(f"sigil: {kind} enqueue failed: {error}")


def deliver_late(pipeline: DeliveryPipeline, timeout: float) -> None:
    """Delivers the one record of a pipeline of its own; `EnqueueError` when that fails within `timeout` seconds."""
    if not pipeline.shutdown(timeout) or not pipeline.stats()["delivered"]:
        raise EnqueueError("sigil: generation enqueue failed: it came after shutdown and could not be delivered at once")


def flush_pipeline(pipeline: DeliveryPipeline, logger: logging.Logger, timeout: float | None) -> None:
    """Flushes; `RuntimeError` when records were given up, `TimeoutError` when the wait ended first."""
    report = pipeline.flush_report(timeout)
    log_notices(pipeline, logger)
    # The exception of a program's own exporter.
    cause: Exception | None = getattr(report, "cause", None)
    if cause is not None:
        raise cause
    if report.gave_up:
        raise RuntimeError(report.error or f"sigil generation export failed: {report.gave_up} generations were given up")
    if not report.complete and timeout is None:
        raise RuntimeError(f"sigil generation export failed, and stays in the spool: {report.error}")
    if not report.complete:
        raise TimeoutError(f"sigil: flush did not complete within {timeout} s")


def shut_down(pipeline: DeliveryPipeline, logger: logging.Logger, timeout: float | None) -> None:
    """Shuts the pipeline down and says in the log what was not delivered."""
    complete = pipeline.shutdown(timeout)
    at_exit.forget(pipeline)
    log_notices(pipeline, logger)
    dropped = pipeline.stats()["dropped_shutdown"]
    if not complete and dropped:
        logger.warning(
            "sigil generation export flush on shutdown failed: %d generations were not delivered", dropped
        )


def log_notices(pipeline: DeliveryPipeline, logger: logging.Logger) -> None:
    """Logs what the delivery thread reported since the last call."""
    for level, text in pipeline.take_notices():
        _log(logger, level, text)


def _log(logger: logging.Logger, level: str, text: str) -> None:
    logger.log(_LEVELS.get(level, _WARNING), "%s", text)

"""Tool executions: a span and its duration. They are not exported, and cost nothing in a program without OpenTelemetry.

What a tool was given and what it returned are on the span only as far as content capture lets them. They are read when they
are set: changing them afterwards changes nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import _otel, context
from ._capture import HIDDEN_FROM_SPANS, generation_mode
from ._error_category import error_category
from ._normalise import to_utc
from ._operation import OperationRecorder
from ._records import replace
from .models import ContentCaptureMode, ToolExecutionEnd, ToolExecutionStart

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from .client import Client



class ToolExecutionRecorder(OperationRecorder):
    """A tool that runs. Use it as a context manager, or call `end()`, which never raises."""

    def __init__(
        self, client: Client, seed: ToolExecutionStart, started_at: datetime, mode: ContentCaptureMode
    ) -> None:
        super().__init__(client, started_at, mode)
        #: What was known at the start, completed from the context and the configuration.
        self.seed = seed
        self.include_content = mode is ContentCaptureMode.FULL or (seed.include_content and not self._hidden)
        self._begin_span(f"execute_tool {seed.tool_name}", "internal", _start_attributes(seed))
        self._completed_at: datetime | None = None
        self._content: dict[str, str] = {}
        self._content_error: RuntimeError | None = None
        self._final_error: BaseException | None = None

    def set_result(self, end: ToolExecutionEnd | None = None, **kwargs: Any) -> None:
        """What the tool was given and returned: a `ToolExecutionEnd`, or its fields as keywords. The last call wins.

        `TypeError` for an unknown field.
        """
        result = end if end is not None else ToolExecutionEnd(**kwargs)
        if self._ended:
            return
        self._completed_at = result.completed_at
        self._content, self._content_error = {}, None
        if self.include_content:
            self._take_content("arguments", result.arguments)
            self._take_content("result", result.result)

    def set_exec_error(self, error: BaseException | None) -> None:
        """The tool failed. None is ignored; the last error wins."""
        self._fail(error)

    def err(self) -> BaseException | None:
        """The tool's own error, why its content could not be serialised, or both joined; None before the end."""
        return self._final_error

    def _finish(self) -> None:
        """Records the duration."""
        completed_at = to_utc(self._completed_at or self.client._clock())
        error = self._final_error = _joined(self._failure, self._content_error)
        for what, text in self._content.items():
            self._span.set_attribute(f"gen_ai.tool.call.{what}", text)
        error_type, category = ("", "") if error is None else ("tool_execution_error", self._category())
        _otel.record_duration(
            self.client,
            self._span,
            max(0.0, (completed_at - self.started_at).total_seconds()),
            self._metric_attributes(error_type, category),
        )
        hidden = self._hidden
        _otel.end_span(
            self._span,
            completed_at,
            error_type=error_type,
            category=category,
            description=category if hidden else str(error or ""),
            exceptions=(error,) if isinstance(error, BaseException) and not hidden else (),
        )

    def _take_content(self, what: str, value: Any) -> None:
        try:
            text = _as_json(value)
        except (TypeError, ValueError, RecursionError) as error:
            self._content_error = self._content_error or RuntimeError(f"serialize tool {what}: {error}")
            return
        if text:
            self._content[what] = text

    def _category(self) -> str:
        return error_category(self._failure or self._content_error)

    def _metric_attributes(self, error_type: str, category: str) -> dict[str, Any]:
        seed = self.seed
        identity = _otel.identity(seed.request_provider, seed.request_model, seed.agent_name, seed.agent_version)
        return {
            "gen_ai.operation.name": "execute_tool",
            **identity,
            "gen_ai.tool.name": seed.tool_name,
            "error.type": error_type,
            "error.category": category,
        }


class NoopToolExecutionRecorder:
    """Stands for a tool without a name: nothing is recorded."""

    def set_result(self, end: ToolExecutionEnd | None = None, **kwargs: Any) -> None:
        """Does nothing."""

    def set_exec_error(self, error: BaseException | None) -> None:
        """Does nothing."""

    def end(self) -> None:
        """Does nothing."""

    def err(self) -> BaseException | None:
        """None."""
        return None

    def __enter__(self) -> NoopToolExecutionRecorder:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


def start_tool_execution(
    client: Client, start: ToolExecutionStart
) -> ToolExecutionRecorder | NoopToolExecutionRecorder:
    """Begins to record a tool; nothing is recorded of one without a name."""
    name = str(start.tool_name or "").strip()
    if not name:
        return NoopToolExecutionRecorder()
    config = client._config
    mode = generation_mode(start.content_capture, client._resolver, {}, client._content_capture, client._logger)
    hidden = mode in HIDDEN_FROM_SPANS
    title = start.conversation_title or context.conversation_title_from_context() or ""
    started_at = to_utc(client._clock() if start.started_at is None else start.started_at)
    seed = replace(
        start,
        tool_name=name,
        tool_description="" if hidden else start.tool_description,
        conversation_id=start.conversation_id or context.conversation_id_from_context() or "",
        conversation_title="" if hidden else title.strip(),
        agent_name=start.agent_name or context.agent_name_from_context() or config.agent_name or "",
        agent_version=start.agent_version or context.agent_version_from_context() or config.agent_version or "",
        started_at=started_at,
    )
    return ToolExecutionRecorder(client, seed, started_at, mode)


def _start_attributes(seed: ToolExecutionStart) -> dict[str, Any]:
    optional = {
        "gen_ai.tool.call.id": seed.tool_call_id,
        "gen_ai.tool.type": seed.tool_type,
        "gen_ai.tool.description": seed.tool_description,
        "gen_ai.conversation.id": seed.conversation_id,
        "sigil.conversation.title": seed.conversation_title,
        "gen_ai.agent.name": seed.agent_name,
        "gen_ai.agent.version": seed.agent_version,
        "gen_ai.provider.name": seed.request_provider,
        "gen_ai.request.model": seed.request_model,
    }
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": seed.tool_name,
        "sigil.sdk.name": "sdk-python",
        **{key: value for key, value in optional.items() if value},
    }


def _as_json(value: Any) -> str:
    """JSON as it is, other text quoted, other values serialised; nothing for None and for blank text."""
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "replace")
    if not isinstance(value, str):
        return json.dumps(value)
    text = value.strip()
    if not text:
        return ""
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text)
    return text


def _joined(exec_error: BaseException | None, content_error: RuntimeError | None) -> BaseException | None:
    if exec_error is None or content_error is None:
        return exec_error or content_error
    return RuntimeError(f"{exec_error}; {content_error}")

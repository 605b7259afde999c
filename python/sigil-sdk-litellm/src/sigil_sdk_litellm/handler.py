"""The LiteLLM callback. It never raises into LiteLLM and never waits for the network."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

from sigil_sdk import Client, ClientShutdownError, Generation, GenerationMode, GenerationStart
from sigil_sdk.client import GenerationRecorder

from . import _embedding, _record
from ._blocks import content_text
from ._in_flight import InFlightCalls
from ._messages import input_messages, model_messages, output_messages, system_prompt
from ._reports import RecentReports
from ._tools import tool_definitions
from ._values import as_text

_logger = logging.getLogger("sigil_sdk_litellm.handler")


class SigilLiteLLMLogger(CustomLogger):
    """Records completions, `responses` and `anthropic_messages` calls, and embeddings; register it in `litellm.callbacks`.

    `agent_name`, `agent_version` and `conversation_id` hold when the call's own `metadata=` does not name them.
    Remaining keywords go to LiteLLM's `CustomLogger`.
    """

    def __init__(
        self,
        *,
        client: Client,
        capture_inputs: bool = True,
        capture_outputs: bool = True,
        agent_name: str = "",
        agent_version: str = "",
        conversation_id: str = "",
        extra_tags: dict[str, str] | None = None,
        extra_metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._client = client
        self._capture_inputs = capture_inputs
        self._capture_outputs = capture_outputs
        self._agent_name = agent_name
        self._agent_version = agent_version
        self._conversation_id = conversation_id
        self._extra_tags = dict(extra_tags or {})
        self._extra_metadata = dict(extra_metadata or {})
        self._in_flight = InFlightCalls()
        self._recent = RecentReports()
        self._client_is_native = False
        if isinstance(client, Client):  # Programs test with clients of their own.
            client._before_shutdown(self._in_flight.wait)
            self._client_is_native = not client._wants_models

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """A call begins."""
        call_id = _record.awaited_call_id(kwargs)
        if call_id:
            self._in_flight.begin(call_id)

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that succeeded, whole or as a stream that ended."""
        self._log("sync", kwargs, response_obj, start_time, end_time)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that failed for good, after LiteLLM's own retries."""
        self._log("sync", kwargs, response_obj, start_time, end_time)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """As `log_success_event`; queueing is too short to leave the event loop for."""
        self._log("async", kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """As `log_failure_event`."""
        self._log("async", kwargs, response_obj, start_time, end_time)

    def _log(self, hook: str, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        call_id = ""
        try:
            call_id = _record.call_id(kwargs)
            event = _record.read_event(kwargs, response_obj, start_time, end_time)
            status = as_text(event.payload.get("status"))
            if not (event.is_completion or event.is_embedding):
                return
            if self._recent.is_repeated(hook, call_id, status, event.started_at):
                return
            if event.is_completion:
                self._log_generation(event, call_id)
            else:
                self._log_embedding(event)
        except Exception:
            _logger.exception("sigil: failed to record LiteLLM event")
        finally:
            self._in_flight.end(call_id)

    def _log_embedding(self, event: _record.CallEvent) -> None:
        start = _embedding.start(event, self._agent_name, self._agent_version, self._extra_tags)
        try:
            recorder = self._client.start_embedding(start)
        except ClientShutdownError as refused:  # LiteLLM reported it late; its span would come too late as well.
            _logger.warning("sigil: embedding recorder error: %s", refused)
            return
        recorder.set_call_error(_record.call_error(event))
        recorder.set_result(_embedding.result(event, self._capture_inputs))
        recorder.end()
        error = recorder.err()
        if error is not None:
            _logger.warning("sigil: embedding recorder error: %s", error)

    def _log_generation(self, event: _record.CallEvent, call_id: str) -> None:
        start, result = self._start(event), self._result(event)
        start.id = self._recent.own_id(start.id, call_id, event.started_at)
        recorder = self._recorded(self._begin(start), event, result)
        if isinstance(recorder.err(), ClientShutdownError):
            # The shutdown began in between.
            recorder = self._recorded(self._begin(start), event, result)
        error = recorder.err()
        if error is not None:
            _logger.warning("sigil: recorder error: %s", error)

    def _begin(self, start: GenerationStart) -> GenerationRecorder:
        if isinstance(getattr(self._client, "_shutdown_at", None), datetime):
            return self._client._start_late_generation(start)
        if start.mode is GenerationMode.STREAM:
            return self._client.start_streaming_generation(start)
        return self._client.start_generation(start)

    def _recorded(
        self, recorder: GenerationRecorder, event: _record.CallEvent, result: Generation
    ) -> GenerationRecorder:
        recorder.set_first_token_at(_record.first_token_at(event))
        recorder.set_call_error(_record.call_error(event))
        recorder.set_result(result)
        recorder.end()
        return recorder

    def _start(self, event: _record.CallEvent) -> GenerationStart:
        return GenerationStart(
            model=_record.model_ref(event),
            id=_record.record_id(event),
            conversation_id=_record.conversation_id(event, self._conversation_id),
            user_id=_record.user_id(event),
            agent_name=event.named("agent_name") or self._agent_name,
            agent_version=event.named("agent_version") or self._agent_version,
            mode=_record.mode(event),
            system_prompt=self._system_prompt(event) if self._capture_inputs else "",
            tools=tool_definitions(event.optional_params),
            tags=_record.tags(event, self._extra_tags),
            metadata=self._extra_metadata,
            started_at=event.started_at,
            **_record.request_controls(event),
        )

    def _system_prompt(self, event: _record.CallEvent) -> str:
        return system_prompt(event.payload.get("messages")) or content_text(_record.instructions(event))

    def _result(self, event: _record.CallEvent) -> Generation:
        payload, gaps = event.payload, event.gaps
        asked = input_messages(payload.get("messages"), gaps) if self._capture_inputs else []
        answered = output_messages(payload.get("response"), gaps) if self._capture_outputs else []
        # The native core reads plain messages as well.
        make: Any = list if self._client_is_native else model_messages
        return Generation(
            input=make(asked),
            output=make(answered),
            artifacts=_record.unread_reply(event, answered) if self._capture_outputs else [],
            usage=_record.usage(event),
            completed_at=event.completed_at,
            metadata=_record.call_metadata(event),
            **_record.response_identity(event),
        )


def create_sigil_litellm_logger(
    *,
    client: Client,
    capture_inputs: bool = True,
    capture_outputs: bool = True,
    agent_name: str = "",
    agent_version: str = "",
    conversation_id: str = "",
    extra_tags: dict[str, str] | None = None,
    extra_metadata: dict[str, Any] | None = None,
) -> SigilLiteLLMLogger:
    """A `SigilLiteLLMLogger` with these options."""
    return SigilLiteLLMLogger(
        client=client,
        capture_inputs=capture_inputs,
        capture_outputs=capture_outputs,
        agent_name=agent_name,
        agent_version=agent_version,
        conversation_id=conversation_id,
        extra_tags=extra_tags,
        extra_metadata=extra_metadata,
    )

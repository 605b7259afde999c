"""The LiteLLM callback. It never raises into LiteLLM and never waits for the network.

Embeddings, `responses` and `anthropic_messages` calls are not recorded yet (issue 4).
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

from sigil_sdk import Client, ClientShutdownError, Generation, GenerationMode, GenerationStart
from sigil_sdk.client import GenerationRecorder

from . import _record
from ._in_flight import InFlightCalls
from ._messages import input_messages, model_messages, output_messages, system_prompt
from ._values import as_text

_logger = logging.getLogger("sigil_sdk_litellm.handler")


class SigilLiteLLMLogger(CustomLogger):
    """Records completions; register it in `litellm.callbacks`.

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
        self._log(kwargs, response_obj, start_time, end_time)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that failed for good, after LiteLLM's own retries."""
        self._log(kwargs, response_obj, start_time, end_time)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """As `log_success_event`; queueing is too short to leave the event loop for."""
        self._log(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """As `log_failure_event`."""
        self._log(kwargs, response_obj, start_time, end_time)

    def _log(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        try:
            event = _record.read_event(kwargs, response_obj, start_time, end_time)
            if event.is_completion:
                self._log_generation(event)
        except Exception:
            _logger.exception("sigil: failed to record LiteLLM event")
        finally:
            self._in_flight.end(_record.call_id(kwargs))

    def _log_generation(self, event: _record.CallEvent) -> None:
        start, result = self._start(event), self._result(event)
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
        metadata = event.request_metadata
        return GenerationStart(
            model=_record.model_ref(event),
            id=as_text(event.payload.get("id")),
            conversation_id=_record.conversation_id(event, self._conversation_id),
            user_id=_record.user_id(event),
            agent_name=as_text(metadata.get("agent_name")) or self._agent_name,
            agent_version=as_text(metadata.get("agent_version")) or self._agent_version,
            mode=_record.mode(event),
            system_prompt=system_prompt(event.payload.get("messages")) if self._capture_inputs else "",
            tools=_record.tool_definitions(event),
            tags=_record.tags(event, self._extra_tags),
            metadata=self._extra_metadata,
            started_at=event.started_at,
            **_record.request_controls(event),
        )

    def _result(self, event: _record.CallEvent) -> Generation:
        payload, gaps = event.payload, event.gaps
        asked = input_messages(payload.get("messages"), gaps) if self._capture_inputs else []
        answered = output_messages(payload.get("response"), gaps) if self._capture_outputs else []
        # The native core reads plain messages as well.
        make: Any = list if self._client_is_native else model_messages
        return Generation(
            input=make(asked),
            output=make(answered),
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

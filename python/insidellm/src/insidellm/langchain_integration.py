"""`InsideLLMCallback`: what LangChain and LangGraph do, as events. Works with langchain-core 0.1 to today.

A run of LangChain that is logged takes its own id as event id. What runs inside of it becomes its child; runs that are not
logged (chains) pass their parent on, so no event names a parent that was never sent.
"""

from __future__ import annotations

import threading
from asyncio import CancelledError
from contextvars import ContextVar
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, cast
from uuid import UUID

from . import _langchain as _read
from ._emit import emit
from ._event_client import EventClient
from ._extraction import text_of
from ._hooks import quiet
from ._langchain_run import LangChainRun
from ._unavailable import UnavailableIntegration
from .models import Event, EventType
from .utils import elapsed_ms, error_text, format_stack_trace, generate_uuid, get_iso_timestamp

try:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.tracers.context import register_configure_hook
except ImportError:
    LANGCHAIN_AVAILABLE = False
    BaseCallbackHandler = object
else:
    LANGCHAIN_AVAILABLE = True

_inherited: ContextVar[Optional[Any]] = ContextVar("insidellm_inherited", default=None)
"""The callback of the classic agent that runs in this context: see `_Inherited`."""

if LANGCHAIN_AVAILABLE:
    register_configure_hook(_inherited, inheritable=True)


class _Callback(BaseCallbackHandler):  # type: ignore[misc, unused-ignore]
    """Logs LangChain runs as events. Give it to any component, or in `config={"callbacks": [...]}` of a call.

    `run_id` (a new one when not given) is the run of all its events; the client's own run is not touched. `metadata` goes with
    every event. The `track_*` flags say what is logged; `track_streaming` logs every chunk instead of the first, and
    `track_chain_calls` (or `track_chains`) logs chains as `function_execution`. Thread-safe.
    """

    # Logging never waits, so hooks run where they happen, in order, also in an event loop.
    run_inline = True
    raise_error = False
    only_children = False

    def __init__(
        self,
        client: EventClient,
        user_id: str,
        run_id: Optional[str] = None,
        metadata: Optional[Dict[str, Any]] = None,
        track_llm_calls: bool = True,
        track_tool_calls: bool = True,
        track_agent_actions: bool = True,
        track_errors: bool = True,
        track_chat_calls: bool = True,
        track_retrieval: bool = True,
        track_chain_calls: bool = False,
        track_chains: bool = False,
        track_document_ops: bool = True,
        track_streaming: bool = False,
        track_user_input: bool = True,
    ) -> None:
        super().__init__()
        self.client = client
        self.user_id = user_id
        self.run_id = run_id or generate_uuid()
        self.metadata = metadata or {}
        self.track_llm_calls = track_llm_calls
        self.track_tool_calls = track_tool_calls
        self.track_agent_actions = track_agent_actions
        self.track_errors = track_errors
        self.track_chat_calls = track_chat_calls
        self.track_retrieval = track_retrieval and track_document_ops
        self.track_chain_calls = track_chain_calls or track_chains
        self.track_streaming = track_streaming
        self.track_user_input = track_user_input
        self._runs: Dict[UUID, LangChainRun] = {}
        self._lock = threading.Lock()

    def __deepcopy__(self, _memo: Any) -> _Callback:
        # Frameworks copy configurations; a copy must go on with the runs of the original.
        return self

    __copy__ = cast(Any, lambda self: self)

    @quiet
    def on_chat_model_start(
        self,
        serialized: Optional[Dict[str, Any]],
        messages: List[List[Any]],
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """A call of a chat model begins."""
        run = self._begin(run_id, parent_run_id, metadata, tags)
        if run is None or not (self.track_llm_calls and self.track_chat_calls):
            return
        history = _read.chat_messages([message for batch in messages for message in batch])
        fields = {"prompt": _read.prompt_of(history), "messages": history}
        system = _read.system_message(history)
        if system is not None:
            fields["system_message"] = system
        self._request(run, run_id, serialized, fields, metadata or {}, kwargs)

    @quiet
    def on_llm_start(
        self,
        serialized: Optional[Dict[str, Any]],
        prompts: List[str],
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """A call of a model that completes text begins."""
        run = self._begin(run_id, parent_run_id, metadata, tags)
        if run is not None and self.track_llm_calls:
            self._request(run, run_id, serialized, {"prompt": "\n".join(prompts)}, metadata or {}, kwargs)

    @quiet
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """A piece of a streamed reply; the first one tells when the reply began."""
        run = self._own(run_id)
        if run is None or not run.fields:
            return
        index = run.tokens
        run.tokens += 1
        if index == 0 or self.track_streaming:
            chunk = {**run.fields, "chunk_text": text_of(token), "chunk_index": index}
            self._log(EventType.LLM_STREAMING_CHUNK, chunk, run.anchor, run.metadata)

    @quiet
    def on_llm_end(self, response: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """A call of a model succeeded."""
        run = self._end(run_id)
        if run is not None and run.fields:
            fields = {**run.fields, **_read.response_fields(response), "response_time_ms": elapsed_ms(run.started)}
            self._log(EventType.LLM_RESPONSE, fields, run.anchor, run.metadata)

    @quiet
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A call of a model failed; `response` may have what came before."""
        run = self._end(run_id)
        if run is None or not run.fields or not self.track_errors:
            return
        context = {**run.fields, "duration_ms": elapsed_ms(run.started), "llm_run_id": str(run_id)}
        partial = _read.response_fields(kwargs.get("response")).get("response_text")
        if partial:
            context["partial_response"] = partial
        self._log_error("llm_error", error, context, run)

    @quiet
    def on_tool_start(
        self,
        serialized: Optional[Dict[str, Any]],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        inputs: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """A tool is called."""
        run = self._begin(run_id, parent_run_id, metadata, tags)
        if run is None or not self.track_tool_calls:
            return
        name = (serialized or {}).get("name") or kwargs.get("name") or "tool"
        call_id = kwargs.get("tool_call_id") or str(run_id)
        run.fields = {"tool_name": str(name), "tool_type": "function", "call_id": str(call_id)}
        parameters = inputs if isinstance(inputs, Mapping) else {"input": input_str}
        self._call(run, run_id, dict(parameters))

    @quiet
    def on_tool_end(self, output: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """A tool returned; a message that tells of an error is a failure."""
        self._respond(run_id, lambda: _read.tool_result(output))

    @quiet
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        """A tool raised."""
        self._respond_failure(run_id, error)

    @quiet
    def on_retriever_start(
        self,
        serialized: Optional[Dict[str, Any]],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """Documents are looked for."""
        run = self._begin(run_id, parent_run_id, metadata, tags)
        if run is None or not self.track_retrieval:
            return
        serialized = serialized or {}
        name = kwargs.get("name") or serialized.get("name") or (serialized.get("id") or ["retriever"])[-1]
        run.fields = {"tool_name": str(name), "tool_type": "retriever", "call_id": str(run_id)}
        self._call(run, run_id, {"query": query})

    @quiet
    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **_kwargs: Any) -> None:
        """Documents were found."""
        self._respond(run_id, lambda: {"response_data": _read.documents(documents), "success": True})

    @quiet
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        """Looking for documents failed."""
        self._respond_failure(run_id, error)

    @quiet
    def on_chain_start(
        self,
        serialized: Optional[Dict[str, Any]],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """A chain or graph begins. That of a person's question logs the question, which all else is below."""
        run = self._begin(run_id, parent_run_id, metadata, tags)
        if run is None:
            return
        serialized = serialized or {}
        name = kwargs.get("name") or serialized.get("name") or (serialized.get("id") or ["chain"])[-1]
        if name == "AgentExecutor" and not self.only_children:
            run.before = _inherited.get()
            _inherited.set(_Inherited.of(self))
        if run.root is run and self.track_user_input:
            asked = _read.user_text(inputs)
            if asked:
                payload = {"input_text": asked, "input_type": "text"}
                run.parent = run.anchor = self._log(EventType.USER_INPUT, payload, None, run.metadata)
            else:
                run.asked_at = get_iso_timestamp()
        if self.track_chain_calls:
            run.fields = {"function_name": str(name), "function_args": {"inputs": inputs}}
            run.anchor = str(run_id)

    @quiet
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain or graph is done; what an agent graph answered is logged."""
        run = self._end_chain(run_id)
        if run is None:
            return
        self._late_question(run, kwargs.get("inputs"))
        self._chain_executed(run, run_id, {"return_value": outputs, "success": True})
        answer = _read.answer_text(outputs) if run.root is run and not run.answered else None
        if answer and self.track_agent_actions:
            payload = {"response_text": answer, "response_type": "text"}
            self._log(EventType.AGENT_RESPONSE, payload, run.anchor, run.metadata)

    @quiet
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain or graph failed. Logged once: for the outermost, unless it was logged where it happened."""
        run = self._end_chain(run_id)
        if run is None:
            return
        self._late_question(run, kwargs.get("inputs"))
        if isinstance(error, CancelledError):
            self._cancel_inside(run, error)
        outcome = {"return_value": None, "success": False, "error_message": error_text(error)}
        self._chain_executed(run, run_id, outcome)
        told = run.root.logged_error
        # On its way out a cancellation is raised anew by each task, and ends a stream in its own way.
        known = told is error or (isinstance(told, CancelledError) and isinstance(error, (CancelledError, GeneratorExit)))
        if run.root is run and self.track_errors and not known and not _read.is_pause(error):
            self._log_error("chain_error", error, {"duration_ms": elapsed_ms(run.started)}, run)

    @quiet
    def on_agent_action(self, action: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """A classic agent has decided what to do."""
        run = self._own(run_id)
        if run is not None and self.track_agent_actions:
            thought = str(getattr(action, "log", "")).strip() or f"use {getattr(action, 'tool', 'a tool')}"
            payload = {"reasoning_type": "agent_action", "reasoning_steps": [thought]}
            self._log(EventType.AGENT_REASONING, payload, run.anchor, run.metadata)

    @quiet
    def on_agent_finish(self, finish: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """A classic agent has answered."""
        run = self._own(run_id)
        if run is None or not self.track_agent_actions:
            return
        values = getattr(finish, "return_values", {})
        text = values.get("output") if isinstance(values, Mapping) else None
        payload = {
            "response_text": text if isinstance(text, str) else str(values),
            "response_type": "agent_finish",
            "response_metadata": {"log": str(getattr(finish, "log", ""))},
        }
        self._log(EventType.AGENT_RESPONSE, payload, run.anchor, run.metadata)
        run.root.answered = True

    @quiet
    def on_retry(self, retry_state: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """Something is tried again."""
        run = self._own(run_id)
        outcome = getattr(retry_state, "outcome", None)
        error = outcome.exception() if outcome is not None and outcome.failed else None
        if run is None or error is None or not self.track_errors:
            return
        payload = {
            "error_type": "retry",
            "error_message": error_text(error),
            "error_code": type(error).__name__,
            "context": {"attempt": getattr(retry_state, "attempt_number", None)},
            "severity": "warning",
        }
        self._log(EventType.ERROR, payload, run.anchor, run.metadata)

    def _begin(
        self,
        run_id: UUID,
        parent_run_id: Optional[UUID],
        metadata: Optional[Mapping[str, Any]],
        tags: Optional[Sequence[str]],
    ) -> Optional[LangChainRun]:
        """None when the run has begun before: the callback was given in two places."""
        with self._lock:
            if run_id in self._runs or (self.only_children and parent_run_id not in self._runs):
                return None
            above = self._runs.get(parent_run_id) if parent_run_id is not None else None
            run = LangChainRun(type(self), above, _read.event_metadata(metadata, tags))
            self._runs[run_id] = run
            return run

    def _own(self, run_id: UUID) -> Optional[LangChainRun]:
        """A run that this callback saw begin, not its double."""
        run = self._runs.get(run_id)
        return run if run is not None and run.owner is type(self) else None

    def _end_chain(self, run_id: UUID) -> Optional[LangChainRun]:
        run = self._end(run_id)
        current = _inherited.get()
        if run is not None and run.root is run and current is not None and current.__dict__ is self.__dict__:
            _inherited.set(run.before)
        return run

    def _cancel_inside(self, chain: LangChainRun, error: BaseException) -> None:
        """Ends what a cancelled chain was waiting for: models and tools are not told of a cancellation themselves."""
        with self._lock:
            inside = [(run_id, run) for run_id, run in self._runs.items() if run.is_inside(chain)]
        for run_id, run in reversed(inside):
            if "tool_name" in run.fields:
                self._respond_failure(run_id, error)
            elif "model_name" in run.fields:
                self.on_llm_error(error, run_id=run_id)
            else:
                self._end(run_id)

    def _end(self, run_id: UUID) -> Optional[LangChainRun]:
        with self._lock:
            return self._runs.pop(run_id, None)

    def _request(
        self,
        run: LangChainRun,
        run_id: UUID,
        serialized: Optional[Dict[str, Any]],
        fields: Dict[str, Any],
        metadata: Mapping[str, Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        parameters = kwargs.get("invocation_params") or {}
        model = _read.model_fields(serialized, parameters, metadata)
        payload = {**model, **fields, "parameters": _read.request_parameters(parameters)}
        run.anchor = self._log(EventType.LLM_REQUEST, payload, run.parent, run.metadata, str(run_id))
        run.fields = dict(model)

    def _call(self, run: LangChainRun, run_id: UUID, parameters: Dict[str, Any]) -> None:
        payload = {**run.fields, "parameters": parameters}
        run.anchor = self._log(EventType.TOOL_CALL, payload, run.parent, run.metadata, str(run_id))

    def _respond(self, run_id: UUID, outcome: Callable[[], Dict[str, Any]]) -> None:
        run = self._end(run_id)
        if run is not None and run.fields:
            payload = {**run.fields, **outcome(), "execution_time_ms": elapsed_ms(run.started)}
            self._log(EventType.TOOL_RESPONSE, payload, run.anchor, run.metadata)

    def _respond_failure(self, run_id: UUID, error: BaseException) -> None:
        if _read.is_pause(error):
            asked = {"interrupt": _read.questions(error)}
            return self._respond(run_id, lambda: {"response_data": asked, "success": True})
        run = self._runs.get(run_id)
        if run is not None and run.fields:
            run.root.logged_error = error
        message = error_text(error)
        self._respond(run_id, lambda: {"response_data": None, "success": False, "error_message": message})

    def _late_question(self, run: LangChainRun, inputs: Any) -> None:
        """Of a chain that was streamed, LangChain tells the input at the end."""
        asked = _read.user_text(inputs) if run.asked_at is not None else None
        if asked:
            event = Event(
                event_type=EventType.USER_INPUT,
                run_id=self.run_id,
                user_id=self.user_id,
                timestamp=run.asked_at,
                metadata={**run.metadata, **self.metadata},
                payload={"input_text": asked, "input_type": "text"},
            )
            self.client.log_event(event)

    def _chain_executed(self, run: LangChainRun, run_id: UUID, outcome: Dict[str, Any]) -> None:
        if run.fields:
            payload = {**run.fields, **outcome, "execution_time_ms": elapsed_ms(run.started)}
            self._log(EventType.FUNCTION_EXECUTION, payload, run.parent, run.metadata, str(run_id))

    def _log_error(self, error_type: str, error: BaseException, context: Dict[str, Any], run: LangChainRun) -> None:
        payload = {
            "error_type": error_type,
            "error_message": error_text(error),
            "error_code": type(error).__name__,
            "stack_trace": format_stack_trace(error),
            "context": context,
        }
        self._log(EventType.ERROR, payload, run.anchor, run.metadata)
        run.root.logged_error = error

    def _log(
        self,
        event_type: EventType,
        payload: Dict[str, Any],
        parent: Optional[str],
        metadata: Dict[str, Any],
        event_id: Optional[str] = None,
    ) -> str:
        metadata = {**metadata, **self.metadata}
        return emit(self.client, event_type, self.run_id, self.user_id, parent, metadata, payload, event_id)


class _Inherited(_Callback):
    """The same callback for what runs inside of a classic agent that was constructed with it.

    LangChain tells a constructor's callbacks of the agent only, not of its tools and models. Runs of anything else in the same
    context are none of its business.
    """

    only_children = True

    @classmethod
    def of(cls, callback: _Callback) -> _Inherited:
        """It shares everything with the callback."""
        inherited = cls.__new__(cls)
        inherited.__dict__ = callback.__dict__
        return inherited


if LANGCHAIN_AVAILABLE:

    class InsideLLMCallback(_Callback):
        __doc__ = _Callback.__doc__

else:

    class InsideLLMCallback(UnavailableIntegration):  # type: ignore[no-redef]
        """Logs LangChain runs as events."""

        _reason = "InsideLLMCallback needs LangChain: pip install 'insidellm[langchain]'"

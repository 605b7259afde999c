"""`InsideLLMVertexAgentBuilderConversationalSearchClient`: a client of Vertex AI Agent Builder whose answers are events.

It stands before a client of `google.cloud.discoveryengine`, asynchronous or not; Google's package is the caller's to install.
What is asked and answered passes through unchanged, and whatever goes wrong in recording stays here.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from . import _vertex as _read
from ._emit import emit
from ._event_client import EventClient
from ._extraction import read
from .models import EventType
from .utils import error_text, format_stack_trace

logger = logging.getLogger("insidellm")

_TOOL = {"tool_name": "VertexAISearch"}


class InsideLLMVertexAgentBuilderConversationalSearchClient:
    """Wraps a `ConversationalSearchService[Async]Client`. Use it in place of the client.

    `converse_conversation`, `answer_query`, `stream_answer_query` and `get_answer` are recorded as events of `run_id` and
    `user_id`, whatever run the InsideLLM client is in. All else of the client is there as it is, `with` and `async with` too.
    """

    def __init__(
        self,
        client: Any,
        insidellm_client: EventClient,
        user_id: str,
        run_id: str,
        debug: bool = False,
        track_streaming: bool = False,
    ) -> None:
        self._client = client
        self._insidellm_client = insidellm_client
        self.user_id = user_id
        self.run_id = run_id
        self.debug = debug
        self.track_streaming = track_streaming
        if debug:
            logger.setLevel(logging.DEBUG)

    def __getattr__(self, name: str) -> Any:
        """The client's own, for all that is not recorded."""
        if name == "_client":  # Not constructed yet, as when it is copied.
            raise AttributeError(name)
        return getattr(self._client, name)

    def converse_conversation(self, *args: Any, **kwargs: Any) -> Any:
        """As the client's; awaitable if that is."""
        return self._call("converse_conversation", args, kwargs, _Turn.conversed)

    def answer_query(self, *args: Any, **kwargs: Any) -> Any:
        """As the client's; awaitable if that is."""
        return self._call("answer_query", args, kwargs, _Turn.answered)

    def get_answer(self, *args: Any, **kwargs: Any) -> Any:
        """As the client's; awaitable if that is. Nothing was asked, so only the answer is recorded."""
        return self._call("get_answer", args, kwargs, _Turn.found, asks=False)

    def stream_answer_query(self, *args: Any, **kwargs: Any) -> Any:
        """As the client's: what it returns yields Google's pieces. Recorded when it ends, fails or is given up."""
        turn = self._begin("stream_answer_query", args, kwargs)
        try:
            stream = self._client.stream_answer_query(*args, **kwargs)
        except BaseException as error:
            turn.failed(error)
            raise
        if inspect.isawaitable(stream):
            return _awaited_stream(stream, turn)
        return _iterate(stream, turn)

    def __enter__(self) -> InsideLLMVertexAgentBuilderConversationalSearchClient:
        self._client.__enter__()
        return self

    def __exit__(self, *exc: Any) -> Any:
        return self._client.__exit__(*exc)

    async def __aenter__(self) -> InsideLLMVertexAgentBuilderConversationalSearchClient:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> Any:
        return await self._client.__aexit__(*exc)

    def _call(
        self,
        method: str,
        args: Tuple[Any, ...],
        kwargs: Dict[str, Any],
        log: Callable[[_Turn, Any], None],
        asks: bool = True,
    ) -> Any:
        turn = self._begin(method, args, kwargs, asks)
        try:
            response = getattr(self._client, method)(*args, **kwargs)
        except BaseException as error:
            turn.failed(error)
            raise
        if inspect.isawaitable(response):
            return _awaited(response, turn, log)
        turn.quietly(log, turn, response)
        return response

    def _begin(self, method: str, args: Tuple[Any, ...], kwargs: Mapping[str, Any], asks: bool = True) -> _Turn:
        turn = _Turn(self._insidellm_client, self.run_id, self.user_id, method, self.track_streaming)
        turn.quietly(turn.asked, _read.request_of(args, kwargs), asks)
        return turn


class _Turn:
    """One request and what comes of it."""

    def __init__(self, client: EventClient, run_id: str, user_id: str, method: str, track_streaming: bool) -> None:
        self._client = client
        self._run_id = run_id
        self._user_id = user_id
        self._method = method
        self._track_streaming = track_streaming
        self._metadata: Dict[str, Any] = {}
        self._parent: Optional[str] = None
        self._query = ""
        self._pieces: List[str] = []
        self._whole: Any = None
        self._ended = False

    def quietly(self, log: Callable[..., Any], *args: Any) -> None:
        """Logs; a failure of that is logged itself and forgotten."""
        try:
            log(*args)
        except Exception:
            logger.warning("insidellm: %s was not recorded whole", self._method, exc_info=True)

    def asked(self, request: Any, asks: bool) -> None:
        self._metadata = _read.request_metadata(self._method, request)
        self._query = _read.input_text(request)
        if asks:
            payload = {"input_text": self._query, "input_type": "text"}
            self._parent = self._log(EventType.USER_INPUT, payload, None)

    def conversed(self, response: Any) -> None:
        """The answer to a conversation's turn."""
        results = _read.converse_results(response)
        if results:
            self._searched("search", self._query, results, {"success": True}, {})
        self._log(EventType.AGENT_RESPONSE, _read.converse_answer(response), self._parent)

    def answered(self, response: Any) -> None:
        """An answer, in what it came in."""
        self._answer(response, read(response, "answer"))

    def found(self, answer: Any) -> None:
        """An answer by itself."""
        self._answer(None, answer)

    def piece(self, response: Any) -> None:
        """A piece of a stream: the last that is no mere piece of text is the answer."""
        answer = read(response, "answer")
        if not _read.is_partial(answer):
            self._whole = response
            return
        text = str(read(answer, "answer_text") or "")
        if self._track_streaming:
            chunk = {"model_name": "vertex-ai-search", "provider": "google", "chunk_text": text}
            self._log(EventType.LLM_STREAMING_CHUNK, {**chunk, "chunk_index": len(self._pieces)}, self._parent)
        self._pieces.append(text)

    def stream_ended(self) -> None:
        """The stream is over, or nobody reads on."""
        if self._ended:
            return
        self._ended = True
        if self._whole is not None:
            self.quietly(self.answered, self._whole)
        elif self._pieces:
            about = {"state": "STREAMING", "pieces": len(self._pieces)}
            payload = {"response_text": "".join(self._pieces), "response_metadata": about}
            self.quietly(self._log, EventType.AGENT_RESPONSE, payload, self._parent)

    def failed(self, error: BaseException) -> None:
        """The request failed; the caller gets the error."""
        self._ended = True
        self.quietly(self._failed, error)

    def _failed(self, error: BaseException) -> None:
        payload: Dict[str, Any] = {
            "error_type": "vertex_ai_error",
            "error_message": error_text(error),
            "error_code": type(error).__name__,
            "stack_trace": format_stack_trace(error),
            "context": _read.error_context(error, self._method),
        }
        if self._pieces:
            payload["context"]["partial_response"] = "".join(self._pieces)
        self._log(EventType.ERROR, payload, self._parent)

    def _answer(self, response: Any, answer: Any) -> None:
        for index, step in enumerate(read(answer, "steps") or []):
            about = {
                "step_index": index,
                "step_description": str(read(step, "description") or ""),
                "step_thought": str(read(step, "thought") or ""),
            }
            found = _read.searches(step)
            for search in found:
                self._searched("search_action", search["query"], search["results"], _read.step_outcome(step), about)
            thoughts = [text for text in (about["step_description"], about["step_thought"]) if text]
            if not found and thoughts:
                payload = {"reasoning_type": "vertex_step", "reasoning_steps": thoughts}
                self._log(EventType.AGENT_REASONING, payload, self._parent, {"step_index": index})
        self._log(EventType.AGENT_RESPONSE, _read.answer(response, answer), self._parent)

    def _searched(
        self, kind: str, query: str, results: List[Any], outcome: Dict[str, Any], metadata: Dict[str, Any]
    ) -> None:
        tool = {**_TOOL, "tool_type": kind}
        call = self._log(EventType.TOOL_CALL, {**tool, "parameters": {"query": query}}, self._parent, metadata)
        self._log(EventType.TOOL_RESPONSE, {**tool, "response_data": results, **outcome}, call, metadata)

    def _log(
        self,
        event_type: EventType,
        payload: Dict[str, Any],
        parent: Optional[str],
        metadata: Optional[Dict[str, Any]] = None,
    ) -> str:
        told = {**self._metadata, **(metadata or {})}
        event_id = emit(self._client, event_type, self._run_id, self._user_id, parent, told, payload)
        logger.debug("insidellm: %s of %s", event_type.value, self._method)
        return event_id


async def _awaited(response: Any, turn: _Turn, log: Callable[[_Turn, Any], None]) -> Any:
    try:
        result = await response
    except BaseException as error:
        turn.failed(error)
        raise
    turn.quietly(log, turn, result)
    return result


async def _awaited_stream(stream: Any, turn: _Turn) -> AsyncIterator[Any]:
    try:
        pieces = await stream
    except BaseException as error:
        turn.failed(error)
        raise
    return _iterate_async(pieces, turn)


async def _iterate_async(pieces: Any, turn: _Turn) -> AsyncIterator[Any]:
    try:
        async for piece in pieces:
            turn.quietly(turn.piece, piece)
            yield piece
    except GeneratorExit:
        raise
    except BaseException as error:
        turn.failed(error)
        raise
    finally:
        turn.stream_ended()


def _iterate(pieces: Any, turn: _Turn) -> Iterator[Any]:
    try:
        for piece in pieces:
            turn.quietly(turn.piece, piece)
            yield piece
    except GeneratorExit:
        raise
    except BaseException as error:
        turn.failed(error)
        raise
    finally:
        turn.stream_ended()

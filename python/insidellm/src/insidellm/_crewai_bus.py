"""CrewAI's event bus: crews, tasks, agents, tools and the calls of models, as events.

The bus hands events to coroutines on one thread, in the order in which they were emitted; so all of this runs on that thread,
and what it remembers needs no lock, but for the calls of models, whose end LiteLLM may tell.
"""

from __future__ import annotations

import ast
import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple, Type

from . import _litellm as _read
from ._crewai_calls import Open, OpenCalls
from ._extraction import usage_fields
from .models import EventType
from .utils import generate_uuid

if TYPE_CHECKING:
    from .crewai_integration import _Handler

logger = logging.getLogger("insidellm")

_Key = Tuple[Optional[str], Optional[str]]


def current_call() -> Optional[str]:
    """CrewAI's id of the call under way in this context, which the bus tells of; None when it is not one of CrewAI's."""
    try:
        from crewai.llms.base_llm import _current_call_id
    except ImportError:
        return None
    call_id = _current_call_id.get()
    return None if call_id is None else str(call_id)


class CrewBus:
    """A handler's subscription."""

    def __init__(self, handler: _Handler, owns_run: bool) -> None:
        self._handler = handler
        self._owns_run = owns_run
        self._crews: Dict[Optional[str], Open] = {}
        self._tasks: Dict[Optional[str], Open] = {}
        self._agents: Dict[_Key, Open] = {}
        self._solos: Dict[str, Open] = {}
        """Agents without a crew, by the event that began each; also among `_agents`."""
        self.calls = OpenCalls()
        self._tools: Dict[str, Open] = {}
        self._told: set[str] = set()
        self._subscriptions: List[Tuple[Type[Any], Callable[..., Any]]] = []

    @classmethod
    def subscribe(cls, handler: _Handler, owns_run: bool) -> Optional[CrewBus]:
        """None without CrewAI, or with one that has no event bus."""
        try:
            from crewai.events import crewai_event_bus
            from crewai.events.types import agent_events, crew_events, llm_events, task_events, tool_usage_events
        except ImportError:
            return None
        bus = cls(handler, owns_run)
        for event_type, method in (
            (crew_events.CrewKickoffStartedEvent, bus._crew_started),
            (crew_events.CrewKickoffCompletedEvent, bus._crew_completed),
            (crew_events.CrewKickoffFailedEvent, bus._crew_failed),
            (task_events.TaskStartedEvent, bus._task_started),
            (task_events.TaskCompletedEvent, bus._task_completed),
            (task_events.TaskFailedEvent, bus._task_failed),
            (agent_events.AgentExecutionStartedEvent, bus._agent_started),
            (agent_events.AgentExecutionCompletedEvent, bus._agent_completed),
            (agent_events.AgentExecutionErrorEvent, bus._agent_failed),
            (agent_events.LiteAgentExecutionStartedEvent, bus._solo_started),
            (agent_events.LiteAgentExecutionCompletedEvent, bus._solo_completed),
            (agent_events.LiteAgentExecutionErrorEvent, bus._solo_failed),
            (llm_events.LLMCallStartedEvent, bus._call_started),
            (llm_events.LLMStreamChunkEvent, bus._call_streams),
            (llm_events.LLMCallCompletedEvent, bus._call_completed),
            (llm_events.LLMCallFailedEvent, bus._call_failed),
            (tool_usage_events.ToolUsageStartedEvent, bus._tool_started),
            (tool_usage_events.ToolUsageFinishedEvent, bus._tool_finished),
            (tool_usage_events.ToolUsageErrorEvent, bus._tool_failed),
        ):
            coroutine = _coroutine(method)
            crewai_event_bus.on(event_type)(coroutine)
            bus._subscriptions.append((event_type, coroutine))
        return bus

    def close(self) -> None:
        """Takes what was emitted already, and no more."""
        from crewai.events import crewai_event_bus

        crewai_event_bus.flush(timeout=5.0)
        for event_type, coroutine in self._subscriptions:
            crewai_event_bus.off(event_type, coroutine)
        self._subscriptions.clear()

    def _crew_started(self, source: Any, event: Any) -> None:
        inputs = dict(event.inputs or {})
        asked = "\n".join(str(value) if len(inputs) == 1 else f"{name}: {value}" for name, value in inputs.items())
        if not asked:
            asked = "\n".join(str(task.description) for task in getattr(source, "tasks", None) or [])
        self._asked(event, asked, inputs, {"crew": str(event.crew_name or "crew")})

    def _asked(self, event: Any, text: str, inputs: Dict[str, Any], metadata: Dict[str, Any]) -> str:
        """Logs what a crew, or an agent without one, is kicked off with."""
        if self._owns_run and not self._crews:
            payload: Dict[str, Any] = {"session_id": self._handler.run_id, "session_type": "crewai", "initial_context": inputs}
            # The question has the same time: this comes before it.
            self._handler.log(EventType.SESSION_START, payload, at=event.timestamp - timedelta(microseconds=1))
        # Several crews of one loop are beside each other; one that a task or tool kicks off is below it.
        parent = self._root() if getattr(event, "parent_event_id", None) is not None else None
        payload = {"input_text": text, "input_type": "text", "session_context": inputs or None}
        event_id = self._log(EventType.USER_INPUT, payload, parent, event, metadata=metadata)
        self._crews[event.event_id] = Open(event_id, {}, event.timestamp)
        return event_id

    def _crew_completed(self, source: Any, event: Any) -> None:
        self._crew_ended(event, "completed")

    def _crew_failed(self, source: Any, event: Any) -> None:
        self._error("crew_error", event, self._root(getattr(event, "started_event_id", None)))
        self._crew_ended(event, "error")

    def _crew_ended(self, event: Any, reason: str) -> None:
        started = getattr(event, "started_event_id", None)
        crew = self._crews.pop(started, None) or (self._crews.popitem()[1] if self._crews else None)
        if crew is None or self._crews:
            return
        if self._owns_run:
            duration = _read.duration_ms(crew.started, event.timestamp)
            payload = {"session_id": self._handler.run_id, "session_duration_ms": duration, "exit_reason": reason}
            self._log(EventType.SESSION_END, payload, None, event)
        # What a failure left open is told by nobody any more.
        for left in (self._tasks, self._agents, self._tools, self._solos):
            left.clear()
        self._told.clear()

    def _task_started(self, source: Any, event: Any) -> None:
        task = event.task if event.task is not None else source
        fields = {
            "task": _task_name(event, task),
            "description": str(getattr(task, "description", "")),
            "expected_output": str(getattr(task, "expected_output", "")),
            "agent_role": str(getattr(getattr(task, "agent", None), "role", "") or ""),
        }
        parent = self._root(getattr(event, "parent_event_id", None))
        event_id = parent or ""
        if self._handler.track_task_execution:
            payload = {"plan_type": "crewai_task", "planned_actions": [fields]}
            event_id = self._log(EventType.AGENT_PLANNING, payload, parent, event)
        self._tasks[_task_id(event, task)] = Open(event_id, fields, event.timestamp)

    def _task_completed(self, source: Any, event: Any) -> None:
        output = getattr(event.output, "raw", event.output)
        self._task_ended(source, event, {"return_value": output, "success": True})

    def _task_failed(self, source: Any, event: Any) -> None:
        self._told.add(str(event.error))
        self._task_ended(source, event, {"return_value": None, "success": False, "error_message": str(event.error)})

    def _task_ended(self, source: Any, event: Any, outcome: Dict[str, Any]) -> None:
        task = self._tasks.pop(_task_id(event, event.task if event.task is not None else source), None)
        if task is None or not self._handler.track_task_execution:
            return
        arguments = {name: task.fields[name] for name in ("description", "expected_output")}
        payload = {
            "function_name": task.fields["task"],
            "function_args": arguments,
            **outcome,
            "execution_time_ms": _read.duration_ms(task.started, event.timestamp),
        }
        self._log(EventType.FUNCTION_EXECUTION, payload, task.event_id or None, event)

    def _agent_started(self, source: Any, event: Any) -> None:
        parent = self._above((_task_id(event, event.task), None))
        event_id = parent or ""
        if self._handler.track_agent_actions:
            steps = [str(getattr(event.agent, "goal", "") or event.task_prompt)]
            payload = {"reasoning_type": "agent_start", "reasoning_steps": steps}
            metadata = {"agent_role": str(getattr(event.agent, "role", ""))}
            event_id = self._log(EventType.AGENT_REASONING, payload, parent, event, metadata=metadata)
        self._agents[_agent_key(event)] = Open(event_id, {}, event.timestamp)

    def _agent_completed(self, source: Any, event: Any) -> None:
        agent = self._agents.pop(_agent_key(event), None)
        if agent is not None and self._handler.track_agent_actions:
            payload = {"response_text": str(event.output), "response_type": "agent_end"}
            metadata = {"agent_role": str(getattr(event.agent, "role", ""))}
            self._log(EventType.AGENT_RESPONSE, payload, agent.event_id or None, event, metadata=metadata)

    def _agent_failed(self, source: Any, event: Any) -> None:
        agent = self._agents.pop(_agent_key(event), None)
        self._error("agent_error", event, agent.event_id if agent is not None else self._root())

    def _solo_started(self, source: Any, event: Any) -> None:
        """An agent is asked without a crew (`Agent.kickoff`)."""
        told = event.agent_info
        metadata = {"agent_role": str(told.get("role", ""))}
        messages = [event.messages] if isinstance(event.messages, Mapping) else event.messages
        event_id = self._asked(event, _read.message_fields(messages)["prompt"], {}, metadata)
        if self._handler.track_agent_actions:
            payload = {"reasoning_type": "agent_start", "reasoning_steps": [str(told.get("goal", ""))]}
            event_id = self._log(EventType.AGENT_REASONING, payload, event_id, event, metadata=metadata)
        agent = Open(event_id, {}, event.timestamp)
        self._agents[None, str(told.get("id"))] = self._solos[event.event_id] = agent

    def _solo_completed(self, source: Any, event: Any) -> None:
        agent = self._solo_ended(event)
        if agent is not None and self._handler.track_agent_actions:
            payload = {"response_text": str(event.output), "response_type": "agent_end"}
            metadata = {"agent_role": str(event.agent_info.get("role", ""))}
            self._log(EventType.AGENT_RESPONSE, payload, agent.event_id, event, metadata=metadata)
        self._crew_ended(event, "completed")

    def _solo_failed(self, source: Any, event: Any) -> None:
        agent = self._solo_ended(event)
        self._error("agent_error", event, agent.event_id if agent is not None else self._root())
        self._crew_ended(event, "error")

    def _solo_ended(self, event: Any) -> Optional[Open]:
        agent = self._solos.pop(event.started_event_id, None)
        key = (None, str(event.agent_info.get("id")))
        if agent is not None and self._agents.get(key) is agent:
            del self._agents[key]
        return agent

    def _call_started(self, source: Any, event: Any) -> None:
        if not self._handler.track_llm_calls:
            return
        name = str(event.model or getattr(source, "model", "") or "unknown")
        provider = getattr(source, "provider", None)
        bare = name.partition("/")[2] if provider and name.startswith(f"{provider}/") else name
        model = {"model_name": bare, "provider": str(provider) if provider else _read.provider_of(name)}
        told = ("temperature", "top_p", "max_tokens", "seed", "stop_sequences", "frequency_penalty", "presence_penalty", "n")
        parameters = {field: getattr(event, field, None) for field in told}
        parameters["tools"] = [_tool_as_sent(each) for each in event.tools or []] or None
        parameters["stream"] = getattr(event, "stream", None) or None
        payload = {
            **model,
            **_read.message_fields(_as_sent(event.messages)),
            "parameters": _read.public_parameters(parameters),
        }
        event_id = generate_uuid()
        parent = self._above((event.task_id, event.agent_id))
        metadata = {"agent_role": event.agent_role} if event.agent_role else {}
        self._log(EventType.LLM_REQUEST, payload, parent, event, event_id=event_id, metadata=metadata)
        self.calls.begin(event.call_id, Open(event_id, model, event.timestamp))

    def _call_streams(self, source: Any, event: Any) -> None:
        call = self.calls.get(event.call_id)
        if call is None:
            return
        index = call.streamed
        call.streamed += 1
        if index == 0 or self._handler.track_streaming:
            payload = {**call.fields, "chunk_text": str(event.chunk), "chunk_index": index}
            self._log(EventType.LLM_STREAMING_CHUNK, payload, call.event_id, event)

    def _call_completed(self, source: Any, event: Any) -> None:
        call = self.calls.end(event.call_id)
        if call is None:
            return
        payload = {**call.fields, "response_time_ms": _read.duration_ms(call.started, event.timestamp)}
        calls = _read.tool_calls(event.response)
        if calls:
            payload.update(response_text="", tool_calls=calls)
        else:
            payload["response_text"] = _text(event.response)
        usage = usage_fields(event.usage)
        if usage:
            payload["usage"] = usage
            cost = _cost(call.fields, usage)
            if cost is not None:
                payload["cost"] = cost
        if getattr(event, "finish_reason", None):
            payload["finish_reason"] = event.finish_reason
        self._log(EventType.LLM_RESPONSE, payload, call.event_id, event)

    def _call_failed(self, source: Any, event: Any) -> None:
        call = self.calls.end(event.call_id)
        if call is None:
            return
        duration = _read.duration_ms(call.started, event.timestamp)
        self._error("llm_error", event, call.event_id, {**call.fields, "duration_ms": duration})

    def _tool_started(self, source: Any, event: Any) -> None:
        if not self._handler.track_tool_calls:
            return
        event_id = generate_uuid()
        fields = {"tool_name": str(event.tool_name), "tool_type": "crewai_tool", "call_id": event_id}
        parent = self._above((event.task_id, event.agent_id))
        payload = {**fields, "parameters": _arguments(event.tool_args)}
        metadata = {"agent_role": event.agent_role} if event.agent_role else {}
        self._log(EventType.TOOL_CALL, payload, parent, event, event_id=event_id, metadata=metadata)
        self._tools[event.event_id] = Open(event_id, fields, event.timestamp)

    def _tool_finished(self, source: Any, event: Any) -> None:
        failure = getattr(event, "failure", None)
        outcome: Dict[str, Any] = {"response_data": event.output, "success": failure is None}
        if failure is not None:
            outcome["error_message"] = str(getattr(failure, "message", None) or failure)
        self._tool_ended(event, outcome)

    def _tool_failed(self, source: Any, event: Any) -> None:
        self._tool_ended(event, {"response_data": None, "success": False, "error_message": str(event.error)})

    def _tool_ended(self, event: Any, outcome: Dict[str, Any]) -> None:
        tool = self._tools.pop(event.started_event_id, None) or self._same_tool(event)
        if tool is not None:
            outcome["execution_time_ms"] = _read.duration_ms(tool.started, event.timestamp)
            self._log(EventType.TOOL_RESPONSE, {**tool.fields, **outcome}, tool.event_id, event)

    def _same_tool(self, event: Any) -> Optional[Open]:
        """The last open call of that tool, for an end that does not say what it ends."""
        for key, tool in reversed(list(self._tools.items())):
            if event.started_event_id is None and tool.fields["tool_name"] == str(event.tool_name):
                return self._tools.pop(key)
        return None

    def _error(
        self, error_type: str, event: Any, parent: Optional[str], context: Optional[Dict[str, Any]] = None
    ) -> None:
        """Logs a failure, unless what failed inside has told it."""
        text = str(event.error)
        if not self._handler.track_errors or (context is None and any(told in text or text in told for told in self._told)):
            return
        self._told.add(text)
        payload = {"error_type": error_type, "error_message": text, "error_code": type(event).__name__, "context": context}
        self._log(EventType.ERROR, payload, parent or None, event)

    def _root(self, kickoff: Optional[str] = None) -> Optional[str]:
        """The question of the crew with that kickoff, else of the last one that was kicked off."""
        crew = self._crews.get(kickoff) or next(reversed(self._crews.values()), None)
        return crew.event_id if crew is not None else None

    def _above(self, key: _Key) -> Optional[str]:
        """What runs something: the agent at that task, any task of the agent, whoever is at the task, the task, the crew."""
        agent = self._agents.get(key)
        if agent is None:
            told = 0 if key[1] is None else 1
            same = [each for known, each in self._agents.items() if key[told] is not None and known[told] == key[told]]
            agent = same[-1] if same else None
        task = self._tasks.get(key[0])
        found = agent or task
        return (found.event_id if found is not None else None) or self._root()

    def _log(
        self,
        event_type: EventType,
        payload: Dict[str, Any],
        parent: Optional[str],
        event: Any,
        *,
        event_id: Optional[str] = None,
        metadata: Optional[Dict[str, Any]] = None,
    ) -> str:
        at = event.timestamp
        return self._handler.log(event_type, payload, parent, event_id=event_id, at=at, metadata=metadata)


def _coroutine(method: Callable[[Any, Any], None]) -> Callable[[Any, Any], Any]:
    async def handle(source: Any, event: Any) -> None:
        try:
            method(source, event)
        except Exception:
            logger.warning("insidellm: a CrewAI event was not logged", exc_info=True)

    return handle


def _task_id(event: Any, task: Any) -> Optional[str]:
    own = getattr(task, "id", None)
    return str(own) if own is not None else getattr(event, "task_id", None)


def _task_name(event: Any, task: Any) -> str:
    return str(getattr(task, "name", None) or event.task_name or getattr(task, "description", None) or "task")


def _agent_key(event: Any) -> _Key:
    agent_id = getattr(event.agent, "id", None)
    return _task_id(event, event.task), str(agent_id) if agent_id is not None else event.agent_id


def _arguments(arguments: Any) -> Dict[str, Any]:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return {"input": arguments}
    return dict(arguments) if isinstance(arguments, Mapping) else {"input": arguments}


def _as_sent(messages: Any) -> Any:
    """The messages of a call. Below some depth CrewAI tells values as their `repr`: in calls of tools that is undone."""
    if messages is None:
        return ""
    if not isinstance(messages, list):
        return messages
    return [
        {**message, "tool_calls": [_call_as_sent(call) for call in message["tool_calls"]]}
        if isinstance(message, Mapping) and isinstance(message.get("tool_calls"), list)
        else message
        for message in messages
    ]


def _call_as_sent(call: Any) -> Any:
    function = call.get("function") if isinstance(call, Mapping) else None
    # No tool has quotes around its name.
    if not isinstance(function, Mapping) or str(function.get("name", ""))[:1] not in ("'", '"'):
        return call
    return {**call, "function": {name: _unquoted(value) for name, value in function.items()}}


def _tool_as_sent(tool: Any) -> Any:
    """The definition of a tool. Below the same depth CrewAI tells the parts of its schema as their `repr`."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    schema = function.get("parameters") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(schema, Mapping):
        return tool
    return {**tool, "function": {**function, "parameters": {name: _parts_as_sent(part) for name, part in schema.items()}}}


def _parts_as_sent(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _part_as_sent(each) for name, each in part.items()}
    return [_part_as_sent(each) for each in part] if isinstance(part, list) else part


def _part_as_sent(part: Any) -> Any:
    # No property has quotes or brackets around its name.
    return _unquoted(part) if isinstance(part, str) and part[:1] in ("'", '"', "{", "[") else part


def _unquoted(value: Any) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError):
        return value


def _text(response: Any) -> str:
    if isinstance(response, str):
        return response
    dump = getattr(response, "model_dump_json", None)
    return str(dump()) if callable(dump) else str(response)


def _cost(model: Mapping[str, str], usage: Mapping[str, Any]) -> Optional[float]:
    """US dollars, of LiteLLM's price list; None for a model that it does not know."""
    try:
        from litellm import cost_per_token

        tokens = {name: usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens")}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        prompt, completion = cost_per_token(
            model=model["model_name"],
            custom_llm_provider=model["provider"],
            cache_read_input_tokens=cached,
            **tokens,
        )
    except Exception:  # Whatever an unknown model or an older LiteLLM raises.
        return None
    return float(prompt + completion)

"""Record what the installed insidellm sends: ``python record_insidellm.py``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import recorder as recording_server

import insidellm
from insidellm import Event, EventType

RUN = "11111111-1111-4111-8111-111111111111"
USER = "user-1"
TIME = "2026-01-02T12:00:00.120000Z"

# One payload a kind, with every member that the kind has.
PAYLOADS: dict[str, dict[str, Any]] = {
    "USER_INPUT": {"input_text": "Käse?", "input_type": "text", "channel": None, "session_context": {"page": 1}},
    "USER_FEEDBACK": {
        "feedback_type": "rating",
        "feedback_value": 4.5,
        "target_event_id": "evt",
        "feedback_text": "gut",
    },
    "AGENT_REASONING": {
        "reasoning_type": "plan",
        "reasoning_steps": ["a", "b"],
        "confidence_score": 0.5,
        "reasoning_time_ms": 120,
    },
    "AGENT_PLANNING": {
        "plan_type": "linear",
        "planned_actions": [{"do": "x"}],
        "planning_time_ms": 5,
        "plan_confidence": 1.0,
    },
    "AGENT_RESPONSE": {
        "response_text": "Ja.",
        "response_type": "text",
        "response_confidence": 0.9,
        "response_metadata": {"k": [1]},
    },
    "LLM_REQUEST": {
        "model_name": "gpt-4o",
        "provider": "openai",
        "prompt": "Käse?",
        "system_message": "Be brief.",
        "parameters": {"temperature": 0.2, "max_tokens": 50, "stop": ["\n"], "stream": False, "tool_choice": {"type": "any"}},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Käse?"},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"q":1}'}},
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "gut"},
        ],
    },
    "LLM_RESPONSE": {
        "model_name": "gpt-4o",
        "provider": "openai",
        "response_text": "Ja.",
        "finish_reason": "stop",
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
        "response_time_ms": 812,
        "cost": 0.00125,
    },
    "LLM_STREAMING_CHUNK": {
        "model_name": "gpt-4o",
        "provider": "openai",
        "chunk_text": "J",
        "chunk_index": 0,
        "is_final": False,
        "chunk_metadata": {"finish_reason": None},
    },
    "TOOL_CALL": {"tool_name": "look", "tool_type": "function", "parameters": {"q": "käse"}, "call_id": "call_1"},
    "TOOL_RESPONSE": {
        "tool_name": "look",
        "tool_type": "function",
        "call_id": "call_1",
        "response_data": {"hits": [1, 2]},
        "execution_time_ms": 7,
        "success": True,
        "error_message": None,
    },
    "FUNCTION_EXECUTION": {
        "function_name": "f",
        "function_args": {"args": [1], "kwargs": {"a": None}},
        "return_value": None,
        "execution_time_ms": 3,
        "success": False,
        "error_message": "boom",
    },
    "API_REQUEST": {
        "api_name": "crm",
        "endpoint": "/v1/x",
        "method": "POST",
        "headers": {"accept": "*/*"},
        "parameters": {"p": 1},
        "request_body": {"b": True},
    },
    "API_RESPONSE": {
        "api_name": "crm",
        "endpoint": "/v1/x",
        "status_code": 503,
        "response_headers": {"retry-after": "1"},
        "response_body": "busy",
        "response_time_ms": 40,
    },
    "ERROR": {
        "error_type": "llm_call_error",
        "error_message": "429",
        "error_code": "RateLimitError",
        "stack_trace": "at x",
        "context": {"model_name": "gpt-4o", "provider": "openai"},
        "severity": "error",
    },
    "VALIDATION_ERROR": {
        "validation_target": "answer",
        "validation_rules": ["a"],
        "failed_rules": ["a"],
        "validation_details": {"n": 1},
    },
    "TIMEOUT_ERROR": {
        "timeout_type": "llm",
        "timeout_duration_ms": 1000,
        "expected_duration_ms": 500,
        "operation_context": {"o": 1},
    },
    "SESSION_START": {"session_id": RUN, "session_type": "chat", "initial_context": {"c": 1}},
    "SESSION_END": {
        "session_id": RUN,
        "session_duration_ms": 10,
        "session_summary": {"s": 1},
        "exit_reason": "done",
    },
    "PERFORMANCE_METRIC": {
        "metric_name": "latency",
        "metric_value": 1.5,
        "metric_unit": "ms",
        "metric_type": "gauge",
        "additional_metrics": {"p99": 3},
    },
}
# The event that each answer answers.
PARENTS = {
    "LLM_RESPONSE": "LLM_REQUEST",
    "LLM_STREAMING_CHUNK": "LLM_REQUEST",
    "TOOL_RESPONSE": "TOOL_CALL",
    "API_RESPONSE": "API_REQUEST",
    "ERROR": "LLM_REQUEST",
}
Scenario = Callable[[insidellm.InsideLLMClient], None]


def event_id(kind: str) -> str:
    """The same id each time."""
    return f"00000000-0000-4000-8000-{list(PAYLOADS).index(kind):012d}"


def event(kind: str) -> Event:
    """The event of this kind."""
    parent = PARENTS.get(kind)
    return Event(
        event_id=event_id(kind),
        run_id=RUN,
        user_id=USER,
        timestamp=TIME,
        event_type=EventType[kind],
        parent_event_id=event_id(parent) if parent else None,
        metadata={"env": "test", "n": 1, "ok": True},
        payload=PAYLOADS[kind],
    )


def single(client: insidellm.InsideLLMClient) -> None:
    """One event, which is not sent as a list."""
    client.send_events([event("USER_INPUT")])


def every_type(client: insidellm.InsideLLMClient) -> None:
    """All kinds in one request."""
    client.send_events([event(kind) for kind in PAYLOADS])


def tracker(client: insidellm.InsideLLMClient) -> None:
    """A run told through the tracker: what its context managers send."""
    with insidellm.InsideLLMTracker(client=client, user_id=USER, metadata={"env": "test"}) as run:
        run.log_user_input("Käse?")
        with run.track_llm_call("gpt-4o", "openai", "Käse?") as log_response:
            log_response("Ja.")
        with run.track_tool_call("look", {"q": "käse"}) as log_result:
            log_result({"hits": 2})
        try:
            with run.track_llm_call("gpt-4o", "openai", "again"):
                raise RuntimeError("boom")
        except RuntimeError:
            run.log_performance_metric("failures", 1, "count")
        run.log_agent_response("Ja.")


def decorators(client: insidellm.InsideLLMClient) -> None:
    """Functions under decorators, one of each kind, and one that fails."""
    from insidellm.decorators import track_function_execution

    @insidellm.track_llm_call("gpt-4o", "openai", client=client)
    def ask(prompt: str, temperature: float = 0.5) -> str:
        return f"re: {prompt}"

    @insidellm.track_llm_call("gpt-4o", "openai", client=client)
    def chat(messages: list[dict[str, str]]) -> str:
        return "Ja."

    @insidellm.track_tool_use("look", client=client)
    def look(query: str) -> dict[str, int]:
        return {"hits": len(query)}

    @insidellm.track_agent_step("decide", client=client)
    def decide() -> None:
        look("käse")

    @track_function_execution(client=client)
    def fail() -> None:
        raise ValueError("boom")

    client.start_run(user_id=USER)
    ask(prompt="Käse?", temperature=0.1)
    chat(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}])
    decide()
    try:
        fail()
    except ValueError:
        client.end_run()


def main() -> None:
    """Each scenario in a client of its own; queued events all go in the request that the shutdown sends."""
    version = metadata.version("insidellm")
    with recording_server.recording(grpc=False) as recorder:
        for scenario in (single, every_type, tracker, decorators):
            client = insidellm.InsideLLMClient(
                api_key="iilmn-test", base_url=recorder.http_endpoint, batch_size=1000, auto_flush_interval=3600
            )
            scenario(client)
            client.shutdown()
            (request,) = recording_server.take(recorder)
            recording_server.write("insidellm", f"insidellm-{version}.{scenario.__name__}", "insidellm", request)


if __name__ == "__main__":
    main()

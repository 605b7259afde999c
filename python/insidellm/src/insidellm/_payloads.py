"""The payload of each of the 19 event types. The order of the fields is their order on the wire."""

# Annotations are evaluated here: the schema is made from them.
from typing import Any, Dict, List, Optional, Union

from ._schema import Model

Number = Union[int, float]
Primitive = Union[str, int, float, bool]


class UserInputPayload(Model):
    """What a person said."""

    input_text: str
    input_type: str = "text"
    channel: Optional[str] = None
    session_context: Optional[Dict[str, Any]] = None


class UserFeedbackPayload(Model):
    """A person's verdict."""

    feedback_type: str
    feedback_value: Primitive
    target_event_id: Optional[str] = None
    feedback_text: Optional[str] = None


class AgentReasoningPayload(Model):
    """Steps of thought."""

    reasoning_type: str
    reasoning_steps: List[str]
    confidence_score: Optional[float] = None
    reasoning_time_ms: Optional[int] = None


class AgentPlanningPayload(Model):
    """A plan."""

    plan_type: str
    planned_actions: List[Dict[str, Any]]
    planning_time_ms: Optional[int] = None
    plan_confidence: Optional[float] = None


class AgentResponsePayload(Model):
    """What the agent answered."""

    response_text: str
    response_type: str = "text"
    response_confidence: Optional[float] = None
    response_metadata: Optional[Dict[str, Any]] = None


class LLMRequestPayload(Model):
    """A call to a model."""

    model_name: str
    provider: str
    prompt: str
    parameters: Optional[Dict[str, Any]] = None
    system_message: Optional[str] = None
    messages: Optional[List[Dict[str, Any]]] = None


class LLMResponsePayload(Model):
    """A model's reply. `cost` is in US dollars."""

    model_name: str
    provider: str
    response_text: str
    finish_reason: Optional[str] = None
    usage: Optional[Dict[str, Any]] = None
    response_time_ms: Optional[int] = None
    cost: Optional[float] = None


class LLMStreamingChunkPayload(Model):
    """A piece of a streamed reply."""

    model_name: str
    provider: str
    chunk_text: str
    chunk_index: int
    is_final: bool = False
    chunk_metadata: Optional[Dict[str, Any]] = None


class ToolCallPayload(Model):
    """A tool is called."""

    tool_name: str
    tool_type: str
    parameters: Dict[str, Any]
    call_id: Optional[str] = None


class ToolResponsePayload(Model):
    """What a tool returned."""

    tool_name: str
    tool_type: str
    call_id: Optional[str] = None
    response_data: Any
    execution_time_ms: Optional[int] = None
    success: bool = True
    error_message: Optional[str] = None


class FunctionExecutionPayload(Model):
    """A function that ran."""

    function_name: str
    function_args: Dict[str, Any]
    return_value: Any
    execution_time_ms: Optional[int] = None
    success: bool = True
    error_message: Optional[str] = None


class APIRequestPayload(Model):
    """A request to another service."""

    api_name: str
    endpoint: str
    method: str
    headers: Optional[Dict[str, str]] = None
    parameters: Optional[Dict[str, Any]] = None
    request_body: Any = None


class APIResponsePayload(Model):
    """Another service's answer."""

    api_name: str
    endpoint: str
    status_code: int
    response_headers: Optional[Dict[str, str]] = None
    response_body: Any = None
    response_time_ms: Optional[int] = None


class ErrorPayload(Model):
    """A failure."""

    error_type: str
    error_message: str
    error_code: Optional[str] = None
    stack_trace: Optional[str] = None
    context: Optional[Dict[str, Any]] = None
    severity: str = "error"


class ValidationErrorPayload(Model):
    """Something did not fulfil its rules."""

    validation_target: str
    validation_rules: List[str]
    failed_rules: List[str]
    validation_details: Optional[Dict[str, Any]] = None


class TimeoutErrorPayload(Model):
    """Something took too long."""

    timeout_type: str
    timeout_duration_ms: int
    expected_duration_ms: Optional[int] = None
    operation_context: Optional[Dict[str, Any]] = None


class SessionStartPayload(Model):
    """A run begins."""

    session_id: str
    session_type: Optional[str] = None
    initial_context: Optional[Dict[str, Any]] = None


class SessionEndPayload(Model):
    """A run ends."""

    session_id: str
    session_duration_ms: Optional[int] = None
    session_summary: Optional[Dict[str, Any]] = None
    exit_reason: Optional[str] = None


class PerformanceMetricPayload(Model):
    """A measurement."""

    metric_name: str
    metric_value: Number
    metric_unit: Optional[str] = None
    metric_type: str = "gauge"
    additional_metrics: Optional[Dict[str, Number]] = None

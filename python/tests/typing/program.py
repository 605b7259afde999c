"""A program as users of the original packages write them. It must be type-correct with the originals and with ours.

It is only type-checked: what the calls do is tested elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import litellm
from sigil_sdk import (
    ApiConfig,
    Artifact,
    ArtifactKind,
    AuthConfig,
    Client,
    ClientConfig,
    ClientShutdownError,
    ContentCaptureMode,
    ConversationRatingInput,
    ConversationRatingValue,
    EmbeddingCaptureConfig,
    EmbeddingResult,
    EmbeddingStart,
    ExecuteToolCallsOptions,
    Generation,
    GenerationExportConfig,
    GenerationMode,
    GenerationSanitizer,
    GenerationStart,
    HookContext,
    HookDeniedError,
    HookEvaluateRequest,
    HookInput,
    HookModel,
    HookPhase,
    HooksConfig,
    Message,
    MessageRole,
    ModelRef,
    Part,
    PartKind,
    PartMetadata,
    QueueFullError,
    RatingTransportError,
    ScoreItem,
    ScoreValue,
    SecretRedactionOptions,
    SigilError,
    TokenUsage,
    ToolCall,
    ToolDefinition,
    ToolExecutionEnd,
    ToolExecutionStart,
    ToolResult,
    ValidationError,
    WorkflowStep,
    agent_name_from_context,
    assistant_text_message,
    conversation_id_from_context,
    create_secret_redaction_sanitizer,
    default_config,
    hook_denied_from_response,
    set_cache_diagnostics,
    text_part,
    thinking_part,
    tool_call_part,
    tool_result_message,
    tool_result_part,
    user_text_message,
    validate_generation,
    with_agent_name,
    with_agent_version,
    with_content_capture_mode,
    with_conversation_id,
    with_conversation_title,
    with_user_id,
)
from sigil_sdk.client import GenerationRecorder
from sigil_sdk.experiments import Candidate, Evaluator, EvaluatorKind, TestCase, TestSuite, experiment
from sigil_sdk.framework_handler import SigilFrameworkHandlerBase
from sigil_sdk.models import (
    ExportGenerationResult,
    ExportGenerationsRequest,
    ExportGenerationsResponse,
    ExportWorkflowStepResult,
    ExportWorkflowStepsRequest,
    ExportWorkflowStepsResponse,
)
from sigil_sdk.usage import from_anthropic, from_openai_chat, map_usage
from sigil_sdk_litellm import SigilLiteLLMLogger, create_sigil_litellm_logger

TOOL = ToolDefinition(name="weather", description="Looks it up.", type="function", input_schema_json=b"{}")


class MemoryExporter:
    """A program's own exporter."""

    def __init__(self) -> None:
        self.generations: list[Generation] = []

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        self.generations.extend(request.generations)
        results = [ExportGenerationResult(generation_id=made.id, accepted=True) for made in request.generations]
        return ExportGenerationsResponse(results=results)

    def export_workflow_steps(self, request: ExportWorkflowStepsRequest) -> ExportWorkflowStepsResponse:
        results = [ExportWorkflowStepResult(step_id=step.id, accepted=True) for step in request.workflow_steps]
        return ExportWorkflowStepsResponse(results=results)

    def shutdown(self) -> None:
        """Nothing to end."""


def capture(metadata: dict[str, Any]) -> ContentCaptureMode:
    return ContentCaptureMode.METADATA_ONLY if metadata.get("private") else ContentCaptureMode.DEFAULT


def configured() -> ClientConfig:
    sanitizer: GenerationSanitizer = create_secret_redaction_sanitizer(
        SecretRedactionOptions(redact_input_messages=True, redact_email_addresses=False)
    )
    config = ClientConfig(
        generation_export=GenerationExportConfig(
            protocol="http",
            endpoint="http://localhost:8080",
            headers={"X-Team": "a"},
            auth=AuthConfig(mode="basic", tenant_id="team-a", basic_password="secret"),
            insecure=True,
            batch_size=10,
            flush_interval=timedelta(seconds=1),
            queue_size=100,
            max_retries=3,
            initial_backoff=timedelta(milliseconds=10),
            max_backoff=timedelta(seconds=1),
            payload_max_bytes=1_000_000,
        ),
        api=ApiConfig(endpoint="http://localhost:8080"),
        embedding_capture=EmbeddingCaptureConfig(capture_input=True),
        hooks=HooksConfig(enabled=True),
        agent_name="forecaster",
        agent_version="1",
        user_id="user-1",
        tags={"env": "test"},
        content_capture=ContentCaptureMode.FULL,
        content_capture_resolver=capture,
        generation_sanitizer=sanitizer,
        logger=logging.getLogger("program"),
        now=lambda: datetime.now(timezone.utc),
    )
    config.generation_exporter = MemoryExporter()
    defaults: ClientConfig = default_config()
    assert defaults.generation_export.queue_size > 0
    return config


def answered(client: Client, question: str) -> Generation | None:
    start = GenerationStart(
        model=ModelRef(provider="openai", name="gpt-4o"),
        conversation_id="conv-1",
        mode=GenerationMode.SYNC,
        system_prompt="Be brief.",
        max_tokens=100,
        temperature=0.5,
        tools=[TOOL],
        tags={"a": "1"},
        metadata={"nested": {"b": [1, 2]}},
        started_at=datetime.now(timezone.utc),
    )
    recorder: GenerationRecorder
    with client.start_generation(start) as recorder:
        parts: list[Part] = [
            thinking_part("hm"),
            text_part("I look."),
            tool_call_part(ToolCall(name="weather", id="call-1", input_json=b"{}")),
        ]
        recorder.set_result(
            Generation(
                input=[user_text_message(question), tool_result_message("call-1", "sunny")],
                output=[Message(role=MessageRole.ASSISTANT, parts=parts), assistant_text_message("Sunny.")],
                usage=TokenUsage(input_tokens=3, output_tokens=2, cache_read_input_tokens=1).normalize(),
                artifacts=[Artifact(kind=ArtifactKind.RESPONSE, name="raw", payload=b"{}")],
                stop_reason="stop",
            )
        )
        set_cache_diagnostics(recorder, "model_changed", missed_input_tokens=3)
    error: Exception | None = recorder.err()
    if isinstance(error, (QueueFullError, ValidationError)):
        raise error
    return recorder.last_generation


def streamed(client: Client) -> None:
    recorder = client.start_streaming_generation(GenerationStart(model=ModelRef("anthropic", "claude")))
    try:
        recorder.set_first_token_at(datetime.now(timezone.utc))
        recorder.set_result(output=[assistant_text_message("one")], usage=from_anthropic({"input_tokens": 1}))
    except RuntimeError as error:
        recorder.set_call_error(error)
    finally:
        recorder.end()
    seed: GenerationStart = recorder.seed
    started: datetime = recorder.started_at
    print(seed.model.name, started.isoformat())


def with_tools(client: Client, messages: Sequence[Message]) -> list[Message]:
    def run(name: str, arguments: Any) -> Any:
        return {"name": name, "given": arguments}

    with client.start_tool_execution(ToolExecutionStart(tool_name="weather", include_content=True)) as tool:
        tool.set_result(ToolExecutionEnd(arguments={"city": "Paris"}, result="sunny"))
    with client.start_embedding(EmbeddingStart(model=ModelRef("openai", "text-embedding-3-small"))) as embedding:
        embedding.set_result(EmbeddingResult(input_count=1, input_tokens=3, dimensions=1536))
    options = ExecuteToolCallsOptions(conversation_id="conv-1", agent_name="forecaster")
    return client.execute_tool_calls(messages, run, options=options)


def in_context(client: Client) -> tuple[str | None, str | None]:
    with with_conversation_id("conv-1"), with_conversation_title("Weather"), with_user_id("user-1"):
        with with_agent_name("a"), with_agent_version("1"), with_content_capture_mode(ContentCaptureMode.FULL):
            answered(client, "How is Paris?")
            return conversation_id_from_context(), agent_name_from_context()


def guarded(client: Client, question: str) -> str:
    request = HookEvaluateRequest(
        phase=HookPhase.PREFLIGHT.value,
        context=HookContext(model=HookModel(provider="openai", name="gpt-4o"), agent_name="a", tags={"k": "v"}),
        input=HookInput(messages=[user_text_message(question)], tools=[TOOL], system_prompt="Be brief."),
    )
    response = client.evaluate_hook(request)
    denied: HookDeniedError | None = hook_denied_from_response(response)
    if denied is not None:
        raise denied
    return response.action


def rated(client: Client) -> int:
    rating = ConversationRatingInput(rating_id="r-1", rating=ConversationRatingValue.GOOD, comment="yes")
    try:
        submitted = client.submit_conversation_rating("conv-1", rating)
    except RatingTransportError:
        return 0
    conversation: dict[str, Any] = client.get_conversation("conv-1")
    members: list[dict[str, Any]] = client.list_collection_members("c-1")
    return submitted.summary.total_count + len(conversation) + len(members)


def stepped(client: Client) -> None:
    step = WorkflowStep(id="wfs_1", conversation_id="conv-1", step_name="plan", input_state={"a": 1})
    client.enqueue_workflow_step(step)


def experimented() -> list[ScoreItem]:
    evaluator = Evaluator(evaluator_id="exact", version="1", kind=EvaluatorKind.DETERMINISTIC)
    suite = TestSuite(suite_id="s", version="1", test_cases=[TestCase(test_case_id="c-1", input="2+2", expected="4")])
    scores: list[ScoreItem] = []
    with experiment("sums", suite=suite, candidate=Candidate(agent_name="a"), default_evaluator=evaluator) as run:
        with run.trial("c-1", attempt=1) as trial:
            trial.record_io(input="2+2", output="4", model_name="gpt-4o")
            trial.set_usage(input_tokens=3, output_tokens=1, cost=0.001)
            scores += [trial.check_score("exact", passed=True), trial.final_score(ScoreValue(number=1.0), passed=True)]
    return scores


class Handler(SigilFrameworkHandlerBase):
    """A framework's handler on the base."""

    def __init__(self, client: Client) -> None:
        super().__init__(client=client, framework_name="mine", provider_resolver="auto", extra_tags={"a": "b"})

    def on_tool_start(self, serialized: dict[str, Any], said: str, run_id: UUID) -> None:
        self._on_tool_start(serialized=serialized, input_str=said, run_id=run_id, parent_run_id=None)


def through_litellm(client: Client) -> None:
    handler = SigilLiteLLMLogger(
        client=client,
        capture_inputs=True,
        capture_outputs=False,
        agent_name="a",
        agent_version="1",
        conversation_id="conv-1",
        extra_tags={"env": "test"},
        extra_metadata={"m": 1},
    )
    made: SigilLiteLLMLogger = create_sigil_litellm_logger(client=client, agent_name="b")
    litellm.callbacks = [handler, made]
    now = datetime.now()
    handler.log_success_event({}, None, now, now)
    handler.log_failure_event({}, None, now, now)


async def through_litellm_async(handler: SigilLiteLLMLogger) -> None:
    now = datetime.now()
    await handler.async_log_success_event({}, None, now, now)
    await handler.async_log_failure_event({}, None, now, now)


def main() -> None:
    client = Client(configured())
    made = answered(client, "How is Paris?")
    if made is not None:
        validate_generation(made)
        total: int = made.usage.total_tokens + from_openai_chat(None).total_tokens + map_usage({}).input_tokens
        print(made.id, made.model.provider, total)
    result = tool_result_part(ToolResult(tool_call_id="call-1", content="18", is_error=False))
    assert result.kind is PartKind.TOOL_RESULT and result.metadata == PartMetadata()
    streamed(client)
    with_tools(client, [assistant_text_message("none")])
    in_context(client)
    guarded(client, "How is Paris?")
    rated(client)
    stepped(client)
    experimented()
    through_litellm(client)
    Handler(client).on_tool_start({"name": "weather"}, "Paris", uuid4())
    try:
        client.flush()
        client.shutdown()
    except (ClientShutdownError, SigilError) as error:
        logging.getLogger("program").warning("telemetry: %s", error)


if __name__ == "__main__":
    main()

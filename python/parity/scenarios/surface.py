"""Names, modules, signatures, fields, enums: what a program can write without running anything."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage

#: Module to the names that it must offer beside those of `sigil_sdk` itself; private ones are used by sibling packages.
MODULES: dict[str, str] = {
    "client": "Client GenerationRecorder EmbeddingRecorder ToolExecutionRecorder NoopToolExecutionRecorder "
    "CACHE_DIAGNOSTICS_MISS_REASON_KEY",
    "config": "resolve_config default_config TENANT_HEADER AUTHORIZATION_HEADER ClientConfig GenerationSanitizer",
    "models": "utc_now Experiment ExportGenerationResult ExportGenerationsRequest ExportGenerationsResponse "
    "ExportWorkflowStepResult ExportWorkflowStepsRequest ExportWorkflowStepsResponse Generation WorkflowStep",
    "context": "with_conversation_id conversation_id_from_context _push_capture_mode _pop_capture_mode",
    "conversations": "list_collection_members get_conversation",
    "exporters": "GenerationExporter GRPCGenerationExporter HTTPGenerationExporter NoopGenerationExporter",
    "exporters.base": "GenerationExporter",
    "exporters.grpc": "GRPCGenerationExporter",
    "exporters.http": "HTTPGenerationExporter _normalize_endpoint",
    "exporters.noop": "NoopGenerationExporter",
    "errors": "SigilError ValidationError HookDeniedError ScoreExportError",
    "hooks": "evaluate_hook hook_denied_from_response HOOKS_EVALUATE_PATH HOOK_TIMEOUT_HEADER DEFAULT_HOOK_TIMEOUT HookPhase "
    "HookAction HookContext HookEvaluateRequest HookEvaluateResponse HookEvaluation HookInput HookModel _parse_response",
    "proto_mapping": "generation_to_proto generation_to_proto_json workflow_step_to_proto workflow_step_to_proto_json",
    "internal.gen.sigil.v1.generation_ingest_pb2": "Generation ExportGenerationsRequest WorkflowStep TokenUsage",
    "internal.gen.sigil.v1.generation_ingest_pb2_grpc": "GenerationIngestServiceStub GenerationIngestServiceServicer "
    "add_GenerationIngestServiceServicer_to_server WorkflowStepIngestServiceStub",
    "redaction": "SecretRedactionOptions create_secret_redaction_sanitizer _resolve_redact_input_messages",
    "usage": "from_anthropic from_openai_chat from_openai_responses from_gemini from_generic map_usage",
    "version": "SDK_VERSION user_agent",
    "cache_diagnostics": "set_cache_diagnostics",
    "validation": "validate_generation validate_embedding_start validate_embedding_result",
    "framework_handler": "SigilFrameworkHandlerBase merge_framework_callback_kwargs ProviderResolver _extract_tool_output "
    "_safe_serializable_dict",
    "_experiments_transport": "RetryPolicy create_experiment get_experiment finalize_experiment export_scores "
    "create_test_case_trial update_test_case_trial upload_trial_artifact list_experiment_scores get_experiment_report "
    "_parse_report",
    "experiments": "Client Experiment Trial TrialRef TestSuite TestCase Candidate Evaluator EvaluatorKind ExperimentStatus "
    "TrialStatus normalize_evaluator_kind experiment stable_id score otel",
    "experiments.client": "Client",
    "experiments.experiment": "Experiment Trial experiment _artifact_content _kind_from_mime",
    "experiments.types": "TestCase TestSuite Candidate Evaluator TrialRef normalize_evaluator_kind stable_id",
    "experiments.score": "number boolean string",
    "experiments.otel": "INSTRUMENTATION_NAME SCHEMA_VERSION trial_identity_attributes score_event_attributes score_label "
    "run_status_telemetry trial_status_telemetry RUN_STATUS_MAP TRIAL_STATUS_MAP TRIAL_SPAN_NAME EVENT_EVAL_RESULT",
}
EARLIER = (
    "client config models context exporters exporters.base exporters.grpc exporters.http exporters.noop errors hooks "
    "proto_mapping internal.gen.sigil.v1.generation_ingest_pb2 redaction usage validation framework_handler"
).split()


def describe(value: Any) -> Any:
    """What a name stands for, without annotations."""
    if inspect.isclass(value):
        told: dict[str, Any] = {"class": value.__name__, "bases": [each.__name__ for each in value.__mro__[1:]]}
        if issubclass(value, Enum):
            return {**told, "members": {each.name: each.value for each in value}, "str": str(next(iter(value)))}
        if value.__name__.endswith("Recorder"):
            methods = {name: signature(getattr(value, name)) for name in dir(value) if callable(getattr(value, name))}
            return {**told, "bases": None, "methods": {k: v for k, v in methods.items() if not k.startswith("_")}}
        if dataclasses.is_dataclass(value):
            return {**told, "bases": None, "fields": fields(value), **signature(value)}
        public = {name: getattr(value, name) for name in dir(value) if not name.startswith("_")}
        methods = {name: signature(each) for name, each in public.items() if inspect.isroutine(each)}
        bases = told["bases"] if issubclass(value, Exception) else None
        return {**told, "bases": bases, "methods": methods, **signature(value)}
    if inspect.isroutine(value):
        return {"function": True, **signature(value)}
    if isinstance(value, ModuleType):
        return "a module"
    return value if isinstance(value, (str, int, float, dict, bytes)) else "something else"


def signature(value: Any) -> dict[str, Any]:
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return {"parameters": None}
    return {"parameters": [parameter(each) for each in found.parameters.values()]}


def parameter(each: inspect.Parameter) -> str:
    """Name, how it may be given, default; `=...` where the default is made anew."""
    default = "" if each.default is each.empty else f"={each.default!r}"
    if "0x" in default or "factory" in default.lower() or "<" in default:
        default = "=..."
    return f"{each.kind.name.lower()} {each.name}{default}"


def fields(value: Any) -> list[str]:
    told = []
    for each in dataclasses.fields(value):
        if each.name.startswith("_"):
            continue
        if each.default_factory is not dataclasses.MISSING:
            made = each.default_factory()
            told.append(f"{each.name}: new {type(made).__name__} {'' if dataclasses.is_dataclass(made) else made!r}")
        else:
            told.append(each.name if each.default is dataclasses.MISSING else f"{each.name}={each.default!r}")
    return told


@scenario(protocols=HTTP, releases=EITHER)
def exported_names(s: Stage) -> None:
    """`__all__`, and that each name is there."""
    for name in s.sdk.__all__:
        s.see(name, hasattr(s.sdk, name))
    imported: dict[str, Any] = {}
    exec("from sigil_sdk import *", imported)
    s.see("from sigil_sdk import *", {name: True for name in imported if not name.startswith("__")})


@scenario(
    protocols=HTTP,
    differs={
        "seen.Client.methods.flush.parameters.1": "additions",
        "seen.Client.methods.shutdown.parameters.1": "additions",
        "seen.Client.methods.stats": "additions",
        "seen.Client.methods.metrics_text": "additions",
        "seen.GenerationExportConfig.fields.1[2-5]": "additions",
        "seen.GenerationExportConfig.parameters.1[2-5]": "additions",
        "seen.TokenUsage.*.6": "cache creation",
        "seen.*_from_context.parameters": "context readers",
    },
)
def what_exported_names_are(s: Stage) -> None:
    """Classes, fields in their order, defaults, members, parameters."""
    for name in sorted(s.sdk.__all__):
        s.see(name, describe(getattr(s.sdk, name, None)))


def modules(s: Stage, names: list[str]) -> None:
    for name in names:
        try:
            module = importlib.import_module(f"sigil_sdk.{name}")
        except ImportError as error:
            s.see(name, f"{type(error).__name__}: {error}")
            continue
        for each in MODULES[name].split():
            found = getattr(module, each, "<absent>")
            s.see(f"{name}.{each}", describe(found) if not name.startswith("internal") else found != "<absent>")


@scenario(
    protocols=HTTP,
    differs={
        "seen.client.Client.methods.flush.parameters.1": "additions",
        "seen.client.Client.methods.shutdown.parameters.1": "additions",
        "seen.client.Client.methods.stats": "additions",
        "seen.client.Client.methods.metrics_text": "additions",
        "seen.version.SDK_VERSION": "version",
        "seen.context.conversation_id_from_context.parameters": "context readers",
    },
)
def submodules(s: Stage) -> None:
    """Every path that programs import from, and what is there."""
    modules(s, list(MODULES))


@scenario(
    protocols=HTTP,
    releases=("0.2.0",),
    earlier={
        "seen.internal.*.WorkflowStep": "later fields",
        "seen.redaction.SecretRedactionOptions.*.0": "later fields",
        "seen.exporters.http._normalize_endpoint.*": "later fields",
        "seen.config.ClientConfig.*": "later fields",
        "seen.framework_handler.*.parameters.1[12]": "later fields",
        "seen.hooks.HookEvaluateResponse.*.3": "later fields",
        "seen.context.conversation_id_from_context.parameters": "context readers",
    },
)
def submodules_of_0_2_0(s: Stage) -> None:
    """The paths that 0.2.0 had."""
    modules(s, EARLIER)


@scenario(protocols=HTTP)
def experiment_is_a_function_and_a_module(s: Stage) -> None:
    """`experiments.experiment` shadows the module of its name, which can be imported all the same."""
    from sigil_sdk import experiments
    from sigil_sdk.experiments.experiment import Experiment

    s.see("attribute", callable(experiments.experiment))
    s.see("module", Experiment is experiments.Experiment)
    s.see("imported", type(importlib.import_module("sigil_sdk.experiments.experiment")).__name__)


@scenario(protocols=HTTP)
def attributes_of_recorders(s: Stage) -> None:
    """What programs read of the three recorders."""
    client, model = s.client(), s.sdk.ModelRef("openai", "gpt-5")
    generation = client.start_generation(s.start())
    embedding = client.start_embedding(s.sdk.EmbeddingStart(model=model))
    tool = client.start_tool_execution(s.sdk.ToolExecutionStart(tool_name="t"))
    for recorder in (generation, embedding, tool):
        name = type(recorder).__name__
        s.see(f"{name}.client", recorder.client is client)
        s.see(f"{name}.seed", recorder.seed)
        s.see(f"{name}.started_at", recorder.started_at)
        s.see(f"{name}.recording", recorder.span.is_recording())
        s.see(f"{name}.include_content", getattr(recorder, "include_content", None))
        recorder.end()
        s.see(f"{name}.recording afterwards", recorder.span.is_recording())


@scenario(protocols=HTTP, releases=EITHER)
def models_behave(s: Stage) -> None:
    """Equality, copies, replace, repr, hash, slots, enums as texts."""
    import copy
    import pickle

    sdk = s.sdk
    one, other = sdk.user_text_message("a"), sdk.user_text_message("a")
    s.see("equal", [one == other, one != sdk.user_text_message("b"), one is other])
    s.see("copy", copy.deepcopy(one) == one)
    s.see("replace", dataclasses.replace(one, name="n"))
    s.see("repr", repr(sdk.ModelRef("a", "b")))
    s.see("asdict", dataclasses.asdict(sdk.ModelRef("a", "b")))
    s.see("pickle", pickle.loads(pickle.dumps(one)) == one)
    s.attempt("hash", hash, sdk.ModelRef("a", "b"))
    s.attempt("slots", setattr, one, "nonsense", 1)
    s.attempt("missing", sdk.Message)
    s.attempt("too many", sdk.ModelRef, "a", "b", "c")
    s.see("enum", [sdk.MessageRole.USER == "user", f"{sdk.MessageRole.USER!s}", sdk.MessageRole("tool")])
    s.see("normalize", sdk.TokenUsage(input_tokens=1, output_tokens=2).normalize())
    s.see("usage", sdk.TokenUsage(input_tokens=1, total_tokens=9).normalize())
    s.see("positional", [sdk.ToolCall("n", "i", b"{}"), sdk.ToolResult("i", "n", "c", b"{}", True)])
    builders = [sdk.text_part("t"), sdk.thinking_part("t"), sdk.tool_call_part(sdk.ToolCall("n"))]
    s.see("builders", [*builders, sdk.tool_result_part(sdk.ToolResult()), sdk.assistant_text_message("a")])
    s.see("tool message", sdk.tool_result_message("id", "content"))


@scenario(protocols=HTTP, releases=EITHER)
def errors_behave(s: Stage) -> None:
    """Which error is caught as which, and what a denied hook says."""
    sdk = s.sdk
    for name in sorted(sdk.__all__):
        value = getattr(sdk, name, None)
        if inspect.isclass(value) and issubclass(value, Exception) and name != "HookDeniedError":
            s.see(name, value("text"))
    for arguments in ((), ("no",), ("", " r1 "), ("no", "r1", [1])):
        error = sdk.HookDeniedError(*arguments)
        s.see(f"denied {arguments}", [error, error.reason, error.rule_id, error.evaluations])

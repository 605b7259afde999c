"""What the handlers of agent frameworks are built on: their callbacks become generations, tools, spans and workflow steps.

A handler class of a framework derives from `SigilFrameworkHandlerBase` and calls its `_on_*` methods. Runs are known by the
framework's run ids; a second start of the same run and the end of an unknown one are ignored. Runs whose end never comes are
bounded in number, see `_framework.runs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _otel, _tools  # noqa: F401 - not left for a callback to import, see `Client`
from ._framework.graph import GraphRuns
from ._framework.messages import chat_messages, output_messages, prompt_messages
from ._framework.payload import (
    TAGS_KEY,
    conversation_and_thread,
    is_streaming,
    lineage,
    request_settings,
    thinking_metadata,
    tool_arguments,
    tool_name,
)
from ._framework.payload import tool_output as _extract_tool_output
from ._framework.provider import CUSTOM, UNKNOWN_MODEL, ProviderResolver, model_name, provider_name, provider_of_model
from ._framework.reading import first_text, json_ready, plain_metadata
from ._framework.reading import safe_object as _safe_serializable_dict
from ._framework.reply import reply_fields, token_usage
from ._framework.runs import (
    LlmRun,
    OpenRuns,
    ToolRun,
    end_llm_run,
    end_tool_run,
    make_room,
    run_key,
    streamed_output,
)
from ._normalise import new_id
from .models import GenerationStart, Message, ModelRef, ToolExecutionStart

if TYPE_CHECKING:
    from .client import Client

__all__ = [
    "ProviderResolver",
    "SigilFrameworkHandlerBase",
    "_extract_tool_output",
    "_safe_serializable_dict",
    "merge_framework_callback_kwargs",
]

_Payload = dict[str, Any]


def merge_framework_callback_kwargs(
    callback_kwargs: Mapping[str, Any],
    *,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    run_name: str | None = None,
) -> dict[str, Any]:
    """A copy with what a framework passes beside the keyword arguments of a callback."""
    merged = dict(callback_kwargs)
    if tags is not None:
        merged["tags"] = tags
    if metadata is not None:
        merged["metadata"] = metadata
    if run_name is not None and run_name.strip():
        merged["run_name"] = run_name
    return merged


class SigilFrameworkHandlerBase(GraphRuns):
    """Records what a framework's callbacks report. Thread-safe as far as the framework's run ids are unique."""

    def __init__(
        self,
        *,
        client: Client,
        framework_name: str,
        agent_name: str = "",
        agent_version: str = "",
        framework_source: str = "handler",
        framework_language: str = "python",
        framework_instrumentation_name: str = "github.com/grafana/sigil/sdks/python/frameworks",
        provider_resolver: ProviderResolver = "auto",
        provider: str = "",
        capture_inputs: bool = True,
        capture_outputs: bool = True,
        capture_workflow_steps: bool = False,
        conversation_title: str = "",
        extra_tags: dict[str, str] | None = None,
        extra_metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._client = client
        self._framework_name = framework_name
        self._agent_name = agent_name
        self._agent_version = agent_version
        self._framework_source = framework_source
        self._framework_language = framework_language
        self._framework_instrumentation_name = framework_instrumentation_name
        self._provider_resolver = provider_resolver
        self._provider = provider
        self._capture_inputs = capture_inputs
        self._capture_outputs = capture_outputs
        self._capture_workflow_steps = capture_workflow_steps
        self._conversation_title = conversation_title
        self._extra_tags = dict(extra_tags or {})
        self._extra_metadata = dict(extra_metadata or {})
        self._runs: dict[str, LlmRun] = {}
        self._tool_runs: dict[str, ToolRun] = {}
        self._chain_spans: dict[str, Any] = {}
        self._retriever_spans: dict[str, Any] = {}
        self._open_runs = OpenRuns.of(client, self)

    def __del__(self) -> None:
        """Nobody can report the end of a run any more."""
        if "_open_runs" in self.__dict__ and not self._client._closed:
            self._open_runs.left.extend(self._open_ends())

    def _on_llm_start(
        self,
        *,
        serialized: _Payload | None,
        prompts: list[str],
        run_id: Any,
        parent_run_id: Any,
        invocation_params: _Payload | None,
        callback_kwargs: _Payload | None = None,
    ) -> None:
        payloads = serialized, invocation_params, callback_kwargs
        messages = prompt_messages(prompts) if self._capture_inputs else []
        self._start_llm_run(str(run_id), run_key(parent_run_id), "llm", payloads, messages, {})

    def _on_chat_model_start(
        self,
        *,
        serialized: _Payload | None,
        messages: list[list[Any]],
        run_id: Any,
        parent_run_id: Any,
        invocation_params: _Payload | None,
        callback_kwargs: _Payload | None = None,
    ) -> None:
        payloads = serialized, invocation_params, callback_kwargs
        mapped, system_prompt = chat_messages(messages) if self._capture_inputs else ([], "")
        settings = request_settings(invocation_params)
        if system_prompt:
            settings.setdefault("system_prompt", system_prompt)
        self._start_llm_run(str(run_id), run_key(parent_run_id), "chat", payloads, mapped, settings)

    def _on_llm_new_token(self, *, token: str, run_id: Any) -> None:
        run = self._runs.get(str(run_id))
        if run is None or not isinstance(token, str) or not token.strip():
            return
        if run.capture_outputs:
            run.output_chunks.append(token)
        if not run.first_token_recorded:
            run.first_token_recorded = True
            run.recorder.set_first_token_at(self._client._now())

    def _on_llm_end(self, *, response: Any, run_id: Any) -> None:
        run = self._runs.pop(str(run_id), None)
        if run is None:
            return
        output = output_messages(response) if run.capture_outputs else []
        fields = {**reply_fields(response), "usage": token_usage(response)}
        answered = fields.get("response_model", "")
        if answered and run.request_model == UNKNOWN_MODEL:
            provider = run.request_provider
            fields["model"] = ModelRef(provider_of_model(answered) if provider == CUSTOM else provider, answered)
        run.recorder.set_result(input=run.input_messages, output=output or streamed_output(run), **fields)
        _end_and_raise(run.recorder)

    def _on_llm_error(self, *, error: BaseException, run_id: Any) -> None:
        run = self._runs.pop(str(run_id), None)
        if run is None:
            return
        run.recorder.set_call_error(Exception(str(error)))
        run.recorder.set_result(input=run.input_messages, output=streamed_output(run))
        _end_and_raise(run.recorder)

    def _on_tool_start(
        self,
        *,
        serialized: _Payload | None,
        input_str: str,
        run_id: Any,
        parent_run_id: Any,
        callback_kwargs: _Payload | None = None,
    ) -> None:
        key, parent_key = str(run_id), run_key(parent_run_id)
        if key in self._tool_runs:
            return
        own, _ = conversation_and_thread(self._framework_name, key, serialized, None, callback_kwargs)
        start = ToolExecutionStart(
            tool_name=tool_name(serialized, callback_kwargs),
            tool_description=first_text(serialized, ("description",)),
            tool_call_id=first_text(callback_kwargs, ("tool_call_id",)),
            conversation_id=self._graph_conversation(own, self._find_graph_root_key(parent_key)),
            agent_name=self._agent_name,
            agent_version=self._agent_version,
            include_content=self._capture_inputs or self._capture_outputs,
        )
        make_room(self._tool_runs, end_tool_run)
        arguments = json_ready(tool_arguments(input_str, callback_kwargs)) if self._capture_inputs else None
        self._tool_runs[key] = ToolRun(self._client.start_tool_execution(start), arguments, self._capture_outputs)
        self._link_run(key, parent_key)

    def _on_tool_end(self, *, output: Any, run_id: Any) -> None:
        run = self._tool_runs.pop(str(run_id), None)
        if run is None:
            return
        self._unlink_run(str(run_id))
        result = json_ready(_extract_tool_output(output)) if run.capture_outputs else None
        run.recorder.set_result(arguments=run.arguments, result=result)
        _end_and_raise(run.recorder)

    def _on_tool_error(self, *, error: BaseException, run_id: Any) -> None:
        run = self._tool_runs.pop(str(run_id), None)
        if run is None:
            return
        self._unlink_run(str(run_id))
        run.recorder.set_result(arguments=run.arguments)
        run.recorder.set_exec_error(Exception(str(error)))
        _end_and_raise(run.recorder)

    def _on_chain_start(
        self,
        *,
        serialized: _Payload | None,
        run_id: Any,
        parent_run_id: Any,
        run_type: str = "chain",
        callback_kwargs: _Payload | None = None,
        inputs: Any = None,
    ) -> None:
        key, parent_key = str(run_id), run_key(parent_run_id)
        if key in self._chain_spans or key in self._workflow_step_runs or key in self._graph_root_run_keys:
            return
        self._link_run(key, parent_key)
        if not self._capture_workflow_steps:
            payloads = serialized, None, callback_kwargs
            self._start_framework_span(self._chain_spans, key, parent_key, run_type, "chain", payloads)
        elif not parent_key:
            self._open_root(key)
        elif parent_key in self._graph_root_run_keys:
            self._start_workflow_step(
                key=key,
                root_key=parent_key,
                run_type=run_type,
                serialized=serialized,
                callback=callback_kwargs,
                inputs=inputs,
            )

    def _on_chain_end(self, *, run_id: Any, outputs: Any = None) -> None:
        self._end_chain(str(run_id), outputs, None)

    def _on_chain_error(self, *, error: BaseException, run_id: Any) -> None:
        self._end_chain(str(run_id), None, error)

    def _on_retriever_start(
        self,
        *,
        serialized: _Payload | None,
        run_id: Any,
        parent_run_id: Any,
        callback_kwargs: _Payload | None = None,
    ) -> None:
        key, parent_key = str(run_id), run_key(parent_run_id)
        if key in self._retriever_spans:
            return
        self._link_run(key, parent_key)
        payloads = serialized, None, callback_kwargs
        self._start_framework_span(self._retriever_spans, key, parent_key, "retriever", "retriever", payloads)

    def _on_retriever_end(self, *, run_id: Any) -> None:
        self._unlink_run(str(run_id))
        self._end_framework_span(self._retriever_spans, run_id=run_id, error=None)

    def _on_retriever_error(self, *, error: BaseException, run_id: Any) -> None:
        self._unlink_run(str(run_id))
        self._end_framework_span(self._retriever_spans, run_id=run_id, error=error)

    def _start_llm_run(
        self,
        key: str,
        parent_key: str,
        run_type: str,
        payloads: tuple[_Payload | None, _Payload | None, _Payload | None],
        messages: list[Message],
        settings: dict[str, Any],
    ) -> None:
        if key in self._runs:
            return
        self._open_runs.end_left()
        serialized, params, callback = payloads
        model = model_name(serialized, params)
        provider = provider_name(
            explicit=self._provider,
            resolver=self._provider_resolver,
            model=model,
            serialized=serialized,
            params=params,
        )
        own, thread = conversation_and_thread(self._framework_name, key, *payloads)
        root = self._find_graph_root_key(parent_key)
        generation_id = new_id("gen")
        metadata = {
            **thinking_metadata(params),
            **self._extra_metadata,
            **lineage(key, parent_key, run_type, thread, *payloads),
        }
        start = GenerationStart(
            id=generation_id,
            model=ModelRef(provider, model),
            conversation_id=self._graph_conversation(own, root),
            conversation_title=self._conversation_title,
            agent_name=self._agent_name,
            agent_version=self._agent_version,
            tags=self._framework_tags(),
            metadata=plain_metadata(metadata),
            parent_generation_ids=self._next_generation(generation_id, parent_key, root),
            **settings,
        )
        client = self._client
        recorder = (client.start_streaming_generation if is_streaming(params) else client.start_generation)(start)
        make_room(self._runs, end_llm_run)
        self._runs[key] = LlmRun(recorder, messages, self._capture_outputs, model, provider)

    def _end_chain(self, key: str, outputs: Any, error: BaseException | None) -> None:
        self._end_workflow_step(key=key, outputs=outputs, error=error)
        self._end_framework_span(self._chain_spans, run_id=key, error=error)
        if key in self._graph_root_run_keys:
            self._cleanup_graph_state_for_root(key)
        else:
            self._unlink_run(key)

    def _start_framework_span(
        self,
        spans: dict[str, Any],
        key: str,
        parent_key: str,
        run_type: str,
        kind: str,
        payloads: tuple[_Payload | None, _Payload | None, _Payload | None],
    ) -> None:
        conversation_id, thread = conversation_and_thread(self._framework_name, key, *payloads)
        attributes = lineage(key, parent_key, run_type, thread, *payloads)
        attributes.pop(TAGS_KEY, None)
        component = attributes.get("sigil.framework.component_name", kind)
        attributes.update(
            {
                "gen_ai.operation.name": f"framework_{kind}",
                "gen_ai.conversation.id": conversation_id,
                "sigil.framework.name": self._framework_name,
                "sigil.framework.source": self._framework_source,
                "sigil.framework.language": self._framework_language,
            }
        )
        make_room(spans, self._span_ender())
        name = f"{self._framework_name}.{kind} {component}"
        spans[key] = _otel.start_span(self._client, name, "internal", self._client._now(), attributes)

    def _end_framework_span(self, span_map: dict[str, Any], *, run_id: Any, error: BaseException | None) -> None:
        span = span_map.pop(str(run_id), None)
        if span is None:
            return
        if error is None:
            _otel.end_span(span, self._client._now())
            return
        withheld = self._withholds_content({})
        _otel.end_span(
            span,
            self._client._now(),
            error_type="framework_error",
            category="sdk_error",
            description="sdk_error" if withheld else str(error),
            exceptions=() if withheld else (error,),
        )

    def _open_ends(self) -> list[Callable[[], object]]:
        """Takes the open runs; what ends each as it stands."""
        end_span = self._span_ender()
        kinds: tuple[tuple[dict[str, Any], Callable[[Any], object]], ...] = (
            (self._runs, end_llm_run),
            (self._tool_runs, end_tool_run),
            (self._chain_spans, end_span),
            (self._retriever_spans, end_span),
        )
        return [partial(end, run) for runs, end in kinds for key in list(runs) if (run := runs.pop(key, None)) is not None]

    def _span_ender(self) -> Callable[[Any], object]:
        client = self._client
        return lambda span: _otel.end_span(span, client._now())


def _end_and_raise(recorder: Any) -> None:
    recorder.end()
    error = recorder.err()
    if error is not None:
        raise error

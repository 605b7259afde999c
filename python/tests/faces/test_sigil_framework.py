"""The base of framework handlers: what callbacks become, how graphs are followed, and runs whose end never comes."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime, timezone
from types import SimpleNamespace as Object
from typing import Any
from uuid import UUID

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from telemetry import Telemetry

from sigil_sdk import ContentCaptureMode, GenerationMode, ToolDefinition
from sigil_sdk._framework import runs
from sigil_sdk.exporters import NoopGenerationExporter
from sigil_sdk.framework_handler import (
    SigilFrameworkHandlerBase,
    _extract_tool_output,
    _safe_serializable_dict,
    merge_framework_callback_kwargs,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
REPLY = {"generations": [[{"text": "yo"}]]}
MAPS = (
    "_runs",
    "_tool_runs",
    "_chain_spans",
    "_retriever_spans",
    "_workflow_step_runs",
    "_graph_root_run_keys",
    "_graph_run_conversation_id",
    "_graph_run_last_step_id",
    "_graph_run_last_generation_id",
    "_run_to_graph_key",
)


class Kept(NoopGenerationExporter):
    """A program's own exporter."""

    def __init__(self) -> None:
        super().__init__()
        self.generations: list[Any] = []
        self.steps: list[Any] = []

    def export_generations(self, request: Any) -> Any:
        self.generations += request.generations
        return super().export_generations(request)

    def export_workflow_steps(self, request: Any) -> Any:
        self.steps += request.workflow_steps
        return super().export_workflow_steps(request)


class Recorded:
    """A handler and what it recorded."""

    def __init__(self, make_client: Callable[..., Any]) -> None:
        self.kept, self.telemetry = Kept(), Telemetry()
        self._make_client = make_client
        self.handler: Any = None
        self.client: Any = None

    def start(self, config: dict[str, Any] | None = None, **options: Any) -> Any:
        settings = {"content_capture": ContentCaptureMode.FULL, "tracer": self.telemetry, **(config or {})}
        self.client = self._make_client(generation_exporter=self.kept, now=lambda: NOW, **settings)
        self.handler = SigilFrameworkHandlerBase(client=self.client, framework_name="fw", **options)
        return self.handler

    def llm(self, run: Any = "r", params: Any = None, parent: Any = None, response: Any = REPLY, **callback: Any) -> Any:
        self.handler._on_llm_start(
            serialized=None,
            prompts=["hi"],
            run_id=run,
            parent_run_id=parent,
            invocation_params=params,
            callback_kwargs=callback or None,
        )
        self.handler._on_llm_end(response=response, run_id=run)
        return self.generation()

    def chat(self, messages: list[Any], params: Any = None, response: Any = REPLY) -> Any:
        self.handler._on_chat_model_start(
            serialized=None, messages=[messages], run_id="r", parent_run_id=None, invocation_params=params
        )
        self.handler._on_llm_end(response=response, run_id="r")
        return self.generation()

    def generation(self) -> Any:
        self.client.flush()
        return self.kept.generations[-1]

    def chain(self, run: str, parent: str | None = None, **fields: Any) -> None:
        serialized = {"name": fields.pop("name", run)}
        self.handler._on_chain_start(serialized=serialized, run_id=run, parent_run_id=parent, **fields)


@pytest.fixture
def recorded(sigil_client: Any) -> Recorded:
    return Recorded(sigil_client)


def parts(messages: list[Any]) -> list[Any]:
    """(role, [text, thought, (tool, arguments) or (result of, content)])."""

    def plain(part: Any) -> Any:
        if part.tool_call is not None:
            return part.tool_call.name, part.tool_call.id, part.tool_call.input_json
        if part.tool_result is not None:
            result = part.tool_result
            return result.tool_call_id, result.content or result.content_json, result.is_error
        return part.text or {"thought": part.thinking}

    return [(message.role.value, [plain(part) for part in message.parts]) for message in messages]


def test_a_call_becomes_a_generation(recorded: Recorded) -> None:
    recorded.start(agent_name="a", agent_version="1", conversation_title="t", extra_tags={"k": "v"}, extra_metadata={"m": 1})
    made = recorded.llm(run=UUID(int=7), parent="p", params={"model": "gpt-4o", "stream": True}, tags=["x", "x", " "])
    assert (made.model.provider, made.model.name, made.mode) == ("openai", "gpt-4o", GenerationMode.STREAM)
    assert made.id.startswith("gen_") and len(made.id) == 20
    assert made.conversation_id == f"sigil:framework:fw:{UUID(int=7)}"
    assert (made.agent_name, made.agent_version, made.conversation_title) == ("a", "1", "t")
    assert made.tags == {
        "k": "v",
        "sigil.framework.name": "fw",
        "sigil.framework.source": "handler",
        "sigil.framework.language": "python",
    }
    told = {key.removeprefix("sigil.framework."): value for key, value in made.metadata.items() if "framework" in key}
    assert told == {"run_id": str(UUID(int=7)), "run_type": "llm", "parent_run_id": "p", "tags": ["x"]}
    assert made.metadata["m"] == 1
    assert (parts(made.input), parts(made.output)) == ([("user", ["hi"])], [("assistant", ["yo"])])


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("GPT-4", "openai"),
        ("o3-mini", "openai"),
        ("claude-3", "anthropic"),
        ("gemini-2", "gemini"),
        ("us.anthropic.claude-3-v1:0", "anthropic"),
        ("us.anthropic", "custom"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama3-v1", "meta-llama"),
        ("mistral.x", "mistralai"),
        ("ai21.j2", "custom"),
        ("<models.Chat object at 0x7f00>", "custom"),
    ],
)
def test_the_provider_is_known_by_the_model(recorded: Recorded, model: str, provider: str) -> None:
    recorded.start()
    assert recorded.llm(params={"model": model}).model.provider == provider


def test_who_says_the_provider(recorded: Recorded) -> None:
    params = {"model": "gpt-4", "ls_provider": "anthropic"}
    recorded.start()
    assert recorded.llm(params=params).model.provider == "anthropic"
    recorded.start(provider=" Gemini ", provider_resolver=lambda *_: "openai")
    assert recorded.llm(params=params).model.provider == "gemini"
    seen = []
    recorded.start(provider_resolver=lambda *given: seen.append(given) or "Bedrock")
    assert recorded.llm(params=params).model.provider == "custom"
    assert seen == [("gpt-4", None, params)]


@pytest.mark.parametrize(
    ("callback", "conversation", "thread"),
    [
        ({"metadata": {"session_id": "s", "thread_id": "t", "group_id": "g"}}, "s", "t"),
        ({"session_id": "top", "metadata": {"conversation_id": "meta"}}, "top", None),
        ({"configurable": {"groupId": "g"}}, "g", None),
        ({"config": {"configurable": {"threadId": "t"}}}, "t", "t"),
        ({"metadata": {"conversation_id": " ", "thread_id": 42}}, "42", "42"),
        ({"metadata": {}}, "sigil:framework:fw:r", None),
    ],
)
def test_the_conversation_of_a_run(recorded: Recorded, callback: Any, conversation: str, thread: str | None) -> None:
    recorded.start()
    made = recorded.llm(**callback)
    assert (made.conversation_id, made.metadata.get("sigil.framework.thread_id")) == (conversation, thread)


def test_metadata_is_made_plain(recorded: Recorded) -> None:
    circle: dict[str, Any] = {}
    circle["me"] = circle
    odd = {"at": NOW, "nan": float("nan"), "set": {1}, "tuple": (1, object()), "circle": circle, " sp ": 1, 5: 5, "n": None}
    deep: Any = 1
    for _ in range(9):
        deep = {"d": deep}
    recorded.start(extra_metadata={**odd, "deep": deep})
    made = recorded.llm().metadata
    kept = {key: made[key] for key in made if not key.startswith("sigil.")}
    assert kept.pop("deep") == {"d": {"d": {"d": {"d": {"d": {}}}}}}
    assert kept == {"at": NOW.isoformat(), "tuple": [1], "circle": {"me": "[circular]"}, "sp": 1, "n": None}


def test_chat_messages(recorded: Recorded) -> None:
    recorded.start()
    made = recorded.chat(
        [
            Object(type="system", content="Be brief."),
            {"role": "user", "content": [{"type": "text", "text": " a "}, {"type": "image_url", "image_url": {"url": "http://x"}}]},
            Object(type="ai", content="ok", tool_calls=[{"name": "t", "args": {"b": 1, "a": 2}, "id": "c1"}]),
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c2", "function": {"name": "g", "arguments": "{}"}}]},
            Object(type="tool", content="res", tool_call_id="c1", name="t", status="error"),
            {"role": "tool", "tool_results": [{"tool_call_id": "c2", "response": {"r": 1}}]},
            {"role": "tool", "content": "bare"},
            {"role": "model", "content": "m"},
            {"role": "user", "content": "calls?", "tool_calls": [{"name": "u", "args": {}}]},
            {"role": "user", "content": "  "},
            "plain",
        ]
    )
    assert made.system_prompt == "Be brief."
    assert parts(made.input) == [
        ("user", ["a [image_url http://x]"]),
        ("assistant", ["ok", ("t", "c1", b'{"a": 2, "b": 1}')]),
        ("assistant", [("g", "c2", b"{}")]),
        ("tool", [("c1", "res", True)]),
        ("tool", [("c2", b'{"r": 1}', False)]),
        ("tool", ["bare"]),
        ("assistant", ["m"]),
        ("assistant", ["calls?", ("u", "", b"{}")]),
        ("user", ["plain"]),
    ]


def test_request_settings(recorded: Recorded) -> None:
    recorded.start()
    params = {
        "temperature": "0.5",
        "max_completion_tokens": 7,
        "top_p": 1,
        "tool_choice": "auto",
        "thinking_enabled": "yes",
        "thinking_budget": 9,
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"b": 1, "a": 2}}},
            {"name": "bare", "type": "custom", "input_schema": {}},
            Object(name="o", description="", parameters_json_schema={"q": 1}),
            ToolDefinition(name="ours", input_schema_json=b"{}"),
            {"type": "web_search"},
        ],
    }
    made = recorded.chat([{"role": "user", "content": "q"}], params)
    assert (made.temperature, made.max_tokens, made.top_p, made.tool_choice) == (0.5, 7, 1.0, "auto")
    assert made.thinking_enabled is True
    assert made.metadata["sigil.gen_ai.request.thinking.budget_tokens"] == 9
    assert [(tool.name, tool.type, tool.input_schema_json) for tool in made.tools] == [
        ("f", "function", b'{"a": 2, "b": 1}'),
        ("bare", "custom", b"{}"),
        ("o", "function", b'{"q": 1}'),
        ("ours", "", b"{}"),
    ]


def test_replies(recorded: Recorded) -> None:
    recorded.start()
    usage = {"input_tokens": 9, "output_tokens": 4, "input_token_details": {"cache_read": 1, "cache_creation": 2}}
    usage["output_token_details"] = {"reasoning": 3}
    message = Object(
        type="ai",
        content=[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "said"}],
        usage_metadata=usage,
        response_metadata={"model_name": "claude-x", "finish_reason": "stop", "id": "reply-1"},
    )
    made = recorded.llm(response={"generations": [[{"message": message}]]})
    assert parts(made.output) == [("assistant", [{"thought": "hm"}, "said"])]
    # The program did not name a model, the reply does.
    assert (made.model.provider, made.model.name, made.response_model) == ("anthropic", "claude-x", "claude-x")
    assert (made.stop_reason, made.response_id) == ("stop", "reply-1")
    counts = made.usage
    assert (counts.input_tokens, counts.output_tokens, counts.total_tokens) == (9, 4, 13)
    assert (counts.cache_read_input_tokens, counts.cache_write_input_tokens, counts.reasoning_tokens) == (1, 2, 3)
    output = {"token_usage": {"prompt_tokens": 1, "completion_tokens": 2}, "finish_reason": "length"}
    made = recorded.llm(response=Object(generations=[[{"text": "a"}, {"text": "b"}], [{"text": "c"}]], llm_output=output))
    assert parts(made.output) == [("assistant", ["a\nb\nc"])]
    assert (made.usage.total_tokens, made.stop_reason) == (3, "length")


def test_a_stream_and_its_failure(recorded: Recorded) -> None:
    handler = recorded.start()
    for run, end in (
        ("whole", lambda: handler._on_llm_end(response={}, run_id="whole")),
        ("broken", lambda: handler._on_llm_error(error=RuntimeError("HTTP 429"), run_id="broken")),
    ):
        handler._on_llm_start(
            serialized=None, prompts=["hi"], run_id=run, parent_run_id=None, invocation_params={"stream": 1}
        )
        for token in (" ", "a", "b"):
            handler._on_llm_new_token(token=token, run_id=run)
        end()
        assert parts(recorded.generation().output) == [("assistant", ["ab"])]
    assert recorded.generation().call_error == "HTTP 429" and parts(recorded.generation().input) == [("user", ["hi"])]


def test_what_is_not_to_be_captured(recorded: Recorded) -> None:
    recorded.start(capture_inputs=False, capture_outputs=False)
    made = recorded.chat([{"role": "system", "content": "s"}, {"role": "user", "content": "q"}])
    assert (made.input, made.output, made.system_prompt) == ([], [], "")


def test_unknown_and_repeated_runs_are_ignored(recorded: Recorded) -> None:
    handler = recorded.start()
    for end in (handler._on_llm_end, lambda **k: handler._on_tool_end(output=1, **k), handler._on_chain_end):
        end(run_id="?", **({"response": {}} if end == handler._on_llm_end else {}))
    start = {"serialized": None, "run_id": "r", "parent_run_id": None, "invocation_params": None}
    handler._on_llm_start(prompts=["first"], **start)
    handler._on_llm_start(prompts=["second"], **start)
    handler._on_llm_end(response=REPLY, run_id="r")
    handler._on_llm_end(response=REPLY, run_id="r")
    assert parts(recorded.generation().input) == [("user", ["first"])] and len(recorded.kept.generations) == 1


def test_tools_chains_and_retrievers_are_spans(recorded: Recorded) -> None:
    handler = recorded.start()
    handler._on_tool_start(serialized={"name": "T"}, input_str=" in ", run_id="t", parent_run_id="c")
    handler._on_tool_end(output=Object(content="out"), run_id="t")
    recorded.chain("c", name="Seq", callback_kwargs={"metadata": {"thread_id": "th", "langgraph_node": "n"}})
    handler._on_chain_error(error=ValueError("broke"), run_id="c")
    handler._on_retriever_start(serialized=None, run_id="v", parent_run_id=None)
    handler._on_retriever_end(run_id="v")
    handler._on_chain_start(serialized=None, run_id="g", parent_run_id=None, callback_kwargs={"name": "LangGraph"})
    assert recorded.telemetry.spans.pop().name == "fw.chain LangGraph"
    tool, chain, retriever = recorded.telemetry.spans
    assert tool.attributes["gen_ai.tool.call.arguments"] == '"in"' and tool.attributes["gen_ai.tool.call.result"] == '"out"'
    assert (chain.name, chain.kind, chain.status, chain.exceptions) == ("fw.chain Seq", "INTERNAL", "ERROR", ["broke"])
    assert chain.attributes["error.type"] == "framework_error" and chain.attributes["gen_ai.conversation.id"] == "th"
    assert chain.attributes["sigil.framework.langgraph.node"] == "n"
    assert (retriever.name, retriever.attributes["gen_ai.operation.name"]) == ("fw.retriever retriever", "framework_retriever")
    handler._on_tool_start(serialized={"name": "T"}, input_str="x", run_id="t", parent_run_id=None)
    with pytest.raises(Exception, match="404"):
        handler._on_tool_error(error=ValueError("404"), run_id="t")


def graph(recorded: Recorded) -> None:
    """plan (a call), research (a call inside a tool), write (fails)."""
    handler = recorded.handler
    recorded.chain("root", inputs={"q": 1})
    recorded.chain("n1", "root", inputs={"q": 1}, callback_kwargs={"metadata": {"langgraph_node": "plan"}})
    recorded.chain("inner", "n1")
    recorded.llm("l1", parent="inner")
    handler._on_chain_end(run_id="inner")
    handler._on_chain_end(run_id="n1", outputs={"at": NOW})
    recorded.chain("n2", "root", inputs=["no dict"])
    handler._on_tool_start(serialized={"name": "T"}, input_str="x", run_id="t", parent_run_id="n2")
    recorded.llm("l2", parent="t")
    handler._on_tool_end(output=1, run_id="t")
    handler._on_chain_error(error=ValueError("HTTP 404"), run_id="n2")
    handler._on_chain_end(run_id="root")
    recorded.client.flush()


def test_the_nodes_of_a_graph_are_workflow_steps(recorded: Recorded) -> None:
    handler = recorded.start(capture_workflow_steps=True)
    graph(recorded)
    first, second = recorded.kept.generations
    plan, research = recorded.kept.steps
    assert (plan.step_name, research.step_name, plan.framework) == ("plan", "n2", "fw")
    assert plan.id.startswith("wfs_") and research.parent_step_ids == [plan.id]
    assert (plan.input_state, plan.output_state) == ({"q": 1}, {"at": str(NOW)})
    assert (research.input_state, research.error) == ({"raw": "['no dict']"}, "HTTP 404")
    assert plan.tags["sigil.workflow_step.type"] == "chain"
    assert (plan.linked_generation_ids, research.linked_generation_ids) == ([first.id], [second.id])
    assert second.parent_generation_ids == [first.id]
    conversations = {each.conversation_id for each in (first, second, plan, research)}
    assert conversations == {"sigil:framework:fw:n1"}
    assert [name for name in MAPS if getattr(handler, name)] == []


def test_the_states_of_a_graph_are_content(recorded: Recorded) -> None:
    recorded.start({"content_capture": ContentCaptureMode.METADATA_ONLY}, capture_workflow_steps=True)
    graph(recorded)
    plan, research = recorded.kept.steps
    assert (plan.input_state, plan.output_state, research.input_state, research.error) == ({}, {}, {}, "client_error")
    assert plan.linked_generation_ids


def test_a_node_that_never_ended_is_told(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    handler = recorded.start(capture_workflow_steps=True)
    recorded.chain("root")
    recorded.chain("n1", "root")
    handler._on_chain_end(run_id="root")
    assert "dropping in-flight workflow step" in caplog.text
    assert [name for name in MAPS if getattr(handler, name)] == []


def test_runs_that_never_end_are_bounded_and_recorded(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_OPEN_RUNS", 3)
    handler = recorded.start()
    for number in range(5):
        handler._on_llm_start(
            serialized=None, prompts=[f"q{number}"], run_id=number, parent_run_id=None, invocation_params=None
        )
        handler._on_tool_start(serialized={"name": "T"}, input_str="x", run_id=f"t{number}", parent_run_id=None)
        recorded.chain(f"c{number}")
    assert (len(handler._runs), len(handler._tool_runs), len(handler._chain_spans)) == (3, 3, 3)
    recorded.client.flush()
    assert [parts(each.input) for each in recorded.kept.generations] == [[("user", ["q0"])], [("user", ["q1"])]]
    assert "did not report the end" in recorded.kept.generations[0].metadata["sigil.framework.incomplete"]


def test_graphs_that_never_end_are_bounded(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigil_sdk._framework.graph.MAX_OPEN_RUNS", 3)
    monkeypatch.setattr("sigil_sdk._framework.graph._MAX_LINKS", 8)
    handler = recorded.start(capture_workflow_steps=True)
    for number in range(20):
        recorded.chain(f"root{number}")
        recorded.chain(f"node{number}", f"root{number}")
        recorded.chain(f"inner{number}", f"node{number}")
    assert max(len(getattr(handler, name)) for name in MAPS) <= 8


def test_open_runs_are_recorded_when_their_handler_is_gone_or_the_client_shuts_down(recorded: Recorded) -> None:
    start = {"serialized": None, "parent_run_id": None, "invocation_params": None}
    handler = recorded.start()
    handler._on_llm_start(prompts=["gone"], run_id="r", **start)
    client = recorded.client
    recorded.handler = handler = None
    gc.collect()
    handler = recorded.handler = SigilFrameworkHandlerBase(client=client, framework_name="other")
    recorded.llm("next")
    gone = recorded.kept.generations[0]
    assert parts(gone.input) == [("user", ["gone"])] and "sigil.framework.incomplete" in gone.metadata
    handler._on_llm_start(prompts=["open"], run_id="r", **start)
    client.shutdown(timeout=5.0)
    assert parts(recorded.kept.generations[-1].input) == [("user", ["open"])] and not handler._runs


def test_helpers() -> None:
    assert merge_framework_callback_kwargs({"a": 1}, tags=["t"], metadata={}, run_name=" ") == {
        "a": 1,
        "tags": ["t"],
        "metadata": {},
    }
    assert _extract_tool_output(Object(content=[1])) == [1] and _extract_tool_output({"content": "c"}) == {"content": "c"}
    assert _safe_serializable_dict(None) == {} and _safe_serializable_dict({1: {2}}) == {"1": "{2}"}
    assert _safe_serializable_dict("s") == {"raw": "s"}
    message = Object(model_dump=lambda: {"content": "hi", "name": None, "at": NOW})
    broken = Object(model_dump=lambda: 1 / 0)
    assert _safe_serializable_dict({"messages": [message]}) == {"messages": [{"content": "hi", "at": str(NOW)}]}
    assert _safe_serializable_dict({"broken": broken}) == {"broken": str(broken)}

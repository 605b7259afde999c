"""The base that framework handlers stand on, driven as LangChain and LangGraph drive it."""

from __future__ import annotations

import importlib
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


def handler(s: Stage, client: Any = None, **fields: Any) -> Any:
    base = importlib.import_module("sigil_sdk.framework_handler").SigilFrameworkHandlerBase
    return base(**{"client": client or s.client(), "framework_name": "langchain", **fields})


def reply(text: str = "answer", **fields: Any) -> Any:
    """A result as LangChain gives it."""
    message = SimpleNamespace(content=text, tool_calls=[], usage_metadata=None, response_metadata={}, type="ai", **fields)
    return SimpleNamespace(generations=[[SimpleNamespace(text=text, message=message, generation_info=None)]], llm_output=None)


def run(s: Stage, h: Any, run_id: str, name: str = "", **chat: Any) -> None:
    """One chat call that ends well."""
    given = {
        "serialized": {"name": "ChatOpenAI"},
        "messages": [[{"role": "user", "content": "hi"}]],
        "run_id": run_id,
        "parent_run_id": None,
        "invocation_params": {"model": "gpt-5"},
    }
    s.attempt(f"{name}start", h._on_chat_model_start, **{**given, **chat})
    s.clock.advance(1)
    s.attempt(f"{name}end", h._on_llm_end, response=reply(), run_id=run_id)


@scenario(
    differs={
        "*.metadata.gen_ai.response.time_to_first_chunk": "first token",
        "metrics.1.points.*": "framework clock",
    },
)
def framework_llm(s: Stage) -> None:
    """A plain call: prompts, output, usage, stop reason, first token."""
    h = handler(
        s, agent_name="agent", agent_version="1", extra_tags={"x": "1"}, extra_metadata={"y": 2}, conversation_title="T"
    )
    h._on_llm_start(
        serialized={"id": ["langchain", "llms", "OpenAI"], "kwargs": {"model_name": "gpt-4o"}},
        prompts=["first", "  ", "second"],
        run_id="run-1",
        parent_run_id="parent-1",
        invocation_params={"stream": True, "temperature": 0.5},
        callback_kwargs={
            "metadata": {"conversation_id": "conv", "thread_id": "th"},
            "tags": ["a", "a", 7],
            "run_name": "named",
        },
    )
    h._on_llm_start(serialized={}, prompts=["again"], run_id="run-1", parent_run_id=None, invocation_params={})
    for token in ("  ", "Hel", "lo"):
        s.clock.advance(0.25)
        h._on_llm_new_token(token=token, run_id="run-1")
    response = reply("")
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    response.llm_output = {"token_usage": usage, "model_name": "gpt-4o-x", "finish_reason": "stop"}
    s.clock.advance(1)
    s.attempt("end", h._on_llm_end, response=response, run_id="run-1")
    s.attempt("unknown end", h._on_llm_end, response=response, run_id="run-9")
    s.attempt("unknown error", h._on_llm_error, error=ValueError("x"), run_id="run-9")
    s.attempt("unknown token", h._on_llm_new_token, token="x", run_id="run-9")


@scenario(
    differs={
        "wire.0.body.generations.gen#1.*": "framework messages",
        "spans.0.attributes.*": "framework messages",
        "metrics.1.points.*": "framework messages",
    },
)
def framework_chat(s: Stage) -> None:
    """Messages of every kind, tools, request settings, usage in the message."""
    h = handler(s)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"type": "human", "content": [{"type": "text", "text": "look"}, {"type": "image_url"}, "there"]},
        SimpleNamespace(type="ai", content="", tool_calls=[{"id": "c1", "name": "look", "args": {"q": "ü"}}]),
        SimpleNamespace(type="tool", content="12 degrees", tool_call_id="c1", name="look"),
        {"role": "model", "content": "model says"},
        {"role": "assistant", "content": {"text": "a dict"}},
        {"role": "user", "content": None},
    ]
    tools = [
        {"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"b": 1, "a": 2}}},
        {"name": "bare", "parameters_json_schema": {"type": "object"}},
        {"odd": 1},
    ]
    params = {
        "model": "claude-sonnet-4-5",
        "tools": tools,
        "temperature": 0.25,
        "max_tokens": 50,
        "top_p": 0.5,
        "tool_choice": "auto",
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    h._on_chat_model_start(
        serialized={"kwargs": {"model": "other"}},
        messages=[messages],
        run_id="r",
        parent_run_id=None,
        invocation_params=params,
        callback_kwargs={
            "metadata": {"langgraph_node": "plan", "retry_attempt": 2, "sessionId": "sess", "at": datetime(2026, 1, 1)}
        },
    )
    response = reply("done")
    message = response.generations[0][0].message
    message.tool_calls = [{"id": "c2", "name": "look", "args": {"q": "again"}}]
    message.usage_metadata = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 4, "cache_creation": 1},
        "output_token_details": {"reasoning": 2},
    }
    message.response_metadata = {"model_name": "claude-x", "stop_reason": "tool_use"}
    s.clock.advance(1)
    s.attempt("end", h._on_llm_end, response=response, run_id="r")


@scenario(protocols=HTTP)
def framework_providers(s: Stage) -> None:
    """Which provider a model belongs to, by name, by setting, by function."""
    client = s.client()
    models = [
        "gpt-5",
        "o3-mini",
        "claude-3",
        "gemini-2",
        "mystery",
        "us.anthropic.claude-3-v1:0",
        "meta.llama3-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/eu.mistral.large",
        "",
    ]
    for index, model in enumerate(models):
        run(s, handler(s, client), f"m{index}", f"{index}.", invocation_params={"model": model} if model else {})
    told: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"provider": "Anthropic"}, {}),
        ({"provider": "bedrock"}, {}),
        ({"provider_resolver": lambda model, serialized, params: "mine"}, {"model": "x"}),
        ({"provider_resolver": lambda model, serialized, params: ""}, {"model": "gpt-5"}),
        ({}, {"model": "x", "provider": "openai"}),
        ({}, {"ls_provider": "gemini", "ls_model_name": "ls"}),
    ]
    for index, (fields, params) in enumerate(told):
        run(s, handler(s, client, **fields), f"p{index}", f"p{index}.", invocation_params=params)


@scenario(
    protocols=HTTP,
    differs={
        "spans.7.attributes.*": "framework metadata",
        "wire.0.body.generations.gen#8.*": "framework metadata",
    },
)
def framework_conversations(s: Stage) -> None:
    """From where the conversation is taken."""
    client = s.client()
    for index, kwargs in enumerate(
        (
            None,
            {"conversation_id": "top"},
            {"metadata": {"session_id": "session"}},
            {"metadata": {"groupId": "group"}},
            {"metadata": {"thread_id": "thread"}},
            {"config": {"configurable": {"thread_id": "configured"}}},
            {"config": {"metadata": {"conversationId": "camel"}}},
            {"metadata": {"conversation_id": "  ", "thread_id": 7}},
        )
    ):
        run(s, handler(s, client), f"c{index}", f"{index}.", callback_kwargs=kwargs)


@scenario(
    protocols=HTTP,
    differs={
        "spans.0.attributes.sigil.framework.retry_attempt": "framework metadata",
        "wire.0.body.generations.gen#1.metadata.*": "framework metadata",
    },
)
def framework_metadata(s: Stage) -> None:
    """What of a framework's metadata is kept, and how."""
    circular: dict[str, Any] = {"a": 1}
    circular["self"] = circular
    extra = {
        "deep": {"1": {"2": {"3": {"4": {"5": {"6": 1}}}}}},
        "nan": float("nan"),
        "at": datetime(2026, 1, 2, tzinfo=timezone.utc),
        "circular": circular,
        "object": object(),
        "tuple": (1, "a"),
        "set": {1},
        "bytes": b"x",
        7: "int key",
    }
    h = handler(s, extra_metadata=extra)
    run(s, h, "r", callback_kwargs={"metadata": {"event_id": "ev", "attempt": "3", "__pregel_node": "node"}, "name": "comp"})
    merge = importlib.import_module("sigil_sdk.framework_handler").merge_framework_callback_kwargs
    s.see("merged", merge({"tags": ["a"], "x": 1}, tags=["b"], metadata={"m": 1}, run_name=" "))
    s.see("merged name", merge({}, run_name="n"))


@scenario(
    differs={"wire.0.body.generations.gen#1.input": "framework messages"},
)
def framework_errors(s: Stage) -> None:
    """Failing calls, a record that does not validate, hidden inputs and outputs."""
    client = s.client()
    h = handler(s, client)
    h._on_llm_start(serialized={}, prompts=["x"], run_id="e", parent_run_id=None, invocation_params={"model": "gpt-5"})
    s.attempt("error", h._on_llm_error, error=RuntimeError("HTTP 429"), run_id="e")
    s.attempt("error again", h._on_llm_error, error=RuntimeError("HTTP 429"), run_id="e")
    run(s, handler(s, client, capture_inputs=False, capture_outputs=False), "h", "hidden.")
    full = s.client(export={"queue_size": 1, "batch_size": 10})
    run(s, handler(s, full), "q1", "first.")
    run(s, handler(s, full), "q2", "full.")


@scenario(
    protocols=HTTP,
    differs={
        "spans.0.attributes.gen_ai.tool.call.id": "framework tools",
        "spans.2.attributes.gen_ai.tool.call.arguments": "framework tools",
    },
)
def framework_tools(s: Stage) -> None:
    """Tools as tool executions."""
    h = handler(s, agent_name="agent")
    modes = s.sdk.ContentCaptureMode
    h = handler(s, s.client(content_capture=modes.FULL), agent_name="agent")
    calls: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
        ({"name": "look", "description": "Looks"}, {"inputs": {"q": 1}, "tool_call_id": "c1"}),
        (None, {"name": "named"}),
        ({}, None),
    ]
    for index, (serialized, kwargs) in enumerate(calls):
        h._on_tool_start(
            serialized=serialized, input_str=" q=1 ", run_id=f"t{index}", parent_run_id="p", callback_kwargs=kwargs
        )
    s.clock.advance(0.5)
    s.attempt("end", h._on_tool_end, output=SimpleNamespace(content={"a": 1}), run_id="t0")
    s.attempt("text", h._on_tool_end, output="text", run_id="t1")
    s.attempt("error", h._on_tool_error, error=ValueError("HTTP 500"), run_id="t2")
    s.attempt("unknown", h._on_tool_end, output="x", run_id="t9")
    extract = importlib.import_module("sigil_sdk.framework_handler")._extract_tool_output
    s.see("extracted", [extract("x"), extract(SimpleNamespace(content="y")), extract(None), extract({"content": 1})])


@scenario(
    protocols=HTTP,
    differs={
        "spans.*.start": "framework clock",
        "spans.*.end": "framework clock",
        "spans.*.name": "framework names",
        "spans.*.attributes.sigil.framework.component_name": "framework names",
    },
)
def framework_chains(s: Stage) -> None:
    """Chains and retrievers as spans."""
    h = handler(s)
    h._on_chain_start(serialized={"name": "Agent"}, run_id="c1", parent_run_id=None, callback_kwargs={"tags": ["t"]})
    h._on_chain_start(serialized={}, run_id="c2", parent_run_id="c1", run_type="tool", callback_kwargs={"name": "n"})
    h._on_retriever_start(serialized={"name": "Vectors"}, run_id="r1", parent_run_id="c1")
    h._on_retriever_start(serialized=None, run_id="r2", parent_run_id=None)
    s.attempt("retriever", h._on_retriever_end, run_id="r1")
    s.attempt("retriever error", h._on_retriever_error, error=RuntimeError("secret"), run_id="r2")
    s.attempt("chain error", h._on_chain_error, error=ValueError("broke"), run_id="c2")
    s.attempt("chain", h._on_chain_end, run_id="c1")
    s.attempt("again", h._on_chain_end, run_id="c1")


@scenario(
    differs={"wire.1.body.workflow_steps.*ed_at": "framework clock"},
)
def framework_workflow(s: Stage) -> None:
    """A graph: steps, their states, links to generations and to one another."""
    h = handler(s, framework_name="langgraph", capture_workflow_steps=True, extra_tags={"x": "1"}, agent_name="agent")
    h._on_chain_start(
        serialized={"name": "Graph"},
        run_id="g",
        parent_run_id=None,
        callback_kwargs={"metadata": {"thread_id": "th"}},
        inputs={},
    )
    for node in ("plan", "act"):
        kwargs = {"metadata": {"langgraph_node": node, "thread_id": "th"}}
        h._on_chain_start(serialized={}, run_id=node, parent_run_id="g", callback_kwargs=kwargs, inputs={"in": node, "o": {1}})
        h._on_chain_start(serialized={}, run_id=f"deep-{node}", parent_run_id=node, inputs="x")
        run(s, h, f"llm-{node}", f"{node}.", parent_run_id=f"deep-{node}")
        s.attempt(f"deep {node}", h._on_chain_end, run_id=f"deep-{node}", outputs=1)
        s.clock.advance(1)
        if node == "plan":
            s.attempt(node, h._on_chain_end, run_id=node, outputs=["not", "a dict"])
        else:
            s.attempt(node, h._on_chain_error, error=ValueError("broke 500"), run_id=node)
    s.attempt("root", h._on_chain_end, run_id="g", outputs={})
    maps = ("_runs", "_tool_runs", "_chain_spans", "_workflow_step_runs", "_run_to_graph_key")
    s.see("left", {name: len(getattr(h, name)) for name in maps})

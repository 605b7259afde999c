"""A LangGraph graph of three nodes, the middle one asking a model through a tool: two turns of a thread, and one that fails."""

from __future__ import annotations

from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import END, StateGraph
from recording import PROVIDER, client, finish
from sigil_sdk_langgraph import SigilLangGraphHandler


class State(TypedDict):
    question: str
    answer: str


llm = ChatOpenAI(model="gpt-4o-mini", base_url=PROVIDER, api_key="not-used", max_retries=0)


@tool
def look_up(question: str, config: RunnableConfig) -> str:
    """Asks another model."""
    return str(llm.invoke(f"Look up: {question}", config=config).content)


def plan(state: State, config: RunnableConfig) -> State:
    return {"question": state["question"], "answer": str(llm.invoke(state["question"], config=config).content)}


def research(state: State, config: RunnableConfig) -> State:
    return {**state, "answer": look_up.invoke({"question": state["question"]}, config=config)}


def write(state: State, config: RunnableConfig) -> State:
    if state["question"] == "fail":
        raise RuntimeError("the writer broke")
    return {**state, "answer": state["answer"].upper()}


workflow = StateGraph(State)
for name, node in (("plan", plan), ("research", research), ("write", write)):
    workflow.add_node(name, node)
workflow.set_entry_point("plan")
workflow.add_edge("plan", "research")
workflow.add_edge("research", "write")
workflow.add_edge("write", END)
graph = workflow.compile(checkpointer=MemorySaver())

handler = SigilLangGraphHandler(
    client=client, agent_name="pipeline", conversation_title="My run", capture_workflow_steps=True
)


def run(question: str, thread: str) -> None:
    graph.invoke({"question": question, "answer": ""}, config={"callbacks": [handler], "configurable": {"thread_id": thread}})


run("Why is it slow?", "thread-1")
run("And now?", "thread-1")
try:
    run("fail", "thread-2")
except RuntimeError as error:
    failure = str(error)
remembered = [
    name
    for name in ("_runs", "_tool_runs", "_chain_spans", "_workflow_step_runs", "_run_to_graph_key", "_graph_root_run_keys")
    if getattr(handler, name)
]
finish(failure=failure, remembered=remembered)

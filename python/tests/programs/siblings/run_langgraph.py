"""LangGraph: a graph of three nodes, the middle one asking a model through a tool, two turns of a thread, one that fails; and
three runs at the same time of a graph whose branches run at the same time.
"""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, TypedDict

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import END, START, StateGraph
from recording import PROVIDER, client, finish
from sigil_sdk_langgraph import SigilAsyncLangGraphHandler, SigilLangGraphHandler


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


class Gathered(TypedDict):
    answers: Annotated[list, operator.add]


async def branch(_state: Gathered, config: RunnableConfig) -> Gathered:
    return {"answers": [(await llm.ainvoke("Hi", config=config)).content]}


branches = StateGraph(Gathered)
for name in ("left", "middle", "right"):
    branches.add_node(name, branch)
    branches.add_edge(START, name)
    branches.add_edge(name, END)
gathering = branches.compile()
together = SigilAsyncLangGraphHandler(client=client, agent_name="together", capture_workflow_steps=True)


async def all_at_once() -> None:
    await asyncio.gather(*(gathering.ainvoke({"answers": []}, config={"callbacks": [together]}) for _ in range(3)))


asyncio.run(all_at_once())
remembered = [
    name
    for each in (handler, together)
    for name in ("_runs", "_tool_runs", "_chain_spans", "_workflow_step_runs", "_run_to_graph_key", "_graph_root_run_keys")
    if getattr(each, name)
]
finish(failure=failure, remembered=remembered)

"""Every way to run LangChain that is installed, each with a callback and a run of its own: `run_id` is the scenario's name.

Prints JSON: by scenario, what the callback still remembers after it (nothing) and what the program saw.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Callable, Dict, Iterator, List, Optional

from langchain_core.callbacks import CallbackManagerForLLMRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

import insidellm
from insidellm import InsideLLMCallback

client = insidellm.InsideLLMClient(api_key="any", base_url=os.environ["SERVER"])
USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


class Scripted(BaseChatModel):
    """A chat model that says what it is told to, as OpenAI's says it."""

    replies: List[Any]
    model_name: str = "gpt-4o-mini"
    said: List[int] = []

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    @property
    def _identifying_params(self) -> Dict[str, Any]:
        return {"model_name": self.model_name, "temperature": 0.5, "openai_api_key": "sk-secret"}

    def _get_ls_params(self, stop: Optional[List[str]] = None, **kwargs: Any) -> Any:
        return {"ls_provider": "openai", "ls_model_name": self.model_name, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _next(self) -> Any:
        reply = self.replies[len(self.said) % len(self.replies)]
        self.said.append(1)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _generate(
        self,
        messages: List[BaseMessage],
        stop: Optional[List[str]] = None,
        run_manager: Optional[CallbackManagerForLLMRun] = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._next()
        message = reply if isinstance(reply, AIMessage) else AIMessage(content=reply)
        about = {"finish_reason": "stop", "model_name": "gpt-4o-mini-2024-07-18"}
        message = AIMessage(
            content=message.content, tool_calls=message.tool_calls, usage_metadata=USAGE, response_metadata=about
        )
        return ChatResult(generations=[ChatGeneration(message=message)], llm_output={"token_usage": dict(USAGE)})

    def _stream(
        self,
        messages: List[BaseMessage],
        stop: Optional[List[str]] = None,
        run_manager: Optional[CallbackManagerForLLMRun] = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for index, word in enumerate(str(self._next()).split(" ")):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word if index == 0 else f" {word}"))
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


class Library(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> List[Document]:
        if query == "broken":
            raise RuntimeError("no index")
        return [Document(page_content="Paris is in France.", metadata={"source": "atlas"})]


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies."""
    return a * b


@tool
def fail(a: int) -> int:
    """Fails."""
    raise ValueError(f"cannot {a}")


def tool_call(name: str, arguments: Dict[str, Any]) -> AIMessage:
    return AIMessage(content="", tool_calls=[{"name": name, "args": arguments, "id": "call_1"}])


def chat(callback: InsideLLMCallback) -> Any:
    model = Scripted(replies=["Hello!"], callbacks=[callback])
    # The callback is given twice, as programs do.
    config = {"callbacks": [callback], "tags": ["one", "two"], "metadata": {"list": [1], "dict": {"a": 1}, "plan": "pro"}}
    return model.invoke([SystemMessage(content="Be brief."), HumanMessage(content="Hi")], config=config).content


def stream(callback: InsideLLMCallback) -> Any:
    model = Scripted(replies=["one two three"])
    return "".join(chunk.content for chunk in model.stream("Count", config={"callbacks": [callback]}))


def lcel(callback: InsideLLMCallback) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "You know {subject}."), ("human", "{question}")])
    chain = prompt | Scripted(replies=["Paris"]) | StrOutputParser()
    return chain.invoke({"subject": "maps", "question": "Capital of France?"}, config={"callbacks": [callback]})


def parallel(callback: InsideLLMCallback) -> Any:
    prompt = ChatPromptTemplate.from_template("{question}")
    branches = {name: prompt | Scripted(replies=[name]) | StrOutputParser() for name in ("left", "right")}
    answers = RunnableParallel(**branches).batch(
        [{"question": "first?"}, {"question": "second?"}], config={"callbacks": [callback]}
    )
    return [sorted(answer) for answer in answers]


def retrieval(callback: InsideLLMCallback) -> Any:
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    chain = (
        {"context": Library(), "question": RunnableLambda(lambda question: question)}
        | prompt
        | Scripted(replies=["In France."])
        | StrOutputParser()
    )
    return chain.invoke("Where is Paris?", config={"callbacks": [callback]})


def broken_retriever(callback: InsideLLMCallback) -> Any:
    return raised(lambda: Library().invoke("broken", config={"callbacks": [callback]}))


def tools(callback: InsideLLMCallback) -> Any:
    found = multiply.invoke({"a": 6, "b": 7}, config={"callbacks": [callback]})
    return [found, raised(lambda: fail.invoke({"a": 1}, config={"callbacks": [callback]}))]


def broken_model(callback: InsideLLMCallback) -> Any:
    chain = ChatPromptTemplate.from_template("{question}") | Scripted(replies=[RuntimeError("overloaded")])
    return raised(lambda: chain.invoke({"question": "Hi"}, config={"callbacks": [callback]}))


def broken_chain(callback: InsideLLMCallback) -> Any:
    def check(text: str) -> str:
        raise KeyError("no such answer")

    chain = Scripted(replies=["?"]) | StrOutputParser() | RunnableLambda(check)
    return raised(lambda: chain.invoke("Hi", config={"callbacks": [callback]}))


def retried(callback: InsideLLMCallback) -> Any:
    model = Scripted(replies=[RuntimeError("overloaded"), "Now."])
    patient = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return patient.invoke("Hi", config={"callbacks": [callback]}).content


def in_a_loop(callback: InsideLLMCallback) -> Any:
    async def one(number: int) -> str:
        chain = ChatPromptTemplate.from_template("{question}") | Scripted(replies=[f"answer {number}"])
        return (await chain.ainvoke({"question": f"question {number}"}, config={"callbacks": [callback]})).content

    async def streamed() -> str:
        model = Scripted(replies=["a b c"])
        return "".join([chunk.content async for chunk in model.astream("Spell", config={"callbacks": [callback]})])

    async def all_of_them() -> List[str]:
        return list(await asyncio.gather(*(one(number) for number in range(5)), streamed()))

    return asyncio.run(all_of_them())


def classic_agent(callback: InsideLLMCallback) -> Any:
    try:
        from langchain_classic.agents import AgentType, Tool, initialize_agent
    except ImportError:
        from langchain.agents import AgentType, Tool, initialize_agent
    from langchain_core.language_models import FakeListLLM

    model = FakeListLLM(
        responses=["Thought: look\nAction: search\nAction Input: weather", "I know now.\nFinal Answer: It is sunny."],
        callbacks=[callback],
    )
    search = Tool(name="search", func=lambda query: f"sunny ({query})", description="Looks things up.")
    agent = initialize_agent([search], model, agent=AgentType.ZERO_SHOT_REACT_DESCRIPTION, callbacks=[callback])
    return agent.run("What's the weather like today?")


def graph_agent(callback: InsideLLMCallback) -> Any:
    model = Scripted(replies=[tool_call("multiply", {"a": 6, "b": 7}), "It is 42."])
    agent = react_agent(model, [multiply])
    asked = {"messages": [HumanMessage(content="What is 6 times 7?")]}
    config = {"callbacks": [callback], "configurable": {"thread_id": "thread-1"}}
    return agent.invoke(asked, config=config)["messages"][-1].content


def graph_agent_async(callback: InsideLLMCallback) -> Any:
    model = Scripted(replies=[tool_call("multiply", {"a": 2, "b": 3}), "It is 6."])
    agent = react_agent(model, [multiply])
    asked = {"messages": [("user", "What is 2 times 3?")]}
    return asyncio.run(agent.ainvoke(asked, config={"callbacks": [callback]}))["messages"][-1].content


def graph_interrupted(callback: InsideLLMCallback) -> Any:
    """A tool asks a person first; the answer comes with the second call."""
    from langgraph.checkpoint.memory import MemorySaver
    from langgraph.types import Command, interrupt

    @tool
    def send_mail(to: str) -> str:
        """Sends a mail."""
        return f"sent to {to}: {interrupt('Really?')}"

    model = Scripted(replies=[tool_call("send_mail", {"to": "Ann"}), "It is sent."])
    agent = react_agent(model, [send_mail], checkpointer=MemorySaver())
    config = {"callbacks": [callback], "configurable": {"thread_id": "thread-2"}}
    agent.invoke({"messages": [("user", "Mail Ann.")]}, config=config)
    return agent.invoke(Command(resume="Yes."), config=config)["messages"][-1].content


def graph_cancelled(callback: InsideLLMCallback) -> Any:
    """Two requests that run out of time: while the model thinks, and while a tool works."""

    class Thinks(Scripted):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            return await forever()

    @tool
    async def dig(depth: int) -> str:
        """Digs."""
        return await forever()

    waiting = asyncio.Event()

    async def forever() -> Any:
        waiting.set()
        await asyncio.Event().wait()

    async def ask(agent: Any, question: str) -> str:
        waiting.clear()
        asked = {"messages": [("user", question)]}
        task = asyncio.ensure_future(agent.ainvoke(asked, config={"callbacks": [callback]}))
        await waiting.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "answered"

    async def both() -> List[str]:
        digs = react_agent(Scripted(replies=[tool_call("dig", {"depth": 3})]), [dig])
        return [await ask(react_agent(Thinks(replies=[]), []), "Why?"), await ask(digs, "Deeper?")]

    return asyncio.run(both())


def react_agent(model: Any, of_tools: List[Any], **about: Any) -> Any:
    try:
        from langchain.agents import create_agent
    except ImportError:
        from langgraph.prebuilt import create_react_agent as create_agent
    return create_agent(model, of_tools, **about)


def raised(action: Callable[[], Any]) -> str:
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def main() -> None:
    scenarios = [
        chat, stream, lcel, parallel, retrieval, broken_retriever, tools, broken_model, broken_chain, retried, in_a_loop,
        classic_agent,
    ]  # fmt: skip
    if os.environ.get("GRAPHS"):
        scenarios += [graph_agent, graph_agent_async, graph_interrupted, graph_cancelled]
    told = {}
    for scenario in scenarios:
        callback = InsideLLMCallback(client=client, user_id="user-123", run_id=scenario.__name__, metadata={"team": "qa"})
        answer = scenario(callback)
        told[scenario.__name__] = {"answer": answer, "remembered": len(callback._runs)}
    client.shutdown(10.0)
    print(json.dumps({"scenarios": told, "statistics": client.queue_manager.get_statistics()}))


if __name__ == "__main__":
    main()

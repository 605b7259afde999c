"""LangChain with OpenAI's models: a call, a stream, a tool that the model asks for, a chain, a failure, and in parallel."""

from __future__ import annotations

import asyncio

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from recording import PROVIDER, client, finish
from sigil_sdk_langchain import SigilLangChainHandler, with_sigil_langchain_callbacks


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def config(conversation: str) -> dict:
    made = with_sigil_langchain_callbacks(None, client=client, agent_name="forecaster", agent_version="1.2.3")
    return {**made, "metadata": {"conversation_id": conversation}, "tags": ["qa"]}


def model(part: str, **kwargs) -> ChatOpenAI:
    settings = {"model": "gpt-4o-mini", "temperature": 0.5, "api_key": "not-used", "max_retries": 0, **kwargs}
    return ChatOpenAI(base_url=PROVIDER.replace("/v1", f"/{part}/v1"), **settings)


model("plain").invoke([SystemMessage("Be brief."), HumanMessage("Hi")], config=config("plain"))

for _ in model("stream", stream_usage=True).stream("Count", config=config("stream")):
    pass

tools = model("tools").bind_tools([weather])
asked = HumanMessage("Weather in Oslo?")
call = tools.invoke([asked], config=config("tools"))
result = weather.invoke(call.tool_calls[0], config=config("tools"))
assert isinstance(result, ToolMessage)
tools.invoke([asked, call, result], config=config("tools"))

chain = ChatPromptTemplate.from_template("Say {word}") | model("chain") | StrOutputParser()
chain.invoke({"word": "hello"}, config=config("chain"))

try:
    model("failure").invoke("Hi", config=config("failure"))
except Exception as error:
    failure = type(error).__name__


async def in_parallel() -> None:
    handler = SigilLangChainHandler(client=client)
    calls = (
        model("parallel").ainvoke(f"question {n}", config={"callbacks": [handler], "metadata": {"thread_id": "parallel"}})
        for n in range(5)
    )
    await asyncio.gather(*calls)
    assert not handler._runs


asyncio.run(in_parallel())
finish(failure=failure)

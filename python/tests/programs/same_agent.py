"""One small agent, written with each of the ways to tell of it: $WAY. It asks about each of $CITIES and prints its
answers. A run is called as its city is.

A question, a call of the model that wants a tool, the tool, a streamed call of the model, the answer.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Dict, Iterator, List

MODEL = "gpt-4o-mini"
USER = "user-123"
FORECAST = {
    "type": "function",
    "function": {
        "name": "forecast",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
Messages = List[Dict[str, Any]]


def question(city: str) -> str:
    return f"How is {city}?"


def forecast(city: str) -> str:
    """The weather of a city."""
    if city == "Atlantis":
        raise ValueError("no such city")
    return f"sunny in {city}"


def agent(
    asked: str, ask: Callable[[Messages], Any], use: Callable[[str], str], stream: Callable[[Messages], str]
) -> str:
    """The agent by itself: `ask` returns the model's message, which wants the tool; `stream` returns the final text."""
    messages: Messages = [{"role": "user", "content": asked}]
    wanted = ask(messages).tool_calls[0]
    function = {"name": wanted.function.name, "arguments": wanted.function.arguments}
    call = {"id": wanted.id, "type": "function", "function": function}
    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
    try:
        result = use(json.loads(wanted.function.arguments)["city"])
    except ValueError as error:
        result = str(error)
    messages.append({"role": "tool", "tool_call_id": wanted.id, "content": result})
    return stream(messages)


def tracker(about: str) -> str:
    import insidellm

    model = openai_model()
    client = insidellm.InsideLLMClient(api_key="any")
    with client, insidellm.InsideLLMTracker(client=client, run_id=about, user_id=USER) as tracker:
        tracker.log_user_input(question(about))

        def ask(messages: Messages) -> Any:
            with tracker.track_llm_call(MODEL, "openai", question(about), messages=messages[:]) as log_response:
                reply = model.create(model=MODEL, messages=messages, tools=[FORECAST])
                message = reply.choices[0].message
                calls = [call.model_dump() for call in message.tool_calls]
                log_response(message.content or "", usage=reply.usage.model_dump(), tool_calls=calls)
            return message

        def use(city: str) -> str:
            with tracker.track_tool_call("forecast", {"city": city}) as log_response:
                result = forecast(city)
                log_response(result)
            return result

        def stream(messages: Messages) -> str:
            with tracker.track_llm_call(MODEL, "openai", question(about), messages=messages[:]) as log_response:
                text, usage = "", None
                for chunk in streamed(model, messages):
                    usage = chunk.usage or usage
                    piece = chunk.choices[0].delta.content or "" if chunk.choices else ""
                    if piece and not text:
                        first = {"model_name": MODEL, "provider": "openai", "chunk_text": piece, "chunk_index": 0}
                        tracker.log(insidellm.EventType.LLM_STREAMING_CHUNK, first)
                    text += piece
                log_response(text, usage=usage.model_dump())
            return text

        answer = agent(question(about), ask, use, stream)
        tracker.log_agent_response(answer)
    return answer


def decorators(about: str) -> str:
    import insidellm

    model = openai_model()
    insidellm.initialize(api_key="any")
    insidellm.start_run(run_id=about, user_id=USER)
    insidellm.log_event(insidellm.Event.create_user_input(about, USER, question(about)))

    @insidellm.track_llm_call(MODEL, "openai")
    def ask(messages: Messages) -> Any:
        return model.create(model=MODEL, messages=messages, tools=[FORECAST])

    @insidellm.track_llm_call(MODEL, "openai")
    def stream(messages: Messages) -> Iterator[Any]:
        yield from streamed(model, messages)

    @insidellm.track_tool_use("forecast")
    def use(city: str) -> str:
        return forecast(city)

    def text_of_stream(messages: Messages) -> str:
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream(messages) if chunk.choices)

    answer = agent(question(about), lambda messages: ask(messages).choices[0].message, use, text_of_stream)
    response = {"response_text": answer, "response_type": "text"}
    event = {"run_id": about, "user_id": USER, "event_type": "agent_response", "payload": response}
    insidellm.log_event(insidellm.Event(**event))
    insidellm.end_run(about)
    insidellm.shutdown()
    return answer


def langchain(about: str) -> str:
    from langchain.agents import create_agent
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    from insidellm import InsideLLMCallback, InsideLLMClient

    @tool("forecast")
    def wrapped(city: str) -> str:
        """The weather of a city."""
        return forecast(city)

    wrapped.handle_tool_error = True
    with InsideLLMClient(api_key="any") as client:
        callback = InsideLLMCallback(client=client, user_id=USER, run_id=about)
        model = ChatOpenAI(model=MODEL, base_url=os.environ["PROVIDER"], streaming=True, stream_usage=True, max_retries=0)
        agent_graph = create_agent(model, [wrapped], middleware=[_failures_are_told_to_the_model()])
        asked = {"messages": [("user", question(about))]}
        return str(agent_graph.invoke(asked, config={"callbacks": [callback]})["messages"][-1].content)


def _failures_are_told_to_the_model() -> Any:
    from langchain.agents.middleware import wrap_tool_call
    from langchain_core.messages import ToolMessage

    @wrap_tool_call
    def tell(request: Any, handler: Any) -> Any:
        try:
            return handler(request)
        except ValueError as error:
            return ToolMessage(content=str(error), tool_call_id=request.tool_call["id"], status="error")

    return tell


def crewai(about: str) -> str:
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    from insidellm import CrewAIInsideLLMCallbackHandler, InsideLLMClient

    @tool("forecast")
    def wrapped(city: str) -> str:
        """The weather of a city."""
        return forecast(city)

    with InsideLLMClient(api_key="any") as client:
        handler = CrewAIInsideLLMCallbackHandler(client=client, user_id=USER, run_id=about)
        model = LLM(model=MODEL, base_url=os.environ["PROVIDER"], api_key="any", is_litellm=False, stream=True)
        settings = {"goal": "Tell the weather", "backstory": "Old", "max_retry_limit": 0}
        reporter = Agent(role="Reporter", llm=model, tools=[wrapped], **settings)
        task = Task(name="report", description="How is {city}?", expected_output="A sentence", agent=reporter)
        answer = Crew(agents=[reporter], tasks=[task]).kickoff(inputs={"city": about}).raw
        handler.close()
    return str(answer)


def litellm(about: str) -> str:
    """LiteLLM knows of the calls of the model; the tracker tells the rest."""
    import insidellm

    client = insidellm.InsideLLMClient(api_key="any")
    with client, insidellm.InsideLLMTracker(client=client, run_id=about, user_id=USER) as tracker:
        handler = insidellm.CrewAIInsideLLMCallbackHandler(client=client, user_id=USER, run_id=about)
        tracker.log_user_input(question(about))

        def use(city: str) -> str:
            with tracker.track_tool_call("forecast", {"city": city}) as log_response:
                result = forecast(city)
                log_response(result)
            return result

        answer = agent(question(about), *litellm_calls(use=use))
        tracker.log_agent_response(answer)
        handler.close()
    return answer


def sigil(about: str) -> str:
    """As `litellm`, told in Sigil's terms."""
    import litellm

    import sigil_sdk
    from sigil_sdk_litellm import SigilLiteLLMLogger

    client = sigil_sdk.Client()
    litellm.callbacks = [SigilLiteLLMLogger(client=client, conversation_id=about)]

    def use(city: str) -> str:
        step: Any = {"id": f"step-{about}", "conversation_id": about, "step_name": "forecast", "input_state": {"city": city}}
        try:
            result = forecast(city)
        except ValueError as error:
            client.enqueue_workflow_step(sigil_sdk.WorkflowStep(**step, error=str(error)))
            raise
        client.enqueue_workflow_step(sigil_sdk.WorkflowStep(**step, output_state={"result": result}))
        return result

    answer = agent(question(about), *litellm_calls(use=use))
    client.shutdown()
    return answer


def litellm_calls(use: Callable[[str], str]) -> Any:
    """`ask`, `use` and `stream` for `agent`."""
    import litellm

    about: Dict[str, Any] = {"model": f"openai/{MODEL}", "api_base": os.environ["PROVIDER"], "user": USER}

    def ask(messages: Messages) -> Any:
        return litellm.completion(**about, messages=messages[:], tools=[FORECAST]).choices[0].message

    def stream(messages: Messages) -> str:
        chunks = litellm.completion(**about, messages=messages[:], stream=True, stream_options={"include_usage": True})
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    return ask, use, stream


def openai_model() -> Any:
    import openai

    return openai.OpenAI(base_url=os.environ["PROVIDER"]).chat.completions


def streamed(model: Any, messages: Messages) -> Any:
    return model.create(model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True})


if __name__ == "__main__":
    for city in os.environ["CITIES"].split():
        print(globals()[os.environ["WAY"]](city))

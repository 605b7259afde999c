"""A support agent recorded with insidellm: user input, a plan, LLM calls with tool use, a tool that fails, the answer and the
user's feedback. The model and the tools are functions of this file: no network is needed but the server's.

    INSIDELLM_BASE_URL   where the events go (http://127.0.0.1:8080)
    INSIDELLM_API_KEY    the key, if the server asks for one
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

import insidellm
from insidellm import Event, EventType

BASE_URL = os.environ.get("INSIDELLM_BASE_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("INSIDELLM_API_KEY", "local")
USER_ID = "user-123"
MODEL = "gpt-4o"
PROVIDER = "openai"
SYSTEM_MESSAGE = "You are the support agent of a book shop."

Message = Dict[str, Any]


def fake_model(messages: List[Message]) -> Dict[str, Any]:
    """Stands for a provider: the reply to the last message, its tokens and its price in US dollars."""
    replies = {
        "user": "I will look up order 1007.",
        "tool": "Your order 1007 was sent on Friday; the carrier cannot say more at the moment.",
    }
    prompt_tokens = sum(len(message["content"].split()) for message in messages)
    text = replies[messages[-1]["role"]]
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(text.split())}
    usage["total_tokens"] = sum(usage.values())
    return {"text": text, "usage": usage, "cost": usage["total_tokens"] * 1e-5}


@insidellm.track_tool_use("order_lookup", "database")
def look_up_order(order_id: str) -> Dict[str, Any]:
    """A tool that works."""
    return {"order_id": order_id, "status": "sent", "sent_on": "2026-11-20"}


@insidellm.track_tool_use("carrier_status", "api")
def ask_carrier(order_id: str) -> str:
    """A tool that fails."""
    raise TimeoutError(f"the carrier did not answer for order {order_id}")


@insidellm.track_agent_step("planning")
def plan(question: str) -> List[str]:
    """A step of thought."""
    return ["look up the order", "ask the carrier", "answer"]


def call_model(tracker: insidellm.InsideLLMTracker, messages: List[Message]) -> str:
    """One LLM call, with its messages, usage and cost recorded."""
    request = {"messages": [dict(message) for message in messages], "system_message": SYSTEM_MESSAGE}
    request["parameters"] = {"temperature": 0.2}
    with tracker.track_llm_call(MODEL, PROVIDER, messages[-1]["content"], **request) as log_response:
        reply = fake_model(messages)
        log_response(reply["text"], usage=reply["usage"], cost=reply["cost"], finish_reason="stop")
    messages.append({"role": "assistant", "content": reply["text"]})
    return str(reply["text"])


def run_agent(client: insidellm.InsideLLMClient) -> str:
    """Answers one question. Returns the run's id."""
    question = "Where is my order 1007?"
    messages: List[Message] = [{"role": "user", "content": question}]
    with insidellm.InsideLLMTracker(client, user_id=USER_ID, metadata={"agent": "book-shop-support"}) as tracker:
        input_id = tracker.log_user_input(question, channel="web")
        plan(question)
        call_model(tracker, messages)
        order = look_up_order("1007")
        try:
            ask_carrier("1007")
        except TimeoutError as error:
            tracker.log_error("carrier_timeout", str(error), type(error).__name__, severity="warning")
        messages.append({"role": "tool", "content": json.dumps(order)})
        answer = call_model(tracker, messages)
        response_id = tracker.log_agent_response(answer, parent_event_id=input_id, response_confidence=0.9)
        tracker.log_performance_metric("answer_words", len(answer.split()), "words")
        client.log_event(
            Event(
                event_type=EventType.USER_FEEDBACK,
                run_id=tracker.run_id,
                user_id=USER_ID,
                parent_event_id=response_id,
                payload={"feedback_type": "rating", "feedback_value": 5, "target_event_id": response_id},
            )
        )
    print(" user    ", question)
    print(" agent   ", answer)
    return tracker.run_id


def main() -> None:
    """Runs the agent and prints what was sent."""
    client = insidellm.initialize(api_key=API_KEY, base_url=BASE_URL)
    run_id = run_agent(client)
    insidellm.shutdown(timeout=10.0)
    statistics = client.queue_manager.get_statistics()
    print(f"run {run_id}")
    print(f"sent {statistics['events_sent']} of {statistics['events_queued']} events to {BASE_URL}")
    if statistics["events_sent"] != statistics["events_queued"]:
        raise SystemExit(f"not everything was delivered: {statistics}")


if __name__ == "__main__":
    main()

"""A crew of one that answers a customer, recorded with insidellm.

    pip install 'insidellm[crewai]'

    INSIDELLM_BASE_URL   where the events go (http://127.0.0.1:8080)
    INSIDELLM_API_KEY    the key, if the server asks for one
    OPENAI_API_KEY       of the provider; OPENAI_BASE_URL for one that speaks the same
"""

from __future__ import annotations

import os

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool

import insidellm

BASE_URL = os.environ.get("INSIDELLM_BASE_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("INSIDELLM_API_KEY", "local")


@tool("order_status")
def order_status(order_id: str) -> str:
    """Where an order is."""
    return f"order {order_id} was sent on Friday"


def main() -> None:
    """Runs the crew and says what was sent."""
    client = insidellm.initialize(api_key=API_KEY, base_url=BASE_URL)
    handler = insidellm.CrewAIInsideLLMCallbackHandler(client=client, user_id="user-123", metadata={"shop": "books"})
    support = Agent(
        role="Support",
        goal="Answer customers",
        backstory="Knows every order",
        tools=[order_status],
        llm=LLM(model="gpt-4o-mini"),
    )
    answer = Task(description="Where is my order {order}?", expected_output="One sentence", agent=support)
    print(Crew(agents=[support], tasks=[answer]).kickoff(inputs={"order": "1007"}))

    handler.close()
    insidellm.shutdown(timeout=10.0)
    statistics = client.queue_manager.get_statistics()
    print(f"run {handler.run_id}: sent {statistics['events_sent']} of {statistics['events_queued']} events to {BASE_URL}")


if __name__ == "__main__":
    main()

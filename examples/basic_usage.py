"""The least of insidellm: a run with a question, a call of a model and the answer. No network is needed but the server's.

    INSIDELLM_BASE_URL   where the events go (http://127.0.0.1:8080)
    INSIDELLM_API_KEY    the key, if the server asks for one
"""

from __future__ import annotations

import os

import insidellm

BASE_URL = os.environ.get("INSIDELLM_BASE_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("INSIDELLM_API_KEY", "local")


def main() -> None:
    """Logs each event by hand and says what was sent."""
    client = insidellm.initialize(api_key=API_KEY, base_url=BASE_URL)
    run_id = client.start_run(user_id="user-123", metadata={"plan": "pro"})

    asked = insidellm.Event.create_user_input(run_id, "user-123", "What is the capital of France?")
    client.log_event(asked)
    request = insidellm.Event.create_llm_request(
        run_id, "user-123", "gpt-4o", "openai", "What is the capital of France?", parent_event_id=asked.event_id
    )
    client.log_event(request)
    response = insidellm.Event.create_llm_response(
        run_id,
        "user-123",
        "gpt-4o",
        "openai",
        "Paris",
        parent_event_id=request.event_id,
        usage={"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        finish_reason="stop",
    )
    client.log_event(response)
    client.log_event(
        insidellm.Event(
            event_type=insidellm.EventType.AGENT_RESPONSE,
            parent_event_id=asked.event_id,
            payload={"response_text": "Paris", "response_type": "text"},
        )
    )

    client.end_run(run_id)
    insidellm.shutdown(timeout=10.0)
    statistics = client.queue_manager.get_statistics()
    print(f"run {run_id}: sent {statistics['events_sent']} of {statistics['events_queued']} events to {BASE_URL}")


if __name__ == "__main__":
    main()

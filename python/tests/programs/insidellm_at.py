"""The InsideLLM Quick Start against a given address, in terms that the original and ours both understand."""

import os

import insidellm

insidellm.initialize(api_key="your-api-key", base_url=os.environ["SERVER"], auto_flush_interval=0.1)
client = insidellm.get_client()
run_id = client.start_run(run_id="8c9e3a52-5a37-4f63-9c38-0d7a1c5f9a11", user_id="user-123", metadata={"plan": "pro"})

client.log_event(insidellm.Event.create_user_input(run_id=run_id, user_id="user-123", input_text="What is 2+2?"))
request = insidellm.Event.create_llm_request(
    run_id=run_id,
    user_id="user-123",
    model_name="gpt-4o-mini",
    provider="openai",
    prompt="What is 2+2?",
    parameters={"temperature": 0.5, "max_tokens": 64},
)
client.log_event(request)
client.log_event(
    insidellm.Event.create_llm_response(
        run_id=run_id,
        user_id="user-123",
        model_name="gpt-4o-mini",
        provider="openai",
        response_text="4, naturellement — “four” 🙂",
        parent_event_id=request.event_id,
        finish_reason="stop",
        usage={"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
        response_time_ms=120,
        cost=0.00021,
    )
)
with insidellm.InsideLLMTracker(client=client, run_id=run_id, user_id="user-123", auto_start_session=False) as tracker:
    with tracker.track_tool_call("calculator", {"expression": "2+2"}) as log_response:
        log_response({"value": 4})
    tracker.log_agent_response("It is 4.")
client.end_run(run_id)
insidellm.flush()
insidellm.shutdown()

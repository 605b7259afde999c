"""Two Sigil generations, one with everything in it, in terms that sigil-sdk 0.2.0 and 0.9.3, agento11y and ours understand."""

import importlib
import os
from datetime import datetime, timedelta, timezone

sdk = importlib.import_module(os.environ.get("SDK", "sigil_sdk"))
config = importlib.import_module(sdk.__name__ + ".config")

client = sdk.Client(
    config.ClientConfig(
        generation_export=config.GenerationExportConfig(
            protocol=os.environ["PROTOCOL"],
            endpoint=os.environ["SERVER"],
            insecure=True,
            auth=config.AuthConfig(mode="tenant", tenant_id="team-a"),
        ),
        content_capture=sdk.ContentCaptureMode.FULL,
    )
)
start = sdk.GenerationStart(
    model=sdk.ModelRef(provider="openai", name="gpt-4o-mini"),
    id="gen-1",
    conversation_id="conv-1",
    conversation_title="Weather",
    user_id="user-1",
    agent_name="forecaster",
    agent_version="1.2.3",
    system_prompt="Be brief.",
    max_tokens=256,
    temperature=0.25,
    top_p=0.9,
    tool_choice="auto",
    thinking_enabled=True,
    tools=[sdk.ToolDefinition(name="weather", description="Looks it up", type="function", input_schema_json=b'{"type":"object"}')],
    tags={"env": "test", "größe": "groß"},
    metadata={"n": 1.5, "ok": True, "none": None, "list": [1, "two"], "nested": {"a": {"b": "c"}}},
    started_at=datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=timezone.utc),
)
with client.start_streaming_generation(start) as recorder:
    recorder.set_first_token_at(start.started_at + timedelta(milliseconds=200))
    recorder.set_result(
        input=[
            sdk.user_text_message("How is Paris?"),
            sdk.Message(
                role=sdk.MessageRole.ASSISTANT,
                parts=[
                    sdk.thinking_part("I should look."),
                    sdk.tool_call_part(sdk.ToolCall(name="weather", id="call-1", input_json=b'{"city": "Paris"}')),
                ],
            ),
            sdk.Message(
                role=sdk.MessageRole.TOOL,
                parts=[
                    sdk.tool_result_part(
                        sdk.ToolResult(tool_call_id="call-1", name="weather", content="18 °C", content_json=b'{"c":18}')
                    )
                ],
            ),
        ],
        output=[sdk.assistant_text_message("Mild, 18 °C ☀")],
        usage=sdk.TokenUsage(
            input_tokens=100, output_tokens=20, cache_read_input_tokens=40, cache_write_input_tokens=8, reasoning_tokens=5
        ),
        response_id="resp-1",
        response_model="gpt-4o-mini-2024-07-18",
        stop_reason="stop",
        completed_at=start.started_at + timedelta(seconds=1.5),
    )
assert recorder.err() is None, recorder.err()

failed = sdk.GenerationStart(
    model=sdk.ModelRef(provider="anthropic", name="claude-sonnet-4-5"), id="gen-2", conversation_id="conv-1",
    started_at=start.started_at + timedelta(seconds=2),
)
recorder = client.start_generation(failed)
recorder.set_result(input=[sdk.user_text_message("And Rome?")], completed_at=start.started_at + timedelta(seconds=3))
recorder.set_call_error(RuntimeError("429 rate limited"))
recorder.end()
assert recorder.err() is None, recorder.err()
client.shutdown()

# The block leaves these out; everything after this line is as it is written there.
import insidellm
client = insidellm.initialize(api_key="your-api-key")
current_run_id, current_user_id = client.start_run("your-run-id", "user-123"), "user-123"
def process_user_request():
    raise TimeoutError("too slow")

import insidellm

try:
    # Your agent logic
    result = process_user_request()
except Exception as e:
    # Log errors automatically
    error_event = insidellm.Event.create_error(
        run_id=current_run_id,
        user_id=current_user_id,
        error_type="processing_error",
        error_message=str(e),
        error_code=type(e).__name__
    )
    client.log_event(error_event)

# The block leaves this out; everything after this line is as it is written there.
import insidellm
insidellm.initialize(api_key="your-api-key").start_run(user_id="user-123")
insidellm.flush()

import insidellm

client = insidellm.get_client()

# Get queue statistics
stats = client.queue_manager.get_statistics()
print(f"Events queued: {stats['events_queued']}")
print(f"Success rate: {stats['success_rate']:.1f}%")

# Check client health
if client.is_healthy():
    print("Client is healthy")

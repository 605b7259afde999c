from insidellm import InsideLLMClient, CrewAIInsideLLMCallbackHandler
import litellm # CrewAI uses LiteLLM for its LLM interactions
# from crewai import Agent, Task, Crew # Your CrewAI imports

# 1. Initialize InsideLLMClient
# insidellm.initialize(api_key="YOUR_INSIDELLM_API_KEY") # If using global client
# client = insidellm.get_client()
# For direct client instantiation:
client = InsideLLMClient(api_key="YOUR_INSIDELLM_API_KEY")

# 2. Create the callback handler
# The handler manages its own run_id and user_id if not provided by a broader context.
# You can pass specific run_id and user_id if your application manages them.
crewai_callback_handler = CrewAIInsideLLMCallbackHandler(
    client=client,
    # run_id="your_specific_run_id", # Optional: if you want to tie to an existing run
    # user_id="your_specific_user_id", # Optional
    debug=True
)

# 3. Register with LiteLLM's global callback list
if not hasattr(litellm, 'callbacks') or not litellm.callbacks:
    litellm.callbacks = []
if not any(isinstance(cb, CrewAIInsideLLMCallbackHandler) for cb in litellm.callbacks):
    litellm.callbacks.append(crewai_callback_handler)
    print("CrewAIInsideLLMCallbackHandler registered with LiteLLM.")

# 4. Set up and run your CrewAI agents and crew as usual
# Example:
# research_agent = Agent(role='Researcher', goal='...', llm=...)
# research_task = Task(description='...', agent=research_agent)
# my_crew = Crew(agents=[research_agent], tasks=[research_task])
# result = my_crew.kickoff()
# Events related to LLM calls made by CrewAI agents will be captured.

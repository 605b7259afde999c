# The block leaves the functions' logic out; everything after this line is as it is written there.
llm_response, search_results, plan = "Hello!", ["a page"], ["look"]

import insidellm

@insidellm.track_llm_call("gpt-4", "openai")
def call_llm(prompt):
    # Your LLM call logic
    return llm_response

@insidellm.track_tool_use("web_search", "api")
def search_web(query):
    # Your tool logic
    return search_results

@insidellm.track_agent_step("planning")
def plan_task(task):
    # Your planning logic
    return plan

# Everything before this line, from the first import on, is as it is written there.
insidellm.initialize(api_key="your-api-key").start_run(user_id="user-123")
assert (call_llm("Hi"), search_web("news"), plan_task("answer")) == (llm_response, search_results, plan)

from google.cloud.discoveryengine_v1 import ConversationalSearchServiceAsyncClient
from insidellm import InsideLLMClient, InsideLLMVertexAgentBuilderConversationalSearchClient
# from insidellm import initialize # If using global client
# from google.cloud.discoveryengine_v1.types import ConverseConversationRequest, Query # For making requests
# import asyncio

# async def run_vertex_example():
#     # 1. Initialize InsideLLMClient
#     # initialize(api_key="YOUR_INSIDELLM_API_KEY")
#     # inside_llm_client = get_client()
#     inside_llm_client = InsideLLMClient(api_key="YOUR_INSIDELLM_API_KEY")

#     # 2. Initialize the original Google SDK client (ensure GOOGLE_APPLICATION_CREDENTIALS is set)
#     google_sdk_client = ConversationalSearchServiceAsyncClient() # Add your client config if needed

#     # 3. Define user_id and run_id for the session/interaction
#     user_id = "example_vertex_user_456"
#     run_id = "vertex_interaction_run_001" # Manage this ID for your application's session

#     # 4. Wrap the Google SDK client
#     wrapped_client = InsideLLMVertexAgentBuilderConversationalSearchClient(
#         client=google_sdk_client,
#         insidellm_client=inside_llm_client,
#         user_id=user_id,
#         run_id=run_id,
#         debug=True
#     )

#     # 5. Use the wrapped client as you would the original SDK client
#     # request = ConverseConversationRequest(
#     #     name="projects/YOUR_PROJECT/locations/global/dataStores/YOUR_DATASTORE/conversations/-",
#     #     query=Query(text="Hello Vertex AI Agent!")
#     # )
#     # try:
#     #     response = await wrapped_client.converse_conversation(request=request)
#     #     if response.reply and response.reply.summary:
#     #         print(f"Agent response: {response.reply.summary.summary_text}")
#     # except Exception as e:
#     #     print(f"An error occurred: {e}")
#     # finally:
#     #     await google_sdk_client.close() # Close the original client when done
#     #     # Consider if wrapper needs a close method or if original client closure is sufficient

# # if __name__ == "__main__":
# # asyncio.run(run_vertex_example())

"""A turn of a conversation with Vertex AI Agent Builder, recorded with insidellm. Google's server is played by this file: no
network is needed but the InsideLLM server's. With credentials, construct Google's client without arguments and leave
`play_google` out.

    pip install 'insidellm[vertex]'

    INSIDELLM_BASE_URL   where the events go (http://127.0.0.1:8080)
    INSIDELLM_API_KEY    the key, if the server asks for one
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Tuple

import grpc
from google.cloud import discoveryengine_v1 as google

import insidellm

BASE_URL = os.environ.get("INSIDELLM_BASE_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("INSIDELLM_API_KEY", "local")


async def converse(request: Any, context: Any) -> Any:
    """The answer that Google would give."""
    return google.ConverseConversationResponse(
        reply={"summary": {"summary_text": "Within two days."}},
        search_results=[{"id": "1", "document": {"name": "delivery", "struct_data": {"title": "Delivery"}}}],
    )


async def play_google() -> Tuple[Any, str]:
    """A server, and its address."""
    handler = grpc.unary_unary_rpc_method_handler(
        converse,
        request_deserializer=google.ConverseConversationRequest.deserialize,
        response_serializer=google.ConverseConversationResponse.serialize,
    )
    service = "google.cloud.discoveryengine.v1.ConversationalSearchService"
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {"ConverseConversation": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"


async def main() -> None:
    """Asks once and says what was sent."""
    insidellm_client = insidellm.initialize(api_key=API_KEY, base_url=BASE_URL)
    server, address = await play_google()
    transport = google.ConversationalSearchServiceAsyncClient.get_transport_class("grpc_asyncio")
    client = google.ConversationalSearchServiceAsyncClient(
        transport=transport(channel=grpc.aio.insecure_channel(address))
    )
    wrapped = insidellm.InsideLLMVertexAgentBuilderConversationalSearchClient(
        client=client, insidellm_client=insidellm_client, user_id="user-123", run_id="vertex_interaction_run_001"
    )
    async with wrapped:
        question = google.TextInput(input="When is my order sent?")
        response = await wrapped.converse_conversation(name="projects/p/locations/global/dataStores/d", query=question)
        print(response.reply.summary.summary_text)
    await server.stop(None)

    insidellm.shutdown(timeout=10.0)
    statistics = insidellm_client.queue_manager.get_statistics()
    print(f"sent {statistics['events_sent']} of {statistics['events_queued']} events to {BASE_URL}")


if __name__ == "__main__":
    asyncio.run(main())

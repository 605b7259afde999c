"""Google's clients behind the wrapper, against a gRPC server of this file. A scenario's name is its run.

Prints JSON: by scenario, what the program saw.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Dict

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import discoveryengine_v1 as google

from insidellm import InsideLLMClient, InsideLLMVertexAgentBuilderConversationalSearchClient

client = InsideLLMClient(api_key="any", base_url=os.environ["SERVER"])
Wrapper = InsideLLMVertexAgentBuilderConversationalSearchClient
CONFIG = "projects/p/locations/global/dataStores/d/servingConfigs/default"
CONVERSATION = "projects/p/locations/global/dataStores/d/conversations/7"
SESSION = "projects/p/locations/global/dataStores/d/sessions/9"


def whole_answer() -> Any:
    observation = google.Answer.Step.Action.Observation(
        search_results=[
            {"document": "doc-1", "uri": "gs://b/1", "title": "Delivery", "snippet_info": [{"snippet": "two days"}]}
        ]
    )
    search = {"search_action": {"query": "delivery time"}, "observation": observation}
    broken = {"search_action": {"query": "abroad"}}
    return google.Answer(
        name=f"{SESSION}/answers/1",
        state=google.Answer.State.SUCCEEDED,
        answer_text="Within two days.",
        grounding_score=0.75,
        related_questions=["And abroad?"],
        steps=[
            {"state": google.Answer.Step.State.SUCCEEDED, "description": "Think", "thought": "It is about delivery"},
            {"state": google.Answer.Step.State.SUCCEEDED, "description": "Search", "actions": [search]},
            {"state": google.Answer.Step.State.FAILED, "thought": "No index", "actions": [broken]},
        ],
    )


def converse(request: Any, context: Any) -> Any:
    if request.query.input == "forbidden":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not yours")
    return google.ConverseConversationResponse(
        reply={"summary": {"summary_text": f"You said: {request.query.input}"}},
        conversation={"name": CONVERSATION, "state": 1},
        search_results=[{"id": "r1", "document": {"name": "doc-1", "struct_data": {"title": "Delivery"}}}],
    )


def answer(request: Any, context: Any) -> Any:
    return google.AnswerQueryResponse(answer=whole_answer(), session={"name": SESSION})


def stream(request: Any, context: Any) -> Any:
    for text in ("Within ", "two days."):
        yield google.AnswerQueryResponse(answer={"state": google.Answer.State.STREAMING, "answer_text": text})
    if request.query.text == "cut":
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
    yield google.AnswerQueryResponse(answer=whole_answer(), session={"name": SESSION})


def get_session(request: Any, context: Any) -> Any:
    return google.Session(name=request.name, user_pseudo_id="someone")


def serve() -> Any:
    def unary(function: Callable[..., Any], request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            function, request_deserializer=request.deserialize, response_serializer=response.serialize
        )

    methods = {
        "ConverseConversation": unary(
            converse, google.ConverseConversationRequest, google.ConverseConversationResponse
        ),
        "AnswerQuery": unary(answer, google.AnswerQueryRequest, google.AnswerQueryResponse),
        "GetSession": unary(get_session, google.GetSessionRequest, google.Session),
        "GetAnswer": unary(lambda request, context: whole_answer(), google.GetAnswerRequest, google.Answer),
        "StreamAnswerQuery": grpc.unary_stream_rpc_method_handler(
            stream,
            request_deserializer=google.AnswerQueryRequest.deserialize,
            response_serializer=google.AnswerQueryResponse.serialize,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(4))
    service = "google.cloud.discoveryengine.v1.ConversationalSearchService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


def sync_client(address: str) -> Any:
    kind = google.ConversationalSearchServiceClient
    return kind(transport=kind.get_transport_class("grpc")(channel=grpc.insecure_channel(address)))


def async_client(address: str) -> Any:
    kind = google.ConversationalSearchServiceAsyncClient
    return kind(transport=kind.get_transport_class("grpc_asyncio")(channel=grpc.aio.insecure_channel(address)))


async def async_converse(wrapped: Any) -> Any:
    request = google.ConverseConversationRequest(
        name=CONVERSATION, query=google.TextInput(input="Hello Vertex AI Agent!"), serving_config=CONFIG
    )
    response = await wrapped.converse_conversation(request=request)
    return [type(response).__name__, response.reply.summary.summary_text]


async def async_flattened(wrapped: Any) -> Any:
    response = await wrapped.converse_conversation(name=CONVERSATION, query=google.TextInput(input="Flat"))
    return response.reply.summary.summary_text


async def async_answer(wrapped: Any) -> Any:
    request = {"serving_config": CONFIG, "query": {"text": "When?"}, "session": SESSION}
    return (await wrapped.answer_query(request)).answer.answer_text


async def async_stream(wrapped: Any) -> Any:
    request = google.AnswerQueryRequest(serving_config=CONFIG, query={"text": "When?"})
    return [piece.answer.answer_text async for piece in await wrapped.stream_answer_query(request=request)]


async def async_stream_cut(wrapped: Any) -> Any:
    request = google.AnswerQueryRequest(serving_config=CONFIG, query={"text": "cut"})
    pieces = []
    try:
        async for piece in await wrapped.stream_answer_query(request=request):
            pieces.append(piece.answer.answer_text)
    except GoogleAPICallError as error:
        pieces.append(type(error).__name__)
    return pieces


async def async_stream_left(wrapped: Any) -> Any:
    request = google.AnswerQueryRequest(serving_config=CONFIG, query={"text": "When?"})
    pieces = await wrapped.stream_answer_query(request=request)
    first = await pieces.__anext__()
    await pieces.aclose()
    return first.answer.answer_text


async def async_error(wrapped: Any) -> Any:
    try:
        await wrapped.converse_conversation(name=CONVERSATION, query=google.TextInput(input="forbidden"))
    except GoogleAPICallError as error:
        return [type(error).__name__, error.code]


async def async_forwarded(wrapped: Any) -> Any:
    session = await wrapped.get_session(name=SESSION)
    found = await wrapped.get_answer(name=f"{SESSION}/answers/1")
    return [session.user_pseudo_id, found.answer_text, wrapped.session_path("p", "l", "d", "s"), bool(wrapped.transport)]


def sync_everything(address: str) -> Any:
    with Wrapper(client=sync_client(address), insidellm_client=client, user_id="u", run_id="sync_everything") as wrapped:
        said = wrapped.converse_conversation(name=CONVERSATION, query=google.TextInput(input="Hi"))
        request = google.AnswerQueryRequest(serving_config=CONFIG, query={"text": "When?"})
        found = wrapped.answer_query(request)
        pieces = [piece.answer.answer_text for piece in wrapped.stream_answer_query(request=request)]
    return [said.reply.summary.summary_text, found.answer.answer_text, pieces]


async def run_async(address: str) -> Dict[str, Any]:
    scenarios: list[Callable[[Any], Awaitable[Any]]] = [
        async_converse, async_flattened, async_answer, async_stream, async_stream_cut, async_stream_left, async_error,
        async_forwarded,
    ]  # fmt: skip
    told = {}
    async with async_client(address) as google_client:
        for scenario in scenarios:
            about = {"insidellm_client": client, "user_id": "u", "run_id": scenario.__name__}
            told[scenario.__name__] = await scenario(Wrapper(client=google_client, debug=True, **about))
    return told


def main() -> None:
    server, address = serve()
    told = asyncio.run(run_async(address))
    told["sync_everything"] = sync_everything(address)
    server.stop(None)
    client.shutdown(10.0)
    print(json.dumps(told))


if __name__ == "__main__":
    main()

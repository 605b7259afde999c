"""LlamaIndex with OpenAI's protocol: a chat, a completion, a stream, and a call that fails."""

from __future__ import annotations

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from recording import PROVIDER, client, finish
from sigil_sdk_llamaindex import with_sigil_llamaindex_callbacks


def model(part: str) -> OpenAILike:
    config = with_sigil_llamaindex_callbacks(None, client=client, provider_resolver="auto", agent_name="reader")
    return OpenAILike(
        model="gpt-4o-mini",
        api_base=PROVIDER.replace("/v1", f"/{part}/v1"),
        api_key="not-used",
        is_chat_model=True,
        max_retries=0,
        callback_manager=config["callback_manager"],
    )


messages = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hi")]
told = {"chat": model("chat").chat(messages).message.content}
told["complete"] = model("complete").complete("Once upon").text
told["stream"] = [str(piece.message.content) for piece in model("stream").stream_chat(messages)][-1]
try:
    model("failure").chat(messages)
except Exception as error:
    told["failure"] = type(error).__name__
finish(**told)

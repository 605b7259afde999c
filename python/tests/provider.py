"""A server that answers as OpenAI's, Anthropic's and Google's do, whole or streamed, with what the test tells it to say."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator, Union

import provider_shapes
import pytest
from serving import serving

GEMINI = ":streamGenerateContent"
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
#: A text, the status of a failure, or a call of a tool: its name and arguments.
Reply = Union[str, int, "tuple[str, dict[str, Any]]"]


@dataclass
class Provider:
    """`url` ends in /v1. The last reply of a list is given again and again."""

    url: str = ""
    completions: list[str] = field(default_factory=list)
    chats: list[Reply] = field(default_factory=list)
    scripts: dict[str, list[Reply]] = field(default_factory=dict)
    """Replies by a part of the path, for programs that play several parts."""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, request: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        """Status, and one body or the chunks of a stream."""
        self.requests.append(request)
        model = {"id": f"reply-{len(self.requests)}", "created": 1, "model": request.get("model", "")}
        path = path.partition("?")[0]
        if path.endswith("/embeddings"):
            return 200, provider_shapes.embeddings(request, model)
        if path.endswith(("mbedContent", "mbedContents")):
            return 200, [{"embeddings": [{"values": [0.1, 0.2, 0.3]}], "embedding": {"values": [0.1, 0.2, 0.3]}}]
        shape = next((shape for end, shape in SHAPES.items() if path.endswith(end)), None)
        if shape is not None:
            script = next((part for part in self.scripts if f"/{part}/" in path), None)
            reply = _next(self.chats if script is None else self.scripts[script])
            if isinstance(reply, int):
                return reply, [{"error": {"message": "told to fail", "type": "server_error", "code": None}}]
            return 200, shape(reply, model, _streams(path, request))
        choice = {"index": 0, "text": _next(self.completions), "finish_reason": "stop", "logprobs": None}
        return 200, [{**model, "object": "text_completion", "choices": [choice], "usage": USAGE}]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A running provider."""
    with running_provider() as running:
        yield running


@contextmanager
def running_provider() -> Iterator[Provider]:
    """As the fixture."""
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, bodies = state.answer(self.path, request)
            streamed = status == 200 and _streams(self.path, request)
            lines = [_event(body) for body in bodies] + ([] if GEMINI in self.path else ["data: [DONE]\n\n"])
            data = ("".join(lines) if streamed else json.dumps(bodies[0])).encode()
            self.send_response(status)
            self.send_header("content-type", "text/event-stream" if streamed else "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: Any) -> None:
            """Silent."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    state.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    with serving(httpd):
        yield state


def _streams(path: str, request: dict[str, Any]) -> bool:
    return bool(request.get("stream")) or GEMINI in path


def _next(replies: list[Any]) -> Any:
    return replies.pop(0) if len(replies) > 1 else replies[0]


def _chat(reply: Any, model: dict[str, Any], stream: bool) -> list[dict[str, Any]]:
    message: dict[str, Any] = {"role": "assistant", "content": reply}
    reason = "stop"
    if not isinstance(reply, str):
        function = {"name": reply[0], "arguments": json.dumps(reply[1])}
        message = {"role": "assistant", "content": None}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function, "index": 0}]
        reason = "tool_calls"
    if not stream:
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return [{**model, "object": "chat.completion", "choices": [choice], "usage": USAGE}]
    deltas = [message]
    if isinstance(reply, str):
        deltas = [{"role": "assistant", "content": word} for word in _words(reply)]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    chunks = [{**model, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    return [*chunks, {**model, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}]


def _event(body: dict[str, Any]) -> str:
    name = f"event: {body['type']}\n" if "type" in body else ""
    return f"{name}data: {json.dumps(body)}\n\n"


def _words(text: str) -> list[str]:
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


#: What answers at the end of a path.
SHAPES = {
    "/chat/completions": _chat,
    "/responses": provider_shapes.responses,
    "/messages": provider_shapes.messages,
    ":generateContent": provider_shapes.content,
    GEMINI: provider_shapes.content,
}

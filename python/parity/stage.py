"""What a scenario has at hand: the package under observation, a server, a clock, and an OpenTelemetry SDK in memory."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from .plain import exception, plain
from .server import CaptureServer
from .telemetry import Telemetry

NOON = datetime(2026, 1, 2, 12, 0, 0, 120000, tzinfo=timezone.utc)
LOGGERS = ("parity", "sigil_sdk", "sigil_sdk_litellm.handler")


class Clock:
    """Stands still at `NOON` until it is told to go on."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> datetime:
        """Goes on, and says what time it is."""
        self.time += timedelta(seconds=seconds)
        return self.time


class Stage:
    """One run of one scenario. What it `see`s is compared, and what the server, the log and OpenTelemetry got."""

    def __init__(self, sdk: Any, protocol: str, server: CaptureServer, telemetry: Telemetry) -> None:
        self.sdk = sdk
        self.protocol = protocol
        self.server = server
        self.telemetry = telemetry
        self.clock = Clock()
        self.pauses: list[float] = []
        self.seen: dict[str, Any] = {}
        self.log: list[str] = []
        self._clients: list[Any] = []
        self._compare_wire = True

    @property
    def endpoint(self) -> str:
        """Of the protocol of this run."""
        return self.server.http_endpoint if self.protocol == "http" else self.server.grpc_endpoint

    def see(self, name: str, value: Any, /) -> Any:
        """Notes a value for the comparison, as it is now; gives it back."""
        assert name not in self.seen, f"{name} was seen already"
        self.seen[name] = plain(value)
        return value

    def attempt(self, name: str, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Notes what a call returns or raises; gives the value, or None."""
        try:
            returned = call(*args, **kwargs)
        except Exception as error:
            assert name not in self.seen, f"{name} was seen already"
            self.seen[name] = {"raised": exception(error)}
            return None
        return self.see(name, returned)

    def config(self, export: dict[str, Any] | None = None, **fields: Any) -> Any:
        """A `ClientConfig` for the server; `export` and `fields` override."""
        settings: dict[str, Any] = {
            "protocol": self.protocol,
            "endpoint": self.endpoint,
            "insecure": True,
            "flush_interval": timedelta(hours=1),
            "max_retries": 0,
            "initial_backoff": timedelta(milliseconds=1),
        }
        settings.update(export or {})
        given: dict[str, Any] = {
            "generation_export": self.sdk.GenerationExportConfig(**settings),
            "api": self.sdk.ApiConfig(endpoint=self.server.http_endpoint),
            "now": self.clock,
            "sleep": self.pauses.append,
            "logger": logging.getLogger("parity"),
            "tracer": self.telemetry.tracer,
            "meter": self.telemetry.meter,
        }
        given.update(fields)
        return self.sdk.ClientConfig(**given)

    def client(self, export: dict[str, Any] | None = None, **fields: Any) -> Any:
        """A client of that configuration, shut down when the scenario ends."""
        return self.keep(self.sdk.Client(self.config(export, **fields)))

    def keep(self, client: Any) -> Any:
        """Shuts this client down when the scenario ends."""
        self._clients.append(client)
        return client

    def start(self, **fields: Any) -> Any:
        """A `GenerationStart` with an id, a model and a conversation; `fields` override."""
        model = self.sdk.ModelRef(provider="openai", name="gpt-5")
        return self.sdk.GenerationStart(**{"model": model, "id": "gen-1", "conversation_id": "conv-1", **fields})

    def finish(self, recorder: Any, name: str = "", **result: Any) -> None:
        """Sets the result, ends 1.5 s later, and notes what the recorder says."""
        if result:
            self.attempt(f"{name}set_result", recorder.set_result, **result)
        self.clock.advance(1.5)
        self.attempt(f"{name}end", recorder.end)
        self.tell(recorder, name)

    def tell(self, recorder: Any, name: str = "") -> None:
        """Notes what a recorder says about itself."""
        self.see(f"{name}err", recorder.err())
        if hasattr(recorder, "last_generation"):
            self.see(f"{name}last_generation", recorder.last_generation)
            self.see(f"{name}seed", recorder.seed)

    def record(self, client: Any, name: str = "", start: dict[str, Any] | None = None, **result: Any) -> Any:
        """A whole generation; its recorder."""
        recorder = client.start_generation(self.start(**(start or {})))
        self.finish(recorder, name, **result)
        return recorder

    def hello(self) -> dict[str, Any]:
        """The shortest result with content."""
        sdk = self.sdk
        return {"input": [sdk.user_text_message("hi")], "output": [sdk.assistant_text_message("hello")]}

    def message(self, role: str, *parts: Any, name: str = "") -> Any:
        """A message of these parts."""
        return self.sdk.Message(role=self.sdk.MessageRole(role), parts=list(parts), name=name)

    def part(self, kind: str, provider_type: str = "", **fields: Any) -> Any:
        """A part, with what the provider calls it."""
        metadata = self.sdk.PartMetadata(provider_type=provider_type)
        return self.sdk.Part(kind=self.sdk.PartKind(kind), metadata=metadata, **fields)

    @contextmanager
    def environment(self, **variables: str) -> Iterator[None]:
        """Environment variables for a block."""
        before = dict(os.environ)
        os.environ.update(variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def close(self) -> None:
        """Shuts the clients down; nobody minds a failure that the scenario has provoked."""
        for client in self._clients:
            try:
                client.shutdown()
            except Exception as error:
                print(f"shutdown: {error!r}", file=sys.stderr)

    def observed(self) -> dict[str, Any]:
        """Everything that is compared."""
        spans, metrics = self.telemetry.take()
        return {
            "seen": self.seen,
            "wire": [request.plain() for request in self.server.requests],
            "log": self.log,
            "spans": spans,
            "metrics": metrics,
        }


class LogKeeper(logging.Handler):
    """Keeps records of the loggers that the packages use: level and text, and the exception's."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.name} {record.levelname}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" | {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self.kept.append(text)


@contextmanager
def logging_to(kept: list[str]) -> Iterator[None]:
    """Keeps the log of the packages for a block."""
    handler = LogKeeper(kept)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)

"""A program's own exporter object receives real model objects, in batches, with retries."""

from __future__ import annotations

import copy
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import Client, ClientConfig, GenerationExportConfig, GenerationStart, ModelRef, QueueFullError, user_text_message
from sigil_sdk.exporters import NoopGenerationExporter
from sigil_sdk.models import ExportGenerationResult, ExportGenerationsRequest, ExportGenerationsResponse


class Exporter:
    """Keeps what it gets; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.batches: list[list[Any]] = []
        self.failures = failures
        self.attempts = 0
        self.shutdowns = 0
        self.exported = threading.Event()

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise ConnectionError("not now")
        self.batches.append(copy.deepcopy(request).generations)
        self.exported.set()
        return ExportGenerationsResponse([ExportGenerationResult(g.id, g.id != "bad", "no") for g in request.generations])

    def shutdown(self) -> None:
        self.shutdowns += 1


def make(exporter: Any, **export: Any) -> Client:
    settings = {"flush_interval": timedelta(hours=1), **export}
    config = GenerationExportConfig(**settings)
    return Client(ClientConfig(generation_export=config, generation_exporter=exporter, sleep=lambda _seconds: None))


def record(client: Client, id_: str = "") -> Any:
    with client.start_generation(GenerationStart(model=ModelRef("openai", "gpt-4o"), id=id_)) as recorder:
        recorder.set_result(input=[user_text_message("hi")])
    return recorder


def test_models_arrive_at_shutdown_and_only_then() -> None:
    client = make(exporter := Exporter(), batch_size=10)
    recorder = record(client, "g-1")
    assert exporter.batches == []
    client.shutdown()
    client.shutdown()
    assert exporter.batches == [[recorder.last_generation]]
    assert exporter.shutdowns == 1


def test_a_full_batch_is_exported_in_the_background() -> None:
    client = make(exporter := Exporter(), batch_size=2)
    record(client)
    record(client)
    assert exporter.exported.wait(20)
    client.shutdown()
    assert [len(batch) for batch in exporter.batches] == [2]


def test_retries_are_counted_exactly_and_flush_raises_the_exporters_error() -> None:
    record(client := make(exporter := Exporter(failures=2), max_retries=2))
    client.flush()
    assert exporter.attempts == 3
    record(failing := make(always := Exporter(failures=99), max_retries=2))
    with pytest.raises(ConnectionError, match="not now"):
        failing.flush()
    assert always.attempts == 3
    assert failing.stats()["dropped_gave_up"] == 1


def test_a_full_queue_refuses_at_once() -> None:
    client = make(Exporter(), queue_size=1, batch_size=10)
    assert record(client).err() is None
    assert isinstance(record(client).err(), QueueFullError)
    stats = client.stats()
    assert (stats["accepted"], stats["pending"], stats["dropped_queue_full"]) == (2, 1, 1)


def test_a_rejected_generation_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    client = make(Exporter())
    with caplog.at_level(logging.WARNING):
        record(client, "bad")
        client.flush()
    assert "sigil generation rejected id=bad error=no" in caplog.text
    assert client.stats()["dropped_rejected"] == 1


def test_an_exporter_without_shutdown_and_the_noop_exporter_work() -> None:
    class Bare:
        export_generations = NoopGenerationExporter().export_generations

    for exporter in (Bare(), NoopGenerationExporter()):
        record(client := make(exporter))
        client.shutdown()
        assert client.stats()["delivered"] == 1


def test_what_an_exporter_was_not_given_before_exit_it_gets_at_exit(run_program: Any) -> None:
    program = """
from datetime import timedelta
from sigil_sdk import Client, ClientConfig, GenerationExportConfig, GenerationStart, ModelRef
from sigil_sdk.exporters import NoopGenerationExporter
class Exporter(NoopGenerationExporter):
    def export_generations(self, request):
        print(len(request.generations), "exported")
        return super().export_generations(request)
def main():
    export = GenerationExportConfig(flush_interval=timedelta(hours=1))
    client = Client(ClientConfig(generation_export=export, generation_exporter=Exporter()))
    client.start_generation(GenerationStart(model=ModelRef("a", "b"))).end()
main()
"""
    assert run_program(program).stdout.strip() == "1 exported"

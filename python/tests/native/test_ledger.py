"""What a program can read of a pipeline's ledger, and the settings that bound it."""

from __future__ import annotations

import gzip
import json
from typing import Any, Callable, Iterator

import pytest
from native.scripted import Scripted, balanced

from lightwell import Pipeline, QueueFull, TooLarge, tuning

Make = Callable[..., Pipeline]


def counters(text: str) -> Iterator[tuple]:
    """Name with labels, and value, of each line of Prometheus' format."""
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            yield name, int(value)


def test_prometheus_says_what_stats_says(insidellm: Make, http_server: Scripted) -> None:
    pipeline = insidellm(queue_size=1, batch_size=10)
    assert pipeline.summary() is None
    pipeline.record_event({"event_id": "a"})
    with pytest.raises(QueueFull):
        pipeline.record_event({"event_id": "b"})
    assert pipeline.flush(10.0)
    told = dict(counters(pipeline.prometheus()))
    stats = balanced(pipeline)
    for key, count in stats.items():
        if key.startswith("dropped_"):
            label = f'product="insidellm",reason="{key[len("dropped_"):]}"'
            assert told[f"lightwell_client_records_dropped_total{{{label}}}"] == count
    assert told['lightwell_client_records_accepted_total{product="insidellm"}'] == stats["accepted"] == 2
    assert told['lightwell_client_records_delivered_total{product="insidellm"}'] == stats["delivered"] == 1
    line = "lightwell: 1 of 2 insidellm records were dropped (1 queue_full), 1 delivered"
    assert pipeline.summary() == line
    assert pipeline.shutdown(10.0)
    assert pipeline.take_notices() == [("warning", line)]
    assert pipeline.shutdown(10.0) and pipeline.take_notices() == [], "said once"


def test_memory_is_bounded_in_bytes(insidellm: Make, http_server: Scripted) -> None:
    pipeline = insidellm(queue_max_bytes=10_000, batch_size=1000)
    with pytest.raises(QueueFull):
        for n in range(1000):
            pipeline.record_event({"event_id": str(n), "payload": "x" * 1000})
    stats = balanced(pipeline)
    assert stats["pending"] == 9 and stats["pending_bytes"] <= 10_000


def test_what_is_too_large_is_cut_and_what_cannot_be_cut_is_refused(insidellm: Make, http_server: Scripted) -> None:
    pipeline = insidellm(queue_max_bytes=40_000)
    pipeline.record_event({"event_id": "e", "payload": {"text": "é" * 50_000}})
    with pytest.raises(TooLarge, match=r"^event payload exceeds max bytes \(\d+ > 10000\)$"):
        pipeline.record_event({"event_id": "f", "payload": list(range(10_000))})
    assert pipeline.flush(10.0)
    event = http_server.requests[0].json()
    assert event["payload"]["text"].startswith("éé") and "…[lightwell: 100000 bytes, blake3 " in event["payload"]["text"]
    assert event["metadata"] == {"lightwell.cut_parts": 1, "lightwell.cut_bytes": 100_000}
    assert balanced(pipeline)["dropped_too_large"] == 1


def test_compression(insidellm: Make, http_server: Scripted) -> None:
    pipeline = insidellm(compression="on")
    pipeline.record_event({"event_id": "e", "payload": "x" * 10_000})
    assert pipeline.flush(10.0)
    request = http_server.requests[0]
    assert request.headers["content-encoding"] == "gzip" and len(request.body) < 1000
    assert json.loads(gzip.decompress(request.body))["event_id"] == "e"
    with pytest.raises(ValueError, match="unsupported compression 'zip': it is one of off, auto and on"):
        insidellm(compression="zip")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({"LIGHTWELL_QUEUE_MAX_BYTES": " 1000 ", "LIGHTWELL_COMPRESSION": "off"}, {"queue_max_bytes": 1000, "compression": "off"}),
    ],
)
def test_the_environment(variables: Any, expected: Any) -> None:
    assert tuning.keywords(variables) == expected


@pytest.mark.parametrize("size", ["64MB", "-1", "0"])
def test_a_size_that_is_none_is_said(size: str) -> None:
    with pytest.raises(ValueError, match="LIGHTWELL_QUEUE_MAX_BYTES is '.*', which is not a number of bytes"):
        tuning.keywords({"LIGHTWELL_QUEUE_MAX_BYTES": size})

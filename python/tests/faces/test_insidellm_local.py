"""Local testing: events in files, with the interface of a real client."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import insidellm
from insidellm import Event, InsideLLMTracker
from insidellm.local_logger import LocalEventLogger, LocalTestingClient

RUN = "12345678-1234-5678-1234-567812345678"
PARENT = "87654321-1234-5678-1234-567812345678"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalTestingClient]:
    monkeypatch.setattr(insidellm, "_default_client", None)
    made = insidellm.initialize(local_testing=True, log_directory=str(tmp_path / "deep" / "logs"), batch_size=3)
    yield made
    made.shutdown()


def files(client: LocalTestingClient, pattern: str) -> list[Path]:
    return sorted(Path(client.local_logger.log_directory).glob(pattern))


def test_a_tracked_run_is_in_both_files(client: LocalTestingClient) -> None:
    with InsideLLMTracker(run_id=RUN, user_id="u", metadata={"m": 1}) as tracker:
        tracker.log_user_input("grüß dich")
        with tracker.track_tool_call("t", {"object": object()}) as log_response:
            log_response({1, 2})
    (session,) = files(client, "session_*.json")
    (daily,) = files(client, "events_*.json")
    assert session.name == "session_12345678_1234_56.json"
    records = [json.loads(line) for line in session.read_text(encoding="utf-8").splitlines()]
    assert [record["event_type"] for record in records] == [
        "run.start",
        "user.input",
        "tool.call",
        "tool.response",
        "run.end",
    ]
    assert "grüß" in session.read_text(encoding="utf-8")
    assert len(daily.read_text(encoding="utf-8").splitlines()) == 5
    assert client.get_current_run_id() is None
    assert client.queue_manager.get_statistics() == {
        "events_queued": 5,
        "events_sent": 5,
        "events_failed": 0,
        "queue_size": 0,
        "success_rate": 100.0,
    }
    statistics = client.get_statistics()
    assert (statistics["events_logged"], statistics["sessions"], statistics["current_run"]) == (5, 1, None)
    assert client.is_healthy() and client.flush() and client.get_queue_size() == 0


def test_summaries_exports_and_lists(client: LocalTestingClient) -> None:
    client.start_run(run_id=RUN, user_id="u")
    client.log_event(Event.create_user_input(RUN, "u", "a", parent_event_id=PARENT))
    client.start_run(run_id="a/b", user_id="u")
    client.start_run(run_id="a_b", user_id="u")
    local = client.local_logger
    Path(local.log_directory, "session_empty.json").touch()
    summary = local.get_session_summary(RUN)
    assert summary["event_types"] == {"run.start": 1, "user.input": 1}
    assert summary["total_events"] == 2 and summary["duration_seconds"] >= 0
    exported = local.export_session(RUN, "csv")
    assert exported is not None
    with open(exported, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1]["parent_event_id"] == PARENT
    assert json.loads(rows[1]["payload"])["input_text"] == "a"
    assert local.export_session(RUN) is not None
    assert local.export_session(RUN, "xml") is None
    assert [session["run_id"] for session in local.list_sessions()] == ["a_b", "a/b", RUN]
    assert local.get_session_summary("unknown") == {"error": "Session file not found"}


def test_csv_and_pretty_files(tmp_path: Path) -> None:
    event = Event.create_user_input(RUN, "u", "hi", parent_event_id=PARENT, metadata={"k": 1})
    as_csv = LocalEventLogger(str(tmp_path / "csv"), "csv")
    assert as_csv.log_events([event, event])
    (session,) = (tmp_path / "csv").glob("session_*.csv")
    lines = session.read_text().splitlines()
    assert lines[0] == "event_id,run_id,timestamp,event_type,user_id,parent_event_id,metadata,payload,logged_at"
    assert len(lines) == 3
    assert as_csv.get_session_summary(RUN)["total_events"] == 2
    pretty = LocalEventLogger(str(tmp_path / "pretty"), "pretty")
    assert pretty.log_events([event])
    (session,) = (tmp_path / "pretty").glob("session_*.pretty")
    text = session.read_text()
    assert text.startswith("\n" + "=" * 80 + "\nEvent: USER.INPUT\nTime: ")
    assert f"Parent: {PARENT}" in text and '"input_text": "hi"' in text
    assert pretty.get_session_summary(RUN)["total_events"] == 0


def test_large_files_are_set_aside(tmp_path: Path) -> None:
    local = LocalEventLogger(str(tmp_path), max_file_size_mb=0)
    for _ in range(3):
        assert local.log_events([Event.create_user_input(RUN, "u", "hi")])
    assert len(list(tmp_path.glob("session_*.json"))) == 3
    assert len(local.list_sessions()) == 1


def test_an_unknown_format_fails_politely(tmp_path: Path, caplog: Any) -> None:
    assert not LocalEventLogger(str(tmp_path), "xml").log_events([Event.create_user_input(RUN, "u", "hi")])
    assert "unsupported log format 'xml'" in caplog.text

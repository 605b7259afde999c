"""The settings of the spool: what is given, what the environment says, and what neither may be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict

import pytest

from lightwell import Pipeline, spool


def pipeline(**settings: Any) -> Pipeline:
    return Pipeline.insidellm(base_url="http://127.0.0.1:9", api_key="k", flush_interval=3600, **settings)


def test_what_is_given_wins_over_the_environment() -> None:
    env = {
        "LIGHTWELL_SPOOL_DIR": " from-env ",
        "LIGHTWELL_SPOOL_MAX_BYTES": "5000",
        "LIGHTWELL_SPOOL_WHEN_FULL": "drop_oldest",
        "LIGHTWELL_SPOOL_FSYNC": "250",
    }
    expected = {
        "spool_dir": os.path.abspath("from-env"),
        "spool_max_bytes": 5000,
        "spool_when_full": "drop_oldest",
        "spool_fsync": "250",
    }
    assert spool.keywords(env=env) == expected
    given = spool.keywords(Path("/given"), 7000, "drop_newest", "always", env=env)
    assert list(given.values()) == ["/given", 7000, "drop_newest", "always"]


def test_without_a_folder_there_is_no_spool() -> None:
    assert spool.keywords(env={"LIGHTWELL_SPOOL_MAX_BYTES": "5000"}) == {}
    nothing = pipeline(spool_dir="")
    nothing.record_event({"event_id": "a"})
    assert nothing.stats()["spooled"] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spool_max_bytes": 0}, "spool_max_bytes is 0, and must be greater than 0"),
        ({"spool_when_full": "panic"}, 'spool_when_full is "panic", and must be drop_newest or drop_oldest'),
        ({"spool_fsync": "-1"}, 'spool_fsync is "-1", and must be never, always or a number of milliseconds'),
    ],
)
def test_what_cannot_be_meant_is_told_at_once(tmp_path: Path, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(spool_dir=str(tmp_path), **settings)
    with pytest.raises(ValueError, match="LIGHTWELL_SPOOL_MAX_BYTES is '1 GiB', which is not a number of bytes"):
        spool.keywords(tmp_path, env={"LIGHTWELL_SPOOL_MAX_BYTES": "1 GiB"})


@pytest.mark.parametrize("fsync", ["never", "always", "5"])
def test_a_record_is_on_disk_before_the_call_returns(tmp_path: Path, fsync: str) -> None:
    spooling = pipeline(spool_dir=str(tmp_path), spool_fsync=fsync)
    spooling.record_event({"event_id": "a", "text": "find me"})
    (segment,) = tmp_path.rglob("*.seg")
    assert b"find me" in segment.read_bytes()
    assert segment.stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert not spooling.shutdown(0.0)
    stats = spooling.stats()
    assert (stats["accepted"], stats["pending"], stats["spooled"], stats["dropped_shutdown"]) == (1, 1, 1, 0)

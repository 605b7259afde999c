"""Servers and pipelines that end with the test."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator, List

import pytest
from native.scripted import Scripted

from lightwell import Pipeline


@pytest.fixture
def http_server() -> Iterator[Scripted]:
    """A scripted server; status 200 unless told otherwise."""
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sigil(http_server: Scripted) -> Iterator[Callable[..., Pipeline]]:
    """Makes pipelines for generations that send only when flushed."""
    made: List[Pipeline] = []

    def make(**settings: Any) -> Pipeline:
        given = {"protocol": "http", "endpoint": http_server.url, "flush_interval": 3600.0, **settings}
        made.append(Pipeline.sigil(**given))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.shutdown(0.0)


@pytest.fixture
def insidellm(http_server: Scripted) -> Iterator[Callable[..., Pipeline]]:
    """Makes pipelines for events that send only when flushed."""
    made: List[Pipeline] = []

    def make(**settings: Any) -> Pipeline:
        given = {"base_url": http_server.url, "api_key": "secret", "flush_interval": 3600.0, **settings}
        made.append(Pipeline.insidellm(**given))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.shutdown(0.0)

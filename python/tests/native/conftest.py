"""Servers and pipelines that end with the test."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List

import pytest
from native.scripted import Scripted
from serving import serving

from lightwell import Pipeline


@pytest.fixture
def http_server() -> Iterator[Scripted]:
    """A scripted server; status 200 unless told otherwise."""
    with serving(Scripted()) as server:
        yield server
        server.closing.set()


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

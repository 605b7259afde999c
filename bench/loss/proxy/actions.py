"""What a rule may do with one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Union


@dataclass(frozen=True)
class Request:
    """One whole request as it came."""

    path: str
    ids: frozenset[str]
    """Ids of the records in it."""
    wire_bytes: int


@dataclass(frozen=True)
class Forward:
    """Give it to the server and its answer to the program, after `delay_s`."""

    delay_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """Answer in the server's place. Over gRPC the status becomes the code that means the same, Retry-After a RetryInfo."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hold:
    """Forward it when `Proxy.release` is called."""


@dataclass(frozen=True)
class LoseAnswer:
    """Give it to the server and cut the connection instead of answering."""


Action = Union[Forward, Answer, Hold, LoseAnswer]
Rule = Callable[[Request], Action]


def forward(_: Request) -> Action:
    """The rule of a healthy network."""
    return Forward()

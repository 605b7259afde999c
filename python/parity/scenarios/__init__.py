"""The scenarios, in families. A scenario is a function of a `Stage`; what it is expected to differ in stands with it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..stage import Stage

BOTH = ("http", "grpc")
HTTP = ("http",)
LATEST = ("0.9.3",)
EITHER = ("0.9.3", "0.2.0")

FAMILIES = (
    "surface",
    "generations",
    "content",
    "spellings",
    "failures",
    "settings",
    "operations",
    "usage",
    "delivery",
    "control",
    "redaction",
    "experiments",
    "framework",
    "litellm_handler",
)

#: Path patterns (as `fnmatch` has them) to the name of a row in `differences.ROWS`.
Differences = Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """One scenario, the protocols it runs over and the releases of the original that it is compared with."""

    name: str
    run: Callable[[Stage], None]
    protocols: tuple[str, ...]
    releases: tuple[str, ...]
    differs: Differences = field(default_factory=dict)
    differs_earlier: Differences = field(default_factory=dict)


_REGISTERED: dict[str, Scenario] = {}


def scenario(
    *,
    protocols: tuple[str, ...] = BOTH,
    releases: tuple[str, ...] = LATEST,
    differs: Differences | None = None,
    earlier: Differences | None = None,
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Registers a scenario under its function's name. `earlier` is what differs from 0.2.0 beside `differs`."""

    def register(run: Callable[[Any], None]) -> Callable[[Any], None]:
        name = run.__name__
        assert name not in _REGISTERED, f"two scenarios are called {name}"
        _REGISTERED[name] = Scenario(name, run, protocols, releases, differs or {}, earlier or {})
        return run

    return register


def all_scenarios() -> list[Scenario]:
    """Every scenario, family by family, in the order of their writing."""
    for family in FAMILIES:
        importlib.import_module(f"{__name__}.{family}")
    return list(_REGISTERED.values())

"""What a scenario is, and whose turn it may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Optional

from .stage import Stage

#: Name of a lane, variable that holds the python of the original's environment.
LANES = {
    "sigil-http": "LIGHTWELL_ORIGINAL_SIGIL_0_9_3",
    "sigil-grpc": "LIGHTWELL_ORIGINAL_SIGIL_0_9_3",
    "insidellm": "LIGHTWELL_ORIGINAL_INSIDELLM",
}
ALL = tuple(LANES)


@dataclass(frozen=True)
class Side:
    """One package on one lane."""

    lane: str
    whose: str
    """`original`, `ours` or `ours+spool`."""

    @property
    def ours(self) -> bool:
        """Whether the table's promises are made for it."""
        return self.whose != "original"

    @property
    def spool(self) -> bool:
        """Whether records are kept on disk until they are acknowledged."""
        return self.whose == "ours+spool"

    @property
    def name(self) -> str:
        """As the table has it."""
        return f"{self.lane} {self.whose}"

    @property
    def python_variable(self) -> str:
        """Of the environment that the program runs in."""
        return "LIGHTWELL_OURS" if self.ours else LANES[self.lane]


@dataclass(frozen=True)
class Size:
    """How large the scenarios are."""

    name: str
    steady: int
    """Records of a scenario that needs no number of its own."""
    burst: int
    """Events at once that overflow a queue of 10,000."""
    stream: int
    """Generations that overflow a queue of 2,000 while requests take `overflow_s`."""
    stream_interval_s: float
    """Pause between them: the original cannot record more than some 500 a second."""
    overflow_s: float
    outage_s: float
    long_outage_s: Optional[float]
    """None: there is no long outage."""
    refusals: int
    """An outage ends when the time is over and this many requests have failed."""
    retry_after_s: int
    slow_s: float
    giant_bytes: int
    forks: int
    few_lanes: bool
    """Whether one lane is enough for the scenarios that take long for a reason of their own."""
    shutdown_s: Optional[float]
    """What the shutdown may take when it is hopeless; None: as long as the package takes unless told."""
    patience_s: float
    """A program that has not ended by then is killed, and counts as hung."""


FULL = Size("full", 300, 15000, 6000, 0.002, 1.0, 12.0, 60.0, 1, 5, 0.3, 100_000_000, 40, False, None, 150.0)
SHORT = Size("short", 100, 12000, 4000, 0.002, 1.0, 2.0, None, 1, 2, 0.1, 100_000_000, 20, False, None, 40.0)
#: Of `make test`: what an outage lasts is decided by what failed in it.
TEST = Size("test", 30, 11000, 3000, 0.0, 0.05, 0.0, None, 2, 1, 0.02, 8_000_000, 6, True, 1.0, 40.0)


@dataclass(frozen=True)
class Scenario:
    """A program, what happens to it, and what must come of it."""

    name: str
    title: str
    program: str
    fault: Callable[[Stage], None] = Stage.start
    """Starts the program, and does to it what the scenario is about."""
    environment: dict[str, str] = field(default_factory=dict)
    lanes: tuple[str, ...] = ALL
    spool: str = "no"
    """`no`: without one; `too`: with and without; `only`: what it promises needs one."""
    exceeded: frozenset[str] = frozenset()
    """Reasons for which ours, without a spool, may drop here: a bound was exceeded by design. Told, and nothing else is lost."""
    exceeded_with_spool: frozenset[str] = frozenset()
    again: bool = False
    """Whether a record may reach the server twice, because the program cannot know that it arrived."""
    exit_codes: tuple[int, ...] = (0,)
    server_disk_bytes: Optional[int] = None
    """The server's data is on a file system of this size, which is full but for a little."""
    spool_disk_bytes: Optional[int] = None
    """The spool is on a file system of this size."""
    owns_server: bool = False
    """Whether the server itself suffers; otherwise scenarios may share one."""
    waits: bool = False
    """Whether it mostly waits, so that its sides may run at once."""

    def sides(self) -> list[Side]:
        """Whose turn it is."""
        whose = {"no": ["original", "ours"], "too": ["original", "ours", "ours+spool"], "only": ["original", "ours+spool"]}
        return [Side(lane, each) for lane in self.lanes for each in whose[self.spool]]

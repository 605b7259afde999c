"""What came of one run, and whether it is what was promised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .scenario import Scenario, Side
from .stage import Ending, Stage


@dataclass
class Outcome:
    """One row of the table."""

    scenario: str
    side: str
    recorded: int
    delivered: int
    again: int
    """Records that were sent again although a request with them was under way or answered well."""
    received_again: int
    """Records that came to the server although it had them; they change nothing there."""
    duplicated: int
    """Records that the server tells more than once."""
    lost: int
    missing: int
    """Records of which the server knows by the program's own account, and which nobody can account for."""
    told: dict[str, int]
    """Drops that the package's own counters name, by reason."""
    longest_ms: float
    exit_s: float | None
    code: int
    hung: bool
    raised: list[str] = field(default_factory=list)
    """What recording raised into the application."""
    trouble: str | None = None
    """What kept the scenario from going as it should."""
    broken: list[str] = field(default_factory=list)
    """Promises that were not kept; only of ours."""
    log: str = ""


def observe(scenario: Scenario, side: Side, stage: Stage, ending: Ending, trouble: str | None) -> Outcome:
    """Compares the program's diary with what the server tells."""
    diary = stage.diary()
    told = Counter(stage.stored(diary.records))
    lines = diary.records.values()
    counted = stage.counted()
    drops: Counter[str] = Counter()
    for account in diary.accounts:
        drops.update({name: count for name, count in account.items() if name.startswith("dropped_") and count})
    outcome = Outcome(
        scenario=scenario.title,
        side=side.name,
        recorded=len(diary.records),
        delivered=sum(1 for identity in diary.records if told[identity]),
        again=stage.proxy.counts.again(),
        received_again=counted.again,
        duplicated=sum(count - 1 for count in told.values()),
        lost=sum(1 for identity in diary.records if not told[identity]),
        missing=counted.missing,
        told=dict(drops),
        longest_ms=max((line["ms"] for line in lines), default=0.0),
        exit_s=ending.seconds,
        code=ending.code,
        hung=ending.hung,
        raised=[line["raised"] for line in lines if line["raised"]],
        trouble=trouble,
        log=stage.log(),
    )
    if side.ours:
        outcome.broken = broken_promises(scenario, side, outcome)
    return outcome


def broken_promises(scenario: Scenario, side: Side, outcome: Outcome) -> list[str]:
    """One sentence for each."""
    allowed = scenario.exceeded_with_spool if side.spool else scenario.exceeded
    accounted = sum(outcome.told.values())
    promises = [
        (outcome.recorded > 0, "the program recorded nothing"),
        (not outcome.hung, "it hung"),
        (outcome.hung or outcome.code in scenario.exit_codes, f"the exit code is {outcome.code}"),
        (outcome.trouble is None, str(outcome.trouble)),
        (not outcome.raised, f"recording raised {outcome.raised[:1]}"),
        (outcome.duplicated == 0, f"{outcome.duplicated} are stored twice"),
        (scenario.again or outcome.again == 0, f"{outcome.again} were sent again without need"),
        (scenario.again or outcome.received_again == 0, f"{outcome.received_again} came to the server again"),
        (outcome.missing == 0, f"the server misses {outcome.missing}"),
        (outcome.lost == accounted, f"{outcome.lost} are lost and the counters tell of {accounted}: {outcome.told}"),
        (set(outcome.told) <= allowed, f"dropped for a reason that does not hold here: {outcome.told}"),
    ]
    return [sentence for kept, sentence in promises if not kept]

"""The table that people read."""

from __future__ import annotations

from .outcome import Outcome

TITLES = ["scenario", "package", "recorded", "delivered", "sent again", "received again", "duplicated", "lost", "missing", "told", "longest ms", "exit s", ""]


def rows(outcomes: list[Outcome]) -> list[list[str]]:
    """One row an outcome; a scenario's name stands in its first row only."""
    found = []
    before = ""
    for each in outcomes:
        exit_s = "-" if each.exit_s is None else f"{each.exit_s:.2f}"
        remarks = ["hung"] if each.hung else []
        remarks += [f"raised {len(each.raised)} times"] if each.raised else []
        remarks += each.broken or ([each.trouble] if each.trouble else [])
        found.append(
            [
                each.scenario if each.scenario != before else "",
                each.side,
                str(each.recorded),
                str(each.delivered),
                str(each.again),
                str(each.received_again),
                str(each.duplicated),
                str(each.lost),
                str(each.missing),
                " ".join(f"{name.removeprefix('dropped_')}={count}" for name, count in each.told.items()) or "-",
                f"{each.longest_ms:.1f}",
                f">{exit_s}" if each.hung else exit_s,
                "; ".join(remarks),
            ]
        )
        before = each.scenario
    return found


def lines(outcomes: list[Outcome]) -> list[str]:
    """The table as text."""
    table = [TITLES, *rows(outcomes)]
    widths = [max(len(row[column]) for row in table) for column in range(len(TITLES))]
    left = {0, 1, 9, 12}
    return [
        "  ".join(cell.ljust(width) if column in left else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in table
    ]

"""What happens to the programs: each function gives a script, which starts the program and does something to it."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Callable

from .proxy import Action, Answer, Forward, Hold, LoseAnswer, Request
from .stage import Stage

Fault = Callable[[Stage], None]
#: What the server with a full disk still has.
FREE_BYTES = 4 << 20


def outage(seconds: float, refusals: int) -> Fault:
    """503 for `seconds`, and until `refusals` requests have failed."""

    def script(stage: Stage) -> None:
        stage.proxy.rule = lambda _: Answer(503)
        stage.start()
        stage.wait_until(lambda: stage.proxy.counts.refused >= 1, "the outage is noticed")
        stage.pause(seconds)
        stage.wait_until(lambda: stage.proxy.counts.refused >= refusals, "requests fail")
        stage.proxy.heal()

    return script


def too_many_requests(retry_after_s: int) -> Fault:
    """429 with Retry-After until that time has passed."""

    def script(stage: Stage) -> None:
        stage.proxy.rule = lambda _: Answer(429, {"Retry-After": str(retry_after_s)})
        stage.start()
        stage.wait_until(lambda: stage.proxy.counts.refused >= 1, "the first request is refused")
        stage.pause(retry_after_s * 0.9)
        stage.proxy.heal()

    return script


def bad_item(number: int) -> Fault:
    """400 for every request that holds one certain record."""

    def script(stage: Stage) -> None:
        bad = f"{stage.run_id}-0000-4000-8000-{number:012x}"

        def rule(request: Request) -> Action:
            return Answer(400) if bad in request.ids else Forward()

        stage.proxy.rule = rule
        stage.start()

    return script


def slow(seconds: float) -> Fault:
    """Every answer takes that long."""

    def script(stage: Stage) -> None:
        stage.proxy.rule = lambda _: Forward(seconds)
        stage.start()

    return script


def black_hole(stage: Stage) -> None:
    """Connections are accepted and never answered, until the program has ended."""
    stage.proxy.swallow()
    stage.start()


def nobody_listens(stage: Stage) -> None:
    """Connections are refused until the program has ended."""
    stage.proxy.refuse()
    stage.start()


def nobody_listens_for_a_while(stage: Stage) -> None:
    """Connections are refused until everything is recorded."""
    stage.proxy.refuse()
    stage.start()
    stage.wait_for_mark("recorded")
    stage.proxy.heal()
    stage.answer("go on")


def server_killed(stage: Stage) -> None:
    """The server is killed while it receives, and started again once that was noticed."""
    stage.start()
    stage.wait_until(lambda: stage.proxy.counts.answered >= 1, "something is delivered")
    stage.server.kill()
    stage.answer("go on")
    stage.wait_until(lambda: stage.proxy.counts.refused >= 1, "the server's death is noticed")
    stage.server.start(stage.server.address)


def cut_in_body(times: int) -> Fault:
    """The first `times` connections are reset in the middle of the first request's body."""

    def script(stage: Stage) -> None:
        stage.proxy.cut(after_bytes=1500, times=times)
        stage.start()
        stage.wait_until(lambda: stage.proxy.cuts_left == 0, "connections are cut")

    return script


def answer_lost(stage: Stage) -> None:
    """The server stores the first request, and its answer never arrives."""
    lost: list[Request] = []

    def rule(request: Request) -> Action:
        if lost:
            return Forward()
        lost.append(request)
        return LoseAnswer()

    stage.proxy.rule = rule
    stage.start()


def signalled(number: int) -> Fault:
    """The signal comes when the records are made."""

    def script(stage: Stage) -> None:
        stage.start()
        stage.wait_for_mark("recorded")
        stage.signal(number)

    return script


def killed_in_outage(stage: Stage) -> None:
    """SIGKILL while nobody listens."""
    stage.proxy.refuse()
    signalled(signal.SIGKILL)(stage)


def held_request(stage: Stage) -> None:
    """The first request is held until the program has forked."""
    held: list[Request] = []

    def rule(request: Request) -> Action:
        if held:
            return Forward()
        held.append(request)
        return Hold()

    stage.proxy.rule = rule
    stage.start()
    stage.wait_until(lambda: stage.proxy.counts.requests >= 1, "a request is on its way")
    stage.answer("fork now")
    stage.wait_for_mark("forked")
    stage.proxy.release()


def server_disk_full(stage: Stage) -> None:
    """The server's disk is full, and has room again when that was noticed."""
    assert stage.server.process is not None
    folder = Path(f"/proc/{stage.server.process.pid}/root") / stage.server.data.parent.relative_to("/")
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(folder).free - FREE_BYTES))
    stage.start()
    stage.wait_until(lambda: stage.proxy.counts.refused >= 1, "the full disk is noticed")
    filler.unlink()

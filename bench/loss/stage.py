"""One run: a real server, the proxy before it, and a program in an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from server import Server
from waiting import wait_for

from .proxy import Proxy

PROGRAMS = Path(__file__).parent / "programs"
RECORDS_OF_A_CONVERSATION = 500
SUCCESSOR_RECORD = 999_999


@dataclass
class Diary:
    """What the program's processes noted."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Id of each record, and its line."""
    accounts: list[dict[str, int]] = field(default_factory=list)
    leaving: Optional[float] = None

    @classmethod
    def read(cls, path: Path, run: str) -> Diary:
        """What is in the file so far."""
        diary = cls()
        text = path.read_text() if path.exists() else ""
        for line in text[: text.rfind("\n") + 1].splitlines():
            noted = json.loads(line)
            if "record" in noted:
                diary.records[f"{run}-0000-4000-8000-{noted['record']:012x}"] = noted
            elif "account" in noted:
                diary.accounts.append(noted["account"])
            elif "leaving" in noted:
                diary.leaving = noted["leaving"]
        return diary


@dataclass
class Counted:
    """What the server counted until now."""

    again: int = 0
    """Records that it had already, since it was started."""
    missing: int = 0
    """Records that it knows of and nobody can account for."""

    @classmethod
    def read(cls, server: Server) -> Counted:
        """From its metrics and its account of deliveries."""
        metrics = server.get("/metrics").splitlines()
        again = sum(int(line.split()[-1]) for line in metrics if line.startswith("lightwell_items_total") and '"duplicate"' in line)
        return cls(again, server.get("/api/v1/delivery")["totals"]["missing"])

    def since(self, before: Counted) -> Counted:
        """What came between."""
        return Counted(max(0, self.again - before.again), self.missing - before.missing)


@dataclass
class Ending:
    """How the program ended."""

    code: int
    seconds: Optional[float]
    """From its last line to the end of the process; None when it did not say that it was leaving."""
    hung: bool
    """It had to be killed, or a process that it left behind had to."""


class Stage:
    """Everything of one run. Fault scripts call it from the harness's thread."""

    def __init__(
        self, folder: Path, server: Server, *, lane: str, command: list[str], environment: dict[str, str], patience_s: float
    ) -> None:
        """`command` runs the program, its last word, in an `environment` beside the one that every program gets."""
        self.folder, self.server, self.lane = folder, server, lane
        self.run_id = uuid.uuid4().hex[:8]
        self.proxy = Proxy(int(server.address.rsplit(":", 1)[1]), self.run_id, grpc=lane == "sigil-grpc").start()
        self.patience_s = patience_s
        self._counted_before = Counted.read(server)
        self._command, self._environment = command, environment
        self._marks: list[str] = []
        self._program: Optional[subprocess.Popen[str]] = None
        self._silent = threading.Event()
        self._ended_at = 0.0

    def start(self, program: str | None = None) -> None:
        """Starts the program of the scenario, or another one of `programs/`."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANE": self.lane,
            "ENDPOINT": self.proxy.address,
            "RUN": self.run_id,
            "DIARY": str(self.folder / "diary"),
            "PYTHONUNBUFFERED": "1",
            **self._environment,
        }
        self._end_streams()
        self._silent.clear()
        self._ended_at = 0.0
        with (self.folder / "program.log").open("a") as errors:
            self._program = subprocess.Popen(
                [*self._command[:-1], str(PROGRAMS / program)] if program else self._command,
                env=environment, cwd=self.folder, text=True, start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        threading.Thread(target=self._read_marks, args=(self._program,), daemon=True).start()
        threading.Thread(target=self._note_end, args=(self._program,), daemon=True).start()

    def wait_for_mark(self, word: str) -> None:
        """Until the program has said `word`."""
        wait_for(lambda: word in self._marks or self._has_ended(), f"the program says {word}", self.patience_s)
        assert word in self._marks, f"the program ended before it said {word!r}: {self.log()}"

    def answer(self, word: str) -> None:
        """Says a line to the program."""
        assert self._program is not None and self._program.stdin is not None
        self._program.stdin.write(word + "\n")
        self._program.stdin.flush()

    def signal(self, number: int) -> None:
        """Sends a signal to the program; the time it takes to end counts from now."""
        assert self._program is not None
        with (self.folder / "diary").open("a") as diary:
            diary.write(json.dumps({"leaving": time.monotonic()}) + "\n")
        self._program.send_signal(number)

    def wait_until(self, condition: Any, what: str) -> None:
        """Until the condition holds, or the program has ended and so will not bring it about."""
        wait_for(lambda: condition() or self._has_ended(), what, self.patience_s)

    def pause(self, seconds: float) -> None:
        """Lets a time pass that the scenario is about: the length of an outage."""
        threading.Event().wait(seconds)

    def end(self) -> Ending:
        """Waits for the program and everything that it left behind, kills what does not end."""
        program = self._program
        assert program is not None
        hung = not self._silent.wait(self.patience_s)
        if hung:
            os.killpg(program.pid, signal.SIGKILL)
        code = program.wait(timeout=30)
        self._silent.wait(30)
        wait_for(lambda: self._ended_at > 0, "the end of the program is noted")
        leaving = self.diary().leaving
        return Ending(code, None if leaving is None else self._ended_at - leaving, hung)

    def diary(self) -> Diary:
        """What the program noted so far."""
        return Diary.read(self.folder / "diary", self.run_id)

    def log(self) -> str:
        """The end of what the program wrote to stderr."""
        path = self.folder / "program.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def stored(self, records: dict[str, dict[str, Any]]) -> list[str]:
        """Ids of the run's records as the server's API tells them, each as often as it is told."""
        told: list[str] = []
        for number in sorted({line["record"] // RECORDS_OF_A_CONVERSATION for line in records.values()}):
            status, body = self.server.request("GET", f"/api/v1/conversations/{self.run_id}-0001-4000-8000-{number:012x}")
            assert status in (200, 404), (status, body)
            if status == 200:
                told += [each["generation_id"] for each in body["generations"]]
                told += [each["event_id"] for each in body["events"]]
        return told

    def counted(self) -> Counted:
        """What the server counted in this run."""
        return Counted.read(self.server).since(self._counted_before)

    def close(self) -> None:
        """Ends what is still there, except the server."""
        program = self._program
        if program is not None:
            if not self._silent.is_set() or program.poll() is None:
                try:
                    os.killpg(program.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # It ended in this moment.
            program.wait(timeout=30)
            self._silent.wait(30)
        self._end_streams()
        self.proxy.stop()

    def _end_streams(self) -> None:
        for stream in () if self._program is None else (self._program.stdin, self._program.stdout):
            if stream is not None:
                stream.close()

    def _read_marks(self, program: subprocess.Popen[str]) -> None:
        assert program.stdout is not None
        for line in program.stdout:
            self._marks.append(line.strip())
        self._silent.set()

    def _note_end(self, program: subprocess.Popen[str]) -> None:
        program.wait()
        self._ended_at = time.monotonic()

    def _has_ended(self) -> bool:
        return self._program is not None and self._program.poll() is not None

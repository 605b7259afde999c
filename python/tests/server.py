"""A real server process, as tests and measurements drive it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """A real server process on a port of its own."""

    data: Path
    arguments: tuple[str, ...] = ()
    key: str | None = None
    process: subprocess.Popen[str] | None = None
    url: str = ""
    before: tuple[str, ...] = ()
    """Words of a command that the server is run by."""
    log: Path | None = None
    """Where its stderr goes; `server.log` beside its data unless given."""

    def start(self, listen: str = "127.0.0.1:0") -> Server:
        binary = os.environ.get("LIGHTWELL_BINARY", str(ROOT / "dist" / "lightwell"))
        command = [*self.before, binary, "serve", "--data", str(self.data), "--listen", listen, *self.arguments]
        log = self.log or self.data.parent / "server.log"
        with log.open("a") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "http://" in line:
                self.url = "http://" + line.split("http://", 1)[1].split()[0].rstrip("/")
                break
        assert self.url, f"the server said nothing of its address: {log.read_text()}"
        wait_for(lambda: self.status("/readyz") == 200, "the server is ready")
        return self

    @property
    def address(self) -> str:
        """host:port"""
        return self.url.removeprefix("http://")

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=30)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and body (JSON where it is JSON) of one request."""
        sent = dict(headers or {})
        if self.key:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, answer = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, answer = error.code, error.read()
        try:
            return status, json.loads(answer)
        except ValueError:
            return status, answer.decode(errors="replace")

    def status(self, path: str) -> int:
        """Status of a GET, 0 when nobody answers."""
        try:
            return self.request("GET", path)[0]
        except OSError:
            return 0

    def get(self, path: str) -> Any:
        """Body of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return body

    def conversations(self, **filters: str) -> list[dict[str, Any]]:
        """Every conversation, page by page."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = urllib.parse.urlencode({**filters, **({"cursor": cursor} if cursor else {})})
            page = self.get(f"/api/v1/conversations?{query}")
            items += page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return items

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation with its whole content."""
        return self.get(f"/api/v1/conversations/{urllib.parse.quote(conversation_id, safe='')}")

    def generations(self) -> list[dict[str, Any]]:
        """Every generation of every conversation."""
        return [g for item in self.conversations() for g in self.conversation(item["id"])["generations"]]

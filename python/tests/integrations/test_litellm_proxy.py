"""The LiteLLM proxy as the seed document sets it up: its image, its callback file and its configuration, as written there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import PROGRAMS, ROOT, RunProgram, Server, interpreter
from provider import Provider, running_provider
from waiting import wait_for

SEED = PROGRAMS / "seed"
WHEELS = Path(os.environ.get("LIGHTWELL_WHEELS", ROOT / "dist" / "wheels"))
OURS = ("sigil_sdk", "sigil_sdk_litellm", "lightwell", "insidellm")
MASTER_KEY = "sk-4f9d2c7b1a6e8d3f5b0c9a7e2d4f6b8c"
START_SECONDS = 120.0
RUN = "from litellm import run_server; run_server()"


class Proxy:
    """A running proxy that sends its records to `server`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, server: Server, provider: Provider) -> None:
        self.process, self.url, self.server, self.provider = process, url, server, provider

    def ask(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, str]:
        """Status and body of a request."""
        sent = {"Authorization": f"Bearer {MASTER_KEY}", "Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def chat(self, said: str, **more: Any) -> tuple[int, str]:
        """A chat completion of one message."""
        return self.ask("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [user(said)], **more})

    def generations(self, conversation_id: str, count: int = 1) -> list[dict[str, Any]]:
        """The records of a conversation, once there are so many."""

        def arrived() -> list[dict[str, Any]]:
            headers = {"X-Scope-OrgID": "team-a"}
            status, found = self.server.request("GET", f"/api/v1/conversations/{conversation_id}", headers=headers)
            generations: list[dict[str, Any]] = found["generations"] if status == 200 else []
            return generations if len(generations) >= count else []

        return wait_for(arrived, f"{count} records of {conversation_id}")


def user(said: str) -> dict[str, str]:
    return {"role": "user", "content": said}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of an environment made as the seed's Dockerfile says: LiteLLM's packages are there, then its RUN line.

    Our wheels are the only source of packages, so the names in that line are found nowhere else.
    """
    base = Path(interpreter("litellm-proxy")).parent.parent
    packages = next(base.glob("lib/python3*/site-packages"))
    folder = tmp_path_factory.mktemp("image")
    (folder / "base").mkdir()
    for entry in packages.iterdir():
        if not entry.name.startswith(OURS):
            (folder / "base" / entry.name).symlink_to(entry)
    subprocess.run([interpreter("litellm-proxy"), "-m", "venv", str(folder / "venv")], check=True)
    own = next((folder / "venv").glob("lib/python3*/site-packages"))
    (own / "base.pth").write_text(str(folder / "base"))
    python = folder / "venv" / "bin" / "python"

    [command] = [line for line in (SEED / "litellm.Dockerfile").read_text().splitlines() if line.startswith("RUN ")]
    words = command.split()
    assert words[:3] == ["RUN", "pip", "install"]
    install = [str(python), "-m", *words[1:], "--no-index", "--find-links", str(WHEELS), "--disable-pip-version-check"]
    finished = subprocess.run(install, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return python


@contextmanager
def running_proxy(
    folder: Path, python: Path, server: Server, provider: Provider, files: dict[str, str], **settings: str
) -> Iterator[Proxy]:
    """The proxy with a callback file and a configuration beside each other."""
    for name, text in files.items():
        (folder / name).write_text(text)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "OPENAI_API_KEY": "not-used",
        "OPENAI_BASE_URL": provider.url,
        "SIGIL_ENDPOINT": server.url,
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    command = [str(python), "-c", RUN, "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", "0"]
    log = folder / "proxy.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)

    def address() -> str:
        said = log.read_text()
        assert process.poll() is None, said
        running = [line.split("http://", 1)[1].split()[0] for line in said.splitlines() if "running on http://" in line]
        return running[-1] if running else ""

    try:
        yield Proxy(process, "http://" + wait_for(address, "the proxy runs", START_SECONDS), server, provider)
    finally:
        process.kill()
        process.wait(30)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Iterator[Proxy]:
    """One proxy for the tests: it takes long to start."""
    folder = tmp_path_factory.mktemp("proxy")
    server = Server(folder / "data").start()
    try:
        files = {
            "sigil_callback.py": (SEED / "sigil_callback.py").read_text(),
            "config.yaml": (SEED / "litellm_config.yaml").read_text(),
        }
        settings = {"SIGIL_TENANT_ID": "team-a", "SIGIL_API_KEY": "not-checked"}
        with running_provider() as provider:
            with running_proxy(folder, image, server, provider, files, **settings) as proxy:
                yield proxy
    finally:
        server.kill()


def test_a_request_with_metadata_and_a_user(proxy: Proxy) -> None:
    proxy.provider.chats = ["Hello, you."]
    metadata = {"conversation_id": "plain", "agent_name": "search-agent", "agent_version": "v2", "tags": ["web"]}
    status, body = proxy.chat("Hello!", metadata=metadata, user="customer-7", temperature=0.5)
    assert status == 200, body
    [generation] = proxy.generations("plain")
    assert generation["response_id"] == json.loads(body)["id"]
    assert (generation["agent_name"], generation["agent_version"]) == ("search-agent", "v2")
    assert generation["user_id"] == "customer-7"
    assert generation["mode"] == "SYNC"
    assert generation["model"] == {"provider": "openai", "name": "openai/gpt-4o-mini"}
    assert generation["temperature"] == 0.5
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Hello!"}]}]
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Hello, you."}]}]
    assert (generation["usage"]["input_tokens"], generation["usage"]["output_tokens"]) == (20, 10)
    assert generation["reported_cost_usd"] == pytest.approx(9e-06)
    assert generation["tags"]["litellm.tag.web"] == "web"
    assert generation["metadata"]["litellm.model_group"] == "gpt-4o-mini"
    assert "litellm.incomplete" not in generation["metadata"]


def test_a_request_without_metadata_is_the_proxy_s_agent_and_litellm_s_session(proxy: Proxy) -> None:
    proxy.provider.chats = ["Hello."]
    assert proxy.chat("Hello!", litellm_session_id="session-1")[0] == 200
    [generation] = proxy.generations("session-1")
    assert generation["agent_name"] == "litellm-proxy"


def test_a_stream(proxy: Proxy) -> None:
    proxy.provider.chats = ["One two three."]
    status, body = proxy.chat("Count!", stream=True, metadata={"session_id": "streamed"})
    assert status == 200 and "[DONE]" in body
    [generation] = proxy.generations("streamed")
    assert generation["mode"] == "STREAM"
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "One two three."}]}]
    assert generation["started_at"] <= generation["first_token_at"] <= generation["completed_at"]


def test_a_failure_is_one_record_an_attempt(proxy: Proxy) -> None:
    proxy.provider.chats = [400]
    status, body = proxy.chat("Fail!", metadata={"thread_id": "failed"})
    assert status == 400, body
    [generation] = proxy.generations("failed")
    assert "told to fail" in generation["error"]["message"]
    assert generation["output"] == [] and "cost_usd" not in generation["metadata"]

    proxy.provider.chats = [500, "At last."]
    status, body = proxy.chat("Try!", metadata={"thread_id": "retried"})
    assert status == 200, body
    failed, answered = sorted(proxy.generations("retried", 2), key=lambda made: made["started_at"])
    assert "told to fail" in failed["error"]["message"] and answered["error"] is None
    assert answered["metadata"]["litellm.attempt"] == 2


def test_an_unknown_model_is_told(proxy: Proxy) -> None:
    refused = {"model": "no-such-model", "messages": [user("Hello!")], "metadata": {"conversation_id": "refused"}}
    assert proxy.ask("/v1/chat/completions", refused)[0] == 400
    [generation] = proxy.generations("refused")
    assert generation["model"] == {"provider": "unknown", "name": "no-such-model"}
    assert generation["metadata"]["litellm.incomplete"] == ["the provider is not known"]
    assert "no-such-model" in generation["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_responses(proxy: Proxy, stream: bool) -> None:
    proxy.provider.chats = ["A response."]
    conversation = f"responses-{stream}"
    asked = {"model": "gpt-4o-mini", "input": "Respond!", "instructions": "Be brief.", "stream": stream}
    status, body = proxy.ask("/v1/responses", {**asked, "litellm_metadata": {"conversation_id": conversation}})
    assert status == 200, body
    [generation] = proxy.generations(conversation)
    assert generation["system_prompt"] == "Be brief."
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Respond!"}]}]
    parts = [{"thinking": "Let me think."}, {"text": "A response."}]
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": parts}]
    assert generation["usage"]["cache_read_input_tokens"] == 4
    assert generation["mode"] == ("STREAM" if stream else "SYNC")
    # The proxy's own ids are longer than servers take: the record has another, its metadata has it.
    if not stream:
        assert generation["metadata"]["litellm.response_id"] == json.loads(body)["id"]


def test_messages(proxy: Proxy) -> None:
    proxy.provider.chats = ["A message."]
    asked = {"model": "gpt-4o-mini", "max_tokens": 50, "system": "Be brief.", "messages": [user("Say!")]}
    session = {"litellm_metadata": {"conversation_id": "messages"}, "metadata": {"user_id": "customer-8"}}
    status, body = proxy.ask("/v1/messages", {**asked, **session})
    assert status == 200, body
    [generation] = proxy.generations("messages")
    assert generation["system_prompt"] == "Be brief."
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Say!"}]}]
    assert generation["output"][0]["parts"][-1] == {"text": "A message."}


def test_a_proxy_as_documented_that_is_stopped_loses_nothing(
    tmp_path: Path, image: Path, server: Server, provider: Provider
) -> None:
    """With the files of docs/litellm.md."""
    blocks = re.findall(r"```(?:py|yaml)\n# (\S+)\n(.*?)```", (ROOT / "docs" / "litellm.md").read_text(), re.DOTALL)
    files = dict(blocks)
    assert set(files) == {"sigil_callback.py", "config.yaml"}
    settings = {"SIGIL_PROTOCOL": "http", "SIGIL_AUTH_MODE": "tenant", "SIGIL_AUTH_TENANT_ID": "team-a"}
    provider.chats = ["Hello."]
    with running_proxy(tmp_path, image, server, provider, files, **settings) as proxy:
        statuses = [proxy.chat("Hello!", metadata={"conversation_id": "last"})[0] for _ in range(5)]
        assert statuses == [200] * 5
        proxy.process.send_signal(signal.SIGTERM)
        proxy.process.wait(30)
        assert len(proxy.generations("last", 5)) == 5


def test_without_the_proxy_what_needs_its_packages(
    run_program: RunProgram, image: Path, server: Server, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cache hits, streamed Messages calls, and retries within a synchronous call."""
    monkeypatch.setenv("LIGHTWELL_IMAGE", str(image))
    provider.chats = ["Hello, you."]
    provider.scripts = {"failing": [500, 500, "At last."]}
    run_program(
        "litellm_extras.py", env="image", SIGIL_ENDPOINT=server.url, SIGIL_PROTOCOL="http",
        OPENAI_BASE_URL=provider.url, ANTHROPIC_API_BASE=provider.url.removesuffix("/v1"), ANTHROPIC_API_KEY="not-used",
    )
    cached = sorted(server.conversation("cached")["generations"], key=lambda made: made["started_at"])
    assert [made["metadata"].get("litellm.cache_hit") for made in cached] == [None, True]
    assert len({made["generation_id"] for made in cached}) == 2
    assert cached[0]["output"] == cached[1]["output"]

    [streamed] = server.conversation("streamed")["generations"]
    assert streamed["mode"] == "STREAM" and streamed["system_prompt"] == "Be brief."
    assert streamed["output"][0]["parts"] == [{"thinking": "Let me think."}, {"text": "Hello, you."}]
    assert streamed["usage"]["cache_read_input_tokens"] == 4

    retried = server.conversation("retried")["generations"]
    assert [made["output"][0]["parts"] for made in retried if made["error"] is None] == [[{"text": "At last."}]]
    assert len({made["generation_id"] for made in retried}) == len(retried)

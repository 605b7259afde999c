"""What the environment says about the network: proxies and trusted certificates."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest
from native.scripted import Scripted

SEND = """
import sys
from lightwell import Pipeline

pipeline = Pipeline.insidellm(base_url=sys.argv[1], api_key="k", max_retries=0, request_timeout=10)
pipeline.record_event({"event_id": "e"})
report = pipeline.flush_report(15)
print(report)
sys.exit(0 if report.delivered == 1 else 1)
"""


def send(url: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Sends one event from a process with these variables and without the caller's proxies."""
    environment: Dict[str, str] = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and "SSL_CERT" not in k}
    command = [sys.executable, "-c", SEND, url]
    return subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, timeout=60)


def test_the_proxy_of_the_environment_is_used(http_server: Scripted) -> None:
    finished = send("http://nowhere.invalid:8080", http_proxy=http_server.url)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert http_server.requests[0].path == "http://nowhere.invalid:8080/api/v1/ingest"


def test_no_proxy_is_honoured(http_server: Scripted) -> None:
    finished = send(http_server.url, http_proxy="http://nowhere.invalid:1", no_proxy="127.0.0.1")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert http_server.requests[0].path == "/api/v1/ingest"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
def test_tls_trusts_the_authority_of_the_environment(http_server: Scripted, tmp_path: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost")
    (tmp_path / "leaf.ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl(
        "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "leaf.ext",
        "-out", "leaf.pem",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem", tmp_path / "leaf.key")
    http_server.socket = context.wrap_socket(http_server.socket, server_side=True)
    url = http_server.url.replace("http://127.0.0.1", "https://localhost")
    finished = send(url, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(http_server.requests) == 1
    distrusted = send(url)
    assert distrusted.returncode == 1 and "certificate" in distrusted.stdout, distrusted.stdout + distrusted.stderr

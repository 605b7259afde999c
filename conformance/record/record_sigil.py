"""Record what the installed Sigil SDK sends: ``python record_sigil.py sigil_sdk|agento11y``.

Each scenario runs twice, over HTTP and over gRPC; both fixtures must mean the same.
"""

from __future__ import annotations

import importlib
import os
import sys
from datetime import timedelta
from typing import Any

import recorder as recording_server
from sigil_scenarios import SCENARIOS, Scenario

PACKAGES = {"sigil_sdk": "sigil-sdk", "agento11y": "agento11y"}


def main(module: str) -> None:
    """Run every scenario that the release can."""
    # No telemetry of the machine that records may reach a fixture.
    for name in list(os.environ):
        if name.startswith(("SIGIL_", "AGENTO11Y_", "OTEL_")):
            del os.environ[name]
    sdk = importlib.import_module(module)
    package = PACKAGES[module]
    version = importlib.import_module("importlib.metadata").version(package)
    with recording_server.recording() as recorder:
        for name, scenario in SCENARIOS.items():
            if name == "workflow" and not hasattr(sdk, "WorkflowStep"):
                continue
            for protocol in ("http", "grpc"):
                run(sdk, scenario, protocol, recorder)
                (request,) = recording_server.take(recorder)
                recording_server.write("sigil", f"{package}-{version}.{name}.{protocol}", package, request)


def run(sdk: Any, scenario: Scenario, protocol: str, recorder: recording_server.CaptureServer) -> None:
    """Run one scenario in a client of its own, all of it in one request."""
    endpoint = recorder.http_endpoint if protocol == "http" else recorder.grpc_endpoint
    auth = sdk.AuthConfig(mode="tenant", tenant_id="acme")
    export = sdk.GenerationExportConfig(
        protocol=protocol, endpoint=endpoint, auth=auth, insecure=True, flush_interval=timedelta(hours=1), max_retries=0
    )
    client = sdk.Client(sdk.ClientConfig(generation_export=export))
    scenario(sdk, client)
    client.flush()
    client.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])

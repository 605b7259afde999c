"""Runs the scenarios in one environment, over one protocol, each with its own client, and writes down what was observed.

`python python/parity/run.py --release 0.9.3|0.2.0|ours --protocol http|grpc --out FILE [SCENARIO ...]`
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

# The folder of this file has modules with names of packages; its parent has packages that are not the ones under test.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

#: Of a scenario, to end one that hangs. The first that needs LiteLLM imports it, which takes long on a busy machine.
LIMIT_SECONDS = 90


class TooLong(BaseException):
    """A scenario does not end."""


def main() -> None:
    """See the head of this module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("scenarios", nargs="*")
    arguments = parser.parse_args()
    for name in list(os.environ):
        if name.startswith(("SIGIL_", "OTEL_", "LIGHTWELL_")) or "proxy" in name.lower():
            del os.environ[name]
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["OPENAI_API_KEY"] = "not-used"
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _too_long)

    import sigil_sdk
    from parity.scenarios import all_scenarios
    from parity.server import CaptureServer

    server = CaptureServer(grpc=arguments.protocol == "grpc")
    observed: dict[str, Any] = {}
    for scenario in all_scenarios():
        if arguments.scenarios and scenario.name not in arguments.scenarios:
            continue
        if arguments.protocol in scenario.protocols and arguments.release in (*scenario.releases, "ours"):
            observed[scenario.name] = _run(scenario, sigil_sdk, arguments.protocol, server)
    told = {"package": sigil_sdk.__file__, "scenarios": observed}
    text = json.dumps(told, indent=1, sort_keys=True)
    if arguments.out is None:
        print(text)
    else:
        arguments.out.write_text(text)
    server.close()


def _run(scenario: Any, sdk: Any, protocol: str, server: Any) -> dict[str, Any]:
    from parity.stage import Stage, logging_to
    from parity.telemetry import Telemetry

    server.reset()
    begun = time.monotonic()
    stage = Stage(sdk, protocol, server, Telemetry())
    signal.alarm(LIMIT_SECONDS)
    try:
        with logging_to(stage.log):
            try:
                scenario.run(stage)
            finally:
                stage.close()
    except (Exception, TooLong) as error:
        # A package that cannot do this is compared like any other: the scenario says where it stopped.
        stage.seen["stopped"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    finally:
        signal.alarm(0)
    observed = stage.observed()
    server.script = lambda request: None
    spent = time.monotonic() - begun
    if spent > 1:
        print(f"{scenario.name}: {spent:.1f} s", file=sys.stderr)
    return observed


def _too_long(*_: Any) -> None:
    faulthandler.dump_traceback(all_threads=True)
    raise TooLong(f"not within {LIMIT_SECONDS} s")


if __name__ == "__main__":
    main()

"""What the programs of the sibling packages share: a client of the server, and a report for the test."""

from __future__ import annotations

import json
import os
from typing import Any

from sigil_sdk import Client, ClientConfig, ContentCaptureMode, GenerationExportConfig

#: The model provider's server; ends in /v1.
PROVIDER = os.environ["PROVIDER"]

client = Client(
    ClientConfig(
        generation_export=GenerationExportConfig(protocol="http", endpoint=os.environ["SERVER"]),
        content_capture=ContentCaptureMode.FULL,
    )
)


def finish(**told: Any) -> None:
    """Sends everything and prints what the test reads."""
    client.shutdown()
    print(json.dumps({**told, "stats": client.stats()}))

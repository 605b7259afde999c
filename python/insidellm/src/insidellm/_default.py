"""The default client: the package's global `_default_client`, which programs may assign too."""

from __future__ import annotations

import sys
from typing import Optional, cast

from ._event_client import EventClient
from .client import InsideLLMClient
from .exceptions import ConfigurationError

_package = sys.modules[__package__]


def current_client() -> Optional[EventClient]:
    """The default client, None before `initialize()`."""
    return cast(Optional[EventClient], _package.__dict__.get("_default_client"))


def get_client() -> InsideLLMClient:
    """The default client, `ConfigurationError` before `initialize()`.

    The type is that of the usual one; after `initialize(local_testing=True)` it is a `LocalTestingClient`.
    """
    client = current_client()
    if client is None:
        raise ConfigurationError("there is no default client: call insidellm.initialize() first")
    return cast(InsideLLMClient, client)

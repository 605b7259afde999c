"""Records every LiteLLM call as a Sigil generation.

Importing this package does not import LiteLLM yet, which takes seconds: naming one of its classes does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .handler import SigilLiteLLMLogger, create_sigil_litellm_logger

__all__ = ["SigilLiteLLMLogger", "create_sigil_litellm_logger"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import handler

        found = globals()[name] = getattr(handler, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

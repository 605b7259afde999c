"""Records every LiteLLM call as a Sigil generation."""

from __future__ import annotations

from .handler import SigilLiteLLMLogger, create_sigil_litellm_logger

__all__ = ["SigilLiteLLMLogger", "create_sigil_litellm_logger"]

"""The version of this distribution and the product token that requests carry."""

from __future__ import annotations

# Kept equal to pyproject.toml by a test; reading the distribution's metadata would cost every import a directory walk.
__version__ = "1.0.1"


def user_agent() -> str:
    """The User-Agent of every request."""
    return f"InsideLLM-Python-SDK/{__version__}"

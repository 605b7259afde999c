"""The version of this distribution and the product token that requests carry."""

from __future__ import annotations

# Kept equal to pyproject.toml by a test; reading the distribution's metadata would cost every import a directory walk.
SDK_VERSION = "0.9.4"


def user_agent() -> str:
    """The first User-Agent token of every request."""
    return f"sigil-sdk-python/{SDK_VERSION}"

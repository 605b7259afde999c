"""What the SDK raises. Everything derives from `InsideLLMError`."""

from __future__ import annotations


class InsideLLMError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(InsideLLMError):
    """No API key, or no client where one is needed."""


class ValidationError(InsideLLMError, ValueError):
    """An event or payload does not fit its schema; the message names the field."""


class NetworkError(InsideLLMError):
    """Events could not be delivered."""


class QueueError(InsideLLMError):
    """The queue is full."""


class AuthenticationError(InsideLLMError):
    """The server does not accept the API key."""


class RateLimitError(InsideLLMError):
    """The server asks to send less."""


class PayloadError(InsideLLMError):
    """The server does not accept a payload."""


class TimeoutError(InsideLLMError):
    """Something took longer than it was allowed to."""

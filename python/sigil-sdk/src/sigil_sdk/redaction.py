"""Takes secrets out of records, with `[REDACTED:<rule>]` in their place. What is found stands in `docs/redaction.md`.

The work is done by the native core. A client whose sanitizer is the one made here redacts while it encodes; called with a
`Generation`, the sanitizer does the same to the object, in place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lightwell import Redactor

from .models import Generation, Message, MessageRole, Part, PartKind

if TYPE_CHECKING:
    from .config import GenerationSanitizer

_ENV_REDACT_INPUT_MESSAGES = "SIGIL_REDACT_INPUT_MESSAGES"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
#: The fields of a generation that are no messages, tools or artifacts and may hold secrets.
_HEADER = ("system_prompt", "call_error", "conversation_title", "tags", "metadata")


@dataclass(frozen=True, slots=True)
class SecretRedactionOptions:
    """`redact_input_messages` None means what `SIGIL_REDACT_INPUT_MESSAGES` says, else no."""

    redact_input_messages: bool | None = None
    redact_email_addresses: bool = True


def create_secret_redaction_sanitizer(options: SecretRedactionOptions | None = None) -> GenerationSanitizer:
    """A sanitizer for `ClientConfig.generation_sanitizer`. The environment is read now."""
    options = options or SecretRedactionOptions()
    inputs = _resolve_redact_input_messages(options.redact_input_messages)
    return SecretRedactionSanitizer(Redactor(inputs=inputs, emails=options.redact_email_addresses), inputs)


class SecretRedactionSanitizer:
    """Redacts generations, in place. `native` is what does it."""

    def __init__(self, native: Redactor, inputs: bool) -> None:
        self.native = native
        self._inputs = inputs

    def __call__(self, generation: Generation) -> Generation:
        """Redacts every string of `generation` that may hold a secret, and returns it."""
        header: dict[str, Any] = {name: getattr(generation, name) for name in _HEADER}
        self.native.header(header)
        for name, value in header.items():
            setattr(generation, name, value)
        if self._inputs:
            for message in generation.input:
                self._message(message)
        for message in generation.output:
            if message.role != MessageRole.USER:
                self._message(message)
        for tool in generation.tools:
            tool.description = self._text(tool.description, named=False)
            tool.input_schema_json = self._data(tool.input_schema_json)
        for artifact in generation.artifacts:
            artifact.payload = self._data(artifact.payload)
            artifact.uri = self._text(artifact.uri, named=False)
        return generation

    def _message(self, message: Message) -> None:
        # Names count in what people and tools write; an assistant's prose is full of words like "the key: value".
        named = message.role != MessageRole.ASSISTANT
        for part in message.parts:
            self._part(part, named)

    def _part(self, part: Part, named: bool) -> None:
        part.text = self._text(part.text, named=named and part.kind != PartKind.THINKING)
        part.thinking = self._text(part.thinking, named=False)
        if part.tool_call is not None:
            part.tool_call.input_json = self._data(part.tool_call.input_json)
        if part.tool_result is not None:
            part.tool_result.content = self._text(part.tool_result.content)
            part.tool_result.content_json = self._data(part.tool_result.content_json)

    def _text(self, text: str, *, named: bool = True) -> str:
        return self.native.text(text, named=named) if text else text

    def _data(self, data: bytes) -> bytes:
        return self.native.data(data) if data else data


def _resolve_redact_input_messages(explicit: bool | None, env: Mapping[str, str] | None = None) -> bool:
    """The option if it is set, else what the environment says, else False; a word that says neither is warned about."""
    if explicit is not None:
        return explicit
    value = (os.environ if env is None else env).get(_ENV_REDACT_INPUT_MESSAGES, "").strip()
    if value.lower() in _TRUE:
        return True
    if value and value.lower() not in _FALSE:
        from .config import default_logger

        default_logger().warning("sigil: ignoring invalid %s: %s", _ENV_REDACT_INPUT_MESSAGES, value)
    return False

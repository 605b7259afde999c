"""Content that is a list of blocks, of OpenAI's, Anthropic's or the Responses shape, to text and parts.

Sigil's format has no place for media: an attachment becomes a text that says what it was, such as `[image_url https://...]` or
`[file report.pdf, 120000 characters]`. Its bytes are never kept, and `gaps` says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._values import as_json_bytes, as_list, as_mapping, as_text, clean

#: A message, part, tool call or tool result with the fields of its model.
Plain = dict[str, Any]

_TEXT_BLOCKS = frozenset({"text", "input_text", "output_text", "summary_text", "reasoning_text", "guarded_text"})
_THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
_PLACES = ("url", "image_url", "file_url", "audio_url", "video_url", "uri", "filename", "title", "file_id", "id")
_TYPES = ("format", "media_type", "mime_type")
_BYTES = ("data", "file_data", "bytes", "b64_json")
_ATTACHMENTS = frozenset(
    {"", "image_url", "image", "input_image", "audio", "input_audio", "audio_url", "video_url", "video", "document"}
    | {"file", "input_file", "container_upload"}
)
BYTES_LEFT_OUT = "the bytes of an attachment were left out"
#: A text of this many characters without a space is bytes.
_LONG = 1000


class Gaps(list[str]):
    """Reasons why a record lacks something. `place` is where the next one is."""

    place: tuple[str, int] | None = None

    def here(self, reason: str) -> None:
        """Adds a reason with its place, once."""
        if self.place is not None:
            side, index = self.place
            reason = f"{side}[{index}]: {reason}"
        if reason not in self:
            self.append(reason)


def content_text(content: Any, gaps: Gaps | None = None) -> str:
    """Content as one text: blocks are joined by a space."""
    if isinstance(content, str):
        return content if content.isascii() else clean(content)
    if content is None:
        return ""
    if isinstance(content, (list, tuple)):
        return " ".join(filter(None, (block_text(block, gaps) for block in content)))
    return clean(str(content))


def content_parts(content: list[Any] | tuple[Any, ...], gaps: Gaps) -> tuple[list[Plain], list[Plain]]:
    """The parts of a message's blocks, and the tool messages that are among them. Neighbouring texts are one part."""
    parts: list[Plain] = []
    results: list[Plain] = []
    texts: list[str] = []
    for block in content:
        kind = block.get("type") if isinstance(block, Mapping) else as_mapping(block).get("type")
        part = None
        if kind in _THOUGHTS:
            thought = thought_text(as_mapping(block))
            part = {"kind": "thinking", "thinking": thought} if thought else None
            if part is None:
                continue
        elif isinstance(kind, str) and kind.endswith("tool_use"):
            part = tool_call_part(as_mapping(block), gaps)
        elif isinstance(kind, str) and kind.endswith("tool_result"):
            results.append(tool_message(as_mapping(block), gaps))
            continue
        if part is None:
            texts.append(block_text(block, gaps))
        else:
            parts += text_parts(" ".join(filter(None, texts)), gaps)
            texts.clear()
            parts.append(part)
    parts += text_parts(" ".join(filter(None, texts)), gaps)
    return parts, results


def text_parts(text: str, gaps: Gaps) -> list[Plain]:
    """A text part; none for an empty text, and none for white space, which no server accepts."""
    if not text:
        return []
    if text.isspace():
        gaps.here("a text of white space only was left out")
        return []
    return [{"kind": "text", "text": text}]


def thought_text(block: Mapping[str, Any]) -> str:
    """The text of a thinking or reasoning block; what is encrypted is kept as it is when nothing else is there."""
    kind = block.get("type")
    keys = ("data", "text") if kind == "redacted_thinking" else ("thinking", "text")
    texts = [block[key] for key in keys if isinstance(block.get(key), str)][:1]
    for key in ("summary", "content"):
        texts += [as_mapping(piece).get("text") for piece in as_list(block.get(key))]
    text = "\n\n".join(text for text in texts if isinstance(text, str) and text and not text.isspace())
    return clean(text)


def tool_call_part(call: Mapping[str, Any], gaps: Gaps) -> Plain:
    """A call with its name and arguments beside each other: Anthropic's and the Responses shape."""
    arguments = next((call[key] for key in ("input", "arguments", "action") if call.get(key) is not None), None)
    identity = as_text(call.get("call_id")) or as_text(call.get("id"))
    return named_call(as_text(call.get("name")), identity, arguments, gaps)


def named_call(name: str, identity: str, arguments: Any, gaps: Gaps) -> Plain:
    """A tool call part; one without a name is called `unknown`."""
    if not name:
        gaps.here("a tool call has no name")
        name = "unknown"
    if type(arguments) is not str or not arguments.isascii():
        arguments = b"" if arguments is None else as_json_bytes(arguments)
    return {"kind": "tool_call", "tool_call": {"name": name, "id": identity, "input_json": arguments}}


def tool_message(block: Mapping[str, Any], gaps: Gaps) -> Plain:
    """The message of a tool's result: Anthropic's and the Responses shape."""
    content = next((block[key] for key in ("content", "output", "results") if block.get(key) is not None), None)
    if isinstance(content, Mapping):
        content = [content]
    identity = as_text(block.get("tool_use_id")) or as_text(block.get("call_id"))
    told = content_text(content, gaps)
    result: Plain = {"tool_call_id": identity, "name": as_text(block.get("name")), "content": told}
    if block.get("is_error") is True:
        result["is_error"] = True
    return {"role": "tool", "parts": [{"kind": "tool_result", "tool_result": result}]}


def block_text(block: Any, gaps: Gaps | None = None) -> str:
    """The text of a block; what it was for one that is no text."""
    if isinstance(block, str):
        return clean(block)
    if isinstance(block, (int, float)):  # The tokens of a text completion.
        return str(block)
    fields = as_mapping(block)
    kind = as_text(fields.get("type"))
    if kind in _TEXT_BLOCKS or (not kind and isinstance(fields.get("text"), str)):
        text = fields.get("text")
        return clean(text) if isinstance(text, str) else ""
    if kind == "refusal":
        return clean(str(fields.get("refusal") or ""))
    source = as_mapping(fields.get("source"))
    if kind == "document" and source.get("type") in ("text", "content"):
        return content_text(source.get("data") or source.get("content"), gaps)
    if kind not in _ATTACHMENTS:
        return f"[{kind} {brief_json(fields, gaps)}]"
    return f"[{kind or 'attachment'}{_label(fields, kind, gaps)}]"


def brief_json(value: Any, gaps: Gaps | None = None) -> str:
    """JSON of a value, without the `type` of a block, in which bytes in base 64 are only counted."""
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if key != "type"}
    cut: list[int] = []
    text = clean(json.dumps(_shortened(value, cut), default=str))
    if cut and gaps is not None:
        gaps.here(BYTES_LEFT_OUT)
    return text


def _label(fields: Mapping[str, Any], kind: str, gaps: Gaps | None) -> str:
    attachment = fields.get(kind)
    if attachment is None:
        attachment = fields.get("source", fields)
    inner: Mapping[str, Any] = {"url": attachment} if isinstance(attachment, str) else as_mapping(attachment)
    known = [_first(inner, _PLACES), _first(inner, _TYPES)]
    data = next((inner[key] for key in _BYTES if isinstance(inner.get(key), (str, bytes))), None)
    if data is not None or known[0].startswith("data:"):
        if known[0].startswith("data:"):
            known[0], data = known[0].partition(",")[0], known[0]
        known.append(f"{len(data or '')} characters")
        if gaps is not None:
            gaps.here(BYTES_LEFT_OUT)
    words = ", ".join(filter(None, known))
    if not words and inner.keys() - {"type"}:
        words = brief_json(inner, gaps)
    return f" {clean(words)}" if words else ""


def _first(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = fields.get(key)
        text = as_text(value) or as_text(as_mapping(value).get("url"))
        if text:
            return text
    return ""


def _shortened(value: Any, cut: list[int]) -> Any:
    """The value as JSON knows it, without bytes; `cut` gets their lengths."""
    if isinstance(value, str):
        if len(value) < _LONG or " " in value[:_LONG]:
            return value
        cut.append(len(value))
        return f"({len(value)} characters)"
    if isinstance(value, (list, tuple)):
        return [_shortened(item, cut) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    fields = as_mapping(value)
    return {str(key): _shortened(item, cut) for key, item in fields.items()} if fields else str(value)

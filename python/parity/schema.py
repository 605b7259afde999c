"""Reads protobuf messages by the text of their `.proto` file, without generated code of either side.

Gives what proto-JSON with the names of the file would give, except that 64-bit integers are numbers, bytes are base64, and
fields that the file does not have stay, as `unknown:<number>`.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.M | re.S)
_ENUM = re.compile(r"^enum (\w+) \{(.*?)^\}", re.M | re.S)
_FIELD = re.compile(r"^\s*(repeated |optional )?([\w.]+|map<\s*\w+\s*,\s*\w+\s*>) (\w+) = (\d+)", re.M)
_VALUE = re.compile(r"^\s*(\w+) = (\d+);", re.M)
_METHOD = re.compile(r"rpc (\w+)\((\w+)\)")
_WELL_KNOWN = {"google.protobuf.Struct", "google.protobuf.Timestamp"}


class Schema:
    """The messages of one file."""

    def __init__(self, path: Path) -> None:
        text = re.sub(r"//.*", "", path.read_text())
        self._enums = {name: {int(n): v for v, n in _VALUE.findall(body)} for name, body in _ENUM.findall(text)}
        self._messages = {
            name: {int(number): (label.strip(), kind, field) for label, kind, field, number in _FIELD.findall(body)}
            for name, body in _MESSAGE.findall(text)
        }
        self._requests = dict(_METHOD.findall(text))

    def request(self, method: str, body: bytes) -> dict[str, Any]:
        """The request message of a method, `/package.Service/Method`."""
        return self.decode(self._requests[method.rsplit("/", 1)[1]], body)

    def decode(self, message: str, body: bytes) -> dict[str, Any]:
        """A message by its name."""
        fields = self._messages[message]
        told: dict[str, Any] = {}
        for number, raw in wire_fields(body):
            if number not in fields:
                told.setdefault(f"unknown:{number}", []).append(_readable(raw))
                continue
            label, kind, name = fields[number]
            if kind.startswith("map<"):
                entry = dict(wire_fields(raw))
                told.setdefault(name, {})[_text(entry.get(1, b""))] = _text(entry.get(2, b""))
            elif label == "repeated":
                told.setdefault(name, []).append(self._value(kind, raw))
            else:
                told[name] = self._value(kind, raw)
        return told

    def _value(self, kind: str, raw: Any) -> Any:
        if kind in self._enums:
            return self._enums[kind].get(raw, raw)
        if kind in self._messages:
            return self.decode(kind, raw)
        if kind == "google.protobuf.Timestamp":
            return _timestamp(raw)
        if kind == "google.protobuf.Struct":
            return _struct(raw)
        if kind == "string":
            return _text(raw)
        if kind == "bytes":
            return base64.b64encode(raw).decode()
        if kind == "bool":
            return bool(raw)
        if kind == "double":
            return _double(raw)
        return _signed(raw)


def wire_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field: an int, or bytes; a fixed 64-bit value is its 8 bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif key & 7 == 1:
            yield key >> 3, message[at : at + 8]
            at += 8
        elif key & 7 == 2:
            length, at = _varint(message, at)
            yield key >> 3, message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {key & 7}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _double(raw: bytes) -> Any:
    [number] = struct.unpack("<d", raw)
    return number if number - number == 0 else str(number)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _readable(raw: Any) -> Any:
    return repr(raw) if isinstance(raw, bytes) else raw


def _timestamp(raw: bytes) -> str:
    """As proto-JSON writes it: no fraction, or 3, 6 or 9 digits."""
    told = dict(wire_fields(raw))
    nanos = _signed(told.get(2, 0))
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=_signed(told.get(1, 0)))
    fraction = f"{nanos:09d}" if nanos else ""
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def _struct(raw: bytes) -> dict[str, Any]:
    entries = [dict(wire_fields(entry)) for number, entry in wire_fields(raw) if number == 1]
    return {_text(entry.get(1, b"")): _struct_value(entry.get(2, b"")) for entry in entries}


def _struct_value(raw: bytes) -> Any:
    for number, value in wire_fields(raw):
        if number == 1:
            return None
        if number == 2:
            return _double(value)
        if number == 3:
            return _text(value)
        if number == 4:
            return bool(value)
        if number == 5:
            return _struct(value)
        if number == 6:
            return [_struct_value(each) for number, each in wire_fields(value) if number == 1]
    return None

"""Just enough protobuf to read an export's response without generated code."""

from __future__ import annotations

from typing import Iterator, Union


def results_of(response: bytes) -> list[tuple[bool, str]]:
    """(accepted, error) of each result of an ExportGenerationsResponse or ExportWorkflowStepsResponse."""
    results = []
    for number, result in fields(response):
        assert number == 1 and isinstance(result, bytes)
        told = dict(fields(result))
        error = told.get(3, b"")
        assert isinstance(error, bytes)
        results.append((bool(told.get(2, 0)), error.decode()))
    return results


def fields(message: bytes) -> Iterator[tuple[int, Union[int, bytes]]]:
    """(number, value) of each field; only varints and length-delimited fields occur in these messages."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            value, at = varint(message, at)
            yield key >> 3, value
        elif key & 7 == 2:
            length, at = varint(message, at)
            yield key >> 3, message[at : at + length]
            at += length
        else:
            raise AssertionError(f"wire type {key & 7} in a response")


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at

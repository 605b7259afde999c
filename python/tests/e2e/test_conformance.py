"""Every recorded request of the original packages goes to a real server, byte for byte, and comes out of its API."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import quote

import grpc
import pytest

from conftest import ROOT, Server
from parity.schema import wire_fields

FIXTURES = sorted((ROOT / "conformance").glob("sigil/*.json")) + sorted((ROOT / "conformance").glob("insidellm/*.json"))


@pytest.fixture(scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all; each fixture has a tenant of its own."""
    server = Server(tmp_path_factory.mktemp("conformance") / "data").start()
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_request_is_answered_item_by_item_and_its_records_are_there(fixture_server: Server, path: Path) -> None:
    fixture = json.loads(path.read_text())
    tenant = path.stem.replace("_", "-")
    answered = send(fixture_server, fixture, tenant)
    expected = fixture["expect"]["items"]
    assert len(answered) == len(expected), answered
    for (accepted, error), item in zip(answered, expected):
        [record] = [member for name, member in item.items() if name != "id"]
        if "error" in item:
            assert not accepted
            assert item["error"] in error
        elif not record.get("conversation_id"):
            # The decoder reads what there is; the server wants to know where it belongs.
            assert not accepted
            assert "run_id is required" in error
        else:
            assert accepted, error
            if "generation" in item:
                check_generation(fixture_server, tenant, record)


def send(server: Server, fixture: dict[str, Any], tenant: str) -> list[tuple[bool, str]]:
    """Sends a fixture as it was recorded, but for the tenant; (accepted, error) of each item, in order."""
    raw = base64.b64decode(fixture["body_base64"]) if "body_base64" in fixture else json.dumps(fixture["body"]).encode()
    if fixture["transport"] == "grpc":
        with grpc.insecure_channel(server.address) as channel:
            call = channel.unary_unary(fixture["path"])
            return results_of(call(raw, metadata=(("x-scope-orgid", tenant),), timeout=30))
    headers = {"Content-Type": fixture["content_type"], "X-Scope-OrgID": tenant}
    status, answer = server.request("POST", fixture["path"], raw, headers)
    everything_bad = all("error" in item for item in fixture["expect"]["items"]) and fixture["expect"]["items"]
    assert status in ((400, 202) if everything_bad else (202,)), answer
    if isinstance(answer, str):
        return results_of(answer.encode("latin-1", errors="replace"))
    return [(result.get("accepted", False), result.get("error", "")) for result in answer.get("results", [])]


def results_of(response: bytes) -> list[tuple[bool, str]]:
    """(accepted, error) of each result of an ExportGenerationsResponse or ExportWorkflowStepsResponse."""
    results = []
    for number, result in wire_fields(response):
        assert number == 1 and isinstance(result, bytes)
        told = dict(wire_fields(result))
        results.append((bool(told.get(2, 0)), told.get(3, b"").decode()))
    return results


def check_generation(server: Server, tenant: str, expected: dict[str, Any]) -> None:
    """The API tells what the decoder made of the item: who, what model, what was said, how it ended."""
    conversation_id = expected["conversation_id"]
    if expected["id"] == "made-up":
        # The server gave it an id, and with that a conversation of its own.
        _, listed = server.request("GET", "/api/v1/conversations", headers={"X-Scope-OrgID": tenant})
        [conversation_id] = [item["id"] for item in listed["items"] if len(item["id"]) == 36]
    status, found = server.request(
        "GET", f"/api/v1/conversations/{quote(conversation_id, safe='')}", headers={"X-Scope-OrgID": tenant}
    )
    assert status == 200, found
    by_id = {generation["generation_id"]: generation for generation in found["generations"]}
    told = by_id[conversation_id if expected["id"] == "made-up" else expected["id"]]
    if expected["fragments"][0]["kind"] != "whole":
        check_half(told, expected)
        return
    model = expected.get("model", {})
    assert told["model"] == {"provider": model.get("provider", ""), "name": model.get("name", "")}
    for side in ("input", "output"):
        assert [texts(message) for message in told[side]] == [canonical_texts(m) for m in expected.get(side, [])]
        assert [m["role"] for m in told[side]] == [f"MESSAGE_ROLE_{role(m)}" for m in expected.get(side, [])]
    for name, count in expected.get("usage", {}).items():
        assert name == "semantics" or told["usage"][name] == count
    assert told["tags"] == expected.get("tags", {})
    assert told["metadata"] == expected.get("metadata", {})
    assert (told["error"] or {}).get("message", "") == expected.get("error", {}).get("message", "")


def check_half(told: dict[str, Any], half: dict[str, Any]) -> None:
    """A half of a call is in the whole that the server made: what it said is there, whatever the other half said."""
    for side in ("input", "output"):
        if half.get(side):
            assert [texts(message) for message in told[side]] == [canonical_texts(m) for m in half[side]]
    if half.get("error"):
        assert told["error"]["message"] == half["error"]["message"]
    assert half.get("metadata", {}).items() <= told["metadata"].items()


def role(message: dict[str, Any]) -> str:
    return (message.get("role") or "unspecified").upper()


def texts(message: dict[str, Any]) -> list[Any]:
    """What a message of the API says in plain text."""
    return [part.get("text", part.get("thinking")) for part in message["parts"]]


def canonical_texts(message: dict[str, Any]) -> list[Any]:
    """The same of a message in canonical form."""
    return [part["body"].get("text", part["body"].get("thinking")) for part in message.get("parts", [])]

"""Workflow steps arrive field by field, natively and through a program's own exporter."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import Client, ClientConfig, ClientShutdownError, GenerationExportConfig, ValidationError, WorkflowStep
from sigil_sdk.exporters import NoopGenerationExporter

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
STEPS_PATH = "/api/v1/workflow-steps:export"


def step(**fields: Any) -> WorkflowStep:
    return WorkflowStep(**{"id": "s-1", "conversation_id": "c-1", "step_name": "plan", **fields})


def test_every_field_of_a_step_arrives(sigil_client: Any, server: Any) -> None:
    server.respond = lambda _request: (200, {"results": [{"step_id": "s-1", "accepted": True}]})
    client = sigil_client(tags={"team": "blue"})
    client.enqueue_workflow_step(
        step(
            framework="langgraph",
            agent_name="agent",
            agent_version="2",
            started_at=STARTED,
            completed_at=STARTED + timedelta(seconds=1),
            input_state={"question": "?", "n": [1, None]},
            output_state={"answer": 4},
            error="none really",
            tags={"k": "v"},
            metadata={"m": True},
            linked_generation_ids=["g-1"],
            parent_step_ids=["s-0"],
            trace_id="ab",
            span_id="cd",
        )
    )
    client.flush()
    (request,) = server.requests
    assert request.path == STEPS_PATH
    assert request.body == {
        "workflow_steps": [
            {
                "id": "s-1",
                "conversation_id": "c-1",
                "step_name": "plan",
                "framework": "langgraph",
                "started_at": "2026-01-02T03:04:05Z",
                "completed_at": "2026-01-02T03:04:06Z",
                "input_state": {"question": "?", "n": [1, None]},
                "output_state": {"answer": 4},
                "error": "none really",
                "tags": {"team": "blue", "k": "v"},
                "linked_generation_ids": ["g-1"],
                "parent_step_ids": ["s-0"],
                "agent_name": "agent",
                "agent_version": "2",
                "trace_id": "ab",
                "span_id": "cd",
                "metadata": {"m": True},
            }
        ]
    }


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": " "}, "id is required"),
        ({"conversation_id": ""}, "conversation_id is required"),
        ({"step_name": ""}, "step_name is required"),
        (
            {"started_at": STARTED, "completed_at": STARTED - timedelta(seconds=1)},
            "completed_at must not be earlier than started_at",
        ),
    ],
)
def test_invalid_steps_are_refused(sigil_client: Any, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        sigil_client().enqueue_workflow_step(step(**fields))
    assert str(refused.value) == f"sigil workflow step validation failed: {problem}"


def test_times_default_and_the_exporter_gets_a_copy() -> None:
    received: list[WorkflowStep] = []

    class Exporter(NoopGenerationExporter):
        def export_workflow_steps(self, request: Any) -> Any:
            received.extend(request.workflow_steps)
            return super().export_workflow_steps(request)

    export = GenerationExportConfig(flush_interval=timedelta(hours=1))
    client = Client(ClientConfig(generation_export=export, generation_exporter=Exporter(), now=lambda: STARTED))
    given = step(input_state={"a": [1]})
    client.enqueue_workflow_step(given)
    given.input_state["a"].append(2)
    client.shutdown()
    assert received == [step(input_state={"a": [1]}, started_at=STARTED, completed_at=STARTED)]
    with pytest.raises(ClientShutdownError):
        client.enqueue_workflow_step(given)

"""Exporters that a program constructs, and the generated protobuf modules, against a server that is built from those modules."""

from __future__ import annotations

from conftest import RunProgram, Server

#: A server as a user's test has it, which refuses what is called `bad`.
SERVER = '''
import concurrent.futures
from datetime import datetime, timezone

import grpc
from sigil_sdk import (
    Client, ClientConfig, Generation, GenerationExportConfig, GenerationStart, ModelRef, TokenUsage, WorkflowStep,
    user_text_message,
)
from sigil_sdk.exporters import GenerationExporter, GRPCGenerationExporter, HTTPGenerationExporter
from sigil_sdk.internal.gen.sigil.v1 import generation_ingest_pb2 as pb2
from sigil_sdk.internal.gen.sigil.v1 import generation_ingest_pb2_grpc as pb2_grpc
from sigil_sdk.models import ExportGenerationsRequest, ExportWorkflowStepsRequest
from sigil_sdk.proto_mapping import (
    generation_to_proto, generation_to_proto_json, workflow_step_to_proto, workflow_step_to_proto_json,
)

received = []


class Generations(pb2_grpc.GenerationIngestServiceServicer):
    def ExportGenerations(self, request, context):
        received.append((request, dict(context.invocation_metadata())))
        results = [
            pb2.ExportGenerationResult(generation_id=each.id, accepted=each.id != "bad", error="no" * (each.id == "bad"))
            for each in request.generations
        ]
        return pb2.ExportGenerationsResponse(results=results)


class Steps(pb2_grpc.WorkflowStepIngestServiceServicer):
    def ExportWorkflowSteps(self, request, context):
        received.append((request, {}))
        results = [pb2.ExportWorkflowStepResult(step_id=each.id, accepted=True) for each in request.workflow_steps]
        return pb2.ExportWorkflowStepsResponse(results=results)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
pb2_grpc.add_GenerationIngestServiceServicer_to_server(Generations(), server)
pb2_grpc.add_WorkflowStepIngestServiceServicer_to_server(Steps(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
endpoint = f"127.0.0.1:{port}"
generation = Generation(
    id="good", model=ModelRef("openai", "gpt-5"), input=[user_text_message("hi")], usage=TokenUsage(1, 2), max_tokens=3,
    metadata={"a": 1, "b": [True, None]}, tags={"x": "y"}, started_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
)
bad = Generation(id="bad", model=ModelRef("openai", "gpt-5"))
step = WorkflowStep(id="step", conversation_id="c", step_name="n", input_state={"a": 1})
'''


def test_an_exporter_over_grpc_answers_for_each_record(run_program: RunProgram) -> None:
    run_program(
        SERVER
        + """
exporter = GRPCGenerationExporter(endpoint, {"X-Of-User": "b"})
assert isinstance(exporter, GenerationExporter)
many = [generation] + [bad] * 30
response = exporter.export_generations(ExportGenerationsRequest(many))
assert [(each.generation_id, each.accepted, each.error) for each in response.results] == [
    ("good", True, "")
] + [("bad", False, "no")] * 30, response
response = exporter.export_workflow_steps(ExportWorkflowStepsRequest([step]))
assert [(each.step_id, each.accepted) for each in response.results] == [("step", True)]
(request, metadata), (steps, _) = received
assert metadata["x-of-user"] == "b" and metadata["user-agent"].startswith("sigil-sdk-python/")
assert request.generations[0] == generation_to_proto(generation)
assert steps.workflow_steps[0] == workflow_step_to_proto(step)
exporter.shutdown()
exporter.shutdown()
""",
        env="parity-ours",
    )


def test_a_clients_records_reach_a_server_of_the_generated_modules(run_program: RunProgram) -> None:
    run_program(
        SERVER
        + """
client = Client(ClientConfig(generation_export=GenerationExportConfig(protocol="grpc", endpoint=endpoint)))
with client.start_generation(GenerationStart(model=ModelRef("openai", "gpt-5"), id="one")) as recorder:
    recorder.set_result(input=[user_text_message("hi")])
client.enqueue_workflow_step(step)
client.flush()
client.shutdown()
requests = [request for request, _ in received]
assert [each.id for request in requests for each in getattr(request, "generations", [])] == ["one"]
assert [each.id for request in requests for each in getattr(request, "workflow_steps", [])] == ["step"]
stub = pb2_grpc.GenerationIngestServiceStub(grpc.insecure_channel(endpoint))
assert stub.ExportGenerations(pb2.ExportGenerationsRequest(generations=[generation_to_proto(bad)])).results[0].error == "no"
""",
        env="parity-ours",
    )


def test_json_of_records(run_program: RunProgram) -> None:
    run_program(
        SERVER
        + """
assert generation_to_proto_json(generation) == {
    "id": "good",
    "model": {"provider": "openai", "name": "gpt-5"},
    "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "hi"}]}],
    "usage": {"input_tokens": "1", "output_tokens": "2"},
    "started_at": "2026-01-02T00:00:00Z",
    "tags": {"x": "y"},
    "metadata": {"a": 1.0, "b": [True, None]},
    "max_tokens": "3",
}
assert workflow_step_to_proto_json(step) == {
    "id": "step", "conversation_id": "c", "step_name": "n", "input_state": {"a": 1.0},
}
usage = pb2.TokenUsage(cache_creation_input_tokens=7)
assert usage.DESCRIPTOR.fields_by_name["cache_creation_input_tokens"].number == 7
""",
        env="parity-ours",
    )


def test_a_batch_that_cannot_be_delivered_raises(run_program: RunProgram) -> None:
    run_program(
        SERVER
        + """
server.stop(None).wait()
for exporter in (GRPCGenerationExporter(endpoint), HTTPGenerationExporter(endpoint)):
    try:
        exporter.export_generations(ExportGenerationsRequest([generation]))
    except RuntimeError as error:
        assert "generation export failed: " in str(error), error
    else:
        raise AssertionError("it did not raise")
    exporter.shutdown()
""",
        env="parity-ours",
    )


def test_an_exporter_over_http_is_called_by_a_client(run_program: RunProgram, server: Server) -> None:
    run_program(
        SERVER
        + f"""
exporter = HTTPGenerationExporter({server.url!r})
client = Client(ClientConfig(generation_exporter=exporter))
with client.start_generation(GenerationStart(model=ModelRef("openai", "gpt-5"), conversation_id="by-exporter")) as recorder:
    recorder.set_result(input=[user_text_message("hi")])
client.shutdown()
assert recorder.err() is None and client.stats()["delivered"] == 1, client.stats()
""",
        env="parity-ours",
    )
    assert [each["id"] for each in server.conversations()] == ["by-exporter"]

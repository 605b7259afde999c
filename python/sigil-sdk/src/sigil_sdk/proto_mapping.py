"""Records as protobuf messages and as their JSON. Needs `protobuf` (the extra `pb2`).

There is one encoder, the native one, which is that of delivery: a message is what it writes, read by `protobuf`.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict
from lightwell import encode_generation, encode_workflow_step

from .internal.gen.sigil.v1 import generation_ingest_pb2 as sigil_pb2
from .models import Generation, WorkflowStep


def generation_to_proto(generation: Generation) -> Any:
    """A `sigil.v1.Generation`. `lightwell.EncodeError` for what has no sane reading."""
    return sigil_pb2.Generation.FromString(encode_generation(generation))


def generation_to_proto_json(generation: Generation) -> dict[str, object]:
    """Its JSON as a dict, with the names of the .proto file."""
    return _as_dict(generation_to_proto(generation))


def workflow_step_to_proto(step: WorkflowStep) -> Any:
    """A `sigil.v1.WorkflowStep`."""
    return sigil_pb2.WorkflowStep.FromString(encode_workflow_step(step))


def workflow_step_to_proto_json(step: WorkflowStep) -> dict[str, object]:
    """Its JSON as a dict, with the names of the .proto file."""
    return _as_dict(workflow_step_to_proto(step))


def _as_dict(message: Any) -> dict[str, object]:
    told: dict[str, object] = MessageToDict(message, preserving_proto_field_name=True)
    return told

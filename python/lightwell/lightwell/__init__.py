"""The native core that ``insidellm``, ``sigil_sdk`` and ``sigil_sdk_litellm`` stand on.

Programs normally use one of those packages. What is here is the shared delivery pipeline: a bounded queue, batching and
delivery over HTTP or gRPC on one native thread per pipeline, with no Python thread and no interpreter lock held while
anything is joined, sent or waited for.
"""

from __future__ import annotations

from . import sigterm as sigterm
from ._native import (
    Closed,
    Content,
    EncodeError,
    EventContext,
    EventLog,
    EventSchema,
    FlushReport,
    Invalid,
    Pipeline,
    QueueFull,
    RedactionError,
    Redactor,
    Run,
    TooLarge,
    Traced,
    __version__,
    encode_generation,
    encode_workflow_step,
    generation_problem,
    new_event_id,
    utc_now,
)

__all__ = [
    "Closed",
    "Content",
    "EncodeError",
    "EventContext",
    "EventLog",
    "EventSchema",
    "FlushReport",
    "Invalid",
    "Pipeline",
    "QueueFull",
    "RedactionError",
    "Redactor",
    "Run",
    "TooLarge",
    "Traced",
    "__version__",
    "encode_generation",
    "encode_workflow_step",
    "generation_problem",
    "new_event_id",
    "utc_now",
]

"""LangGraph's graphs: which run belongs to which graph and node, and a workflow step for each node.

A chain without a parent is a graph, a chain directly below it is a node; runs further down belong to the node that they are
under. All runs of a graph share the conversation of its first one. What is known of a graph is forgotten when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._capture import generation_mode
from .._error_category import error_category
from .._normalise import new_id
from ..models import ContentCaptureMode, WorkflowStep
from .payload import TAGS_KEY, component_name, conversation_and_thread, lineage, node_name
from .reading import plain_metadata, safe_object
from .runs import MAX_OPEN_RUNS, StepRun

if TYPE_CHECKING:
    from ..client import Client

_STEP_TYPE_TAG = "sigil.workflow_step.type"
_MAX_LINKS = 64 * MAX_OPEN_RUNS


class GraphRuns:
    """The part of a framework handler that follows graphs. Maps are by run key."""

    _client: Client
    _framework_name: str
    _framework_source: str
    _framework_language: str
    _agent_name: str
    _agent_version: str
    _capture_inputs: bool
    _capture_outputs: bool
    _capture_workflow_steps: bool
    _extra_tags: dict[str, str]
    _extra_metadata: dict[str, Any]

    def __init__(self) -> None:
        self._workflow_step_runs: dict[str, StepRun] = {}
        self._graph_root_run_keys: set[str] = set()
        self._graph_run_conversation_id: dict[str, str] = {}
        self._graph_run_last_step_id: dict[str, str] = {}
        self._graph_run_last_generation_id: dict[str, str] = {}
        #: Each open run's parent, and each node's graph.
        self._run_to_graph_key: dict[str, str] = {}
        self._roots_by_age: dict[str, None] = {}

    def _framework_tags(self) -> dict[str, str]:
        """What every record of the handler carries."""
        return {
            **self._extra_tags,
            "sigil.framework.name": self._framework_name,
            "sigil.framework.source": self._framework_source,
            "sigil.framework.language": self._framework_language,
        }

    def _link_run(self, key: str, parent_key: str) -> None:
        """Remembers what a run is under, until `_unlink_run`."""
        if not parent_key or parent_key == key:
            return
        while len(self._run_to_graph_key) >= _MAX_LINKS:
            self._run_to_graph_key.pop(next(iter(self._run_to_graph_key)), None)
        self._run_to_graph_key[key] = parent_key

    def _unlink_run(self, key: str) -> None:
        """A node stays known until its graph ends: runs below it may still be reported."""
        if self._run_to_graph_key.get(key) not in self._graph_root_run_keys:
            self._run_to_graph_key.pop(key, None)

    def _open_root(self, key: str) -> None:
        while len(self._graph_root_run_keys) >= MAX_OPEN_RUNS:
            self._cleanup_graph_state_for_root(next(iter(self._roots_by_age)))
        self._graph_root_run_keys.add(key)
        self._roots_by_age[key] = None

    def _find_graph_root_key(self, run_key: str) -> str:
        """The graph that a run is in, or nothing."""
        for key in self._run_and_parents(run_key):
            if key in self._graph_root_run_keys:
                return key
        return ""

    def _find_enclosing_workflow_step(self, run_key: str) -> StepRun | None:
        """The open node that a run is in."""
        for key in self._run_and_parents(run_key):
            step = self._workflow_step_runs.get(key)
            if step is not None:
                return step
        return None

    def _run_and_parents(self, key: str) -> list[str]:
        found: dict[str, None] = {}
        while key and key not in found:
            found[key] = None
            key = self._run_to_graph_key.get(key, "")
        return list(found)

    def _graph_conversation(self, conversation_id: str, root_key: str) -> str:
        """The conversation of a graph: that of its first run."""
        if not root_key:
            return conversation_id
        return self._graph_run_conversation_id.setdefault(root_key, conversation_id)

    def _next_generation(self, generation_id: str, parent_key: str, root_key: str) -> list[str]:
        """Links a generation to its node; the ids of the generations before it in the graph."""
        if not root_key:
            return []
        step = self._find_enclosing_workflow_step(parent_key)
        if step is not None:
            step.linked_generation_ids.append(generation_id)
        previous = self._graph_run_last_generation_id.get(root_key)
        self._graph_run_last_generation_id[root_key] = generation_id
        return [previous] if previous else []

    def _start_workflow_step(
        self,
        *,
        key: str,
        root_key: str,
        run_type: str,
        serialized: Mapping[str, Any] | None,
        callback: Mapping[str, Any] | None,
        inputs: Any,
    ) -> None:
        conversation_id, thread = conversation_and_thread(self._framework_name, key, serialized, None, callback)
        metadata = {
            **self._extra_metadata,
            **lineage(key, root_key, run_type, thread, serialized, None, callback),
        }
        metadata.pop(TAGS_KEY, None)
        withholds = self._withholds_content(metadata)
        previous = self._graph_run_last_step_id.get(root_key)
        self._workflow_step_runs[key] = StepRun(
            step_id=new_id("wfs"),
            conversation_id=self._graph_conversation(conversation_id, root_key),
            step_name=node_name(serialized, None, callback) or component_name(serialized, callback) or run_type,
            started_at=self._client._now(),
            tags={**self._framework_tags(), _STEP_TYPE_TAG: run_type},
            metadata=plain_metadata(metadata),
            parent_step_ids=[previous] if previous else [],
            graph_root_key=root_key,
            capture_outputs=self._capture_outputs and not withholds,
            input_state=safe_object(inputs) if self._capture_inputs and not withholds else {},
            withholds_content=withholds,
        )

    def _end_workflow_step(self, *, key: str, outputs: Any, error: BaseException | None) -> None:
        run = self._workflow_step_runs.pop(key, None)
        if run is None:
            return
        told = "" if error is None else error_category(error) if run.withholds_content else str(error)
        step = WorkflowStep(
            id=run.step_id,
            conversation_id=run.conversation_id,
            step_name=run.step_name,
            framework=self._framework_name,
            agent_name=self._agent_name,
            agent_version=self._agent_version,
            started_at=run.started_at,
            completed_at=self._client._now(),
            input_state=run.input_state,
            output_state=safe_object(outputs) if run.capture_outputs else {},
            error=told,
            tags=run.tags,
            metadata=run.metadata,
            linked_generation_ids=run.linked_generation_ids,
            parent_step_ids=run.parent_step_ids,
        )
        if run.graph_root_key in self._graph_root_run_keys:
            self._graph_run_last_step_id[run.graph_root_key] = run.step_id
        try:
            self._client.enqueue_workflow_step(step)
        except Exception as refused:
            self._client._log_warn(f"sigil: failed to enqueue workflow step: {refused}")

    def _cleanup_graph_state_for_root(self, root_run_key: str) -> None:
        """Forgets a graph. A node that never ended is told, not exported: its outcome is unknown."""
        for key, run in list(self._workflow_step_runs.items()):
            if run.graph_root_key == root_run_key:
                self._workflow_step_runs.pop(key, None)
                self._client._log_warn(
                    f"sigil: dropping in-flight workflow step {run.step_id} (node {run.step_name})"
                    " — on_chain_end callback never fired"
                )
        below = [key for key in list(self._run_to_graph_key) if root_run_key in self._run_and_parents(key)]
        for key in below:
            self._run_to_graph_key.pop(key, None)
        self._graph_root_run_keys.discard(root_run_key)
        self._roots_by_age.pop(root_run_key, None)
        for by_root in (
            self._graph_run_conversation_id,
            self._graph_run_last_step_id,
            self._graph_run_last_generation_id,
        ):
            by_root.pop(root_run_key, None)

    def _withholds_content(self, metadata: Mapping[str, Any]) -> bool:
        client = self._client
        mode = generation_mode(
            ContentCaptureMode.DEFAULT, client._resolver, dict(metadata), client._content_capture, client._logger
        )
        return mode is ContentCaptureMode.METADATA_ONLY

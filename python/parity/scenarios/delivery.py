"""How records get there, or not: queues, retries, answers of servers, exporters of the program's own."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..server import Answer, always, answers
from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


@scenario(releases=EITHER)
def full_queue(s: Stage) -> None:
    """What does not fit is told by its recorder."""
    client = s.client(export={"queue_size": 2, "batch_size": 10})
    for index in range(3):
        s.record(client, f"{index}.", {"id": f"gen-{index}"})
    s.attempt("flush", client.flush)
    s.record(client, "later.", {"id": "gen-later"})


@scenario(releases=EITHER)
def after_shutdown(s: Stage) -> None:
    """A client that was shut down refuses; shutting down again does nothing."""
    client = s.client()
    open_recorder = client.start_generation(s.start(id="open"))
    s.record(client, "before.", None, **s.hello())
    s.attempt("shutdown", client.shutdown)
    s.attempt("again", client.shutdown)
    s.attempt("flush", client.flush)
    s.attempt("start", client.start_generation, s.start())
    s.attempt("stream", client.start_streaming_generation, s.start())
    s.attempt("embedding", client.start_embedding, s.sdk.EmbeddingStart(model=s.sdk.ModelRef("a", "b")))
    s.attempt("tool", client.start_tool_execution, s.sdk.ToolExecutionStart(tool_name="t"))
    s.finish(open_recorder, "open.", **s.hello())


@scenario(releases=EITHER)
def results_of_the_server(s: Stage) -> None:
    """Items are refused one by one, and the log says so."""
    client = s.client()
    for index in range(3):
        s.record(client, f"{index}.", {"id": f"gen-{index}"})
    if s.protocol == "http":
        results = [
            {"generation_id": f"gen-{index}", "accepted": index != 1, "error": "no" * (index == 1)} for index in range(3)
        ]
        s.server.script = answers(Answer(202, {"results": results}))
    else:
        s.server.script = answers(Answer(body=b"\x0a\x02\x10\x01\x0a\x0d\x0a\x05gen-1\x1a\x04nono\x0a\x02\x10\x01"))
    s.attempt("flush", client.flush)


@scenario(protocols=HTTP, releases=EITHER)
def answers_in_camel_case(s: Stage) -> None:
    """`generationId`, as other servers write it."""
    s.server.script = answers(Answer(200, {"results": [{"generationId": "gen-1", "accepted": False, "error": "nope"}]}))
    client = s.client()
    s.record(client)
    s.attempt("flush", client.flush)


def failing(s: Stage, *given: Answer, retries: int = 2, forever: bool = False) -> None:
    s.server.script = always(given[0]) if forever else answers(*given)
    client = s.client(export={"max_retries": retries})
    s.record(client, "", None, **s.hello())
    s.attempt("flush", client.flush)
    s.see("requests", len(s.server.requests))
    s.attempt("flush again", client.flush)


@scenario(protocols=HTTP, releases=EITHER)
def server_recovers(s: Stage) -> None:
    """Two failures, then it works."""
    failing(s, Answer(503), Answer(500))


@scenario(protocols=("grpc",), releases=EITHER)
def grpc_server_recovers(s: Stage) -> None:
    """Two failures, then it works."""
    failing(s, Answer(code="UNAVAILABLE"), Answer(code="RESOURCE_EXHAUSTED"))


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "log.*sigil generation export failed: *": "texts of errors",
        "seen.flush.raised.message": "texts of errors",
    },
)
def server_stays_down(s: Stage) -> None:
    """As often as the settings say, and not more."""
    failing(s, Answer(503, {"error": "down"}), forever=True)


@scenario(
    protocols=("grpc",),
    releases=EITHER,
    differs={
        "log.*sigil generation export failed: *": "texts of errors",
        "seen.flush.raised.*": "texts of errors",
    },
)
def grpc_server_stays_down(s: Stage) -> None:
    """As often as the settings say, and not more."""
    failing(s, Answer(code="UNAVAILABLE", detail="down"), forever=True)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "log.*sigil generation export failed: *": "texts of errors",
        "seen.flush.raised.message": "texts of errors",
        "seen.requests": "permanent",
        "wire.[12]": "permanent",
    },
)
def server_refuses_everything(s: Stage) -> None:
    """A permanent error."""
    failing(s, Answer(401, {"error": "who are you"}), forever=True)


@scenario(
    protocols=("grpc",),
    releases=EITHER,
    differs={
        "log.*sigil generation export failed: *": "texts of errors",
        "seen.flush.raised.*": "texts of errors",
        "seen.requests": "permanent",
        "wire.[12]": "permanent",
    },
)
def grpc_server_refuses_everything(s: Stage) -> None:
    """A permanent error."""
    failing(s, Answer(code="UNAUTHENTICATED", detail="who are you"), forever=True)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "log.*sigil generation *": "one bad item",
        "seen.flush": "one bad item",
        "wire.[1-9]": "one bad item",
    },
)
def one_bad_item(s: Stage) -> None:
    """A server that answers 400 to a batch with one bad generation in it."""
    s.server.script = lambda request: Answer(400, {"error": "bad"}) if b"gen-bad" in request.body else None
    client = s.client()
    for name in ("gen-1", "gen-bad", "gen-2"):
        s.record(client, f"{name}.", {"id": name})
    s.attempt("flush", client.flush)


def saying_nothing(name: str, body: Any) -> None:
    """Registers a scenario: accepted, with an answer of another shape."""

    def run(s: Stage) -> None:
        s.server.script = answers(Answer(200, body))
        client = s.client(export={"max_retries": 1})
        s.record(client)
        s.attempt("flush", client.flush)

    run.__name__ = f"answer_{name}"
    run.__doc__ = f"Accepted, with an answer of another shape: {name.replace('_', ' ')}."
    scenario(protocols=HTTP, releases=EITHER, differs={"wire.1": "accepted"} if body != {} else {})(run)


saying_nothing("of_nothing", b"")
saying_nothing("of_text", b"ok")
saying_nothing("with_null", {"results": None})
saying_nothing("of_a_list", [])
saying_nothing("without_results", {})


@scenario(
    releases=EITHER,
    differs={
        "log.*sigil generation export failed: *": "texts of errors",
        "seen.flush.raised.*": "texts of errors",
    },
)
def nobody_listens(s: Stage) -> None:
    """A port that is closed."""
    endpoint = "http://127.0.0.1:9" if s.protocol == "http" else "127.0.0.1:9"
    client = s.client(export={"endpoint": endpoint, "max_retries": 1})
    s.record(client)
    s.attempt("flush", client.flush)


class Exporter:
    """A program's own, which fails as often as it is told."""

    def __init__(self, s: Stage, failures: int = 0, **keywords: Any) -> None:
        self.s = s
        self.failures = failures
        self.reject = keywords.get("reject", ())
        self.got: list[Any] = []
        self.calls: list[str] = []

    def export_generations(self, request: Any) -> Any:
        self.calls.append("generations")
        self.got.append(copy.deepcopy(request))
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError(f"failure, {self.failures} to come")
        result, response = self.models.ExportGenerationResult, self.models.ExportGenerationsResponse
        ids = [each.id for each in request.generations]
        return response([result(each, each not in self.reject, "no" if each in self.reject else "") for each in ids])

    def export_workflow_steps(self, request: Any) -> Any:
        self.calls.append("steps")
        self.got.append(copy.deepcopy(request))
        result, response = self.models.ExportWorkflowStepResult, self.models.ExportWorkflowStepsResponse
        return response([result(each.id, True) for each in request.workflow_steps])

    def shutdown(self) -> None:
        self.calls.append("shutdown")

    @property
    def models(self) -> Any:
        from sigil_sdk import models

        return models


def with_exporter(s: Stage, exporter: Any, count: int = 2, **export: Any) -> Any:
    client = s.client(generation_exporter=exporter, export=export)
    for index in range(count):
        s.record(client, f"{index}.", {"id": f"gen-{index}"}, **s.hello())
    return client


@scenario(protocols=HTTP, releases=EITHER)
def exporter_of_the_program(s: Stage) -> None:
    """It gets model objects, and is shut down once."""
    exporter = Exporter(s)
    client = with_exporter(s, exporter, batch_size=10)
    s.attempt("flush", client.flush)
    s.see("got", exporter.got)
    client.shutdown()
    client.shutdown()
    s.see("calls", exporter.calls)


@scenario(protocols=HTTP)
def exporter_of_the_program_gets_steps(s: Stage) -> None:
    """Workflow steps as model objects too."""
    exporter = Exporter(s)
    client = with_exporter(s, exporter, 1)
    client.enqueue_workflow_step(s.sdk.WorkflowStep(id="s", conversation_id="c", step_name="n", input_state={"a": 1}))
    s.attempt("flush", client.flush)
    s.see("got", exporter.got)
    s.see("calls", exporter.calls)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    earlier={"log.*sigil generation export failed: *": "0.2 log"},
)
def exporter_that_fails(s: Stage) -> None:
    """Retried as often as the settings say; then its exception comes out of `flush`."""
    exporter = Exporter(s, failures=2)
    backoff: dict[str, Any] = {"initial_backoff": timedelta(seconds=1), "max_backoff": timedelta(seconds=1.5)}
    client = with_exporter(s, exporter, max_retries=2, **backoff)
    s.attempt("recovers", client.flush)
    s.see("calls", list(exporter.calls))
    exporter.failures = 9
    s.record(client, "more.", {"id": "gen-more"})
    s.attempt("gives up", client.flush)
    s.see("calls afterwards", exporter.calls)
    s.see("pauses", s.pauses)


@scenario(protocols=HTTP, releases=EITHER)
def exporter_that_rejects(s: Stage) -> None:
    """Items by themselves; a line in the log for each."""
    client = with_exporter(s, Exporter(s, reject=("gen-1",)), 3)
    s.attempt("flush", client.flush)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"log.*sigil generation export failed: *": "accepted"},
)
def exporters_that_are_odd(s: Stage) -> None:
    """Without `shutdown`, without results, with an answer of another kind."""

    class Bare:
        def export_generations(self, request: Any) -> Any:
            return None

    class Short(Exporter):
        def export_generations(self, request: Any) -> Any:
            return self.models.ExportGenerationsResponse(results=[])

        def shutdown(self) -> None:
            raise RuntimeError("cannot stop")

    client = s.client(generation_exporter=Bare())
    s.record(client, "bare.", {"id": "bare"})
    s.attempt("bare.flush", client.flush)
    s.attempt("bare.shutdown", client.shutdown)
    client = s.client(generation_exporter=Short(s))
    s.record(client, "short.", {"id": "short"})
    s.attempt("short.flush", client.flush)
    s.attempt("short.shutdown", client.shutdown)


@scenario(
    differs={"wire.2": "empty request"},
)
def exporters_by_themselves(s: Stage) -> None:
    """As programs build them into exporters of their own."""
    from sigil_sdk import exporters
    from sigil_sdk.models import ExportGenerationsRequest, ExportWorkflowStepsRequest

    generation = s.sdk.Generation(
        id="g", model=s.sdk.ModelRef("a", "b"), metadata={"x": 1}, input=[s.sdk.user_text_message("hi")]
    )
    step = s.sdk.WorkflowStep(id="s", conversation_id="c", step_name="n", input_state={"a": 1})
    if s.protocol == "http":
        exporter = exporters.HTTPGenerationExporter(s.endpoint, {"x-own": "1"})
    else:
        exporter = exporters.GRPCGenerationExporter(s.endpoint, {"X-Own": "1"}, insecure=True)
    s.attempt("generations", exporter.export_generations, ExportGenerationsRequest([generation]))
    s.attempt("steps", exporter.export_workflow_steps, ExportWorkflowStepsRequest([step]))
    s.attempt("nothing", exporter.export_generations, ExportGenerationsRequest([]))
    s.attempt("shutdown", exporter.shutdown)
    noop = exporters.NoopGenerationExporter()
    s.attempt("noop", noop.export_generations, ExportGenerationsRequest([generation]))
    s.attempt("noop steps", noop.export_workflow_steps, ExportWorkflowStepsRequest([step]))
    s.attempt("noop shutdown", noop.shutdown)


@scenario(
    protocols=HTTP,
    differs={"seen.odd": "odd values"},
)
def protobuf_of_models(s: Stage) -> None:
    """The messages and the JSON that models become."""
    from sigil_sdk import proto_mapping
    from sigil_sdk.exporters.http import _normalize_endpoint

    call = s.sdk.ToolCall(name="look", id="c", input_json=b"{}")
    generation = s.sdk.Generation(
        id="g",
        mode=s.sdk.GenerationMode.STREAM,
        model=s.sdk.ModelRef("a", "b"),
        max_tokens=0,
        temperature=0.5,
        usage=s.sdk.TokenUsage(input_tokens=2**60),
        output=[s.message("assistant", s.part("thinking", "t", thinking="x"), s.part("tool_call", tool_call=call))],
        started_at=s.clock.time,
        metadata={"a": [1, None, {"b": True}]},
        tags={"t": "1"},
        effective_version="1.2.3",
    )
    step = s.sdk.WorkflowStep(id="s", conversation_id="c", step_name="n", started_at=s.clock.time, output_state={"x": 1.5})
    s.see("json", proto_mapping.generation_to_proto_json(generation))
    s.see("step json", proto_mapping.workflow_step_to_proto_json(step))
    s.see("bytes", proto_mapping.generation_to_proto(generation).SerializeToString(deterministic=True))
    s.see("step bytes", proto_mapping.workflow_step_to_proto(step).SerializeToString(deterministic=True))
    odd = s.sdk.Generation(id="g", metadata={"x": {1}})
    s.attempt("odd", proto_mapping.generation_to_proto, odd)
    for endpoint in (
        "h:1",
        "HTTPS://h",
        "http://h/",
        "http://h/x?y=1",
        "h?y=1",
        " ",
        "http:///x",
        "http://h/api/v1/generations:export",
    ):
        s.attempt(f"endpoint {endpoint}", _normalize_endpoint, endpoint)
    s.attempt("endpoint of steps", _normalize_endpoint, "h", "/api/v1/workflow-steps:export")


@scenario(releases=EITHER)
def threads_and_tasks(s: Stage) -> None:
    """Generations begun in one thread and ended in another; tasks with contexts of their own."""
    import asyncio
    import threading

    client = s.client()
    recorder = client.start_generation(s.start(id="gen-thread"))

    def end() -> None:
        recorder.set_result(**s.hello())
        recorder.end()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    s.tell(recorder, "thread.")

    async def task(name: str) -> None:
        with s.sdk.with_conversation_id(f"conv-{name}"):
            with client.start_generation(s.start(id=f"gen-{name}", conversation_id="")) as each:
                await asyncio.sleep(0)
                each.set_result(**s.hello())

    async def both() -> None:
        await asyncio.gather(task("a"), task("b"))

    asyncio.run(both())
    s.attempt("flush", client.flush)


@scenario(protocols=("grpc",))
def server_of_the_generated_modules(s: Stage) -> None:
    """Programs test themselves against servers that they build from the package's generated code."""
    from concurrent import futures

    import grpc

    from sigil_sdk.internal.gen.sigil.v1 import generation_ingest_pb2 as pb2
    from sigil_sdk.internal.gen.sigil.v1 import generation_ingest_pb2_grpc as pb2_grpc

    got: list[Any] = []

    class Servicer(pb2_grpc.GenerationIngestServiceServicer):
        def ExportGenerations(self, request: Any, context: Any) -> Any:
            got.extend(request.generations)
            results = [pb2.ExportGenerationResult(generation_id=each.id, accepted=True) for each in request.generations]
            return pb2.ExportGenerationsResponse(results=results)

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    pb2_grpc.add_GenerationIngestServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    client = s.client(export={"endpoint": f"127.0.0.1:{port}"})
    s.record(client, "", {"max_tokens": 5, "metadata": {"a": 1}}, **s.hello())
    s.attempt("flush", client.flush)
    s.see("text", got[0].input[0].parts[0].text)
    s.see("role", pb2.MessageRole.Name(got[0].input[0].role))
    s.see("payload", got[0].input[0].parts[0].WhichOneof("payload"))
    s.see("max_tokens", [got[0].HasField("max_tokens"), got[0].max_tokens, got[0].HasField("temperature")])
    s.see("metadata", got[0].metadata["a"])
    s.see("descriptor", {each.name: [each.number, each.type] for each in pb2.Generation.DESCRIPTOR.fields})
    server.stop(0).wait()

"""Embeddings, tool executions, `execute_tool_calls` and workflow steps."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


def embedding(s: Stage, **fields: Any) -> Any:
    return s.sdk.EmbeddingStart(**{"model": s.sdk.ModelRef("openai", "text-embedding-3"), **fields})


def end(s: Stage, recorder: Any, name: str) -> None:
    s.clock.advance(0.5)
    s.attempt(f"{name}end", recorder.end)
    s.see(f"{name}err", recorder.err())


@scenario(
    protocols=HTTP,
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def embeddings(s: Stage) -> None:
    """Everything that can be told of one; identity from the context and the configuration."""
    client = s.client(agent_name="config-agent", agent_version="1")
    full = embedding(
        s,
        agent_name="agent",
        agent_version="2",
        dimensions=256,
        encoding_format=" float ",
        tags={"a": "b"},
        metadata={"c": 1},
        started_at=datetime(2026, 1, 2, 11, tzinfo=timezone.utc),
    )
    recorder = client.start_embedding(full)
    recorder.set_result(input_count=2, input_tokens=12, input_texts=["a", "b"], response_model="te-3", dimensions=512)
    end(s, recorder, "full.")
    recorder = client.start_embedding(embedding(s))
    recorder.set_result(s.sdk.EmbeddingResult())
    end(s, recorder, "empty.")
    end(s, client.start_embedding(embedding(s)), "none.")
    with s.sdk.with_agent_name("ctx"), s.sdk.with_agent_version("3"), s.sdk.with_conversation_id("ctx-conv"):
        with client.start_embedding(embedding(s)) as recorder:
            recorder.set_result(input_count=1, input_tokens=1)
    s.see("context.err", recorder.err())
    s.attempt("again", recorder.end)


@scenario(protocols=HTTP, releases=EITHER)
def embedding_failures(s: Stage) -> None:
    """Call errors, results and starts that do not validate, forms of a result."""
    client = s.client()
    recorder = client.start_embedding(embedding(s))
    recorder.set_call_error(RuntimeError("HTTP 429"))
    end(s, recorder, "call.")

    def failing() -> None:
        with client.start_embedding(embedding(s)):
            raise TimeoutError("slow")

    s.attempt("failing", failing)
    model = s.sdk.ModelRef
    for name, start in {
        "provider": {"model": model("", "x")},
        "name": {"model": model("x", "")},
        "dimensions": {"dimensions": 0},
        "format": {"encoding_format": "  "},
    }.items():
        recorder = s.attempt(f"{name}.start", client.start_embedding, embedding(s, **start))
        if recorder is not None:
            end(s, recorder, f"{name}.")
    for name, result in {"count": {"input_count": -1}, "tokens": {"input_tokens": -1}, "size": {"dimensions": 0}}.items():
        recorder = client.start_embedding(embedding(s))
        recorder.set_result(**result)
        end(s, recorder, f"{name}.")
    recorder = client.start_embedding(embedding(s))
    s.attempt("both", recorder.set_result, s.sdk.EmbeddingResult(), input_count=1)
    s.attempt("unknown", recorder.set_result, nonsense=1)
    recorder.set_result(input_count=-1)
    recorder.set_call_error(RuntimeError("both"))
    end(s, recorder, "two errors.")


@scenario(protocols=HTTP, releases=EITHER)
def embedding_texts(s: Stage) -> None:
    """The opt-in for input texts: how many, how long; and what modes do to it."""
    modes, texts = s.sdk.ContentCaptureMode, ["abcdefghij", "ü" * 6, "kurz", "", "five"]
    for limit in (2, 3, 4, 6):
        capture = s.sdk.EmbeddingCaptureConfig(capture_input=True, max_input_items=3, max_text_length=limit)
        recorder = s.client(embedding_capture=capture).start_embedding(embedding(s))
        recorder.set_result(input_count=5, input_texts=texts)
        end(s, recorder, f"{limit}.")
    capture = s.sdk.EmbeddingCaptureConfig(capture_input=True)
    client = s.client(embedding_capture=capture, content_capture=modes.FULL)
    with s.sdk.with_content_capture_mode(modes.METADATA_ONLY):
        recorder = client.start_embedding(embedding(s))
    recorder.set_result(input_count=1, input_texts=["shown, the context does not count"])
    end(s, recorder, "context.")


@scenario(protocols=HTTP)
def embedding_texts_withheld(s: Stage) -> None:
    """Modes that hide texts and error texts."""
    modes = s.sdk.ContentCaptureMode
    capture = s.sdk.EmbeddingCaptureConfig(capture_input=True)
    for mode in (modes.METADATA_ONLY, modes.FULL_WITH_METADATA_SPANS):
        client = s.client(embedding_capture=capture, content_capture=mode)
        recorder = client.start_embedding(embedding(s))
        recorder.set_result(input_count=1, input_texts=["secret"])
        recorder.set_call_error(RuntimeError("secret 500"))
        end(s, recorder, f"{mode.value}.")
    asked: list[Any] = []
    client = s.client(embedding_capture=capture, content_capture_resolver=asked.append)
    recorder = client.start_embedding(embedding(s, metadata={"m": 1}))
    recorder.set_result(input_count=1, input_texts=["secret"])
    end(s, recorder, "resolver.")
    s.see("asked", asked)


def tool(s: Stage, **fields: Any) -> Any:
    return s.sdk.ToolExecutionStart(**{"tool_name": "weather", **fields})


@scenario(
    protocols=HTTP,
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def tool_executions(s: Stage) -> None:
    """Everything that can be told of one, with and without content; identity from elsewhere."""
    client = s.client(agent_name="config-agent", agent_version="1")
    full = tool(
        s,
        tool_name=" weather ",
        tool_call_id="call-1",
        tool_type="function",
        tool_description="Tells it",
        conversation_id="conv",
        conversation_title="Title",
        agent_name="agent",
        agent_version="2",
        include_content=True,
        started_at=datetime(2026, 1, 2, 11, tzinfo=timezone.utc),
        request_model="gpt-5",
        request_provider="openai",
    )
    recorder = client.start_tool_execution(full)
    recorder.set_result(arguments={"city": "Zürich"}, result=[1, 2])
    end(s, recorder, "full.")
    recorder = client.start_tool_execution(tool(s))
    recorder.set_result(s.sdk.ToolExecutionEnd(arguments="x", result="y", completed_at=s.clock.time + timedelta(seconds=9)))
    end(s, recorder, "without content.")
    end(s, client.start_tool_execution(tool(s)), "no result.")
    with s.sdk.with_conversation_id("ctx"), s.sdk.with_conversation_title("ctx-title"), s.sdk.with_agent_name("ctx-agent"):
        with client.start_tool_execution(tool(s, include_content=True)) as recorder:
            recorder.set_result(arguments=None, result=None)
    s.see("context.err", recorder.err())
    recorder = client.start_tool_execution(tool(s, tool_name="  "))
    s.see("nameless", type(recorder).__name__)
    recorder.set_result(arguments=1)
    end(s, recorder, "nameless.")


@scenario(protocols=HTTP, releases=EITHER)
def tool_content_forms(s: Stage) -> None:
    """How arguments and results are written on the span."""
    client = s.client()
    forms = {
        "json text": ' {"a": 1} ',
        "text": " plain ",
        "bytes": b'[1, "\xc3\xbc"]',
        "empty": "",
        "float": 1.5,
        "bool": True,
        "nested": {"ü": [None, {"b": "\u2028"}]},
        "set": {1},
        "not utf-8": b"\xff",
        "list of objects": [object],
    }
    for name, value in forms.items():
        recorder = client.start_tool_execution(tool(s, tool_call_id=name, include_content=True))
        s.attempt(f"{name}.set", recorder.set_result, arguments=value, result=value)
        end(s, recorder, f"{name}.")


@scenario(protocols=HTTP, releases=EITHER)
def tool_failures(s: Stage) -> None:
    """Errors of the tool, of what it returned, and both."""
    client = s.client()
    for name, error in {"status": RuntimeError("HTTP 403"), "timeout": TimeoutError("slow"), "plain": KeyError("x")}.items():
        recorder = client.start_tool_execution(tool(s))
        recorder.set_exec_error(error)
        end(s, recorder, f"{name}.")
    recorder = client.start_tool_execution(tool(s, include_content=True))
    recorder.set_exec_error(ValueError("first"))
    recorder.set_result(arguments={1, 2}, result="ok")
    end(s, recorder, "both.")

    def failing() -> None:
        with client.start_tool_execution(tool(s)):
            raise ConnectionError("gone 502")

    s.attempt("failing", failing)
    recorder = client.start_tool_execution(tool(s))
    s.attempt("two forms", recorder.set_result, s.sdk.ToolExecutionEnd(), result=1)
    s.attempt("unknown", recorder.set_result, nonsense=1)
    recorder.set_exec_error(None)
    end(s, recorder, "none.")
    s.attempt("again", recorder.end)


@scenario(protocols=HTTP)
def tool_capture_modes(s: Stage) -> None:
    """What each mode leaves of a tool execution."""
    modes = s.sdk.ContentCaptureMode
    for mode in modes:
        for include in (True, False):
            start = tool(
                s,
                tool_call_id=f"{mode.value}-{include}",
                tool_description="secret description",
                conversation_title="secret title",
                include_content=include,
                content_capture=mode,
            )
            recorder = s.client().start_tool_execution(start)
            recorder.set_result(arguments={"secret": 1}, result="secret")
            recorder.set_exec_error(RuntimeError("secret 429"))
            end(s, recorder, f"{mode.value}-{include}.")
    client = s.client(content_capture=modes.FULL)
    with client.start_generation(s.start(content_capture=modes.METADATA_ONLY)):
        recorder = client.start_tool_execution(tool(s, tool_call_id="within"))
    recorder.set_result(arguments="secret", result="secret")
    end(s, recorder, "within.")


def calling(s: Stage) -> list[Any]:
    """Messages that call tools in several ways."""
    call = s.sdk.ToolCall
    calls = [
        call(name="weather", id="c1", input_json=b'{"city": "Z\xc3\xbcrich"}'),
        call(name="nothing", id="c2"),
        call(name="text", id="c3", input_json=b"not json"),
        call(name="  ", id="c4"),
        call(name="bytes", id="c5", input_json=b"[1]"),
        call(name="broken", id="c6", input_json=b"7"),
        call(name="odd", id="c7", input_json=b"null"),
    ]
    messages = [s.sdk.user_text_message("go"), s.message("assistant", s.part("text", text="calling"))]
    return [*messages, s.message("assistant", *[s.part("tool_call", tool_call=each) for each in calls])]


@scenario(
    protocols=HTTP,
    differs={
        "spans.4.events.*": "tool errors",
        "spans.10.*": "tool errors",
        "spans.6.*": "tool results",
        "metrics.*": "tool results",
    },
)
def executing_tool_calls(s: Stage) -> None:
    """Each call is run, recorded and answered."""
    from opentelemetry import trace

    called: list[Any] = []

    def execute(name: str, arguments: Any) -> Any:
        called.append([name, arguments, trace.get_current_span().get_span_context().span_id])
        s.clock.advance(0.25)
        if name == "broken":
            raise RuntimeError("HTTP 500 from the tool")
        returned: dict[str, Any] = {"weather": {"temp_c": 18, "at": datetime(2026, 1, 1)}, "nothing": None, "bytes": b"[2]"}
        return returned.get(name, f"text for {name}")

    client = s.client(agent_name="agent", agent_version="1")
    s.attempt("result", client.execute_tool_calls, calling(s), execute)
    options = s.sdk.ExecuteToolCallsOptions(
        conversation_id="conv",
        conversation_title="title",
        agent_name="other",
        agent_version="2",
        content_capture=s.sdk.ContentCaptureMode.FULL,
        request_model="gpt-5",
        request_provider="openai",
        tool_type="mcp",
        tags={"a": "b"},
    )
    s.attempt("with options", client.execute_tool_calls, calling(s)[2:], execute, options=options)
    s.see("called", called)
    s.attempt("no messages", client.execute_tool_calls, [], execute)
    s.attempt("none", client.execute_tool_calls, None, execute)
    s.attempt("an odd value", client.execute_tool_calls, calling(s)[2:], lambda name, arguments: {1: {2}, "x": float("nan")})


@scenario(
    differs={
        "seen.mixed": "naive",
        "wire.1.body.order.*": "naive",
        "wire.1.body.workflow_steps.step-6": "naive",
    }
)
def workflow_steps(s: Stage) -> None:
    """Everything that can be told of one, as little as is let through, times."""
    sdk = s.sdk
    client = s.client(
        tags={"env": "test", "team": "a"}, agent_name="agent", content_capture=sdk.ContentCaptureMode.METADATA_ONLY
    )
    full = sdk.WorkflowStep(
        id="step-1",
        conversation_id="conv-1",
        step_name="plan",
        framework="langgraph",
        agent_name="agent",
        agent_version="1",
        started_at=datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=1))),
        completed_at=datetime(2026, 1, 2, 12, 0, 2, tzinfo=timezone.utc),
        input_state={"question": "Käse?", "n": 1, "none": None},
        output_state={"answer": {"text": "ja", "scores": [0.5, 1]}},
        error="boom",
        tags={"team": "b"},
        metadata={"retry": 2},
        linked_generation_ids=["gen-1", "gen-2"],
        parent_step_ids=["step-0"],
        trace_id="a" * 32,
        span_id="b" * 16,
    )
    s.attempt("full", client.enqueue_workflow_step, full)
    small = {"conversation_id": "c", "step_name": "n"}
    s.attempt("small", client.enqueue_workflow_step, sdk.WorkflowStep(id="step-2", **small))
    started = datetime(2026, 1, 2, tzinfo=timezone.utc)
    s.attempt("started", client.enqueue_workflow_step, sdk.WorkflowStep(id="step-3", started_at=started, **small))
    naive = datetime(2026, 1, 2)
    s.attempt("naive", client.enqueue_workflow_step, sdk.WorkflowStep(id="step-5", started_at=naive, **small))
    s.attempt(
        "mixed", client.enqueue_workflow_step, sdk.WorkflowStep("step-6", started_at=started, completed_at=naive, **small)
    )
    s.attempt("completed", client.enqueue_workflow_step, sdk.WorkflowStep(id="step-4", completed_at=started, **small))
    s.see("afterwards", full)
    s.record(client, "generation.", None, **s.hello())
    s.attempt("flush", client.flush)


@scenario(
    differs={"seen.state": "step values", "seen.second": "step values", "wire.0.body.*": "step values"},
)
def workflow_steps_that_are_refused(s: Stage) -> None:
    """What is missing, wrong, too large or too late."""
    step = s.sdk.WorkflowStep
    good = {"id": "i", "conversation_id": "c", "step_name": "n"}
    client = s.client(export={"payload_max_bytes": 500, "queue_size": 2})
    at = datetime(2026, 1, 2)
    refused: dict[str, dict[str, Any]] = {
        "id": {"id": " "},
        "conversation": {"conversation_id": ""},
        "name": {"step_name": "  "},
        "times": {"started_at": at, "completed_at": at - timedelta(seconds=1)},
        "state": {"input_state": {"x": {1}}},
        "large": {"output_state": {"x": "x" * 1000}},
    }
    for name, fields in refused.items():
        s.attempt(name, client.enqueue_workflow_step, step(**{**good, **fields}))
    s.attempt("first", client.enqueue_workflow_step, step(**{**good, "id": "1"}))
    s.attempt("second", client.enqueue_workflow_step, step(**{**good, "id": "2"}))
    s.attempt("third", client.enqueue_workflow_step, step(**{**good, "id": "3"}))
    client.shutdown()
    s.attempt("late", client.enqueue_workflow_step, step(**good))


@scenario()
def one_queue_or_two(s: Stage) -> None:
    """A generation fills a queue of one; is there room for a step?"""
    client = s.client(export={"queue_size": 1, "batch_size": 10})
    s.record(client, "generation.")
    step = s.sdk.WorkflowStep(id="s", conversation_id="c", step_name="n")
    s.attempt("step", client.enqueue_workflow_step, step)


@scenario(protocols=HTTP, releases=EITHER, earlier={"spans.*": "0.2 withheld"})
def operations_withheld(s: Stage) -> None:
    """METADATA_ONLY, for an embedding and a tool that fail."""
    capture = s.sdk.EmbeddingCaptureConfig(capture_input=True)
    client = s.client(content_capture=s.sdk.ContentCaptureMode.METADATA_ONLY, embedding_capture=capture)
    recorder = client.start_embedding(embedding(s))
    recorder.set_result(input_count=1, input_texts=["secret"])
    recorder.set_call_error(RuntimeError("secret 500"))
    end(s, recorder, "embedding.")
    recorder = client.start_tool_execution(tool(s, tool_description="secret", include_content=True))
    recorder.set_result(arguments="secret", result="secret")
    recorder.set_exec_error(RuntimeError("secret 429"))
    end(s, recorder, "tool.")

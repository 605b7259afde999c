"""Every field of a generation: set, not set, overridden, and from where it is taken."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


@scenario(releases=EITHER)
def minimal(s: Stage) -> None:
    """As little as is let through."""
    client = s.client()
    recorder = client.start_generation(s.sdk.GenerationStart(model=s.sdk.ModelRef(provider="openai", name="gpt-5")))
    s.finish(recorder)


@scenario()
def every_start_field(s: Stage) -> None:
    """Everything is told at the start and nothing by the result."""
    start = s.start(
        conversation_title="  Über Käse 🧀 ",
        user_id=" user-1 ",
        agent_name="agent",
        agent_version="1.2.3",
        mode=s.sdk.GenerationMode.SYNC,
        operation_name="invoke",
        system_prompt='Be "brief".\n\tAnd kind.',
        max_tokens=100,
        temperature=0.25,
        top_p=0.5,
        tool_choice=" auto ",
        thinking_enabled=True,
        tools=[s.sdk.ToolDefinition(name="look", description="Looks", type="function", input_schema_json=b"{}")],
        tags={"team": "käse", "empty": ""},
        metadata={"a": 1, "sigil.gen_ai.request.thinking.budget_tokens": 1024},
        parent_generation_ids=["gen-0", "gen-00"],
        effective_version=" 1.2.3 ",
        started_at=datetime(2026, 1, 2, 11, 59, 58, 7, tzinfo=timezone.utc),
    )
    s.finish(s.client().start_generation(start), **s.hello())
    s.see("the start object afterwards", start)


@scenario()
def every_result_field(s: Stage) -> None:
    """Everything is told by the result: the start says little."""
    result = s.sdk.Generation(
        id="gen-2",
        conversation_id="conv-2",
        conversation_title="Title",
        user_id="user-2",
        agent_name="agent-2",
        agent_version="2",
        mode=s.sdk.GenerationMode.STREAM,
        operation_name="operation-2",
        trace_id="t" * 32,
        span_id="s" * 16,
        model=s.sdk.ModelRef(provider="anthropic", name="claude"),
        response_id="resp-1",
        response_model="gpt-5-2026-01-01",
        system_prompt="Result prompt",
        max_tokens=7,
        temperature=1.5,
        top_p=0.75,
        tool_choice="required",
        thinking_enabled=False,
        input=[s.sdk.user_text_message("hi")],
        output=[s.sdk.assistant_text_message("hello")],
        tools=[s.sdk.ToolDefinition(name="look", deferred=True)],
        usage=s.sdk.TokenUsage(1, 2, 4, 5, 6, 7),
        stop_reason="stop",
        started_at=datetime(2026, 1, 2, 11, 0, tzinfo=timezone.utc),
        completed_at=datetime(2026, 1, 2, 11, 0, 3, 500, tzinfo=timezone.utc),
        tags={"result": "yes"},
        metadata={"from": "result"},
        artifacts=[s.sdk.Artifact(kind=s.sdk.ArtifactKind.REQUEST, payload=b"{}")],
        parent_generation_ids=["gen-parent"],
        effective_version="9",
    )
    recorder = s.client().start_generation(s.start())
    recorder.set_result(result)
    s.finish(recorder)
    s.see("the result object afterwards", result)


@scenario()
def start_and_result_disagree(s: Stage) -> None:
    """Which one wins, field by field."""
    start = s.start(
        conversation_title="Start title",
        user_id="start-user",
        agent_name="start-agent",
        agent_version="1",
        system_prompt="Start prompt",
        max_tokens=1,
        temperature=0.1,
        top_p=0.1,
        tool_choice="none",
        thinking_enabled=True,
        tools=[s.sdk.ToolDefinition(name="start-tool")],
        tags={"both": "start", "start": "1"},
        metadata={"both": "start", "start": 1},
        parent_generation_ids=["start-parent"],
        effective_version="start",
    )
    recorder = s.client().start_generation(start)
    s.finish(
        recorder,
        id="gen-result",
        conversation_id="conv-result",
        conversation_title="Result title",
        user_id="result-user",
        agent_name="result-agent",
        agent_version="2",
        model=s.sdk.ModelRef(provider="", name="other"),
        operation_name="other-operation",
        mode=s.sdk.GenerationMode.STREAM,
        system_prompt="Result prompt",
        max_tokens=0,
        temperature=0.0,
        top_p=0.0,
        tool_choice="",
        thinking_enabled=False,
        tools=[s.sdk.ToolDefinition(name="result-tool")],
        tags={"both": "result", "result": "1"},
        metadata={"both": "result", "result": 1},
        parent_generation_ids=["result-parent"],
        effective_version="result",
        **s.hello(),
    )


@scenario(releases=EITHER)
def empty_result_fields_do_not_override(s: Stage) -> None:
    """Empty and blank values in the result."""
    start = s.start(
        agent_name="agent", agent_version="1", system_prompt="p", user_id="u", conversation_title="t", tool_choice="auto"
    )
    recorder = s.client().start_generation(start)
    s.finish(
        recorder,
        id="",
        conversation_id="",
        agent_name="",
        agent_version=" ",
        system_prompt="",
        user_id=" ",
        conversation_title=" ",
        tool_choice=None,
        tools=[],
        tags={},
        metadata={},
        **s.hello(),
    )


@scenario(releases=EITHER)
def request_controls_of_zero(s: Stage) -> None:
    """Values that are easily lost."""
    start = s.start(max_tokens=0, temperature=0.0, top_p=0.0, tool_choice="", thinking_enabled=False)
    s.finish(s.client().start_generation(start), **s.hello())


@scenario(releases=EITHER)
def title_and_user_in_metadata(s: Stage) -> None:
    """They travel as metadata, and are read from there."""
    client = s.client()
    s.record(client, "a.", {"metadata": {"sigil.conversation.title": "  From metadata ", "sigil.user.id": " u1 "}})
    s.record(client, "b.", {"metadata": {"user.id": " legacy "}})
    s.record(client, "c.", {"metadata": {"sigil.conversation.title": 7, "sigil.user.id": None, "user.id": 5}})
    s.record(client, "d.", {"user_id": "explicit", "metadata": {"sigil.user.id": "other", "user.id": "legacy"}})


@scenario(
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def context_fills_what_is_empty(s: Stage) -> None:
    """The five context variables, outside and inside what the start says."""
    sdk, client = s.sdk, s.client(agent_name="config-agent", agent_version="0", user_id="config-user")
    with sdk.with_conversation_id("ctx-conv"), sdk.with_conversation_title(" ctx-title "), sdk.with_user_id(" ctx-user "):
        with sdk.with_agent_name("ctx-agent"), sdk.with_agent_version("ctx-1"):
            readers = [
                sdk.conversation_id_from_context,
                sdk.conversation_title_from_context,
                sdk.user_id_from_context,
                sdk.agent_name_from_context,
                sdk.agent_version_from_context,
                sdk.content_capture_mode_from_context,
            ]
            s.see("inside", [read() for read in readers])
            s.record(client, "a.", {"conversation_id": ""}, **s.hello())
            full = {"conversation_title": "T", "user_id": "U", "agent_name": "A", "agent_version": "V"}
            s.record(client, "b.", full, **s.hello())
    s.see("outside", [read() for read in readers])
    s.record(client, "c.", {"conversation_id": ""}, **s.hello())


@scenario(
    releases=EITHER,
    differs={"seen.*.seed.user_id": "stripped seed"},
    earlier={"metrics.*": "exemplars"},
)
def configuration_fills_what_is_empty(s: Stage) -> None:
    """Agent, user and tags of the client."""
    client = s.client(agent_name="agent", agent_version="7", user_id=" user ", tags={"env": "test", "team": "a"})
    s.record(client, "a.", None, **s.hello())
    s.record(client, "b.", {"tags": {"team": "b", "x": "1"}}, tags={"x": "2", "env": "prod"}, **s.hello())


@scenario(releases=EITHER)
def start_and_end_times(s: Stage) -> None:
    """Naive times are UTC, others are converted; ends before beginnings stay."""
    client = s.client()
    east = timezone(timedelta(hours=2))
    s.record(client, "a.", {"started_at": datetime(2026, 1, 2, 3, 4, 5)}, completed_at=datetime(2026, 1, 2, 3, 4, 6))
    s.record(client, "b.", {"started_at": datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=east)})
    s.record(client, "c.", None, completed_at=datetime(2026, 1, 2, 3, tzinfo=east))
    s.record(client, "d.", None, started_at=datetime(2020, 1, 1, tzinfo=timezone.utc))


@scenario(differs={"*.metadata.gen_ai.response.time_to_first_chunk": "first token"})
def streaming_with_first_token(s: Stage) -> None:
    """A stream: operation, mode, time to the first token; and a first token before the start."""
    client = s.client()
    recorder = client.start_streaming_generation(s.start(agent_name="agent", agent_version="1"))
    recorder.set_first_token_at(s.clock.advance(0.25))
    s.finish(recorder, "a.", **s.hello())
    recorder = client.start_streaming_generation(s.start(id="gen-2"))
    recorder.set_first_token_at(None)
    s.finish(recorder, "b.", **s.hello())
    recorder = client.start_streaming_generation(s.start(id="gen-3"))
    recorder.set_first_token_at(datetime(2020, 1, 1, tzinfo=timezone.utc))
    s.finish(recorder, "c.", **s.hello())
    recorder = client.start_generation(s.start(id="gen-4"))
    recorder.set_first_token_at(s.clock.advance(0.25))
    s.finish(recorder, "d.", **s.hello())
    recorder = client.start_streaming_generation(s.start(id="gen-5", mode=s.sdk.GenerationMode.SYNC))
    recorder.set_first_token_at(s.clock.advance(0.25))
    s.finish(recorder, "e.", **s.hello())


@scenario(releases=EITHER)
def usage_counters(s: Stage) -> None:
    """Totals that are told, missing and wrong; large numbers."""
    client, usage = s.client(), s.sdk.TokenUsage
    s.record(client, "a.", None, usage=usage(input_tokens=120, output_tokens=42))
    s.record(client, "b.", None, usage=usage(input_tokens=1, output_tokens=1, total_tokens=7, reasoning_tokens=3))
    s.record(client, "c.", None, usage=usage(cache_read_input_tokens=100, cache_write_input_tokens=5))
    s.record(client, "d.", None, usage=usage(input_tokens=2**53 + 1, output_tokens=2**62))
    s.record(client, "e.", None, usage=usage(input_tokens=-1))


@scenario(releases=EITHER)
def metadata_values(s: Stage) -> None:
    """Every kind of JSON value."""
    values = {
        "none": None,
        "true": True,
        "int": 7,
        "negative": -3,
        "float": 0.5,
        "large": 1e20,
        "too precise": 2**60 + 1,
        "text": "ü\u2028\u0000",
        "empty": "",
        "list": [1, "two", None, [False], []],
        "tuple": (1.0, 2.5),
        "nested": {"a": {"b": {}}, "list": []},
        "": "empty key",
    }
    recorder = s.client().start_generation(s.start(metadata=values))
    s.finish(recorder, metadata={"nested": {"replaced": True}}, output=[s.sdk.assistant_text_message("ok")])


@scenario()
def effective_version_is_hashed(s: Stage) -> None:
    """On the wire a hash; blank is none."""
    client = s.client()
    s.record(client, "a.", {"effective_version": "1.2.3"})
    s.record(client, "b.", {"effective_version": " \t"})
    s.record(client, "c.", {"effective_version": "1"}, effective_version=" ")


@scenario(releases=EITHER)
def result_forms(s: Stage) -> None:
    """Object, fields, both, unknown fields, several times, none."""
    client = s.client()
    recorder = client.start_generation(s.start())
    s.attempt("both", recorder.set_result, s.sdk.Generation(), id="x")
    s.attempt("unknown field", recorder.set_result, nonsense=1)
    s.attempt("nothing", recorder.set_result)
    recorder.set_result(output=[s.sdk.assistant_text_message("first")], stop_reason="first")
    s.finish(recorder, "a.", output=[s.sdk.assistant_text_message("second")])
    s.attempt("again", recorder.end)
    s.attempt("set after end", recorder.set_result, stop_reason="late")
    s.see("last generation after all", recorder.last_generation)


@scenario(releases=EITHER)
def what_is_given_is_copied(s: Stage) -> None:
    """Changes after the call do not reach the record."""
    client = s.client()
    metadata, tags, message = {"a": [1]}, {"t": "1"}, s.sdk.user_text_message("before")
    recorder = client.start_generation(s.start(metadata=metadata, tags=tags))
    metadata["a"].append(2)
    tags["t"] = "2"
    recorder.set_result(input=[message])
    message.parts[0].text = "after"
    s.finish(recorder)


@scenario(releases=EITHER)
def last_generation_is_a_copy(s: Stage) -> None:
    """Before the end there is none; what a program changes stays with the program."""
    client = s.client()
    recorder = client.start_generation(s.start())
    s.see("before", recorder.last_generation)
    recorder.set_result(**s.hello())
    recorder.end()
    recorder.last_generation.metadata["changed"] = True
    recorder.last_generation.input[0].parts[0].text = "changed"
    s.tell(recorder)
    s.see("same object", recorder.last_generation is recorder.last_generation)
    s.see("equal", recorder.last_generation == recorder.last_generation)


@scenario(releases=EITHER)
def as_a_context_manager(s: Stage) -> None:
    """A block ends its recorder; an exception is its call error and goes on."""
    client = s.client()
    with client.start_generation(s.start()) as recorder:
        recorder.set_result(**s.hello())
    s.tell(recorder, "a.")

    def failing() -> None:
        with client.start_generation(s.start(id="gen-2")) as recorder:
            kept.append(recorder)
            raise ConnectionError("no route")

    kept: list[object] = []
    s.attempt("failing", failing)
    s.tell(kept[0], "b.")


@scenario()
def cache_diagnostics(s: Stage) -> None:
    """Why a prompt cache was missed."""
    client, sdk = s.client(), s.sdk
    recorder = client.start_generation(s.start(metadata={"sigil.cache_diagnostics.miss_reason": "seed"}))
    recorder.set_cache_diagnostics("first", missed_input_tokens=5, previous_message_id="m0")
    recorder.set_cache_diagnostics("  tools_changed ", missed_input_tokens=1200, previous_message_id=" m1 ")
    s.finish(recorder, "a.", **s.hello())
    recorder.set_cache_diagnostics("late")
    recorder = client.start_generation(s.start(id="gen-2"))
    recorder.set_cache_diagnostics("  ", missed_input_tokens=5)
    s.finish(recorder, "b.", metadata={"x": 1})
    recorder = client.start_generation(s.start(id="gen-3"))
    sdk.set_cache_diagnostics(recorder, "first", missed_input_tokens=0, previous_message_id=" ")
    sdk.set_cache_diagnostics(None, "nobody")
    s.finish(recorder, "c.")


@scenario(releases=EITHER)
def many_in_one_request(s: Stage) -> None:
    """Batches keep the order; a flush sends what is queued."""
    client = s.client(export={"batch_size": 3})
    for index in range(3):
        s.record(client, f"{index}.", {"id": f"gen-{index}"}, **s.hello())
    s.attempt("flush", client.flush)


@scenario(
    releases=EITHER,
    earlier={"metrics.*": "exemplars"},
)
def parent_span(s: Stage) -> None:
    """The span of a generation belongs to the current one and is not current itself."""
    from opentelemetry import trace

    client = s.client()
    with s.telemetry.tracer.start_as_current_span("outer"):
        recorder = client.start_generation(s.start())
        s.see("current span", trace.get_current_span().get_span_context().span_id)
        s.see("its span", recorder.span.get_span_context().span_id)
        s.see("recording", recorder.span.is_recording())
        s.finish(recorder, **s.hello())


@scenario(releases=EITHER)
def overlapping_generations(s: Stage) -> None:
    """They end in another order than they began."""
    client = s.client()
    first = client.start_generation(s.start(id="gen-1"))
    second = client.start_generation(s.start(id="gen-2", model=s.sdk.ModelRef(provider="x", name="y")))
    s.finish(first, "first.", **s.hello())
    s.finish(second, "second.", **s.hello())


@scenario(protocols=HTTP, releases=EITHER)
def global_providers(s: Stage) -> None:
    """Without tracer and meter in the configuration: the tracer is the program's."""
    s.telemetry.use_globally()
    s.record(s.client(tracer=None, meter=None), **s.hello())


@scenario(protocols=HTTP, releases=EITHER)
def telemetry_that_samples_nothing(s: Stage) -> None:
    """A provider whose sampler drops every span: ids all the same."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    from ..telemetry import Counting

    provider = TracerProvider(sampler=ALWAYS_OFF, id_generator=Counting())
    recorder = s.record(s.client(tracer=provider.get_tracer("off")), **s.hello())
    s.see("recording", recorder.span.is_recording())

"""One LiteLLM logging event to the start and the result of a generation: pure functions of what LiteLLM hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import litellm

from sigil_sdk import Artifact, ArtifactKind, GenerationMode, ModelRef, TokenUsage
from sigil_sdk.usage import map_usage

from ._blocks import Gaps, Plain, brief_json
from ._values import as_count, as_int, as_list, as_mapping, as_number, as_text, as_utc, clean, fit

INCOMPLETE_KEY = "litellm.incomplete"
COST_KEY = "cost_usd"
FRAMEWORK_TAGS = {
    "sigil.framework.name": "litellm",
    "sigil.framework.source": "handler",
    "sigil.framework.language": "python",
}
_CHAT_CALLS = frozenset({"", "completion", "acompletion"})
_COMPLETION_CALLS = _CHAT_CALLS | {
    "text_completion",
    "atext_completion",
    "responses",
    "aresponses",
    "anthropic_messages",
    "aanthropic_messages",
}
_EMBEDDING_CALLS = frozenset({"embedding", "aembedding"})
_CONVERSATION_KEYS = ("conversation_id", "session_id", "thread_id")
_TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_THINKING = frozenset({"thinking", "reasoning_effort", "reasoning"})
_LITELLM_SESSION_KEYS = ("litellm_session_id", "litellm_trace_id")
#: What servers take, in bytes.
_ID_BYTES, _NAME_BYTES, _TAG_BYTES, _TAGS = 255, 1024, 4096, 128
_REDACTED = "redacted-by-litellm"
#: What the proxy and the router know of a call: where it is in the logging object's or the request's metadata.
_GATEWAY_METADATA = {
    "user_api_key_alias": "litellm.key_alias",
    "user_api_key_team_alias": "litellm.team_alias",
}


class LiteLLMCallError(RuntimeError):
    """The failure that LiteLLM reports, with the HTTP status when it knows one."""

    def __init__(self, text: str, status_code: int | None) -> None:
        super().__init__(text)
        self.status_code = status_code


@dataclass(slots=True)
class CallEvent:
    """What LiteLLM hands to a callback, with its parts named. `payload` is its standard logging object."""

    payload: Mapping[str, Any]
    kwargs: Mapping[str, Any]
    response: Any
    started_at: datetime | None
    completed_at: datetime | None
    optional_params: Mapping[str, Any]
    litellm_params: Mapping[str, Any]
    gaps: Gaps
    metadata: list[Mapping[str, Any]]
    """The `metadata=` of the call, wherever LiteLLM and its proxy put it; the first that names a thing counts."""

    @property
    def is_completion(self) -> bool:
        """Whether this is a call that becomes a generation."""
        return as_text(self.payload.get("call_type")) in _COMPLETION_CALLS

    @property
    def is_embedding(self) -> bool:
        """Whether this is a call that becomes an embedding."""
        return as_text(self.payload.get("call_type")) in _EMBEDDING_CALLS

    @property
    def is_failure(self) -> bool:
        """Whether the call failed."""
        return self.payload.get("status") == "failure"

    def named(self, key: str) -> str:
        """A text of the call's metadata, empty where it says nothing."""
        for metadata in self.metadata:
            if text := as_text(metadata.get(key)):
                return self.fit(text, _NAME_BYTES, key)
        return ""

    def fit(self, text: str, limit: int, what: str) -> str:
        """The text as servers take it."""
        fitting = fit(text, limit)
        if len(fitting) < len(text):
            self.gaps.here(f"{what} was longer than {limit} bytes and is cut")
        return fitting


def read_event(kwargs: Any, response: Any, start_time: Any, end_time: Any) -> CallEvent:
    """Names the parts of a callback's arguments. Without a standard logging object the record is made from the rest."""
    arguments = as_mapping(kwargs)
    payload = as_mapping(arguments.get("standard_logging_object"))
    event = CallEvent(
        payload,
        arguments,
        response,
        as_utc(start_time),
        as_utc(end_time),
        as_mapping(arguments.get("optional_params")),
        as_mapping(arguments.get("litellm_params")),
        Gaps(),
        [],
    )
    if not payload:
        event.payload = _substitute_payload(event)
        event.gaps.append("LiteLLM gave no standard logging object")
    event.metadata = _request_metadata(event)
    return event


def call_id(kwargs: Any) -> str:
    """The id that LiteLLM gives to a call and all its attempts."""
    return as_text(as_mapping(kwargs).get("litellm_call_id"))


def awaited_call_id(kwargs: Any) -> str:
    """The id of a call whose report comes from another thread; empty for one that is not reported or not from a thread.

    Asynchronous calls are reported by the event loop, which a waiting thread may be blocking.
    """
    arguments = as_mapping(kwargs)
    params = as_mapping(arguments.get("litellm_params"))
    is_async = as_text(arguments.get("call_type")).startswith("a") or params.get("acompletion")
    return "" if is_async or params.get("no-log") or arguments.get("no-log") else call_id(kwargs)


def record_id(event: CallEvent) -> str:
    """The id of the record: LiteLLM's, which is the reply's or the call's; the call's where the reply's is too long."""
    given = as_text(event.payload.get("id"))
    return given if len(given) <= _ID_BYTES else fit(call_id(event.kwargs) or given, _ID_BYTES)


def model_ref(event: CallEvent) -> ModelRef:
    """Provider and model. A call that failed before LiteLLM chose a provider has none, unless its model's name says it."""
    payload = event.payload
    name = as_text(payload.get("model")) or as_text(event.kwargs.get("model"))
    provider = as_text(payload.get("custom_llm_provider")).lower()
    if not provider:
        candidates = (
            event.litellm_params.get("custom_llm_provider"),
            event.kwargs.get("custom_llm_provider"),
            as_mapping(payload.get("hidden_params")).get("custom_llm_provider"),
            as_mapping(payload.get("error_information")).get("llm_provider"),
        )
        provider = next((text.lower() for text in map(as_text, candidates) if text), "")
    if not provider:
        prefix, _, rest = name.partition("/")
        if rest and _is_provider(prefix.lower()):
            provider, name = prefix.lower(), rest
    if not provider:
        event.gaps.append("the provider is not known")
    if not name:
        event.gaps.append("the model is not known")
    return ModelRef(fit(provider, _NAME_BYTES) or "unknown", fit(name, _NAME_BYTES) or "unknown")


def mode(event: CallEvent) -> GenerationMode:
    """STREAM for a streamed call."""
    return GenerationMode.STREAM if event.payload.get("stream") else GenerationMode.SYNC


def first_token_at(event: CallEvent) -> datetime | None:
    """When the first piece of a streamed reply came. LiteLLM tells the end of the call where it does not know it."""
    payload = event.payload
    if not payload.get("stream") or event.is_failure:
        return None
    first = payload.get("completionStartTime")
    return None if first == payload.get("endTime") else as_utc(first)


def conversation_id(event: CallEvent, static: str) -> str:
    """The call's metadata, then LiteLLM's own session ids, then the handler's static id."""
    found = ""
    for key in _CONVERSATION_KEYS:
        found = found or event.named(key)
    if not found:
        for key in _LITELLM_SESSION_KEYS:
            found = found or event.named(key) or as_text(event.litellm_params.get(key))
        found = found or as_text(event.payload.get("session_id")) or static
    return event.fit(found, _ID_BYTES, "conversation_id")


def user_id(event: CallEvent) -> str:
    """The end user that LiteLLM knows, else the `user` of the request, else the `user_id` of its metadata."""
    known = as_text(event.payload.get("end_user")) or as_text(event.optional_params.get("user"))
    return event.fit(known, _NAME_BYTES, "user") if known else event.named("user_id")


def request_controls(event: CallEvent) -> dict[str, Any]:
    """Sampling and tool settings as fields of a generation start; unusable values are None."""
    parameters = {**event.optional_params, **as_mapping(event.payload.get("model_parameters"))}
    controls: dict[str, Any] = {}
    for key in ("temperature", "top_p"):
        if key in parameters:
            controls[key] = as_number(parameters[key])
    for key in _TOKEN_LIMITS:
        if key in parameters and (limit := as_int(parameters[key])) is not None:
            controls["max_tokens"] = limit
            break
    choice = parameters.get("tool_choice")
    if choice is not None:
        controls["tool_choice"] = choice if isinstance(choice, str) else json.dumps(choice, default=str)
    if not _THINKING.isdisjoint(parameters):
        controls["thinking_enabled"] = _thinks(parameters)
    return controls


def instructions(event: CallEvent) -> Any:
    """The system prompt of a Responses or Messages call, which is no message there; nothing where LiteLLM withholds content."""
    parameters = event.optional_params
    given = parameters.get("instructions") or parameters.get("system")
    return None if given is None or _is_redacted(event.payload.get("messages")) else given


def tags(event: CallEvent, extra: Mapping[str, str]) -> dict[str, str]:
    """Framework tags, the request's tags, then the handler's, which win."""
    tags = dict(FRAMEWORK_TAGS)
    room = _TAGS - len(tags) - len(extra)
    for tag in as_list(event.payload.get("request_tags")):
        if not (text := as_text(tag)):
            continue
        if room <= 0:
            event.gaps.here(f"only {_TAGS} tags are kept")
            break
        room -= 1
        tags[fit(f"litellm.tag.{text}", _ID_BYTES)] = event.fit(text, _TAG_BYTES, "a tag")
    return {**tags, **extra}


def call_metadata(event: CallEvent) -> dict[str, Any]:
    """Cost, cache hit, what a router and a proxy know, and the reasons why the record lacks something."""
    payload = event.payload
    metadata: dict[str, Any] = {}
    cost = as_number(payload.get("response_cost"))
    # LiteLLM says 0 where it has no price; then the call's own cost is None.
    is_known = cost or event.kwargs.get("response_cost") is not None
    if cost is not None and is_known and not event.is_failure:
        metadata[COST_KEY] = cost
    if payload.get("cache_hit") is True:
        metadata["litellm.cache_hit"] = True
    kind = as_text(payload.get("call_type"))
    if kind not in _CHAT_CALLS:
        metadata["litellm.call_type"] = kind
    if group := as_text(payload.get("model_group")):
        metadata["litellm.model_group"] = group
        if retries := as_int(_first_named(event, "attempted_retries")):
            metadata["litellm.attempt"] = retries + 1
    if gateway := as_mapping(payload.get("metadata")):
        for key, name in _GATEWAY_METADATA.items():
            if text := as_text(gateway.get(key)):
                metadata[name] = text
    reply_id = _response_id(event)
    if len(reply_id) > _ID_BYTES:
        metadata["litellm.response_id"] = reply_id
    if event.gaps:
        metadata[INCOMPLETE_KEY] = list(event.gaps)
    return metadata


def usage(event: CallEvent) -> TokenUsage:
    """LiteLLM's counts, with the details of the provider's usage object."""
    payload = event.payload
    counted = getattr(event.response, "usage", None) or as_mapping(payload.get("response")).get("usage")
    details = map_usage(counted)
    counts = [as_count(payload.get(key)) for key in ("prompt_tokens", "completion_tokens", "total_tokens")]
    if any(counts):
        details.input_tokens, details.output_tokens, details.total_tokens = counts
    return details


def response_identity(event: CallEvent) -> dict[str, Any]:
    """Response id, response model and stop reason as fields of a generation."""
    reply = as_mapping(event.payload.get("response"))
    choices = as_list(reply.get("choices")) or as_list(getattr(event.response, "choices", None))
    first = as_mapping(choices[0]) if choices else {}
    model = as_text(reply.get("model")) or as_text(getattr(event.response, "model", None))
    reason = as_text(first.get("finish_reason")) or _other_stop_reason(reply)
    reply_id = _response_id(event)
    return {
        # The proxy's ids of Responses calls may be longer than servers take; then the metadata has it.
        "response_id": fit(reply_id, _ID_BYTES) if len(reply_id) <= _ID_BYTES else "",
        "response_model": fit(model, _NAME_BYTES),
        "stop_reason": fit(reason, _NAME_BYTES),
    }


def unread_reply(event: CallEvent, answered: list[Plain]) -> list[Artifact]:
    """The reply as it came, where no message could be made of it; and what a reply says beside its messages."""
    given = event.payload.get("response")
    if not given or isinstance(given, str) or event.is_failure:
        return []
    reply = as_mapping(given)
    if not answered and "choices" not in reply:
        event.gaps.append("the reply has an unknown shape, it is kept as an artifact")
        return [_artifact("response", given)]
    notes = []
    for choice in as_list(reply.get("choices")):
        message = as_mapping(as_mapping(choice).get("message"))
        if message.get("annotations"):
            notes.append(message["annotations"])
    return [_artifact("annotations", notes)] if notes else []


def call_error(event: CallEvent) -> LiteLLMCallError | None:
    """Why the call failed, None for a success."""
    if not event.is_failure:
        return None
    information = as_mapping(event.payload.get("error_information"))
    exception = event.kwargs.get("exception")
    text = as_text(event.payload.get("error_str")) or as_text(information.get("error_message"))
    status = as_int(information.get("error_code")) or as_int(getattr(exception, "status_code", None))
    return LiteLLMCallError(clean(text or str(exception or "the call failed")), status)


def _request_metadata(event: CallEvent) -> list[Mapping[str, Any]]:
    """The call's own metadata, that of its Responses or Messages form, and what the proxy was sent."""
    found: list[Mapping[str, Any]] = []
    for key in ("metadata", "litellm_metadata"):
        given = event.litellm_params.get(key)
        if not given:
            continue
        if isinstance(given, str) and given.strip():
            given = _parsed(given)
            if given is None:
                event.gaps.append("the call's metadata is a text, not a mapping")
        metadata = as_mapping(given)
        if metadata:
            found.append(metadata)
            if sent := metadata.get("requester_metadata"):
                found.append(as_mapping(sent))
    logged = event.payload.get("metadata")
    if logged and (sent := as_mapping(logged).get("requester_metadata")):
        found.append(as_mapping(sent))
    return found


def _parsed(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _first_named(event: CallEvent, key: str) -> Any:
    return next((metadata[key] for metadata in event.metadata if metadata.get(key) is not None), None)


def _is_provider(name: str) -> bool:
    return any(name == getattr(known, "value", known) for known in litellm.provider_list)


def _thinks(parameters: Mapping[str, Any]) -> bool | None:
    """Whether the request switched the model's thinking on or off, None where it says nothing."""
    kind = as_mapping(parameters.get("thinking")).get("type")
    if kind is not None:
        return bool(kind != "disabled")
    effort = parameters.get("reasoning_effort") or as_mapping(parameters.get("reasoning")).get("effort")
    return None if not effort else effort not in ("none", "disable")


def _is_redacted(messages: Any) -> bool:
    contents = [as_mapping(message).get("content") for message in as_list(messages)[:1]]
    return messages == _REDACTED or _REDACTED in contents


def _response_id(event: CallEvent) -> str:
    reply = as_mapping(event.payload.get("response"))
    return as_text(reply.get("id")) or as_text(getattr(event.response, "id", None))


def _other_stop_reason(reply: Mapping[str, Any]) -> str:
    """Of a Messages or Responses reply."""
    reason = as_text(reply.get("stop_reason")) or as_text(as_mapping(reply.get("incomplete_details")).get("reason"))
    return reason or as_text(reply.get("status"))


def _artifact(name: str, value: Any) -> Artifact:
    payload = brief_json(value).encode()
    return Artifact(ArtifactKind.RESPONSE, name=name, content_type="application/json", payload=payload)


def _substitute_payload(event: CallEvent) -> dict[str, Any]:
    arguments, exception = event.kwargs, event.kwargs.get("exception")
    response = as_mapping(event.response)
    counted = as_mapping(response.get("usage"))
    return {
        "call_type": arguments.get("call_type"),
        "status": "success" if exception is None else "failure",
        "error_str": "" if exception is None else str(exception),
        "stream": arguments.get("stream"),
        "model": arguments.get("model"),
        "custom_llm_provider": event.litellm_params.get("custom_llm_provider"),
        "messages": arguments.get("messages"),
        "response": response,
        "response_cost": arguments.get("response_cost"),
        "cache_hit": arguments.get("cache_hit"),
        "completionStartTime": arguments.get("completion_start_time"),
        **{key: counted.get(key) for key in ("prompt_tokens", "completion_tokens", "total_tokens")},
    }

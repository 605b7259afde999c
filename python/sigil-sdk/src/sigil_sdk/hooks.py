"""Hooks: a server's rules are asked before or after a call whether it may go on."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from ._hook_wire import parse_response as _parse_response
from ._hook_wire import request_body
from ._records import dataclass, field
from .errors import HookDeniedError, HookTransportError
from .models import Message, ToolDefinition

if TYPE_CHECKING:
    from .client import Client
    from .config import HooksConfig

__all__ = [
    "DEFAULT_HOOK_TIMEOUT",
    "HOOKS_EVALUATE_PATH",
    "HOOK_TIMEOUT_HEADER",
    "HookAction",
    "HookContext",
    "HookEvaluateRequest",
    "HookEvaluateResponse",
    "HookEvaluation",
    "HookInput",
    "HookModel",
    "HookPhase",
    "_parse_response",
    "evaluate_hook",
    "hook_denied_from_response",
]

HOOKS_EVALUATE_PATH = "/api/v1/hooks:evaluate"
#: Milliseconds that the server may take.
HOOK_TIMEOUT_HEADER = "X-Sigil-Hook-Timeout-Ms"
#: Seconds.
DEFAULT_HOOK_TIMEOUT = 15.0
_MAX_ANSWER_BYTES = 4 * 1024 * 1024


class HookPhase(str, Enum):
    """When a hook is asked."""

    PREFLIGHT = "preflight"
    POSTFLIGHT = "postflight"


class HookAction(str, Enum):
    """What a hook answers."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(slots=True)
class HookModel:
    """The model that is to be called."""

    provider: str = ""
    name: str = ""


@dataclass(slots=True)
class HookContext:
    """Who calls what."""

    model: HookModel | None = None
    agent_name: str = ""
    agent_version: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class HookInput:
    """What the rules look at. In an answer: what to use instead."""

    messages: list[Message] = field(default_factory=list)
    tools: list[ToolDefinition] = field(default_factory=list)
    system_prompt: str = ""
    output: list[Message] = field(default_factory=list)
    conversation_preview: str = ""


@dataclass(slots=True)
class HookEvaluateRequest:
    """A question to the rules of a phase."""

    phase: str
    context: HookContext
    input: HookInput


@dataclass(slots=True)
class HookEvaluation:
    """What one evaluator of one rule found."""

    rule_id: str
    evaluator_id: str
    evaluator_kind: str
    passed: bool
    latency_ms: int = 0
    explanation: str = ""
    reason: str = ""


@dataclass(slots=True)
class HookEvaluateResponse:
    """The answer: `allow` or `deny`, why, and perhaps another input to go on with."""

    action: str
    rule_id: str = ""
    reason: str = ""
    transformed_input: HookInput | None = None
    evaluations: list[HookEvaluation] = field(default_factory=list)

    @property
    def is_deny(self) -> bool:
        """The call must not go on."""
        return self.action == HookAction.DENY.value


def evaluate_hook(
    *,
    api_endpoint: str,
    insecure: bool | None,
    extra_headers: dict[str, str],
    hooks: HooksConfig,
    request: HookEvaluateRequest,
) -> HookEvaluateResponse:
    """Asks once, for at most `hooks.timeout_seconds`. Disabled, or another phase: allowed without asking.

    No usable answer means allowed if `hooks.fail_open`, else `HookTransportError`.
    """
    if not hooks.enabled or request.phase not in (hooks.phases or (HookPhase.PREFLIGHT.value,)):
        return HookEvaluateResponse(HookAction.ALLOW.value)
    from . import _api

    seconds = hooks.timeout_seconds if hooks.timeout_seconds > 0 else DEFAULT_HOOK_TIMEOUT
    headers = {HOOK_TIMEOUT_HEADER: str(max(1, int(seconds * 1000))), **extra_headers}
    try:
        body = _api.encode_json(request_body(request))
        url = f"{_api.base_url(api_endpoint, insecure)}{HOOKS_EVALUATE_PATH}"
        answer = _api.call(_api.Call("POST", url, headers, body, max_answer_bytes=_MAX_ANSWER_BYTES), seconds)
        if not answer:
            raise _api.ApiFailure("empty hook response payload")
        return _parse_response(_api.decode_json(answer))
    except (_api.ApiFailure, TypeError, ValueError) as error:
        if hooks.fail_open:
            return HookEvaluateResponse(HookAction.ALLOW.value)
        raise HookTransportError(f"sigil hook evaluation failed: {_detail(error)}") from error


def evaluate_client_hook(client: Client, request: HookEvaluateRequest) -> HookEvaluateResponse:
    """`Client.evaluate_hook`."""
    config = client._config
    return evaluate_hook(
        api_endpoint=config.api.endpoint,
        insecure=client._insecure,
        extra_headers=config.generation_export.headers or {},
        hooks=config.hooks,
        request=request,
    )


def hook_denied_from_response(response: HookEvaluateResponse | None) -> HookDeniedError | None:
    """The error to raise for a denial; None when the call may go on."""
    if response is None or not response.is_deny:
        return None
    return HookDeniedError(response.reason, response.rule_id, response.evaluations)


def _detail(error: Exception) -> str:
    from ._api import TOO_LARGE

    if str(error) == TOO_LARGE:
        return f"hook {TOO_LARGE}"
    status: Any = getattr(error, "status", None)
    return str(error) if status is None else f"status {status}: {str(error) or f'HTTP {status}'}"

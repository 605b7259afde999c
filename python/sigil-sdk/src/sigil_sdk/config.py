"""Configuration: explicit field > environment > default. Resolving never changes the caller's object."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ._records import dataclass, field, replace
from .models import ContentCaptureMode, Generation, utc_now

if TYPE_CHECKING:
    import logging

TENANT_HEADER = "X-Scope-OrgID"
AUTHORIZATION_HEADER = "Authorization"

GenerationSanitizer = Callable[[Generation], Generation]
ContentCaptureResolver = Callable[[dict[str, Any]], ContentCaptureMode]

_DEFAULT_API_ENDPOINT = "http://localhost:8080"
_DEFAULT_EXPORT_ENDPOINT = "localhost:4317"
_TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
_AUTH_MODES = frozenset({"none", "tenant", "bearer", "basic"})
_ENV_CAPTURE_MODES = {mode.value: mode for mode in ContentCaptureMode if mode is not ContentCaptureMode.DEFAULT}


@dataclass(slots=True)
class AuthConfig:
    """How requests authenticate: mode `none`, `tenant`, `bearer` or `basic`. Fields of other modes are ignored."""

    mode: str | None = None
    tenant_id: str = ""
    bearer_token: str = ""
    basic_user: str = ""
    basic_password: str = ""


@dataclass(slots=True)
class GenerationExportConfig:
    """Where and how generations are sent. `payload_max_bytes` <= 0 switches the size check off.

    `spool_*`: empty and 0 mean what `LIGHTWELL_SPOOL_DIR`, `_MAX_BYTES`, `_WHEN_FULL`, `_FSYNC` say.
    """

    protocol: str | None = None
    endpoint: str | None = None
    headers: dict[str, str] | None = None
    auth: AuthConfig = field(default_factory=AuthConfig)
    insecure: bool | None = None
    batch_size: int = 100
    flush_interval: timedelta = timedelta(seconds=1)
    queue_size: int = 2000
    max_retries: int = 5
    initial_backoff: timedelta = timedelta(milliseconds=100)
    max_backoff: timedelta = timedelta(seconds=5)
    payload_max_bytes: int = 4 * 1024 * 1024
    spool_dir: str = ""
    spool_max_bytes: int = 0
    spool_when_full: str = ""
    spool_fsync: str = ""


@dataclass(slots=True)
class ApiConfig:
    """Where ratings, hooks and queries go."""

    endpoint: str = _DEFAULT_API_ENDPOINT


@dataclass(slots=True)
class EmbeddingCaptureConfig:
    """Whether and how much of embedded texts is put on spans (lengths in characters)."""

    capture_input: bool = False
    max_input_items: int = 20
    max_text_length: int = 1024


@dataclass(slots=True)
class HooksConfig:
    """Whether hooks are asked before or after calls, and what a failing hook service means."""

    enabled: bool = False
    phases: list[str] = field(default_factory=lambda: ["preflight"])
    timeout_seconds: float = 15.0
    fail_open: bool = True


@dataclass(slots=True)
class ClientConfig:
    """All settings of a `Client`. None and empty mean: ask the environment, then take the default."""

    generation_export: GenerationExportConfig = field(default_factory=GenerationExportConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    embedding_capture: EmbeddingCaptureConfig = field(default_factory=EmbeddingCaptureConfig)
    hooks: HooksConfig = field(default_factory=HooksConfig)
    content_capture: ContentCaptureMode | None = None
    content_capture_resolver: ContentCaptureResolver | None = None
    generation_sanitizer: GenerationSanitizer | None = None
    tracer: Any = None
    meter: Any = None
    logger: logging.Logger | None = None
    now: Callable[[], datetime] | None = None
    sleep: Callable[[float], None] | None = None
    generation_exporter: Any = None
    use_experimental_otel: bool | None = None
    agent_name: str | None = None
    agent_version: str | None = None
    user_id: str | None = None
    tags: dict[str, str] | None = None
    ingest_actor: str | None = None
    debug: bool | None = None
    generation_export_endpoint: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> ClientConfig:
        """A resolved configuration made from the environment alone."""
        return resolve_config(None, env=env)


def default_config() -> ClientConfig:
    """A resolved configuration that ignores the environment."""
    return resolve_config(None, env={})


def default_logger() -> logging.Logger:
    """The logger of this package. Asked for late: importing `logging` costs more than importing this package."""
    import logging

    return logging.getLogger("sigil_sdk")


def resolve_config(config: ClientConfig | None, *, env: Mapping[str, str] | None = None) -> ClientConfig:
    """A complete copy of `config`.

    `ValueError` when the authentication mode lacks its credential or is unknown. The headers of the result contain the
    authentication headers.
    """
    variables = _Variables(os.environ if env is None else env)
    resolved = _clone(config if config is not None else ClientConfig())
    _resolve_export(resolved, variables)
    _resolve_api(resolved.api, variables)
    _resolve_client(resolved, variables)
    _coerce(resolved)
    return resolved


class _Variables:
    """The environment with every value stripped; empty is unset."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def text(self, name: str) -> str:
        return self.env.get(name, "").strip()

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in _TRUE_WORDS

    def pairs(self, name: str) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for item in self.text(name).split(","):
            key, equals, value = item.partition("=")
            if equals and key.strip():
                pairs[key.strip()] = value.strip()
        return pairs


def _clone(config: ClientConfig) -> ClientConfig:
    export = config.generation_export
    return replace(
        config,
        generation_export=replace(
            export,
            auth=replace(export.auth),
            headers=None if export.headers is None else dict(export.headers),
        ),
        api=replace(config.api),
        embedding_capture=replace(config.embedding_capture),
        hooks=replace(config.hooks, phases=list(config.hooks.phases)),
        tags=None if config.tags is None else dict(config.tags),
    )


def _resolve_export(config: ClientConfig, variables: _Variables) -> None:
    export = config.generation_export
    if export.protocol is None:
        export.protocol = variables.text("SIGIL_PROTOCOL") or "grpc"
    if export.endpoint is None:
        export.endpoint = variables.text("SIGIL_ENDPOINT") or _DEFAULT_EXPORT_ENDPOINT
    if config.generation_export_endpoint:
        export.endpoint = config.generation_export_endpoint
    if export.insecure is None:
        export.insecure = variables.flag("SIGIL_INSECURE")
    if export.headers is None:
        export.headers = variables.pairs("SIGIL_HEADERS")
    _resolve_spool(export, variables)
    _resolve_auth(export.auth, variables)
    export.headers = _with_auth_headers(export.headers, export.auth)


def _resolve_spool(export: GenerationExportConfig, variables: _Variables) -> None:
    from lightwell import spool

    given = (export.spool_dir, export.spool_max_bytes, export.spool_when_full, export.spool_fsync)
    for name, value in spool.keywords(*given, env=variables.env).items():
        setattr(export, name, value)


def _resolve_auth(auth: AuthConfig, variables: _Variables) -> None:
    if auth.mode is None:
        auth.mode = variables.text("SIGIL_AUTH_MODE").lower() or "none"
        if auth.mode not in _AUTH_MODES:
            default_logger().warning("sigil: ignoring invalid SIGIL_AUTH_MODE %r", auth.mode)
            auth.mode = "none"
    token = variables.text("SIGIL_AUTH_TOKEN")
    auth.tenant_id = auth.tenant_id or variables.text("SIGIL_AUTH_TENANT_ID")
    auth.bearer_token = auth.bearer_token or token
    auth.basic_password = auth.basic_password or token
    if auth.mode.strip().lower() == "basic" and not auth.basic_user:
        auth.basic_user = auth.tenant_id


def _with_auth_headers(headers: dict[str, str], auth: AuthConfig) -> dict[str, str]:
    """Explicit headers win over those of the mode, whatever their case."""
    present = {name.lower() for name in headers}
    added = {name: value for name, value in auth_headers(auth).items() if name.lower() not in present}
    return {**headers, **added}


def auth_headers(auth: AuthConfig) -> dict[str, str]:
    mode = (auth.mode or "none").strip().lower()
    tenant_id = auth.tenant_id.strip()
    if mode == "none":
        return {}
    if mode == "tenant":
        _require(mode, "tenant_id", tenant_id)
        return {TENANT_HEADER: tenant_id}
    if mode == "bearer":
        token = auth.bearer_token.strip()
        if token.lower().startswith("bearer "):
            token = token[len("bearer ") :].strip()
        _require(mode, "bearer_token", token)
        return {AUTHORIZATION_HEADER: f"Bearer {token}"}
    if mode == "basic":
        password = auth.basic_password.strip()
        _require(mode, "basic_password", password)
        user = auth.basic_user.strip() or tenant_id
        _require(mode, "basic_user or tenant_id", user)
        import base64

        credentials = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        headers = {AUTHORIZATION_HEADER: f"Basic {credentials}"}
        if tenant_id:
            headers[TENANT_HEADER] = tenant_id
        return headers
    raise ValueError(f"unsupported generation export auth mode {auth.mode!r}")


def _require(mode: str, what: str, value: str) -> None:
    if not value:
        raise ValueError(f"generation export auth mode {mode!r} requires {what}")


def _resolve_api(api: ApiConfig, variables: _Variables) -> None:
    endpoint = variables.text("SIGIL_ENDPOINT")
    if not api.endpoint.strip():
        api.endpoint = endpoint or _DEFAULT_API_ENDPOINT
    elif endpoint and api.endpoint == _DEFAULT_API_ENDPOINT:
        api.endpoint = endpoint


def _resolve_client(config: ClientConfig, variables: _Variables) -> None:
    if config.agent_name is None:
        config.agent_name = variables.text("SIGIL_AGENT_NAME")
    if config.agent_version is None:
        config.agent_version = variables.text("SIGIL_AGENT_VERSION")
    if config.user_id is None:
        config.user_id = variables.text("SIGIL_USER_ID")
    if config.ingest_actor is None:
        config.ingest_actor = variables.text("SIGIL_INGEST_ACTOR")
    if config.debug is None:
        config.debug = variables.flag("SIGIL_DEBUG")
    if config.use_experimental_otel is None:
        config.use_experimental_otel = variables.flag("SIGIL_USE_EXPERIMENTAL_OTEL")
    config.tags = {**variables.pairs("SIGIL_TAGS"), **(config.tags or {})}
    if config.content_capture is None:
        config.content_capture = _env_capture_mode(variables)
    config.logger = config.logger if config.logger is not None else default_logger()
    config.now = config.now or utc_now
    config.sleep = config.sleep or time.sleep


def _env_capture_mode(variables: _Variables) -> ContentCaptureMode:
    value = variables.text("SIGIL_CONTENT_CAPTURE_MODE").lower()
    if value and value not in _ENV_CAPTURE_MODES:
        default_logger().warning("sigil: ignoring invalid SIGIL_CONTENT_CAPTURE_MODE %r", value)
    return _ENV_CAPTURE_MODES.get(value, ContentCaptureMode.DEFAULT)


def _coerce(config: ClientConfig) -> None:
    """Values that cannot be meant become the nearest that can."""
    export = config.generation_export
    zero = timedelta(0)
    export.batch_size = max(1, export.batch_size)
    export.queue_size = max(1, export.queue_size)
    export.max_retries = max(0, export.max_retries)
    export.flush_interval = export.flush_interval if export.flush_interval > zero else timedelta(milliseconds=1)
    export.initial_backoff = export.initial_backoff if export.initial_backoff > zero else timedelta(milliseconds=100)
    export.max_backoff = export.max_backoff if export.max_backoff > zero else timedelta(milliseconds=100)
    capture = config.embedding_capture
    capture.max_input_items = capture.max_input_items if capture.max_input_items > 0 else 20
    capture.max_text_length = capture.max_text_length if capture.max_text_length > 0 else 1024
    hooks = config.hooks
    hooks.timeout_seconds = hooks.timeout_seconds if hooks.timeout_seconds > 0 else 15.0
    hooks.phases = hooks.phases or ["preflight"]

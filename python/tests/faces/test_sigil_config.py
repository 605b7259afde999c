"""Configuration of `sigil_sdk`: precedence, authentication, coercion, construction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import (
    AuthConfig,
    Client,
    ClientConfig,
    ContentCaptureMode,
    GenerationExportConfig,
    TokenUsage,
    default_config,
)
from sigil_sdk.config import resolve_config
from sigil_sdk.usage import map_usage

ENVIRONMENT = {
    "SIGIL_ENDPOINT": " https://sigil.example:4317 ",
    "SIGIL_PROTOCOL": "http",
    "SIGIL_INSECURE": "Yes",
    "SIGIL_HEADERS": "A=1, b = two=2 ,broken,=x",
    "SIGIL_AUTH_MODE": "BEARER",
    "SIGIL_AUTH_TOKEN": "Bearer token-1",
    "SIGIL_AGENT_NAME": "env-agent",
    "SIGIL_TAGS": "k=env,only=env",
    "SIGIL_CONTENT_CAPTURE_MODE": "metadata_only",
}


def test_the_environment_fills_what_is_not_given() -> None:
    config = resolve_config(ClientConfig(tags={"k": "given"}), env=ENVIRONMENT)
    export = config.generation_export
    assert (export.endpoint, export.protocol, export.insecure) == ("https://sigil.example:4317", "http", True)
    assert export.headers == {"A": "1", "b": "two=2", "Authorization": "Bearer token-1"}
    assert config.tags == {"k": "given", "only": "env"}
    assert config.agent_name == "env-agent"
    assert config.content_capture is ContentCaptureMode.METADATA_ONLY
    assert config.api.endpoint == "https://sigil.example:4317"


def test_what_is_given_wins() -> None:
    export = GenerationExportConfig(protocol="grpc", endpoint="here:1", insecure=False, headers={})
    given = ClientConfig(generation_export=export, agent_name="", content_capture=ContentCaptureMode.FULL)
    config = resolve_config(given, env=ENVIRONMENT)
    assert (config.generation_export.endpoint, config.generation_export.insecure) == ("here:1", False)
    assert config.agent_name == ""
    assert config.content_capture is ContentCaptureMode.FULL
    assert export.headers == {}, "the caller's object is not changed"


def test_defaults_and_coercion() -> None:
    export = default_config().generation_export
    assert (export.endpoint, export.protocol, export.insecure, export.headers) == ("localhost:4317", "grpc", False, {})
    odd = GenerationExportConfig(batch_size=0, queue_size=-1, max_retries=-1, flush_interval=timedelta(0))
    coerced = resolve_config(ClientConfig(generation_export=odd), env={}).generation_export
    assert (coerced.batch_size, coerced.queue_size, coerced.max_retries) == (1, 1, 0)
    assert coerced.flush_interval == timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (AuthConfig(), {}),
        (AuthConfig(mode=" Tenant ", tenant_id=" t "), {"X-Scope-OrgID": "t"}),
        (AuthConfig(mode="bearer", bearer_token="bearer abc"), {"Authorization": "Bearer abc"}),
        (
            AuthConfig(mode="basic", tenant_id="t", basic_password="p"),
            {"Authorization": "Basic dDpw", "X-Scope-OrgID": "t"},
        ),
        (AuthConfig(mode="basic", basic_user="u", basic_password="p"), {"Authorization": "Basic dTpw"}),
    ],
)
def test_authentication_becomes_headers(auth: AuthConfig, headers: dict[str, str]) -> None:
    config = resolve_config(ClientConfig(generation_export=GenerationExportConfig(auth=auth)), env={})
    assert config.generation_export.headers == headers


def test_explicit_headers_win_in_any_case() -> None:
    auth = AuthConfig(mode="bearer", bearer_token="abc")
    export = GenerationExportConfig(auth=auth, headers={"authorization": "mine"})
    assert resolve_config(ClientConfig(generation_export=export), env={}).generation_export.headers == {
        "authorization": "mine"
    }


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        (AuthConfig(mode="tenant"), "generation export auth mode 'tenant' requires tenant_id"),
        (AuthConfig(mode="bearer"), "requires bearer_token"),
        (AuthConfig(mode="basic"), "requires basic_password"),
        (AuthConfig(mode="basic", basic_password="p"), "requires basic_user or tenant_id"),
        (AuthConfig(mode="digest"), "unsupported generation export auth mode"),
    ],
)
def test_a_mode_without_its_credential_is_refused(auth: AuthConfig, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        resolve_config(ClientConfig(generation_export=GenerationExportConfig(auth=auth)), env={})


@pytest.mark.parametrize(
    ("export", "problem"),
    [
        (GenerationExportConfig(protocol="smoke"), "unsupported generation export protocol"),
        (GenerationExportConfig(protocol="http", endpoint=" "), "endpoint is required"),
        (GenerationExportConfig(protocol="http", endpoint="http://"), "endpoint host is required"),
    ],
)
def test_what_cannot_be_sent_to_is_refused_at_construction(export: GenerationExportConfig, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Client(ClientConfig(generation_export=export))


def test_construction_and_shutdown_touch_no_network() -> None:
    client = Client()
    client.shutdown()
    assert client.stats()["requests"] == 0


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, TokenUsage()),
        (
            {"prompt_tokens": 10.0, "completion_tokens": "5", "prompt_tokens_details": {"cached_tokens": 3}},
            TokenUsage(10, 5, 15, 3),
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 7},
            TokenUsage(10, 5, 15, 0, 7, 0, 7),
        ),
        (
            {"prompt_token_count": 10, "candidates_token_count": 5, "thoughts_token_count": 2, "total_token_count": 17},
            TokenUsage(10, 7, 17, reasoning_tokens=2),
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}},
            TokenUsage(10, 5, 15, reasoning_tokens=2),
        ),
    ],
)
def test_usage_of_the_providers(usage: Any, expected: TokenUsage) -> None:
    assert map_usage(usage) == expected

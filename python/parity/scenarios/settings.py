"""Configuration, environment, authentication, and what of them is on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage

ENVIRONMENT = {
    "SIGIL_ENDPOINT": " https://sigil.example.com ",
    "SIGIL_PROTOCOL": " http ",
    "SIGIL_INSECURE": "YES",
    "SIGIL_HEADERS": "a=1, b = x=y ,=no,nothing,c=",
    "SIGIL_AUTH_MODE": "Basic",
    "SIGIL_AUTH_TENANT_ID": " acme ",
    "SIGIL_AUTH_TOKEN": " token ",
    "SIGIL_AGENT_NAME": "agent",
    "SIGIL_AGENT_VERSION": "1",
    "SIGIL_USER_ID": "user",
    "SIGIL_INGEST_ACTOR": "actor",
    "SIGIL_TAGS": "team=a,env=test",
    "SIGIL_CONTENT_CAPTURE_MODE": "metadata_only",
    "SIGIL_DEBUG": "1",
    "SIGIL_USE_EXPERIMENTAL_OTEL": "on",
}


def resolved(s: Stage, config: Any = None, env: dict[str, str] | None = None) -> Any:
    from sigil_sdk.config import resolve_config

    found = resolve_config(config, env=env or {})
    return {name: getattr(found, name) for name in shown(s) if hasattr(found, name)}


def shown(s: Stage) -> list[str]:
    return [
        "generation_export",
        "api",
        "embedding_capture",
        "hooks",
        "content_capture",
        "use_experimental_otel",
        "agent_name",
        "agent_version",
        "user_id",
        "tags",
        "ingest_actor",
        "debug",
        "generation_export_endpoint",
    ]


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.*.generation_export.spool_*": "additions"},
)
def default_configuration(s: Stage) -> None:
    """Without anything, before and after it is resolved."""
    s.see("unresolved", s.sdk.ClientConfig())
    s.see("resolved", resolved(s))
    default = s.sdk.default_config()
    s.see("default", {name: getattr(default, name) for name in shown(s) if hasattr(default, name)})
    s.see("logger", default.logger.name)
    s.see("now is aware", str(default.now().tzinfo))


@scenario(
    protocols=HTTP,
    differs={"seen.*.generation_export.spool_*": "additions"},
)
def environment_variables(s: Stage) -> None:
    """All at once, then what the program says wins."""
    sdk = s.sdk
    s.see("all", resolved(s, None, ENVIRONMENT))
    given = sdk.ClientConfig(
        generation_export=sdk.GenerationExportConfig(
            protocol="none", endpoint="h:1", headers={"z": "1"}, insecure=False, auth=sdk.AuthConfig(mode="none", tenant_id="t")
        ),
        api=sdk.ApiConfig(endpoint="http://api"),
        agent_name="",
        agent_version="2",
        user_id="u",
        tags={"team": "b", "x": "1"},
        content_capture=sdk.ContentCaptureMode.FULL,
        debug=False,
    )
    s.see("overridden", resolved(s, given, ENVIRONMENT))
    s.see("the given one afterwards", {name: getattr(given, name) for name in shown(s)})
    with s.environment(**ENVIRONMENT):
        found = sdk.ClientConfig.from_env()
        s.see("from_env", {name: getattr(found, name) for name in shown(s)})


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.*.generation_export.spool_*": "additions"},
)
def environment_variables_that_are_wrong(s: Stage) -> None:
    """Unknown modes, blanks, things that are not numbers."""
    for name, value in {
        "SIGIL_AUTH_MODE": "oauth",
        "SIGIL_CONTENT_CAPTURE_MODE": "everything",
        "SIGIL_INSECURE": "maybe",
        "SIGIL_PROTOCOL": "carrier-pigeon",
        "SIGIL_ENDPOINT": "  ",
        "SIGIL_TAGS": ",,=,a",
    }.items():
        s.attempt(name, resolved, s, None, {name: value})


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.*.generation_export.spool_*": "additions"},
)
def settings_out_of_range(s: Stage) -> None:
    """Numbers and durations that make no sense."""
    sdk = s.sdk
    for name, value in {"zero": 0, "negative": -5}.items():
        span = timedelta(seconds=value)
        export = sdk.GenerationExportConfig(
            batch_size=value,
            flush_interval=span,
            queue_size=value,
            max_retries=value,
            initial_backoff=span,
            max_backoff=span,
            payload_max_bytes=value,
        )
        embedding = sdk.EmbeddingCaptureConfig(max_input_items=value, max_text_length=value)
        hooks = sdk.HooksConfig(timeout_seconds=value, phases=[])
        s.see(name, resolved(s, sdk.ClientConfig(generation_export=export, embedding_capture=embedding, hooks=hooks)))
    s.see("endpoint", resolved(s, sdk.ClientConfig(generation_export_endpoint="h:9", api=sdk.ApiConfig(endpoint=" "))))


@scenario(protocols=HTTP, releases=EITHER)
def authentication_that_is_incomplete(s: Stage) -> None:
    """Each mode without what it needs."""
    auth = s.sdk.AuthConfig
    for name, given in {
        "tenant": auth(mode="tenant"),
        "bearer": auth(mode="bearer", bearer_token=" "),
        "basic": auth(mode="basic", basic_user="u"),
        "basic user": auth(mode="basic", basic_password="p"),
        "other": auth(mode="oauth"),
        "blank": auth(mode="  "),
    }.items():
        s.attempt(name, s.client, {"auth": given})


AUTHENTICATIONS: dict[str, dict[str, Any]] = {
    "none": {"mode": "none", "tenant_id": "ignored", "bearer_token": "ignored"},
    "tenant": {"mode": " Tenant ", "tenant_id": " acme "},
    "bearer": {"mode": "bearer", "bearer_token": " token "},
    "bearer_with_prefix": {"mode": "bearer", "bearer_token": "BEARER token"},
    "basic": {"mode": "basic", "basic_user": "user", "basic_password": "pässword:"},
    "basic_of_tenant": {"mode": "basic", "tenant_id": "acme", "basic_password": "secret"},
}


@scenario(releases=EITHER)
def authentication_on_the_wire(s: Stage) -> None:
    """Each mode, with headers of the program's own."""
    for name, fields in AUTHENTICATIONS.items():
        client = s.client(export={"auth": s.sdk.AuthConfig(**fields), "headers": {"X-Own": "1"}})
        s.record(client, f"{name}.", {"id": name})
        client.shutdown()


@scenario(releases=EITHER)
def explicit_headers_win(s: Stage) -> None:
    """Of the program, whatever their case."""
    auth = s.sdk.AuthConfig(mode="basic", tenant_id="acme", basic_password="secret")
    headers = {"authorization": "Custom x", "x-scope-orgid": "other"}
    client = s.client(export={"auth": auth, "headers": headers})
    s.record(client)
    s.see("afterwards", headers)


@scenario()
def user_agent(s: Stage) -> None:
    """The package's, the program's, a blank one."""
    for index, agent in enumerate(({}, {"User-Agent": "mine/1"}, {"user-agent": "  "})):
        client = s.client(export={"headers": agent})
        s.record(client, f"{index}.")
        client.shutdown()


@scenario(protocols=HTTP)
def http_endpoints(s: Stage) -> None:
    """With and without scheme, path and query."""
    host = s.server.http_endpoint.removeprefix("http://")
    endpoints = {
        "bare": host,
        "scheme": f"HTTP://{host}",
        "slash": f"http://{host}/",
        "query": f"http://{host}/?a=b",
        "custom path": f"http://{host}/custom/ingest",
        "full path": f"http://{host}/api/v1/generations:export",
        "blanks": f"  http://{host}  ",
    }
    for name, endpoint in endpoints.items():
        client = s.attempt(f"{name}.client", lambda endpoint=endpoint: s.keep(s.sdk.Client(s.config({"endpoint": endpoint}))))
        if client is not None:
            s.record(client, f"{name}.", {"id": name})
            client.enqueue_workflow_step(s.sdk.WorkflowStep(id="s", conversation_id="c", step_name="n"))
            client.shutdown()


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.odd port.*": "bad port"},
    earlier={"seen.no host.*": "no host"},
)
def endpoints_that_are_wrong(s: Stage) -> None:
    """Refused when the client is made."""
    for name, export in {
        "blank http": {"protocol": "http", "endpoint": " "},
        "no host": {"protocol": "http", "endpoint": "http:///path"},
        "blank grpc": {"protocol": "grpc", "endpoint": " "},
        "protocol": {"protocol": "carrier-pigeon"},
        "protocol with blanks": {"protocol": " NONE "},
        "odd port": {"protocol": "http", "endpoint": "http://h:port"},
    }.items():
        made = s.attempt(f"{name}.client", lambda export=export: type(s.client(export)).__name__)
        s.see(f"{name}.made", made)


@scenario(releases=EITHER)
def protocol_none(s: Stage) -> None:
    """Everything is accepted and nothing sent."""
    client = s.client(export={"protocol": "none"})
    s.record(client, **s.hello())
    s.attempt("flush", client.flush)


@scenario(releases=EITHER)
def client_of_environment_variables(s: Stage) -> None:
    """A client without configuration."""
    variables = {
        "SIGIL_ENDPOINT": s.endpoint,
        "SIGIL_PROTOCOL": s.protocol,
        "SIGIL_INSECURE": "true",
        "SIGIL_HEADERS": "x-own=1",
        "SIGIL_AUTH_MODE": "tenant",
        "SIGIL_AUTH_TENANT_ID": "acme",
        "SIGIL_AGENT_NAME": "agent",
        "SIGIL_TAGS": "a=b",
        "SIGIL_USER_ID": "user",
    }
    with s.environment(**variables):
        client = s.keep(s.sdk.Client())
    start = s.start(started_at=s.clock.time)
    recorder = client.start_generation(start)
    recorder.set_result(completed_at=s.clock.advance(1), **s.hello())
    recorder.end()
    s.tell(recorder)

"""Secrets in what is recorded."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import EITHER, HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage

W = "aB3_" * 30
SECRETS = {
    "grafana-cloud-token": "glc_" + W[:24],
    "grafana-service-account-token": "glsa_" + W[:24],
    "aws-access-token": "AKIA" + "ABCDEFGH23456723"[:16],
    "github-pat": "ghp_" + W[:36],
    "github-oauth": "gho_" + W[:40],
    "github-app-token": "ghs_" + W[:36],
    "github-fine-grained-pat": "github_pat_" + W[:82],
    "anthropic-api-key": "sk-ant-api03-" + W[:93] + "AA",
    "anthropic-admin-key": "sk-ant-admin01-" + W[:93] + "AA",
    "openai-api-key": "sk-" + "a1B2" * 5 + "T3BlbkFJ" + "a1B2" * 5,
    "openai-project-key": "sk-proj-" + W[:44],
    "openai-svcacct-key": "sk-svcacct-" + W[:44],
    "gcp-api-key": "AIza" + W[:35],
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n+/=\n-----END RSA PRIVATE KEY-----",
    "connection-string": "postgres://user:pass@db.example.com:5432/x",
    "bearer-token": "Bearer " + "abcdEFGH1234-_.~+/xyz==",
    "slack-token": "xoxb-" + "1234567890-abc",
    "stripe-key": "sk_live_" + "a1B2" * 6,
    "sendgrid-api-key": "SG." + W[:22] + "." + W[:43],
    "twilio-api-key": "SK" + "0a1b" * 8,
    "npm-token": "npm_" + "a1B2" * 9,
    "pypi-token": "pypi-" + W[:60],
    "email": "Some.One+tag@mail.example.co.uk",
}
ENVIRONMENT = {
    "plain": "PASSWORD=hunter2",
    "spaces": "my_secret : something else",
    "lower": "api_key=abc123,other=1",
    "quoted": 'TOKEN="abc"',
    "brackets": "[KEY=abc]",
    "several": "A_TOKEN=one B_CREDENTIAL:two",
    "none": "the password is hunter2",
}


def sanitizer(s: Stage, **options: Any) -> Any:
    from sigil_sdk.redaction import SecretRedactionOptions, create_secret_redaction_sanitizer

    return create_secret_redaction_sanitizer(SecretRedactionOptions(**options))


def redacted(s: Stage, name: str, text: str, **options: Any) -> None:
    """What is left of a text as the assistant says it, and as a tool does."""
    generation = s.sdk.Generation(
        id="g", output=[s.sdk.assistant_text_message(text), s.sdk.tool_result_message("c", text)], system_prompt=text
    )
    made = sanitizer(s, **options)(generation)
    parts = [made.output[0].parts[0].text, made.output[1].parts[0].tool_result.content, made.system_prompt]
    s.see(name, parts)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={
        "seen.*-key cut.*": "redaction",
        "seen.connection-string cut*": "redaction",
        "seen.connection-string after a letter.*": "redaction",
    },
)
def secrets_by_their_shape(s: Stage) -> None:
    """Each rule: alone, in a sentence, after a letter, one character short."""
    for name, secret in SECRETS.items():
        redacted(s, name, secret)
        redacted(s, f"{name} in a sentence", f"It is {secret}, keep it (really).")
        redacted(s, f"{name} after a letter", f"x{secret}")
        redacted(s, f"{name} cut", secret[:-1])
        redacted(s, f"{name} cut in front", secret[1:])
    redacted(s, "all of them", "\n".join(SECRETS.values()))
    redacted(s, "addresses stay", SECRETS["email"], redact_email_addresses=False)


@scenario(
    protocols=HTTP,
    releases=EITHER,
    differs={"seen.quoted.[12]": "redaction"},
)
def secrets_by_their_name(s: Stage) -> None:
    """`NAME=value`, where everything is redacted that may be one."""
    for name, text in ENVIRONMENT.items():
        redacted(s, name, text)


@scenario(protocols=HTTP, releases=EITHER, differs={"seen.*": "redaction"})
def secrets_that_the_original_misses(s: Stage) -> None:
    """JSON-quoted, JWT, classic keys; and words that only look like names."""
    jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
    redacted(s, "json", '{"token":"abc"}')
    redacted(s, "jwt", f"see {jwt} there")
    redacted(s, "classic key", "sk-" + "a1B2" * 12)
    redacted(s, "monkey", "monkey: banana")


def spread(s: Stage) -> dict[str, Any]:
    """A result with a secret in every place; no object is in two places."""
    sdk, secret = s.sdk, SECRETS["github-pat"]

    def call() -> Any:
        arguments = f'{{"key": "{secret}"}}'.encode()
        return s.part("tool_call", tool_call=sdk.ToolCall(id="c", name="look", input_json=arguments))

    def result() -> Any:
        json = f'{{"k": "{secret}"}}'.encode()
        return s.part("tool_result", tool_result=sdk.ToolResult("c", "look", f"PASSWORD=x {secret}", json))

    return {
        "system_prompt": f"prompt {secret} PASSWORD=hunter2",
        "input": [
            s.message("user", s.part("text", text=f"user {secret} PASSWORD=hunter2")),
            s.message("assistant", s.part("text", text=f"{secret} PASSWORD=x"), call()),
            s.message("tool", result()),
        ],
        "output": [
            s.message("assistant", s.part("thinking", thinking=f"{secret} PASSWORD=x"), call()),
            s.message("user", s.part("text", text=secret)),
            s.message("tool", result()),
        ],
    }


def elsewhere(s: Stage) -> dict[str, Any]:
    """Places that the original leaves alone."""
    sdk, secret = s.sdk, SECRETS["github-pat"]
    return {
        "conversation_title": f"title {secret}",
        "tools": [sdk.ToolDefinition("look", f"key {secret}", "function", f'{{"d": "{secret}"}}'.encode())],
        "metadata": {"m": secret, "deep": [{"x": secret}]},
        "tags": {"t": secret},
        "artifacts": [sdk.Artifact(kind=sdk.ArtifactKind.REQUEST, payload=secret.encode())],
        "call_error": f"refused {secret}",
    }


@scenario(releases=EITHER)
def redaction_of_messages(s: Stage) -> None:
    """Which messages, which parts, how thoroughly."""
    s.record(s.client(generation_sanitizer=sanitizer(s)), "", None, **spread(s))


@scenario(releases=EITHER)
def redaction_of_input_too(s: Stage) -> None:
    """When it is asked for."""
    s.record(s.client(generation_sanitizer=sanitizer(s, redact_input_messages=True)), "", None, **spread(s))


@scenario(
    releases=EITHER,
    differs={
        "spans.0.attributes.sigil.conversation.title": "redaction",
        "seen.last_generation.*": "redaction",
        "wire.0.body.generations.*": "redaction",
    },
)
def redaction_elsewhere(s: Stage) -> None:
    """Title, tools, metadata, tags, artifacts, errors."""
    s.record(s.client(generation_sanitizer=sanitizer(s)), "", None, **elsewhere(s))


@scenario(
    releases=EITHER,
    differs={
        "spans.0.attributes.sigil.conversation.title": "sanitised bytes",
        "seen.*": "sanitised bytes",
        "wire.0.body.generations.*": "sanitised bytes",
        "log.*": "sanitised bytes",
    },
)
def redaction_of_bytes(s: Stage) -> None:
    """Arguments that are not UTF-8."""
    call = s.sdk.ToolCall(name="look", input_json=b'\xff"ghp_' + W[:36].encode())
    output = [s.message("assistant", s.part("text", text="fine"), s.part("tool_call", tool_call=call))]
    s.record(s.client(generation_sanitizer=sanitizer(s)), "", {"conversation_title": "title"}, output=output)


@scenario(protocols=HTTP)
def redaction_settings(s: Stage) -> None:
    """Of the environment, read when the sanitizer is made."""
    module = importlib.import_module("sigil_sdk.redaction")
    for value in ("1", "YES", "off", "0", "  ", "maybe"):
        s.attempt(repr(value), module._resolve_redact_input_messages, None, {"SIGIL_REDACT_INPUT_MESSAGES": value})
        s.attempt(f"{value!r} False", module._resolve_redact_input_messages, False, {"SIGIL_REDACT_INPUT_MESSAGES": value})
    with s.environment(SIGIL_REDACT_INPUT_MESSAGES="on"):
        made = module.create_secret_redaction_sanitizer()
    s.record(s.client(generation_sanitizer=made), input=[s.sdk.user_text_message(SECRETS["github-pat"])])

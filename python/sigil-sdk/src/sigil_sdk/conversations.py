"""Asking a server about conversations and collections of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._api import RetryPolicy, quoted
from ._experiments_transport import DEFAULT_PATH_PREFIX, Target, client_retry, prefixed, send
from .errors import ExperimentTransportError, ValidationError

if TYPE_CHECKING:
    from .client import Client

__all__ = ["get_conversation", "list_collection_members"]

_ACTOR_HEADER = "X-Sigil-Ingest-Actor"


def list_collection_members(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    collection_id: str,
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> list[dict[str, Any]]:
    """The members of a collection, as the server tells them.

    `ValidationError` for a blank id, `NotFoundError`, `ConflictError`, else `ExperimentTransportError`.
    """
    id_ = _checked("collection", collection_id)
    target = Target(api_endpoint, insecure, headers, retry)
    path = f"{prefixed(path_prefix)}/eval/collections/{quoted(id_)}/members"
    answer = send(target, "GET", path, label="collection members", error=ExperimentTransportError)
    if isinstance(answer, dict):
        answer = answer.get("members") or answer.get("items")
    return [member for member in answer if isinstance(member, dict)] if isinstance(answer, list) else []


def get_conversation(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    conversation_id: str,
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> dict[str, Any]:
    """A conversation with its generations, as the server tells it. Errors as for `list_collection_members`."""
    id_ = _checked("conversation", conversation_id)
    target = Target(api_endpoint, insecure, headers, retry)
    path = f"{prefixed(path_prefix)}/query/conversations/{quoted(id_)}"
    answer = send(target, "GET", path, label="conversation get", error=ExperimentTransportError)
    return answer if isinstance(answer, dict) else {}


def client_collection_members(client: Client, collection_id: str) -> list[dict[str, Any]]:
    """`Client.list_collection_members`."""
    return list_collection_members(**_of_client(client), collection_id=collection_id)


def client_conversation(client: Client, conversation_id: str) -> dict[str, Any]:
    """`Client.get_conversation`."""
    return get_conversation(**_of_client(client), conversation_id=conversation_id)


def _of_client(client: Client) -> dict[str, Any]:
    config = client._config
    headers = dict(config.generation_export.headers or {})
    actor = (config.ingest_actor or "").strip()
    if actor:
        headers[_ACTOR_HEADER] = actor
    return {
        "api_endpoint": config.api.endpoint,
        "insecure": client._insecure,
        "headers": headers,
        "retry": client_retry(config.generation_export),
    }


def _checked(what: str, id_: str) -> str:
    text = (id_ or "").strip()
    if not text:
        raise ValidationError(f"sigil {what} validation failed: {what}_id is required")
    return text

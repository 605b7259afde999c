"""Requests and answers of Vertex AI Agent Builder, read into the fields of events. Nothing here is imported from Google."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ._extraction import read


def request_of(args: Any, kwargs: Mapping[str, Any]) -> Any:
    """The request of a call, message or dict; flattened fields of a call without one stand for it."""
    if args and args[0] is not None:
        return args[0]
    return kwargs["request"] if kwargs.get("request") is not None else kwargs


def input_text(request: Any) -> str:
    """What was asked: `query.input` when conversing, `query.text` for an answer."""
    query = read(request, "query")
    return str(read(query, "input") or read(query, "text") or "")


def request_metadata(method: str, request: Any) -> Dict[str, Any]:
    """The method, and what the request says of where it belongs."""
    named = {"method": method}
    for name in ("name", "session", "serving_config", "user_pseudo_id"):
        value = read(request, name)
        if isinstance(value, str) and value:
            named[name] = value
    return named


def converse_results(response: Any) -> List[Dict[str, Any]]:
    """The search results of a conversation's turn."""
    results = []
    for result in read(response, "search_results") or []:
        document = read(result, "document")
        results.append(_set(id=read(result, "id"), document=read(document, "name"), struct_data=_data(document)))
    return results


def converse_answer(response: Any) -> Dict[str, Any]:
    """The payload of the answer to a conversation's turn."""
    summary = read(read(response, "reply"), "summary")
    conversation = read(response, "conversation")
    skipped = [_name(reason) for reason in read(summary, "summary_skipped_reasons") or []]
    about = _set(conversation=read(conversation, "name"), state=_name(read(conversation, "state")), skipped=skipped)
    return {"response_text": str(read(summary, "summary_text") or ""), "response_metadata": about}


def searches(step: Any) -> List[Dict[str, Any]]:
    """The searches of a step: `query` and what was observed."""
    found = []
    for action in read(step, "actions") or []:
        query = read(read(action, "search_action"), "query")
        if not query:
            continue
        results = [_observed(result) for result in read(read(action, "observation"), "search_results") or []]
        found.append({"query": str(query), "results": results})
    return found


def step_outcome(step: Any) -> Dict[str, Any]:
    """`success`, and `error_message` of a step that failed."""
    if _name(read(step, "state")) != "FAILED":
        return {"success": True}
    return {"success": False, "error_message": str(read(step, "thought") or read(step, "description") or "failed")}


def answer(response: Any, found: Any) -> Dict[str, Any]:
    """The payload of an answer. `response` is what it came in, which knows the session."""
    references = [_reference(reference) for reference in read(found, "references") or []]
    about = _set(
        session=read(read(response, "session"), "name"),
        answer=read(found, "name"),
        state=_name(read(found, "state")),
        references=references,
        related_questions=[str(question) for question in read(found, "related_questions") or []],
        skipped=[_name(reason) for reason in read(found, "answer_skipped_reasons") or []],
    )
    payload: Dict[str, Any] = {"response_text": str(read(found, "answer_text") or ""), "response_metadata": about}
    score = read(found, "grounding_score")
    if isinstance(score, (int, float)) and score:
        payload["response_confidence"] = float(score)
    return payload


def is_partial(found: Any) -> bool:
    """Whether it is a piece of an answer that is still being written."""
    return _name(read(found, "state")) == "STREAMING"


def error_context(error: BaseException, method: str) -> Dict[str, Any]:
    """What Google's errors say beside their text."""
    status = read(error, "grpc_status_code")
    code = read(error, "code")
    return _set(method=method, http_code=_number(code), grpc_status=_name(status) if status is not None else None)


def _observed(result: Any) -> Dict[str, Any]:
    snippets = [str(read(info, "snippet") or "") for info in read(result, "snippet_info") or []]
    chunks = [
        _set(chunk=read(info, "chunk"), content=read(info, "content"), relevance_score=read(info, "relevance_score"))
        for info in read(result, "chunk_info") or []
    ]
    return _set(
        document=read(result, "document"),
        uri=read(result, "uri"),
        title=read(result, "title"),
        snippets=snippets,
        chunks=chunks,
        struct_data=_plain(read(result, "struct_data")),
    )


def _reference(reference: Any) -> Dict[str, Any]:
    for name in ("unstructured_document_info", "chunk_info", "structured_document_info"):
        info = read(reference, name)
        if info:
            document = read(info, "document") or read(read(info, "document_metadata"), "document")
            about = read(info, "document_metadata") or info
            return _set(document=document, uri=read(about, "uri"), title=read(about, "title"))
    return {}


def _data(document: Any) -> Optional[Dict[str, Any]]:
    plain = _plain(read(document, "struct_data")) or _plain(read(document, "derived_struct_data"))
    return plain if isinstance(plain, dict) else None


def _plain(value: Any) -> Any:
    """Maps and lists of proto-plus as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (str, bytes, int, float, bool)) or value is None:
        return value
    if hasattr(value, "__iter__"):
        return [_plain(item) for item in value]
    return str(value)


def _set(**fields: Any) -> Dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _name(value: Any) -> Optional[str]:
    """The name of an enum's member."""
    name = getattr(value, "name", None)
    return str(name) if name is not None else (None if value is None else str(value))


def _number(value: Any) -> Optional[int]:
    value = getattr(value, "value", value)
    return value if isinstance(value, int) else None

"""The three formats of local event files: JSON Lines, CSV and text for people."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date
from typing import Any, Callable, Dict, List, Mapping, TextIO

Record = Dict[str, Any]
"""An event's wire object, and when it was logged under `_logged_at`."""

EXPORT_COLUMNS = ("event_id", "run_id", "timestamp", "event_type", "user_id", "parent_event_id", "metadata", "payload")
CSV_COLUMNS = (*EXPORT_COLUMNS, "logged_at")
_MAX_DEPTH = 50


def json_line(record: Record) -> str:
    """One line of JSON."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def csv_line(record: Record) -> str:
    """One line of CSV; metadata and payload are JSON texts."""
    return csv_row([*_cells(record), record["_logged_at"]])


def csv_header() -> str:
    """The first line of a CSV file."""
    return csv_row(CSV_COLUMNS)


def csv_row(cells: Any) -> str:
    """One line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def pretty_block(record: Record) -> str:
    """A paragraph for people."""
    lines = ["", "=" * 80, f"Event: {record['event_type'].upper()}", f"Time: {record['timestamp']}"]
    lines += [f"Event ID: {record['event_id']}", f"Run ID: {record['run_id']}", f"User ID: {record['user_id']}"]
    if record.get("parent_event_id"):
        lines.append(f"Parent: {record['parent_event_id']}")
    if record.get("metadata"):
        lines.append(f"Metadata: {json.dumps(record['metadata'], indent=2)}")
    lines += ["Payload:", json.dumps(record["payload"], indent=2), f"Logged at: {record['_logged_at']}"]
    return "\n".join(lines) + "\n"


def export_csv(records: List[Record]) -> str:
    """A whole run as CSV."""
    rows = [csv_row([*EXPORT_COLUMNS, "_logged_at"])]
    return "".join([*rows, *(csv_row([*_cells(record), record["_logged_at"]]) for record in records)])


def read_json(file: TextIO) -> List[Record]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in file if line.strip()]


def read_csv(file: TextIO) -> List[Record]:
    """The records of a CSV file."""
    records = []
    for row in csv.DictReader(file):
        record: Record = {name: row[name] for name in EXPORT_COLUMNS if row[name]}
        for name in ("metadata", "payload"):
            if name in record:
                record[name] = json.loads(record[name])
        records.append({**record, "_logged_at": row["logged_at"]})
    return records


def json_safe(value: Any, depth: int = 0) -> Any:
    """The value in JSON types: dates as ISO 8601, bytes as text, models as dicts, anything else as its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): json_safe(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_safe(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, date):
        return value.isoformat()
    dump = getattr(value, "model_dump", None)
    return json_safe(dump(), depth + 1) if callable(dump) else str(value)


WRITERS: Dict[str, Callable[[Record], str]] = {"json": json_line, "csv": csv_line, "pretty": pretty_block}
READERS: Dict[str, Callable[[TextIO], List[Record]]] = {"json": read_json, "csv": read_csv}


def _cells(record: Record) -> List[Any]:
    cells = [record.get(name) for name in EXPORT_COLUMNS]
    for index, name in enumerate(EXPORT_COLUMNS):
        if name in ("metadata", "payload") and cells[index] is not None:
            cells[index] = json.dumps(cells[index])
    return cells

"""JSON for the files between tasks: compact, with a line for each entry.

Python's own indentation is written by its slow encoder; these files can have tens of
thousands of entries, and a line an entry is what a person wants to compare.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def dump_json(value: Mapping[str, Any] | list[Any]) -> bytes:
    """Return the JSON text of a plain value; entries of the top two levels in lines."""
    return (_lines(value, 2) + "\n").encode()


def _lines(value: Any, depth: int) -> str:
    if depth and isinstance(value, Mapping) and value:
        return (
            _block(
                "{",
                (f"{json.dumps(k)}: {_lines(v, depth - 1)}" for k, v in value.items()),
            )
            + "}"
        )
    if depth and isinstance(value, list) and value:
        return _block("[", (_lines(each, depth - 1) for each in value)) + "]"
    return json.dumps(value)


def _block(opening: str, entries: Iterable[str]) -> str:
    return opening + "\n" + ",\n".join(entries) + "\n"

"""How Erlang spells file names (module filename, on Unix). Touches no disk.

Boot scripts and the errors of systools hold names as Erlang joins them, which is not
how `pathlib` or `posixpath` do.
"""

from __future__ import annotations

import re

_SLASHES = re.compile("//+")
_SAME_PLACE = re.compile(r"(?:/\.)+(?=/)")


def join(*parts: str) -> str:
    """Return `filename:join([Part])`: the parts after the last absolute one, joined.

    Slashes that repeat and `.` between slashes go, `..` stays.
    """
    whole = parts[0]
    for part in parts[1:]:
        whole = part if part.startswith("/") else f"{_normal(whole)}/{part}"
    return _normal(whole)


def split(path: str) -> list[str]:
    """Return `filename:split(Path)`; the root is a part of its own."""
    root = ["/"] if path.startswith("/") else []
    return root + [part for part in path.split("/") if part]


def absolute(path: str, base: str) -> str:
    """Return `filename:absname(Path, Base)`, where `base` is absolute."""
    return join(base, path)


def dirname(path: str) -> str:
    """Return `filename:dirname(Path)` of the name of a file."""
    head, slash, _ = path.rpartition("/")
    if not slash:
        return "."
    return head.rstrip("/") or "/"


def basename(path: str) -> str:
    """Return `filename:basename(Path)`."""
    return path.removesuffix("/").rpartition("/")[2]


def _normal(path: str) -> str:
    text = _SAME_PLACE.sub("", _SLASHES.sub("/", path))
    return text if text == "/" else text.removesuffix("/")

"""Where systools looks for files: wildcards in `path`, then OTP's code path.

Names are kept as they are written, since they stand in boot scripts and in errors;
`cwd` is the directory that relative ones are looked up in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dodo_relkit.formats.erlang_paths import join, split


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPath:
    """Directories to search, in order, each once."""

    cwd: str
    directories: tuple[str, ...]
    holders: dict[str, list[str]]
    """The directories that hold a file, by its name."""


def make_search_path(cwd: str, directories: Iterable[str]) -> SearchPath:
    """Look at each directory once, so that finding a file costs nothing later."""
    kept = tuple(dict.fromkeys(each for each in directories if each))
    holders: dict[str, list[str]] = {}
    for directory in kept:
        for name in _names(cwd, directory):
            if name.endswith((".app", ".rel")):
                holders.setdefault(name, []).append(directory)
    return SearchPath(cwd=cwd, directories=kept, holders=holders)


def expand(cwd: str, patterns: Sequence[str]) -> list[str]:
    """Return the directories that the patterns mean; what is no directory goes.

    `*` stands for any characters but `/`, alone for at least one (systools_lib). Names
    found come in the order of the directory, as with systools.
    """
    return [path for pattern in patterns for path in _expand_one(cwd, pattern)]


def place(cwd: str, path: str) -> str:
    """Return where on disk `path`, as systools would name it, is."""
    return os.path.join(cwd, path)  # noqa: PTH118 - text, once for each file


def _expand_one(cwd: str, pattern: str) -> Iterator[str]:
    found = [""]
    for part in split(pattern):
        found = [path for above in found for path in _below(cwd, above, part)]
    yield from (path for path in found if path)


def _below(cwd: str, above: str, part: str) -> list[str]:
    if "*" not in part:
        candidates = [part]
    else:
        wanted = re.compile("[^/]+" if part == "*" else part.replace("*", "[^/]*"))
        candidates = [
            name
            for name in _names(cwd, above or ".")
            if (match := wanted.search(name)) and match.group() == name
        ]
    paths = [join(above, each) if above else each for each in candidates]
    return [path for path in paths if os.path.isdir(place(cwd, path))]  # noqa: PTH112


def _names(cwd: str, directory: str) -> list[str]:
    """Return the names in a directory, in its own order; none if it cannot be read."""
    try:
        return os.listdir(place(cwd, directory))  # noqa: PTH208
    except OSError:
        return []

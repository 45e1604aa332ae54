"""Where applications lie: from patterns of directories to application directories.

Reads directories, but opens no file. A pattern is a path with `/`, relative to the
root or absolute. In a part of it `*` stands for any characters, `?` for one and
`[...]` for one of a set; the part `**` stands for any number of directories, none of
them hidden or one of `NOT_DESCENDED`. A part with `*` finds hidden names only when
it begins with a dot. Links are followed. What a pattern finds is

    an `ebin` directory              then its parent is an application,
    a directory that has an `ebin`   it is an application,
    any other directory              its children with an `ebin` are applications.
"""

# paths are text here: objects would cost more than the search
# ruff: noqa: PTH112, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic

NOT_DESCENDED = frozenset({"ebin", "priv", "include", "src", "c_src", "node_modules"})
"""Directories in which `**` does not look for lib directories."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A directory that was reached."""

    path: str
    """As it was searched, normalised: relative to the root when it is below it or
    when the pattern was relative, otherwise absolute."""
    real: str
    """Absolute and without links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found."""

    spots: tuple[tuple[Spot, ...], ...]
    """For each pattern the application directories, in the order of their names; none
    is there twice, not even under two names by way of links: the first counts."""
    diagnostics: tuple[Diagnostic, ...]
    """LIB_DIR_EMPTY, DIRECTORY_UNREADABLE; all are warnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where the search goes on."""

    root: str
    excluded: tuple[str, ...]
    troubles: list[Diagnostic] = field(default_factory=list)


def search(
    patterns: Sequence[str], *, root: str = ".", exclude: Sequence[str] = ()
) -> Search:
    """Return the application directories that each of `patterns` finds.

    `exclude` are directories, relative to the root or absolute, in which nothing is
    found, whichever way leads there. Nothing of all this need exist.
    """
    top = os.path.realpath(root)
    excluded = tuple(os.path.realpath(os.path.join(top, each)) for each in exclude)
    ground = _Ground(root=top, excluded=excluded)
    known: set[str] = set()
    spots = []
    for pattern in patterns:
        found = {
            app.real: app
            for spot in _expand(ground, _start(ground, pattern), _parts(pattern))
            for app in _apps_at(ground, spot)
        }
        if not found:
            ground.troubles.append(diagnostic(Code.LIB_DIR_EMPTY, pattern=pattern))
        spots.append(tuple(app for real, app in found.items() if real not in known))
        known.update(found)
    return Search(spots=tuple(spots), diagnostics=tuple(ground.troubles))


def _parts(pattern: str) -> list[str]:
    return [part for part in pattern.split("/") if part not in ("", ".")]


def _start(ground: _Ground, pattern: str) -> Spot:
    if pattern.startswith("/"):
        return Spot("/", "/")
    return Spot(".", ground.root)


def _expand(ground: _Ground, spot: Spot, parts: Sequence[str]) -> Iterator[Spot]:
    """Yield the directories that the parts of a pattern find from `spot` on."""
    if not parts:
        if not _is_excluded(ground, spot.real):
            yield spot
        return
    first, rest = parts[0], parts[1:]
    if first == "**":
        for each in _descend(ground, spot, set()):
            yield from _expand(ground, each, rest)
    elif any(char in first for char in "*?["):
        for name, child in _children(ground, spot):
            if fnmatchcase(name, first) and _may_be_found(name, first):
                yield from _expand(ground, child, rest)
    else:
        path = os.path.join(spot.path, first)
        real = os.path.realpath(os.path.join(spot.real, first))
        if os.path.isdir(real):
            yield from _expand(ground, _spot(ground, path, real), rest)


def _may_be_found(name: str, part: str) -> bool:
    return not name.startswith(".") or part.startswith(".")


def _descend(ground: _Ground, spot: Spot, seen: set[str]) -> Iterator[Spot]:
    """Yield the directory and all below it, each once, in the order of names."""
    if spot.real in seen:
        return
    seen.add(spot.real)
    yield spot
    for name, child in _children(ground, spot):
        if name not in NOT_DESCENDED and not name.startswith("."):
            yield from _descend(ground, child, seen)


def _apps_at(ground: _Ground, spot: Spot) -> Iterator[Spot]:
    """Yield the application directories that a found directory stands for."""
    if os.path.basename(spot.path) == "ebin":
        above = os.path.dirname(spot.path) or "."
        yield Spot(above, os.path.realpath(os.path.join(ground.root, above)))
    elif _has_ebin(spot):
        yield spot
    else:
        yield from (each for _, each in _children(ground, spot) if _has_ebin(each))


def _has_ebin(spot: Spot) -> bool:
    return os.path.isdir(f"{spot.real}/ebin")


def _children(ground: _Ground, spot: Spot) -> list[tuple[str, Spot]]:
    """Return the directories in `spot` that are not excluded, sorted by name."""
    found = []
    try:
        with os.scandir(spot.real) as entries:
            for entry in entries:
                if not _is_directory(entry):
                    continue
                real = f"{spot.real.rstrip('/')}/{entry.name}"
                if entry.is_symlink():
                    real = os.path.realpath(real)
                if not _is_excluded(ground, real):
                    found.append((entry.name, Spot(_below(spot, entry.name), real)))
    except OSError as error:
        reason = error.strerror or str(error)
        ground.troubles.append(
            diagnostic(Code.DIRECTORY_UNREADABLE, path=spot.path, reason=reason)
        )
    return sorted(found, key=lambda pair: pair[0])


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _below(spot: Spot, name: str) -> str:
    """Return the path of a child, normalised as the parent's is."""
    return name if spot.path == "." else f"{spot.path.rstrip('/')}/{name}"


def _spot(ground: _Ground, path: str, real: str) -> Spot:
    path = os.path.normpath(path)
    if path.startswith(ground.root + "/"):
        path = path[len(ground.root) + 1 :]
    return Spot("." if path == ground.root else path, real)


def _is_excluded(ground: _Ground, real: str) -> bool:
    return real.startswith(ground.excluded) and any(
        real == place or real.startswith(place + "/") for place in ground.excluded
    )

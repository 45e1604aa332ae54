"""Which files an application tree has, how they look, and what they hold.

Stats before it hashes, and hashes only what looks otherwise than it did. Copies
nothing and decides no place in a release.

Links are followed, because their content is what is copied: rebar3 makes `priv` and
`include` links into the sources. A link that leads nowhere, or to a directory that
contains it, is left out with a warning.
"""

# paths are text here: objects would cost more than the walk
# ruff: noqa: PTH115, PTH116

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.edge.files import sha256_of
from dodo_relkit.edge.tree_look import DEEPEST, PARTS

CACHE_FORMAT = 1

SETTLED_NS = 50_000_000
"""A file changed less than so long ago may change again without looking otherwise,
because a file system's clock is coarse; its digest is then not remembered."""


class FileStat(NamedTuple):
    """How a file looks; what it holds is the same as long as this is the same."""

    mtime_ns: int
    size: int
    ctime_ns: int
    inode: int
    executable: bool
    """Whether its owner may execute it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of one application."""

    directory: str
    files: Mapping[str, FileStat]
    """By path below the directory, with `/`, in the order of the paths."""
    diagnostics: tuple[Diagnostic, ...]
    """The error TREE_UNREADABLE; LINK_DANGLING, LINK_CYCLE, NOT_A_FILE: warnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What the files of applications hold."""

    files: Mapping[str, Mapping[str, str]]
    """SHA-256 in hex by path, in the order of the paths, by directory."""
    cache: dict[str, Any]
    """Plain JSON to give to the next call."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """What grows while one tree is walked."""

    files: dict[str, FileStat]
    troubles: list[Diagnostic]


def stat_files(directory: str, parts: Sequence[str] = PARTS) -> Tree:
    """Return the regular files in the directories `parts` of an application.

    A part that does not exist is left out, as is one that is no directory. Empty
    directories leave no trace.
    """
    walk = _Walk({}, [])
    real = os.path.realpath(directory)
    for entry in _entries(walk, directory):
        # rebar3 links `priv` and `include` also when there is nothing they could name.
        if entry.name in parts and _is_directory(entry):
            _visit(walk, entry, entry.name, real, ())
    return Tree(
        directory=directory,
        files=dict(sorted(walk.files.items())),
        diagnostics=tuple(walk.troubles),
    )


def content_digests(
    trees: Iterable[Tree], cache: Mapping[str, Any] | None = None
) -> Digests:
    """Return the digest of every file of the trees, as they were when it was looked.

    Reads only files that look otherwise than `cache` says, which is that of an
    earlier result, or None. Raises `Trouble` (NOT_READ) when a file cannot be read.
    """
    old = _known(cache)
    new: dict[str, Any] = {}
    found: dict[str, dict[str, str]] = {}
    for tree in trees:
        digests = found.setdefault(tree.directory, {})
        for path, look in tree.files.items():
            place = f"{tree.directory}/{path}"
            noted = _noted(old.get(place), look)
            if noted:
                digests[path] = noted
                new[place] = old[place]
                continue
            digests[path] = sha256_of(place)
            if time.time_ns() - look.ctime_ns > SETTLED_NS:
                new[place] = [*look[:4], digests[path]]
    return Digests(files=found, cache={"format": CACHE_FORMAT, "files": new})


def _walk_into(
    walk: _Walk, place: str, path: str, real: str, trail: tuple[str, ...]
) -> None:
    """Note the files below the directory `place`.

    `path` is its path below the application, `real` its path without links, `trail`
    the real directories from which links were followed to come here.
    """
    if path.count("/") > DEEPEST:
        reason = f"more than {DEEPEST} directories lie in one another"
        walk.troubles.append(
            diagnostic(Code.TREE_UNREADABLE, path=place, reason=reason)
        )
        return
    for entry in _entries(walk, place):
        below = f"{path}/{entry.name}"
        if entry.is_symlink() or entry.is_dir():
            _visit(walk, entry, below, real, trail)
            continue
        _note(walk, entry, below, entry.stat(follow_symlinks=False))


def _visit(
    walk: _Walk,
    entry: os.DirEntry[str],
    path: str,
    real: str,
    trail: tuple[str, ...],
) -> None:
    """Note what a directory or link holds; `real` is the directory it is in."""
    if not entry.is_symlink():
        _walk_into(walk, entry.path, path, f"{real}/{entry.name}", trail)
        return
    target = os.path.realpath(entry.path)
    try:
        look = os.stat(target)
    except OSError:
        to = os.readlink(entry.path)
        walk.troubles.append(diagnostic(Code.LINK_DANGLING, path=entry.path, to=to))
        return
    if not stat.S_ISDIR(look.st_mode):
        _note(walk, entry, path, look)
        return
    trail = (*trail, real)
    if any(f"{each}/".startswith(f"{target.rstrip('/')}/") for each in trail):
        walk.troubles.append(diagnostic(Code.LINK_CYCLE, path=entry.path, to=target))
        return
    _walk_into(walk, entry.path, path, target, trail)


def _note(
    walk: _Walk, entry: os.DirEntry[str], path: str, look: os.stat_result
) -> None:
    if not stat.S_ISREG(look.st_mode):
        walk.troubles.append(diagnostic(Code.NOT_A_FILE, path=entry.path))
        return
    walk.files[path] = FileStat(
        look.st_mtime_ns,
        look.st_size,
        look.st_ctime_ns,
        look.st_ino,
        bool(look.st_mode & stat.S_IXUSR),
    )


def _entries(walk: _Walk, place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return list(entries)
    except OSError as error:
        reason = error.strerror or str(error)
        walk.troubles.append(
            diagnostic(Code.TREE_UNREADABLE, path=place, reason=reason)
        )
        return []


def _noted(entry: object, look: FileStat) -> str:
    """Return the digest that a cache entry holds for a file that looks so, or ''."""
    match entry:
        case [*signature, str(sha256)] if signature == [*look[:4]]:
            return sha256
        case _:
            return ""


def _known(cache: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the entries of a cache; none when it is of another version of ours."""
    if not isinstance(cache, Mapping) or cache.get("format") != CACHE_FORMAT:
        return {}
    files = cache.get("files")
    return files if isinstance(files, Mapping) else {}


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False

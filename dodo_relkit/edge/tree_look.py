"""How application trees look, as one digest: another one when a file may be another.

Loaded and run on every run of doit, so it does as little as can be: it stats files,
follows links without asking where they lead, and says nothing of what is odd in a
tree (digest.py does, when the tree is copied).
"""

# ruff: noqa: PTH114, PTH120

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence

PARTS = ("ebin", "priv", "include")
"""The directories of an application that belong into a release."""

DEEPEST = 300
"""How many directories may lie in one another; no tree that is meant has as many."""

SOURCE_PARTS = ("src", "lib", "c_src")
"""Those that are added with the sources."""

Identity = tuple[int, int]
"""Device and inode of a directory."""


def tree_signature(directories: Iterable[str], parts: Sequence[str] = PARTS) -> str:
    """Return the digest of path, size, inode and time of change of every file.

    The time of change (ctime) moves with every write and every change of mode, and
    nobody can set it back. What cannot be looked at counts as not there.
    """
    lines: list[str] = []
    for directory in directories:
        lines.append(directory)
        for part in parts:
            _look(f"{directory}/{part}", (), lines)
    text = "\n".join(lines)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def leads_up(place: str) -> bool:
    """Return whether `place` is a link to a directory that contains it."""
    if not os.path.islink(place):
        return False
    target = os.path.realpath(place).rstrip("/")
    return f"{os.path.realpath(os.path.dirname(place))}/".startswith(f"{target}/")


def _look(place: str, above: tuple[Identity, ...], lines: list[str]) -> None:
    """Note what is in the directory `place`; one that is also `above` ends it."""
    if len(above) > DEEPEST:
        return
    try:
        found = os.scandir(place)
    except OSError:
        return
    if leads_up(place):
        return
    files = []
    folders = []
    with found:
        for entry in found:
            try:
                status = entry.stat()
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append((entry.path, (status.st_dev, status.st_ino)))
            else:
                look = f"{status.st_size} {status.st_ino} {status.st_ctime_ns}"
                files.append(f"{entry.name} {look}")
    files.sort()
    lines.append(place)
    lines += files
    for path, identity in sorted(folders):
        if identity not in above:
            _look(path, (*above, identity), lines)

"""Where applications are searched, and how what lies there looks. Opens no file.

Loaded on every run of doit, so it imports nothing that reads Erlang's files.
"""

# ruff: noqa: PTH116, PTH118
# Paths are text here: objects would cost more than the looking.

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from dodo_relkit.diagnostics import Diagnostic
from dodo_relkit.edge.search import Search, Spot, search


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to search."""

    patterns: tuple[str, ...]
    """Lib directories, application directories or patterns of either (search.py), in
    the order in which they count."""
    root: str = "."
    """What relative paths are relative to."""
    exclude: tuple[str, ...] = ()
    """Output directories: nothing in them is found, whichever way leads there."""
    target_lib: str = ""
    """The `lib` of the target OTP, searched last; empty when it is not searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ebin:
    """An `ebin` directory, looked at but not read."""

    directory: str
    """Of the application, as searched."""
    real: str
    rank: int
    """Number of the pattern."""
    from_target: bool
    app_files: tuple[str, ...]
    """Names, sorted."""
    beams: tuple[str, ...]
    """Names of modules, sorted."""


def scan_signature(places: Places) -> str:
    """Return a digest that is another one when `scan` may find something else.

    Cheap: reads directories and stats `.app` files, opens none.
    """
    found, target = _find(places)
    lines = [target]
    for spots in found.spots:
        lines.append("")
        for spot in spots:
            names = _names(spot)
            lines += [spot.path, *names]
            for name in names:
                if name.endswith(".app"):
                    lines.append(str(signature_of(f"{spot.real}/ebin/{name}")))
    text = "\n".join(lines)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def look(places: Places) -> tuple[list[Ebin], tuple[Diagnostic, ...]]:
    """Return the `ebin` directories of all applications, in search order.

    And warnings of the search.
    """
    found, target = _find(places)
    ebins = [
        _ebin(spot, rank, target, from_target=rank == len(places.patterns))
        for rank, spots in enumerate(found.spots)
        for spot in spots
    ]
    return ebins, found.diagnostics


def _find(places: Places) -> tuple[Search, str]:
    """Return what the patterns find, and the real path of the target's `lib`."""
    patterns = [*places.patterns]
    target = ""
    if places.target_lib:
        patterns.append(places.target_lib)
        target = os.path.realpath(os.path.join(places.root, places.target_lib))
    return search(patterns, root=places.root, exclude=places.exclude), target


def _names(spot: Spot) -> list[str]:
    """Return the files in the `ebin`, and what is named as an `.app`, sorted."""
    try:
        with os.scandir(f"{spot.real}/ebin") as entries:
            listed = list(entries)
    except OSError:
        return []
    try:
        files = [x.name for x in listed if x.is_file() or x.name.endswith(".app")]
    except OSError:  # of a link to itself
        files = [
            x.name
            for x in listed
            if os.path.isfile(x.path) or x.name.endswith(".app")  # noqa: PTH113
        ]
    return sorted(files)


def _ebin(spot: Spot, rank: int, target: str, *, from_target: bool) -> Ebin:
    names = _names(spot)
    return Ebin(
        directory=spot.path,
        real=spot.real,
        rank=rank,
        from_target=from_target or bool(target and spot.real.startswith(target + "/")),
        app_files=tuple([each for each in names if each.endswith(".app")]),
        beams=tuple([each[:-5] for each in names if each.endswith(".beam")]),
    )


def signature_of(path: str) -> list[int]:
    """Return how a file looks, empty when it cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size, status.st_ctime_ns, status.st_ino]

"""What our own `erlc` task reads: sources, headers, `.app.src` files. Reads none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dodo_relkit.release.compilers import Erlc


def erlc_signature(how: Erlc) -> list[list[object]]:
    """Return path and look of every file that the step reads."""
    return [
        [str(path), status.st_mtime_ns, status.st_size]
        for folder in app_folders(how)
        for path in sorted({*sources_of(how, folder), *others_of(how, folder)})
        for status in [path.stat()]
    ]


def app_folders(how: Erlc) -> list[Path]:
    """Return the folders that the patterns of `how.app` name, in order."""
    found = {path for pattern in how.app for path in _glob(pattern) if path.is_dir()}
    return sorted(path for path in found if any(sources_of(how, path)))


def _glob(pattern: str) -> Iterator[Path]:
    return iter([Path(pattern)]) if pattern == "." else Path().glob(pattern)


def sources_of(how: Erlc, folder: Path) -> Iterator[Path]:
    """Return the sources of the application in `folder`; hidden files are none."""
    return (path for pattern in how.src for path in _files(folder, pattern))


def others_of(how: Erlc, folder: Path) -> Iterator[Path]:
    """Yield what else the application in `folder` is made from."""
    for pattern in ("src/*.app.src", "src/**/*.hrl"):
        yield from _files(folder, pattern)
    for include in how.include:
        yield from _files(folder, f"{include}/**/*.hrl")


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    # Editors keep locks beside a file, as dangling links that begin with a dot.
    return (
        path
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith(".")
    )

"""Whether the sources of a release's modules are there and older than their objects.

What systools' option `src_tests` asks. Looks at times only, reads no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.edge.systools.path import place
from dodo_relkit.formats.erlang_paths import join, split
from dodo_relkit.release.model import App, Release

SOURCE_FOLDERS = ("src", "src/e_src")
"""Beside `ebin`, in the order in which systools searches them and all below them."""


def check_sources(release: Release, cwd: str) -> list[Diagnostic]:
    """Return RK340, RK343 and RK344 for the modules of all applications.

    In the order of the `.rel` and of each `modules`, as systools reports them.
    """
    found: list[Diagnostic] = []
    for entry in release.rel.apps:
        app = release.apps[entry.name]
        sources = _source_times(app, cwd)
        for module in app.spec.modules:
            code = _verdict(module, app, sources, cwd)
            if code is not None:
                found.append(
                    diagnostic(code, module=module, app=entry.name, directory=app.ebin)
                )
    return found


def _verdict(module: str, app: App, sources: dict[str, int], cwd: str) -> Code | None:
    compiled = _seconds(place(cwd, join(app.ebin, f"{module}.beam")))
    if compiled is None:
        return Code.MODULE_NOT_FOUND
    written = sources.get(f"{module}.erl")
    if written is None:
        return Code.SOURCE_NOT_FOUND
    return Code.OBJECT_OUT_OF_DATE if written > compiled else None


def _source_times(app: App, cwd: str) -> dict[str, int]:
    """Return the time of each `.erl` file; of two with one name that found first."""
    times: dict[str, int] = {}
    for folder in _folders(app, cwd):
        for name in os.listdir(folder):  # noqa: PTH208
            if name.endswith(".erl") and name not in times:
                seconds = _seconds(f"{folder}/{name}")
                if seconds is not None:
                    times[name] = seconds
    return times


def _folders(app: App, cwd: str) -> Iterator[str]:
    *above, last = split(app.ebin)
    if last != "ebin":
        yield place(cwd, app.ebin)
        return
    for folder in SOURCE_FOLDERS:
        top = place(cwd, join(*above, folder) if above else folder)
        for directory, names, _ in os.walk(top, followlinks=True):
            names.sort()
            yield directory


def _seconds(path: str) -> int | None:
    """Return when a file was changed, in whole seconds as Erlang tells it."""
    try:
        return int(os.stat(path).st_mtime)  # noqa: PTH116
    except OSError:
        return None

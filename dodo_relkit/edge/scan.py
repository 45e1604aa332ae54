"""Which applications lie under the lib directories, and what their `.app` files say.

Chooses none of them and judges no release. An `.app` file that looks as it did is
not read again.
"""

# paths are text here: objects would cost more than the search
# ruff: noqa: PTH110, PTH113, PTH118, PTH119, PTH123

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.scan_look import Ebin, Places, look, signature_of
from dodo_relkit.formats.app import (
    AppSpec,
    app_warnings,
    load_app,
    load_app_leniently,
)
from dodo_relkit.formats.app_plain import spec_from_plain, spec_to_plain
from dodo_relkit.release.model import App
from dodo_relkit.release.versions import version_key

CACHE_FORMAT = 1

SETTLED_NS = 50_000_000
"""A file changed less than so long ago may change again without looking otherwise,
because a file system's clock is coarse; how it looks is then not remembered."""


class Reading(Enum):
    """How `.app` files are read."""

    STRICT = "strict"
    """As systools reads them."""
    LENIENT = "lenient"
    """`modules`, `registered` and `applications` may be absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What a scan found."""

    apps: tuple[App, ...]
    """In the order of the patterns, then by name, then the higher version first."""
    faulty: Mapping[str, tuple[Diagnostic, ...]]
    """Errors of `.app` files, by the application that the file's name says. They
    matter only when that application is needed."""
    odd: Mapping[str, tuple[Diagnostic, ...]]
    """Warnings of `.app` files, likewise."""
    warnings: tuple[Diagnostic, ...]
    """Of the search itself."""
    cache: dict[str, Any]
    """Plain JSON to give to the next scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What one `.app` file says."""

    spec: AppSpec | None
    diagnostics: tuple[Diagnostic, ...]


def scan(
    places: Places,
    *,
    cache: Mapping[str, Any] | None = None,
    reading: Reading = Reading.STRICT,
) -> ScanResult:
    """Return the applications in `places`.

    Each `X.app` in an `ebin` is an application X, whatever its directory is named;
    usually there is one. `cache` is that of an earlier result, or None. Nothing is
    raised for what is found on disk: see `ScanResult`.
    """
    ebins, warnings = look(places)
    old = _known(cache)
    new: dict[str, Any] = {}
    found: list[tuple[int, App]] = []
    told: dict[str, list[Diagnostic]] = {}
    for ebin in ebins:
        for file in ebin.app_files:
            path = os.path.join(ebin.directory, "ebin", file)
            real = os.path.join(ebin.real, "ebin", file)
            name = file.removesuffix(".app")
            read = _read_through(path, real, old, new, reading)
            told.setdefault(name, []).extend(read.diagnostics)
            if read.spec is not None:
                found.append((ebin.rank, _app(ebin, read.spec)))
    return ScanResult(
        apps=tuple(app for _, app in _in_order(found)),
        faulty=_by_name(told, errors=True),
        odd=_by_name(told, errors=False),
        warnings=warnings,
        cache={"format": CACHE_FORMAT, "apps": new},
    )


def _app(ebin: Ebin, spec: AppSpec) -> App:
    return App(
        spec=spec,
        directory=ebin.directory,
        beams=ebin.beams,
        from_target=ebin.from_target,
    )


def _known(cache: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the entries of a cache; none when it is of another version of ours."""
    if not isinstance(cache, Mapping) or cache.get("format") != CACHE_FORMAT:
        return {}
    apps = cache.get("apps")
    return apps if isinstance(apps, Mapping) else {}


def _read_through(
    path: str,
    real: str,
    old: Mapping[str, Any],
    new: dict[str, Any],
    reading: Reading,
) -> _Read:
    """Read an `.app` file, or take what an earlier scan noted; note what is clean."""
    signature = signature_of(real)
    spec = _noted(old.get(path), signature)
    if spec is not None:
        new[path] = old[path]
        return _Read(spec=spec, diagnostics=())
    read = _read(path, real, reading)
    if read.spec is not None and not read.diagnostics and _is_settled(signature):
        new[path] = [signature, spec_to_plain(read.spec)]
    return read


def _noted(entry: object, signature: list[int]) -> AppSpec | None:
    """Return what a cache entry says of a file that looks so, None if nothing."""
    match entry:
        case [noted, dict(plain)] if signature and noted == signature:
            try:
                return spec_from_plain(plain)
            except (KeyError, ValueError):
                return None
    return None


def _read(path: str, real: str, reading: Reading) -> _Read:
    from dodo_relkit.terms.text import consult_one

    name = os.path.basename(path).removesuffix(".app")
    if os.path.exists(real) and not os.path.isfile(real):  # it might never end
        return _unreadable(path, "it is no file")
    try:
        with open(real, "rb") as file:
            term = consult_one(file.read(), path)
        warnings = app_warnings(term, file=path, name=name)
        if reading is Reading.LENIENT:
            spec, assumed = load_app_leniently(term, file=path, name=name)
            return _Read(spec=spec, diagnostics=warnings + assumed)
        spec = load_app(term, file=path, name=name)
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))
    except Trouble as trouble:
        return _Read(spec=None, diagnostics=trouble.diagnostics)
    return _Read(spec=spec, diagnostics=warnings)


def _unreadable(path: str, reason: str) -> _Read:
    place = Place(file=path)
    found = diagnostic(Code.APP_UNREADABLE, place, path=path, reason=reason)
    return _Read(spec=None, diagnostics=(found,))


def _is_settled(signature: Sequence[int]) -> bool:
    return bool(signature) and time.time_ns() - signature[2] > SETTLED_NS


def _in_order(found: list[tuple[int, App]]) -> list[tuple[int, App]]:
    higher_first = sorted(
        found, key=lambda pair: version_key(pair[1].spec.vsn), reverse=True
    )
    return sorted(higher_first, key=lambda pair: (pair[0], pair[1].spec.name))


def _by_name(
    told: Mapping[str, Sequence[Diagnostic]], *, errors: bool
) -> dict[str, tuple[Diagnostic, ...]]:
    chosen = _chosen(told, errors=errors)
    return {name: found for name, found in chosen if found}


def _chosen(
    told: Mapping[str, Sequence[Diagnostic]], *, errors: bool
) -> Iterator[tuple[str, tuple[Diagnostic, ...]]]:
    for name in sorted(told):
        yield name, tuple(each for each in told[name] if each.is_error is errors)

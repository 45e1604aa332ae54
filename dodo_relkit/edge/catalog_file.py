"""What the scan found, written down for the plan: a JSON file and its two doors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place
from dodo_relkit.edge.files import write_file
from dodo_relkit.formats.app_plain import spec_from_plain, spec_to_plain
from dodo_relkit.release.facet_values import TargetPlace
from dodo_relkit.release.json_lines import dump_json
from dodo_relkit.release.model import App

Told = Mapping[str, tuple[Diagnostic, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the scan found."""

    target: TargetPlace
    apps: tuple[App, ...]
    """In search order."""
    faulty: Told
    """Errors of `.app` files, by application."""
    odd: Told
    """Warnings of `.app` files, by application."""


def write_found(path: str, found: Found) -> None:
    """Write the file, if it would change."""
    plain = {
        "target": asdict(found.target),
        "apps": [_plain_app(app) for app in found.apps],
        "faulty": _plain_told(found.faulty),
        "odd": _plain_told(found.odd),
    }
    write_file(path, dump_json(plain))


def read_found(path: str) -> Found:
    """Return what `write_found` wrote."""
    plain = json.loads(Path(path).read_bytes())
    return Found(
        target=TargetPlace(**plain["target"]),
        apps=tuple(_app(each) for each in plain["apps"]),
        faulty=_told(plain["faulty"]),
        odd=_told(plain["odd"]),
    )


def _plain_app(app: App) -> dict[str, Any]:
    return {
        "directory": app.directory,
        "flat": app.flat,
        "from_target": app.from_target,
        "beams": list(app.beams),
        "spec": spec_to_plain(app.spec),
    }


def _app(plain: dict[str, Any]) -> App:
    return App(
        directory=plain["directory"],
        flat=plain["flat"],
        from_target=plain["from_target"],
        beams=tuple(plain["beams"]),
        spec=spec_from_plain(plain["spec"]),
    )


def _plain_told(told: Told) -> dict[str, list[dict[str, Any]]]:
    return {name: [_plain(each) for each in found] for name, found in told.items()}


def _plain(each: Diagnostic) -> dict[str, Any]:
    return {
        "code": each.code.name,
        "place": asdict(each.place),
        "facts": dict(each.facts),
    }


def _told(plain: Mapping[str, Iterable[dict[str, Any]]]) -> Told:
    return {name: tuple(map(_diagnostic, found)) for name, found in plain.items()}


def _diagnostic(plain: dict[str, Any]) -> Diagnostic:
    facts = {
        name: tuple(fact) if isinstance(fact, list) else fact
        for name, fact in plain["facts"].items()
    }
    place = Place(**plain["place"])
    return Diagnostic(code=Code[plain["code"]], place=place, facts=facts)

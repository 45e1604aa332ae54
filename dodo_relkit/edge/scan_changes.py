"""What is other under the lib directories than when they were scanned: lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.places import places_of
from dodo_relkit.edge.scan_look import Ebin, look, signature_of
from dodo_relkit.release.profile import Profile


def scan_changes(profile: Profile, layout: Layout) -> list[str]:
    """Return a line for each application, `.app` file and module that is another.

    Returns nothing when that cannot be told: before the first scan, or without OTP.
    """
    try:
        ebins, _ = look(places_of(profile, layout))
        apps = read_found(layout.catalog).apps
        noted = json.loads(Path(layout.scan_cache).read_bytes())["apps"]
    except (Trouble, OSError, ValueError, KeyError):
        return []
    before = {app.directory: app.beams for app in apps}
    now = {ebin.directory for ebin in ebins if ebin.app_files}
    gone = [f"{path} was removed" for path in before if path not in now]
    return [*gone, *(line for ebin in ebins for line in _lines(ebin, before, noted))]


def _lines(
    ebin: Ebin, before: Mapping[str, tuple[str, ...]], noted: Mapping[str, Any]
) -> Iterator[str]:
    place = f"{ebin.directory}/ebin"
    for file in ebin.app_files:
        known = noted.get(f"{place}/{file}")
        if ebin.directory not in before:
            yield f"{place}/{file} is new"
        elif known is None or known[0] != signature_of(f"{ebin.real}/ebin/{file}"):
            yield f"{place}/{file} was changed"
    if ebin.directory not in before:
        return
    beams = before[ebin.directory]
    yield from (f"{place}/{x}.beam is new" for x in ebin.beams if x not in beams)
    yield from (f"{place}/{x}.beam was removed" for x in beams if x not in ebin.beams)

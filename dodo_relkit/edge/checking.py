"""The step that looks into the object files and sources of a planned release.

Only when the settings `exref` or `src_tests` ask for it: both cost time that grows
with the code. They look at the project's applications; OTP's own are trusted.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dodo_relkit.diagnostics import Diagnostic, stop_on_errors
from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stamps import write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.systools.calls import check_calls
from dodo_relkit.edge.systools.path import make_search_path
from dodo_relkit.edge.systools.sources import check_sources
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.plan import load_rel_facet
from dodo_relkit.release.profile import Profile


def checks_step(profile: Profile, layout: Layout) -> Saved:
    """Tell calls of functions that are not there, and sources newer than objects."""
    release = _release(layout)
    cwd = str(Path.cwd())
    own = [name for name, app in release.apps.items() if not app.from_target]
    found: list[Diagnostic] = []
    if profile.src_tests:
        found += check_sources(_only(release, own), cwd)
    if profile.exref:
        path = make_search_path(cwd, [app.ebin for app in release.apps.values()])
        found += check_calls(release, path, own)
    stop_on_errors(found)
    write_stamp(layout.stamp("checks"), [])
    return {"warnings": len(found)}, tuple(found)


def _release(layout: Layout) -> Release:
    """Return the planned release with the applications as they were found."""
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    by_name: dict[tuple[str, str], App] = {}
    for app in read_found(layout.catalog).apps:
        by_name.setdefault((app.spec.name, app.spec.vsn), app)
    apps = {entry.name: by_name[entry.name, entry.vsn] for entry in rel.apps}
    return Release(rel=rel, apps=apps)


def _only(release: Release, names: list[str]) -> Release:
    entries = tuple(entry for entry in release.rel.apps if entry.name in names)
    apps = {name: release.apps[name] for name in names}
    return Release(rel=replace(release.rel, apps=entries), apps=apps)

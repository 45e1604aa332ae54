"""The applications of both releases of an upgrade, read from where they lie.

Compares nothing, and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.digest import stat_files
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import read_file, sha256_of
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stamps import read_stamp
from dodo_relkit.edge.upgrades.baseline_tarball import read_contents
from dodo_relkit.formats.app import load_app
from dodo_relkit.formats.beam import Chunks, check_module_name, read_chunks
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.plan import load_rel_facet
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.baseline import Baseline


def planned_apps(layout: Layout) -> dict[str, App]:
    """Return the planned applications as they were found, in `.rel` order."""
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    by_name: dict[tuple[str, str], App] = {}
    for app in read_found(layout.catalog).apps:
        by_name.setdefault((app.spec.name, app.spec.vsn), app)
    return {entry.name: by_name[entry.name, entry.vsn] for entry in rel.apps}


def release_of(baseline: Baseline) -> Release:
    """Return the release of a baseline with its applications."""
    apps = {name: _found_app(baseline, name) for name in baseline.directories}
    return Release(rel=baseline.rel, apps=apps)


def earlier_version(baseline: Baseline, name: str) -> AppVersion:
    """Return an application of a baseline with its code."""
    return version_of(_found_app(baseline, name))


def version_of(app: App) -> AppVersion:
    """Return an application with its code.

    Raises `Trouble` for an object file that is none, or of another module than its
    name says (BEAM_MODULE_NAME): a node would refuse to load it.
    """
    modules = {name: chunks_of(app, name) for name in app.beams}
    return AppVersion(spec=app.spec, modules=modules)


def chunks_of(app: App, module: str) -> Chunks:
    """Return the chunks of one module of an application."""
    path = f"{app.ebin}/{module}.beam"
    chunks = read_chunks(read_file(path), file=path)
    check_module_name(chunks, expected=module, file=path)
    return chunks


def earlier_chunks(baseline: Baseline, name: str, module: str) -> Chunks:
    """Return the chunks of one module of an application of a baseline."""
    return chunks_of(_found_app(baseline, name), module)


def private_files(layout: Layout) -> dict[str, dict[str, str]]:
    """Return the digest of each file in `priv` of the release being built.

    By `<app>-<vsn>`, and by the path below the application.
    """
    found: dict[str, dict[str, str]] = {}
    for each in read_stamp(layout.stamp("lib")):
        path = each["path"].removeprefix(f"{layout.output}/lib/")
        folder, _, below = path.partition("/")
        if below.startswith("priv/"):
            found.setdefault(folder, {})[below] = each["sha256"]
    return found


def earlier_private_files(baseline: Baseline, name: str) -> dict[str, str]:
    """Return the same of one application of a baseline, by the path below it."""
    directory = baseline.directories[name]
    if not baseline.contents:
        files = stat_files(directory, ("priv",)).files
        return {path: sha256_of(f"{directory}/{path}") for path in files}
    top = f"{os.path.relpath(directory, baseline.root)}/"
    return {
        path.removeprefix(top): digest[:64]  # without the mark of executables
        for path, digest in read_contents(baseline.contents).items()
        if path.startswith(f"{top}priv/")
    }


def built_again(baseline: Baseline, apps: Mapping[str, App], output: str) -> list[str]:
    """Return the applications whose earlier code this build has replaced.

    The release directory `output` has one directory for each version of an
    application. A link is not one: BASELINE_LINKED tells of it.
    """
    return [
        name
        for name, app in apps.items()
        if not app.from_target and name not in baseline.linked
        if os.path.realpath(baseline.directories.get(name, ""))
        == os.path.realpath(f"{output}/lib/{name}-{app.spec.vsn}")
    ]


def _found_app(baseline: Baseline, name: str) -> App:
    directory = baseline.directories[name]
    path = f"{directory}/ebin/{name}.app"
    spec = load_app(consult_one(read_file(path), path), file=path, name=name)
    beams = sorted(each.stem for each in Path(directory, "ebin").glob("*.beam"))
    return App(spec=spec, directory=directory, beams=tuple(beams))

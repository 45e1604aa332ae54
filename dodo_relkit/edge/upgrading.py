"""The steps of a hot upgrade: baselines, an appup for each changed application, relup.

    upgrade_from ─▶ baselines ─┬─▶ appups ─▶ relup ─▶ tar
    plan, lib ─────────────────┘

What the instructions are is decided in `upgrade/`; here files are found, read and
written. Inputs are never written: a generated appup goes into our own directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dodo_relkit.artifacts.delta import Whole
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic, stop_on_errors
from dodo_relkit.edge.appup_places import user_appups
from dodo_relkit.edge.archive import source_date_epoch
from dodo_relkit.edge.baselines import Building, read_baselines
from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.delta import delta_path, write_delta
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import read_file, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.python_hooks import load_hook
from dodo_relkit.edge.relup_rework import rework
from dodo_relkit.edge.stamps import describe, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.tarball import release_members
from dodo_relkit.formats.app import load_app
from dodo_relkit.formats.appup import Appup, dump_appup, load_appup
from dodo_relkit.formats.beam import Chunks, read_chunks
from dodo_relkit.formats.relup import dump_relup
from dodo_relkit.release.facet_values import load_target_place
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.plan import load_rel_facet, load_release
from dodo_relkit.release.profile import Profile
from dodo_relkit.target import learn_target
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade import relup as relups
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup_checks import check_appup
from dodo_relkit.upgrade.baseline import (
    Baseline,
    baseline_warnings,
    dump_baselines,
    load_baselines,
)
from dodo_relkit.upgrade.build_appup import build_appup, explain_appup
from dodo_relkit.upgrade.generate import Wishes, generate
from dodo_relkit.upgrade.reuse import check_app_version
from dodo_relkit.upgrade.transformed import transform_appup, transform_way
from dodo_relkit.upgrade.transforms import Transform
from dodo_relkit.upgrade.wishes import unknown_names, wishes_for


def baselines_step(profile: Profile, layout: Layout) -> Saved:
    """Read the earlier releases that the setting `upgrade_from` names."""
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    target = load_target_place({"target": read_facet(layout, "target")})
    building = Building(
        name=rel.name,
        vsn=rel.vsn,
        output=layout.output,
        work=layout.work,
        libraries=(f"{target.root}/lib",),
    )
    baselines = read_baselines(profile.upgrade_from, building)
    write_file(layout.baselines, dump_baselines(baselines))
    warnings = [each for base in baselines for each in baseline_warnings(base)]
    return {"versions": [each.vsn for each in baselines]}, tuple(warnings)


def appups_step(profile: Profile, layout: Layout) -> Saved:
    """Find or generate the appup of each application that changed.

    An appup of the user's is checked and taken as it is; a generated one says why each
    instruction is there. Both go through the user's transforms. Raises `Trouble` when
    an application changed and kept its version, when a user's appup is wrong, or a
    transform.
    """
    apps = planned_apps(layout)
    transforms = _transforms(profile)
    baselines = load_baselines(read_file(layout.baselines))
    found = _unknown_wishes(profile, apps)
    files = []
    for name, app in apps.items():
        if app.from_target:
            continue
        having = [each for each in baselines if name in each.directories]
        olds = [earlier_version(each, name) for each in having]
        new = version_of(app)
        for base, old in zip(having, olds, strict=True):
            if old.vsn == new.vsn:
                found += check_app_version(old, new, baseline=base.origin)
        changed = _each_once(old for old in olds if old.vsn != new.vsn)
        if not changed:
            continue
        wishes = wishes_of(profile, app)
        text, more = _appup_text(app, changed, new, wishes, transforms)
        found += more
        path = layout.appup(name)
        write_file(path, text)
        files.append(describe(path, text))
    stop_on_errors(found)
    write_stamp(layout.stamp("appups"), files)
    return {"appups": len(files)}, tuple(found)


def relup_step(profile: Profile, layout: Layout) -> Saved:
    """Write `releases/<vsn>/relup`: the way from each baseline, and back."""
    facets = {each: read_facet(layout, each) for each in ("apps", "specs", "target")}
    place = load_target_place(facets)
    target = learn_target(
        read_file(place.boot_file), erts_vsn=place.erts_vsn, file=place.boot_file
    )
    apps = planned_apps(layout)
    release = Release(rel=load_release(facets).rel, apps=apps)
    earlier = load_baselines(read_file(layout.baselines))
    baselines = [relups.Baseline(release=release_of(each)) for each in earlier]
    job = relups.RelupJob(
        top=release,
        target=target,
        appup_of=lambda app: read_appup(layout, app),
        rework=rework(layout, release.rel.vsn, earlier, profile.relup_hook),
    )
    made = relups.make_relup(job, baselines, baselines)
    path = layout.release_file("releases/{vsn}/relup", release.rel.vsn)
    content = dump_relup(made.relup)
    write_file(path, content)
    write_stamp(layout.stamp("relup"), [describe(path, content)])
    return {"path": path, "version": release.rel.vsn}, made.warnings


def delta_step(profile: Profile, layout: Layout, parts: Sequence[str]) -> Saved:
    """Write the tarball of what the baselines lack, beside the full one."""
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    made = write_delta(
        delta_path(layout.tarball(rel.vsn)),
        Whole(rel=rel, members=tuple(release_members(layout, parts))),
        load_baselines(read_file(layout.baselines)),
        level=profile.compression_level,
        epoch=source_date_epoch(os.environ),
    )
    tarball = made.tarball
    described = {
        "path": tarball.path,
        "sha256": tarball.sha256,
        "size": tarball.size,
        "mode": 0o644,
    }
    write_stamp(layout.stamp("delta"), [described])
    return {**described, "version": rel.vsn}, ()


def planned_apps(layout: Layout) -> dict[str, App]:
    """Return the planned applications as they were found, in `.rel` order."""
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    by_name: dict[tuple[str, str], App] = {}
    for app in read_found(layout.catalog).apps:
        by_name.setdefault((app.spec.name, app.spec.vsn), app)
    return {entry.name: by_name[entry.name, entry.vsn] for entry in rel.apps}


def wishes_of(profile: Profile, app: App) -> Wishes:
    """Return what the settings say of an application."""
    return wishes_for(
        app.spec.name,
        app.beams,
        strategies=profile.upgrade_strategies,
        purge=profile.purge,
    )


def _transforms(profile: Profile) -> tuple[Transform, ...]:
    """Return the user's transforms, loaded."""
    return tuple(
        Transform(
            name=each.function,
            function=load_hook(each.function),
            options=each.options,
        )
        for each in profile.appup_transforms
    )


def _unknown_wishes(profile: Profile, apps: Mapping[str, App]) -> list[Diagnostic]:
    modules = {name: app.beams for name, app in apps.items()}
    tables = {"upgrade_strategies": profile.upgrade_strategies, "purge": profile.purge}
    return [
        diagnostic(Code.WISH_UNKNOWN, setting=setting, name=name)
        for setting, table in tables.items()
        if not isinstance(table, str)
        for name in unknown_names(table.keys(), modules)
    ]


def _appup_text(
    app: App,
    olds: Sequence[AppVersion],
    new: AppVersion,
    wishes: Wishes,
    transforms: Sequence[Transform],
) -> tuple[bytes, list[Diagnostic]]:
    def checked(appup: Appup, file: str) -> list[Diagnostic]:
        return [
            each for old in olds for each in check_appup(appup, old, new, file=file)
        ]

    chosen = _user_appup(app)
    if chosen is not None:
        appup, content, file = chosen
        checks = checked(appup, file)
        if not transforms:
            return content, checks
        stop_on_errors(checks)
        versions = [old.vsn for old in olds]
        made = transform_appup(appup, new.name, versions, transforms, file=file)
        return dump_appup(made), checked(made, file)
    ways = [transform_way(generate(old, new, wishes), transforms) for old in olds]
    notes = [note for way in ways for note in way.notes]
    if transforms:
        notes += checked(build_appup(ways), "")
    return explain_appup(ways).encode(), notes


def _user_appup(app: App) -> tuple[Appup, bytes, str] | None:
    """Return the first appup that is for the application's present version."""
    for file in user_appups(app.spec.name, app.directory):
        content = read_file(file)
        appup = load_appup(consult_one(content, file), file)
        if appup.vsn == app.spec.vsn:
            return appup, content, file
    return None


def read_appup(layout: Layout, app: App) -> tuple[Appup, str]:
    """Return the appup of an application and its file: chosen by us, or OTP's own.

    Raises `Trouble` (RK780) when there is none.
    """
    path = layout.appup(app.spec.name)
    if app.from_target or not os.path.exists(path):  # noqa: PTH110
        path = f"{app.ebin}/{app.spec.name}.appup"
    if not os.path.exists(path):  # noqa: PTH110
        missing = diagnostic(Code.APPUP_ABSENT, app=app.spec.name, file=path)
        raise Trouble([missing])
    return load_appup(consult_one(read_file(path), path), path), path


def release_of(baseline: Baseline) -> Release:
    """Return the release of a baseline with its applications."""
    apps = {name: _found_app(baseline, name) for name in baseline.directories}
    return Release(rel=baseline.rel, apps=apps)


def _found_app(baseline: Baseline, name: str) -> App:
    directory = baseline.directories[name]
    path = f"{directory}/ebin/{name}.app"
    spec = load_app(consult_one(read_file(path), path), file=path, name=name)
    beams = sorted(each.stem for each in Path(directory, "ebin").glob("*.beam"))
    return App(spec=spec, directory=directory, beams=tuple(beams))


def earlier_version(baseline: Baseline, name: str) -> AppVersion:
    """Return an application of a baseline with its code."""
    return version_of(_found_app(baseline, name))


def version_of(app: App) -> AppVersion:
    """Return an application with its code."""
    return AppVersion(spec=app.spec, modules=_modules(app))


def _modules(app: App) -> Mapping[str, Chunks]:
    return {
        name: read_chunks(read_file(path), file=path)
        for name in app.beams
        for path in [f"{app.ebin}/{name}.beam"]
    }


def _each_once(versions: Iterable[AppVersion]) -> list[AppVersion]:
    return list({each.vsn: each for each in versions}.values())

"""The steps of a hot upgrade but the appups: baselines, relup, delta.

    upgrade_from ─▶ baselines ─┬─▶ appups ─▶ relup ─▶ tar
    plan, lib ─────────────────┘

What the instructions are is decided in `upgrade/`; here files are found, read and
written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from dodo_relkit.artifacts.delta import Whole
from dodo_relkit.diagnostics import Diagnostic, stop_on_errors
from dodo_relkit.edge.archive import source_date_epoch
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import read_file, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.seen import looks, moment
from dodo_relkit.edge.stamps import describe, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.tarball import release_members
from dodo_relkit.edge.upgrades.app_versions import chunks_of, planned_apps, release_of
from dodo_relkit.edge.upgrades.appups import read_appup
from dodo_relkit.edge.upgrades.baseline_tarball import prune_baselines
from dodo_relkit.edge.upgrades.baselines import Building, read_baselines
from dodo_relkit.edge.upgrades.delta import delta_path, write_delta
from dodo_relkit.edge.upgrades.hook_imports import imported_files
from dodo_relkit.edge.upgrades.relup_rework import rework
from dodo_relkit.formats.relup import Relup, dump_relup
from dodo_relkit.release.facet_values import load_target_place
from dodo_relkit.release.model import Release
from dodo_relkit.release.plan import load_rel_facet, load_release
from dodo_relkit.release.profile import Profile
from dodo_relkit.target import learn_target
from dodo_relkit.upgrade.baseline import (
    baseline_warnings,
    dump_baselines,
    load_baselines,
)
from dodo_relkit.upgrade.reuse import check_loaded, loaded_modules
from dodo_relkit.upgrade.script import relup as relups


def baselines_step(profile: Profile, layout: Layout) -> Saved:
    """Read the earlier releases that the setting `upgrade_from` names.

    What was unpacked of tarballs that it names no more is removed.
    """
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
    content = dump_baselines(baselines)
    write_file(layout.baselines, content)
    unpacked = [each.contents for each in baselines if each.contents]
    write_stamp(
        layout.stamp("baselines"),
        [describe(layout.baselines, content)],
        watch=[layout.baselines, *unpacked],
    )
    prune_baselines(layout.work, tuple(each.root for each in baselines))
    warnings = [each for base in baselines for each in baseline_warnings(base)]
    return {"versions": [each.vsn for each in baselines]}, tuple(warnings)


def relup_step(profile: Profile, layout: Layout) -> Saved:
    """Write `releases/<vsn>/relup`: the way from each baseline, and back.

    Raises `Trouble` for what `make_relup` finds wrong, for a hook of the user's that
    is, and for stripped modules that it would load.
    """
    started = moment()
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
    stop_on_errors(_stripped(made.relup, release, baselines))
    path = layout.release_file("releases/{vsn}/relup", release.rel.vsn)
    content = dump_relup(made.relup)
    write_file(path, content)
    write_stamp(layout.stamp("relup"), [describe(path, content)])
    hooks = [profile.relup_hook] if profile.relup_hook else []
    seen = {"files": looks(imported_files(hooks), started), "variables": {}}
    return {"path": path, "version": release.rel.vsn, "seen": seen}, made.warnings


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


def _stripped(
    relup: Relup, release: Release, baselines: Sequence[relups.Baseline]
) -> Iterator[Diagnostic]:
    """Yield the error of stripped modules that the relup opens, in each release."""
    opened = {each.release.rel.vsn: frozenset[str]() for each in baselines}
    for entry in (*relup.ups, *relup.downs):
        opened[entry.vsn] |= loaded_modules(entry.script)
    every = frozenset[str]().union(*opened.values())
    yield from _stripped_of(release, every)
    for baseline in baselines:
        yield from _stripped_of(baseline.release, opened[baseline.release.rel.vsn])


def _stripped_of(release: Release, opened: frozenset[str]) -> Iterator[Diagnostic]:
    for app in release.apps.values():
        modules = {name: chunks_of(app, name) for name in app.beams if name in opened}
        yield from check_loaded(app.spec, modules)

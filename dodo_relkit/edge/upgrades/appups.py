"""The step that finds or generates an appup for each application that changed.

What the instructions are is decided in `upgrade/`; here files are found, read and
written. Inputs are never written: a generated appup goes into our own directory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import (
    NOWHERE,
    Diagnostic,
    Trouble,
    diagnostic,
    render_all,
    stop_on_errors,
)
from dodo_relkit.edge.files import read_file, remove_file, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.seen import looks, moment
from dodo_relkit.edge.stamps import describe, stamp_paths, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.upgrades.app_versions import (
    built_again,
    earlier_private_files,
    earlier_version,
    planned_apps,
    private_files,
    version_of,
)
from dodo_relkit.edge.upgrades.appup_places import user_appups
from dodo_relkit.edge.upgrades.hook_imports import imported_files
from dodo_relkit.edge.upgrades.moved import moves_from, settled
from dodo_relkit.edge.upgrades.python_hooks import load_hook
from dodo_relkit.formats.appup import Appup, appup_warnings, dump_appup, load_appup
from dodo_relkit.release.model import App
from dodo_relkit.release.profile import Profile
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.build import build_appup, explain_appup
from dodo_relkit.upgrade.appup.checks import check_appup
from dodo_relkit.upgrade.appup.generate import Wishes, generate
from dodo_relkit.upgrade.appup.strategies import Strategy
from dodo_relkit.upgrade.appup.transformed import transform_appup, transform_way
from dodo_relkit.upgrade.appup.transforms import Transform
from dodo_relkit.upgrade.appup.wishes import unknown_names, wishes_for
from dodo_relkit.upgrade.baseline import Baseline, load_baselines
from dodo_relkit.upgrade.reuse import check_app_version, check_private_files


def appups_step(profile: Profile, layout: Layout) -> Saved:
    """Find or generate the appup of each application that changed.

    An appup of the user's is checked and taken as it is; a generated one says why each
    instruction is there. Both go through the user's transforms. Raises `Trouble` when
    an application changed and kept its version, when a user's appup is wrong, or a
    transform. What is no error is also written down, for the review.
    """
    apps = planned_apps(layout)
    started = moment()
    transforms = _transforms(profile)
    baselines = load_baselines(read_file(layout.baselines))
    private = private_files(layout)
    found = _unknown_wishes(profile, apps)
    found += _replaced(baselines, apps, layout.output)
    made = {}
    moves = [moves_from(each, apps, has_own_appup) for each in baselines]
    for name, app in apps.items():
        if app.from_target:
            continue
        having = [
            (base, moved)
            for base, moved in zip(baselines, moves, strict=True)
            if name in base.directories
        ]
        olds = [earlier_version(base, name) for base, _ in having]
        new = version_of(app)
        for (base, _), old in zip(having, olds, strict=True):
            if old.vsn == new.vsn:
                found += check_app_version(old, new, baseline=base.origin)
                earlier = earlier_private_files(base, name)
                files = private.get(f"{name}-{new.vsn}", {})
                found += check_private_files(
                    app.spec, earlier, files, baseline=base.origin
                )
        changed = _each_once(
            settled(old, base, moved)
            for (base, moved), old in zip(having, olds, strict=True)
            if old.vsn != new.vsn
        )
        if not changed:
            continue
        wishes = wishes_of(
            profile, app, {name for old in changed for name in old.modules}
        )
        text, more = _appup_text(app, changed, new, wishes, transforms)
        found += more
        made[layout.appup(name)] = text
    stop_on_errors(found)
    _write(layout, {**made, layout.appup_notes: render_all(found).encode()})
    read = imported_files(each.function for each in profile.appup_transforms)
    seen = {"files": looks(read, started), "variables": {}}
    return {"appups": len(made), "seen": seen}, tuple(found)


def _write(layout: Layout, made: Mapping[str, bytes]) -> None:
    """Write the files and their stamp; remove those of applications that stay now."""
    stamp = layout.stamp("appups")
    for path, content in made.items():
        write_file(path, content)
    for path in stamp_paths(stamp) - made.keys():
        remove_file(Path(path))
    write_stamp(stamp, [describe(path, content) for path, content in made.items()])


def wishes_of(
    profile: Profile, app: App, earlier: Collection[str] = frozenset()
) -> Wishes:
    """Return what the settings say of an application.

    Of `earlier` modules that it has no more they can only say to pass over them.
    """
    gone = {*earlier}.difference(app.beams)
    name, given, purge = app.spec.name, profile.upgrade_strategies, profile.purge
    skips = {module: how for module, how in given.items() if how == Strategy.SKIP.value}
    passed = wishes_for(name, gone, strategies=skips, purge=purge)
    wishes = wishes_for(name, app.beams, strategies=given, purge=purge)
    return replace(wishes, strategies={**wishes.strategies, **passed.strategies})


def has_own_appup(app: App) -> bool:
    """Return whether the user has an appup for the application's present version."""
    return _user_appup(app) is not None


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


def _replaced(
    baselines: Iterable[Baseline], apps: Mapping[str, App], output: str
) -> Iterator[Diagnostic]:
    for base in baselines:
        names = tuple(built_again(base, apps, output))
        if names:
            facts = {"baseline": base.origin, "vsn": base.vsn}
            yield diagnostic(Code.BASELINE_REPLACED, NOWHERE, apps=names, **facts)


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
        appup, content, file, told = chosen
        checks = [*told, *checked(appup, file)]
        if not transforms:
            return content, checks
        stop_on_errors(checks)
        versions = [old.vsn for old in olds]
        made = transform_appup(appup, new.name, versions, transforms, file=file)
        return dump_appup(made), [*told, *checked(made, file)]
    ways = [transform_way(generate(old, new, wishes), transforms) for old in olds]
    notes = [note for way in ways for note in way.notes]
    if transforms:
        notes += checked(build_appup(ways), "")
    return explain_appup(ways).encode(), notes


def _user_appup(
    app: App,
) -> tuple[Appup, bytes, str, tuple[Diagnostic, ...]] | None:
    """Return the first appup that is for the application's present version.

    With its bytes, its file, and warnings.
    """
    for file in user_appups(app.spec.name, app.directory):
        content = read_file(file)
        term = consult_one(content, file)
        appup = load_appup(term, file)
        if appup.vsn == app.spec.vsn:
            return appup, content, file, appup_warnings(term, file)
    return None


def _each_once(versions: Iterable[AppVersion]) -> list[AppVersion]:
    return list({each.vsn: each for each in versions}.values())

"""Whether a version number is used for a second time, for other contents.

A node that has an application in one version never loads another one of that version,
and release_handler refuses a release it has (`existing_release`): the commonest reason
why "the upgrade did nothing". Compares values; knows nothing of appups.
"""

from __future__ import annotations

from collections.abc import Mapping

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.modules import (
    Change,
    ModuleChange,
    compare_modules,
    is_stripped,
)


def check_app_version(
    old: AppVersion, new: AppVersion, *, baseline: str
) -> tuple[Diagnostic, ...]:
    """Return the error of an application that changed and kept its version.

    `baseline` names the earlier release in words. UP_APP_VERSION_REUSED names the
    modules that were added, removed or changed (UP-12); nothing when the versions
    differ. What is not code (`priv`, the `.app` file) is no reason: it is replaced
    only when the version is new, but nothing breaks.
    """
    if old.vsn != new.vsn:
        return ()
    changes = compare_modules(old.modules, new.modules)
    named = tuple(
        f"{each.name} {_became(each)}"
        for each in changes
        if each.change is not Change.KEPT
    )
    if not named:
        return ()
    return (
        diagnostic(
            Code.UP_APP_VERSION_REUSED,
            app=new.name,
            vsn=new.vsn,
            baseline=baseline,
            modules=named,
        ),
    )


def check_release_version(
    name: str,
    vsn: str,
    apps: Mapping[str, str],
    earlier: Mapping[str, tuple[str, Mapping[str, str]]],
) -> tuple[Diagnostic, ...]:
    """Return an error for each earlier release of the same version and other contents.

    `apps` has the version of each application of the new release by name; `earlier`
    has, by what a baseline is called, its version and its applications. A release
    built once more, with the same applications, is no second use of its version:
    whether those are the same inside is the question of `check_app_version`.
    """
    return tuple(
        diagnostic(
            Code.UP_RELEASE_VERSION_REUSED, release=name, vsn=vsn, baseline=baseline
        )
        for baseline, (used, had) in sorted(earlier.items())
        if used == vsn and dict(had) != dict(apps)
    )


def check_stripped(old: AppVersion, new: AppVersion) -> tuple[Diagnostic, ...]:
    """Return what of two versions was stripped, and what that costs.

    UP_STRIPPED: attributes are not compared, and nothing can be reviewed without debug
    information. UP_STRIPPED_TARGET: release_handler crashes on a module without
    attributes, when it reads its version (`beam_lib:version/1`).
    """
    changed = {
        each.name
        for each in compare_modules(old.modules, new.modules)
        if each.change is not Change.KEPT
    }
    found = []
    for app in (old, new):
        bare = tuple(
            name for name in sorted(app.modules) if is_stripped(app.modules[name])
        )
        if bare:
            found.append(
                diagnostic(
                    Code.UP_STRIPPED,
                    app=app.name,
                    vsn=app.vsn,
                    missing="the attributes and the debug information",
                    modules=bare,
                )
            )
        stuck = tuple(name for name in bare if name in changed)
        if stuck and old.vsn != new.vsn:
            code = Code.UP_STRIPPED_TARGET
            found.append(diagnostic(code, app=app.name, vsn=app.vsn, modules=stuck))
    return tuple(found)


def _became(change: ModuleChange) -> str:
    if change.change is not Change.CHANGED:
        return f"({change.change.value})"
    return f"(changed in {' '.join(change.parts)})"

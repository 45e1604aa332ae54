"""Which modules an upgrade moves from one application of a release to another.

Nothing happens to the code of such a module but what may have changed in it. So it is
taken for one of the application that it comes to, in both versions: the other one must
not delete what this one loads, and a relup has one instruction for a module. That needs
an appup of both applications, made here: whoever writes one of them writes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dodo_relkit.edge.upgrades.app_versions import earlier_chunks
from dodo_relkit.release.model import App
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.baseline import Baseline

Moves = Mapping[str, tuple[str, str]]
"""By module the application that it leaves, and the one that it comes to."""


def moves_from(
    baseline: Baseline, apps: Mapping[str, App], has_own: Callable[[App], bool]
) -> Moves:
    """Return the modules that move between applications of both releases.

    `apps` are those of the release being built; `has_own` tells whose appup somebody
    has written.
    """
    earlier = {each.name: each.vsn for each in baseline.rel.apps}
    both = [
        name
        for name, app in apps.items()
        if not app.from_target and name in baseline.directories
        if earlier[name] != app.spec.vsn
    ]
    home = {module: name for name in both for module in apps[name].beams}
    found = {
        module: (name, home[module])
        for name in both
        for module in _earlier_modules(baseline, name)
        if home.get(module, name) != name
    }
    ours: dict[str, bool] = {}
    for name in {app for ends in found.values() for app in ends}:
        ours[name] = not has_own(apps[name])
    return {
        module: (old, new)
        for module, (old, new) in found.items()
        if ours[old] and ours[new]
    }


def settled(old: AppVersion, baseline: Baseline, moves: Moves) -> AppVersion:
    """Return the earlier version of an application with the modules that come to it.

    And without those that leave it. Raises `Trouble` for an object file that is none.
    """
    modules = {
        name: chunks
        for name, chunks in old.modules.items()
        if moves.get(name, ("", ""))[0] != old.name
    }
    for module, (source, target) in moves.items():
        if target == old.name:
            modules[module] = earlier_chunks(baseline, source, module)
    return replace(old, modules=modules) if moves else old


def _earlier_modules(baseline: Baseline, name: str) -> list[str]:
    folder = Path(baseline.directories[name], "ebin")
    return sorted(each.stem for each in folder.glob("*.beam"))

"""The relup of a release: one script for each release that one can come from or go to.

Takes releases and appups as values; where they lie, and how a relup is spelled, is
said elsewhere. The result is that of `mk_relup` of systools_relup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.appup import Appup, instructions_for
from dodo_relkit.formats.relup import Relup, RelupEntry
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.needs import for_target, needs_of
from dodo_relkit.release.order import start_order
from dodo_relkit.target import Target
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.diff import Changes, compare
from dodo_relkit.upgrade.script.checks import RESTART, RESTART_NEW, check_relup_script
from dodo_relkit.upgrade.script.draft import (
    Apps,
    Direction,
    Journey,
    Script,
    UpgradeApp,
)
from dodo_relkit.upgrade.script.faults import stop_on_faults
from dodo_relkit.upgrade.script.passes import translate

FIRST_MODERN_SASL = "2.2"
"""sasl of OTP R15; from then on the emulator is restarted before all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """An earlier release, from which an upgrade starts or to which one goes back."""

    release: Release
    description: Term = field(default_factory=list)
    """What the relup says of the way; `[]` when nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """For which way a script is."""

    direction: Direction
    base_vsn: str
    """The version of the other release."""
    top_vsn: str
    """The version of the release that the relup belongs to."""


AppupOf = Callable[[App], tuple[Appup, str]]
"""Gives the appup of an application of the top release, and the name of its file.

Raises `Trouble` when there is none.
"""

Rework = Callable[[Script, Way], Iterable[Term]]
"""Changes a finished script as the user likes; the result is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelupJob:
    """What all scripts of a relup have in common."""

    top: Release
    """The release that the relup belongs to."""
    target: Target
    appup_of: AppupOf
    restart_emulator: bool = False
    """Restart the emulator as the last step of each way."""
    rework: Rework | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelupResult:
    """A relup and what is to be said of it."""

    relup: Relup
    warnings: tuple[Diagnostic, ...]
    """RK708, RK710, RK711; the last found first, as systools has them."""


def make_relup(
    job: RelupJob, ups: Iterable[Baseline], downs: Iterable[Baseline]
) -> RelupResult:
    """Return the relup for the baselines to come from and those to go back to.

    The baselines are taken one at a time, so that trouble with one of them comes
    after trouble with those before. Raises `Trouble`: RK707, RK709, what
    `job.appup_of` raises; and `ScriptTrouble` for what is wrong with instructions.
    """
    stop_without_sasl(job.top)
    entries: dict[Direction, list[RelupEntry]] = {each: [] for each in Direction}
    warnings: list[Diagnostic] = []
    for direction, baselines in ((Direction.UP, ups), (Direction.DOWN, downs)):
        for baseline in baselines:
            entry, found = _make_entry(direction, job, baseline)
            # the last baseline comes first: systools_relup
            entries[direction].insert(0, entry)
            warnings[:0] = found
    relup = Relup(
        vsn=job.top.rel.vsn,
        ups=tuple(entries[Direction.UP]),
        downs=tuple(entries[Direction.DOWN]),
    )
    return RelupResult(relup=relup, warnings=tuple(warnings))


def stop_without_sasl(release: Release) -> None:
    """Raise `Trouble` with RK709 when a release cannot be upgraded at all."""
    if "sasl" not in release.apps:
        rel = release.rel
        wanting = Code.UPGRADE_WITHOUT_SASL
        raise Trouble([diagnostic(wanting, name=rel.name, vsn=rel.vsn)])


def start_ordered(release: Release, target: Target) -> tuple[UpgradeApp, ...]:
    """Return the applications of a release in the order in which they start."""
    types = {entry.name: entry.start_type for entry in release.rel.apps}
    return tuple(
        UpgradeApp(
            name=name,
            vsn=release.apps[name].spec.vsn,
            start_type=types[name],
            modules=release.apps[name].spec.modules,
        )
        for name in start_order(needs_of(for_target(release, target)))
    )


def _make_entry(
    direction: Direction, job: RelupJob, baseline: Baseline
) -> tuple[RelupEntry, list[Diagnostic]]:
    """Return the script of one way, and its warnings, the last found first."""
    base = baseline.release
    stop_without_sasl(base)
    changes = compare(base.rel, job.top.rel)
    top_apps = start_ordered(job.top, job.target)
    scripts, warnings = _appup_scripts(direction, changes, top_apps, job)
    scripts = _around(direction, changes, scripts)
    if changes.erts_changed:
        scripts.insert(0, [RESTART_NEW])
        warnings.insert(0, _erts_changed(base, job.top))
    if job.restart_emulator:
        scripts.append([RESTART])
    base_apps = start_ordered(base, job.target)
    script = translate(scripts, _journey(direction, base_apps, top_apps))
    if direction is Direction.UP and _restarts_too_early(script, base):
        script = _restart_last(script)
        warnings.insert(0, diagnostic(Code.UPGRADE_FROM_PRE_R15, base=base.rel.vsn))
    entry = RelupEntry(
        vsn=base.rel.vsn,
        description=baseline.description,
        script=_reworked(script, direction, base, job),
    )
    return entry, warnings


def _journey(direction: Direction, base_apps: Apps, top_apps: Apps) -> Journey:
    if direction is Direction.UP:
        return Journey(direction=direction, old=base_apps, new=top_apps)
    return Journey(direction=direction, old=top_apps, new=base_apps)


def _appup_scripts(
    direction: Direction, changes: Changes, apps: Apps, job: RelupJob
) -> tuple[list[Iterable[Term]], list[Diagnostic]]:
    """Return what the appups say of the changed applications, in start order."""
    other_vsn = {each.name: each.base.vsn for each in changes.changed}
    scripts: list[Iterable[Term]] = []
    warnings: list[Diagnostic] = []
    for app in apps:
        if app.name not in other_vsn:
            continue
        appup, file = job.appup_of(job.top.apps[app.name])
        if appup.vsn != make_string(app.vsn):
            warnings.insert(0, _other_vsn(appup, app, file))
        scripts.append(_script_of(direction, appup, app, other_vsn[app.name], file))
    return scripts, warnings


def _script_of(
    direction: Direction, appup: Appup, app: UpgradeApp, vsn: str, file: str
) -> tuple[Term, ...]:
    entries = appup.up if direction is Direction.UP else appup.down
    script = instructions_for(entries, vsn, file)
    if script is not None:
        return script
    known = tuple(
        each.pattern
        if isinstance(each.pattern, str)
        else each.pattern.decode("utf-8", "replace")
        for each in entries
    )
    found = diagnostic(
        Code.APPUP_LACKS_VERSION,
        Place(file=file),
        file=file,
        app=app.name,
        vsn=vsn,
        direction="coming from" if direction is Direction.UP else "going back to",
        known=known,
    )
    raise Trouble([found])


def _around(
    direction: Direction, changes: Changes, scripts: list[Iterable[Term]]
) -> list[Iterable[Term]]:
    """Put what is added before the scripts of the appups, what is removed after."""
    added, removed = changes.added, changes.removed
    if direction is Direction.DOWN:
        added, removed = removed, added
    add, remove = Atom("add_application"), Atom("remove_application")
    return [
        *([(add, Atom(each.name), Atom(each.start_type))] for each in added),
        *scripts,
        *([(remove, Atom(each.name))] for each in removed),
    ]


def _restarts_too_early(script: Script, base: Release) -> bool:
    """Tell whether the old release handler would not go on after the restart.

    Versions are compared as texts, as systools does.
    """
    return script[0] is RESTART_NEW and base.apps["sasl"].spec.vsn < FIRST_MODERN_SASL


def _restart_last(script: Script) -> Script:
    rest = list(script[1:])
    if RESTART in rest:
        rest.remove(RESTART)
    return (*rest, RESTART_NEW)


def _reworked(
    script: Script, direction: Direction, base: Release, job: RelupJob
) -> Script:
    if job.rework is None:
        return script
    way = Way(direction=direction, base_vsn=base.rel.vsn, top_vsn=job.top.rel.vsn)
    changed = tuple(job.rework(script, way))
    stop_on_faults(check_relup_script(changed))
    return changed


def _erts_changed(base: Release, top: Release) -> Diagnostic:
    return diagnostic(
        Code.ERTS_CHANGED,
        top=top.rel.name,
        top_erts=top.rel.erts_vsn,
        base=base.rel.name,
        base_erts=base.rel.erts_vsn,
    )


def _other_vsn(appup: Appup, app: UpgradeApp, file: str) -> Diagnostic:
    return diagnostic(
        Code.APPUP_VSN_DIFFERS,
        Place(file=file),
        app=app.name,
        found=format_term(appup.vsn),
        vsn=app.vsn,
        file=file,
    )

"""What an upgrade will do to the processes of a node: all findings, worst first.

Reads both versions' code and the instructions of the appups; runs nothing. How states
are judged is in `states.py` and `state_names.py`, funs in `held_funs.py`, records and
structs in `shared.py` and `kept_records.py`, processes
that are not suspended in `unreached.py`, children that say `dynamic` in `dynamic.py`,
who starts children in `unseen.py`, what goes wrong between applications in `across.py`.
What is not about code, but about how a node starts, is in `until_restart.py`.
`Finding.danger` says what `strict_upgrades` stops at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind
from dodo_relkit.upgrade.code.switched import process_words, switched
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.across import NO_BOUNDS, Bounds, review_across
from dodo_relkit.upgrade.review.dynamic import review_dynamic
from dodo_relkit.upgrade.review.findings import (
    AppUpgrade,
    Danger,
    Finding,
    Reviewed,
    TargetUpgrade,
    notice,
    read_upgrade,
    severe,
    words_for,
)
from dodo_relkit.upgrade.review.first_start import review_first_start
from dodo_relkit.upgrade.review.held_funs import held_funs
from dodo_relkit.upgrade.review.kept_records import review_kept
from dodo_relkit.upgrade.review.messages import review_messages
from dodo_relkit.upgrade.review.replaced import review_replaced
from dodo_relkit.upgrade.review.shared import review_shared
from dodo_relkit.upgrade.review.state_calls import review_state_calls
from dodo_relkit.upgrade.review.state_names import review_state_names
from dodo_relkit.upgrade.review.states import review_states
from dodo_relkit.upgrade.review.supervisor_inits import review_supervisor_inits
from dodo_relkit.upgrade.review.unreached import review_unreached
from dodo_relkit.upgrade.review.unseen import review_starters
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted, stops_children


def review(
    upgrades: Iterable[AppUpgrade],
    others: Iterable[AppVersion] = (),
    targets: Iterable[TargetUpgrade] = (),
    scripts: Mapping[Direction, Iterable[Term]] = MappingProxyType({}),
    bounds: Bounds = NO_BOUNDS,
) -> tuple[Finding, ...]:
    """Return all findings about an upgrade, the severe ones first.

    `upgrades` are the applications that change, `others` those that stay as they are,
    `targets` those of OTP or Elixir that change, `scripts` the instructions of the
    relup, `bounds` the applications that are added and removed.
    Raises Trouble for beams or instructions that are broken.
    """
    apps = [read_upgrade(each) for each in upgrades]
    found = [
        finding
        for app in apps
        for part in (
            review_states,
            _review_funs,
            _review_instructions,
            _review_switched,
            _review_restarts,
            review_unreached,
            review_state_names,
            review_supervisor_inits,
            review_replaced,
            review_messages,
            review_first_start,
        )
        for finding in part(app)
    ]
    staying = tuple(others)
    found += review_shared(apps, staying)
    found += review_kept(apps)
    found += review_dynamic(apps, staying)
    found += review_state_calls(apps, scripts)
    found += review_starters(apps, staying)
    found += review_across(apps, scripts, bounds)
    found += [finding for each in targets for finding in _review_target(each)]
    return severe_first(found)


def severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order of a page: the severe ones, then the others."""
    return tuple(sorted(findings, key=lambda each: each.danger is not Danger.SEVERE))


def severe_ones(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that `strict_upgrades` stops at."""
    return tuple(each for each in findings if each.danger is Danger.SEVERE)


def _changed(app: Reviewed) -> tuple[str, ...]:
    return tuple(each.name for each in app.changes if each.change is Change.CHANGED)


def _review_funs(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_HELD_FUN: those that the older version, soon old code, made."""
    for name in _changed(app):
        code = app.old_code.get(name)
        if code is None:
            continue
        has_state = app.old_kinds[name].kind in STATEFUL
        for held in held_funs(code, has_state=has_state):
            yield notice(
                Code.REVIEW_HELD_FUN,
                Place(file=code.file, line=held.line),
                module=name,
                function=held.function,
                holder=held.holder,
            )


def _review_instructions(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_NO_INSTRUCTION for processes whose module is passed over."""
    for name in _changed(app):
        kind = app.new_kinds[name].kind
        if kind not in STATEFUL | {Kind.SUPERVISOR}:
            continue
        for direction in Direction:
            script = app.upgrade.instructions(direction)
            if name in app.touched[direction] or restarted(script):
                continue
            code = app.new_code.get(name)
            yield severe(
                Code.REVIEW_NO_INSTRUCTION,
                Place(file=code.file if code else ""),
                module=name,
                kind=kind.value,
                direction=words_for(direction),
            )


def _review_switched(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_SWITCHED for processes that nothing stops and starts again.

    Whether the child that is stopped is theirs is not asked.
    """
    old = Program(code=app.old_code, kinds=app.old_kinds)
    new = Program(code=app.new_code, kinds=app.new_kinds)
    names = switched(old, new, _changed(app))
    for direction in Direction:
        ends = (old, new) if direction is Direction.UP else (new, old)
        script = app.upgrade.instructions(direction)
        if restarted(script) or stops_children(script):
            continue
        for name in sorted(names & app.touched[direction].keys()):
            code = app.new_code.get(name)
            before, after = (process_words(each, name) for each in ends)
            yield severe(
                Code.REVIEW_SWITCHED,
                Place(file=code.file if code else ""),
                direction=words_for(direction),
                module=name,
                before=before,
                after=after,
            )


def _review_restarts(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_RESTART for each instruction that stops what runs, unasked."""
    if app.upgrade.restart_asked:
        return
    for direction in Direction:
        for _, what in restarted(app.upgrade.instructions(direction)):
            reason = f"the appup of {app.name} says so"
            way = words_for(direction)
            yield severe(
                Code.REVIEW_RESTART, Place(), direction=way, what=what, reason=reason
            )


def _review_target(app: TargetUpgrade) -> Iterator[Finding]:
    """Yield REVIEW_TARGET_RESTART: nobody here can write other instructions."""
    for direction in Direction:
        for _, what in restarted(app.instructions(direction)):
            yield notice(
                Code.REVIEW_TARGET_RESTART,
                Place(file=app.file),
                direction=words_for(direction),
                what=what,
                app=app.app,
                vsn=app.vsn,
            )

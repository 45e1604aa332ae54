"""What a new release has otherwise, and a running node does not get by the upgrade.

An upgrade changes code, configuration, and which applications run. The start type of
an application, who includes it, and the arguments of the VM count when a node starts
(application(3), rel(4), erl(1)): systools writes no instruction for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats.rel import RelApp
from dodo_relkit.formats.vm_args import flags, parse_vm_args
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.diff import AppChange, Changes
from dodo_relkit.upgrade.review.findings import (
    AppUpgrade,
    Finding,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted

_OTHERWISE = frozenset({"-setcookie"})
"""Flags whose change is no notice: an upgrade to another cookie is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Both releases as far as a start of the node reads them."""

    changes: Changes
    old_vm_args: str | None
    """The text of `vm.args`; None where it is not known."""
    new_vm_args: str | None
    scripts: Mapping[Direction, tuple[Term, ...]]
    """The instructions of the relup."""


def review_until_restart(
    standing: Standing, upgrades: Iterable[AppUpgrade]
) -> Iterator[Finding]:
    """Yield REVIEW_UNTIL_RESTART, and REVIEW_INCLUSION for what goes wrong before.

    Nothing for a way on which the whole node restarts.
    """
    scripts = {
        direction: script
        for direction, script in standing.scripts.items()
        if all(what != "the whole node" for _, what in restarted(script))
    }
    if not scripts:
        return
    before = {each.old.name: each.old.spec.included_applications for each in upgrades}
    after = {each.new.name: each.new.spec.included_applications for each in upgrades}
    both = (*standing.changes.changed, *standing.changes.kept)
    includers = (
        _includers((each.base, before) for each in both),
        _includers((each.top, after) for each in both),
    )
    yield from _review_inclusions(scripts, includers, {each.name for each in both})
    if Direction.UP not in scripts:
        return
    yield from _review_start_types(both, includers)
    yield from _review_vm_args(standing.old_vm_args, standing.new_vm_args)


def _includers(
    entries: Iterable[tuple[RelApp, Mapping[str, tuple[str, ...]]]],
) -> dict[str, str]:
    """Return who includes each application that is included by another."""
    found: dict[str, str] = {}
    for entry, specs in entries:
        named = entry.included
        for app in specs.get(entry.name, ()) if named is None else named:
            found[app] = entry.name
    return found


def _review_inclusions(
    scripts: Mapping[Direction, tuple[Term, ...]],
    includers: tuple[Mapping[str, str], Mapping[str, str]],
    both: set[str],
) -> Iterator[Finding]:
    for direction, script in scripts.items():
        ends = includers if direction is Direction.UP else includers[::-1]
        had, has = ends
        for app in sorted((had.keys() ^ has.keys()) & both):
            if _handled(script, app):
                continue
            is_included = app in has
            yield severe(
                Code.REVIEW_INCLUSION,
                Place(),
                direction=words_for(direction),
                app=app,
                becomes=f"included in {has[app]}"
                if is_included
                else "an application of its own",
                does="stops it as an application: it runs on beside that"
                if is_included
                else "starts it: nothing of it runs until the node restarts",
                function="stop" if is_included else "start",
            )


def _handled(script: Iterable[Term], app: str) -> bool:
    """Return whether the instructions start or stop the application."""
    for each in script:
        match each:
            case (Atom("apply"), (Atom("application"), Atom(), arguments)):
                if Atom(app) in (list_items(arguments) or ())[:1]:
                    return True
    return False


def _review_start_types(
    both: Iterable[AppChange],
    includers: tuple[Mapping[str, str], Mapping[str, str]],
) -> Iterator[Finding]:
    for each in both:
        old, new = each.base.start_type, each.top.start_type
        if old != new and not any(each.name in found for found in includers):
            yield notice(
                Code.REVIEW_UNTIL_RESTART,
                Place(),
                what=f"the start type of {each.name}",
                changes=f"{old} before, {new} now",
            )


def _review_vm_args(old: str | None, new: str | None) -> Iterator[Finding]:
    if old is None or new is None:
        return
    had, has = _flags(old), _flags(new)
    changes = [f"without {each}" for each in (had - has).elements()]
    changes += [f"with {each}" for each in (has - had).elements()]
    if changes:
        yield notice(
            Code.REVIEW_UNTIL_RESTART,
            Place(),
            what="the arguments of the VM, vm.args,",
            changes=", ".join(changes),
        )


def _flags(text: str) -> Counter[str]:
    return Counter(
        " ".join((each.name.text, *each.values))
        for each in flags(parse_vm_args(text))
        if each.name.text not in _OTHERWISE
    )

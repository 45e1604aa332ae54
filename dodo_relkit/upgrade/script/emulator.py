"""The passes that gather object code and place restarts of the emulator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.terms.model import Atom, Term, list_items, string_text
from dodo_relkit.upgrade.script.checks import RESTART, RESTART_NEW
from dodo_relkit.upgrade.script.draft import Direction, Draft, Journey
from dodo_relkit.upgrade.script.faults import Fault, stop_on_faults
from dodo_relkit.upgrade.script.instructions import arguments, instruction_name

OBJECT_CODE = Atom("load_object_code")


def gather_object_code(draft: Draft, _: Journey) -> Draft:
    """Make one load_object_code of those for one application.

    Before: any number of them, and calls. After: one for each application, in the
    order of the first, then the calls. Raises `ScriptTrouble` (RK724).
    """
    codes = [
        each for each in draft.before if instruction_name(each) == OBJECT_CODE.name
    ]
    calls = [
        each for each in draft.before if instruction_name(each) != OBJECT_CODE.name
    ]
    by_app: dict[Term, list[tuple[Term, ...]]] = {}
    for each in codes:
        app, *rest = arguments(each)
        by_app.setdefault(app, []).append(tuple(rest))
    merged: list[Term] = []
    for app, parts in by_app.items():
        vsn = parts[0][0]
        stop_on_faults(_check_one_vsn(app, parts))
        modules = _union([list_items(names) or [] for _, names in parts])
        merged.append((OBJECT_CODE, (app, vsn, modules)))
    return Draft(before=(*merged, *calls), after=draft.after)


def place_restarts(draft: Draft, journey: Journey) -> Draft:
    """Put restarts of the emulator where they belong.

    Before: anywhere after the point of no return. After: going up,
    restart_new_emulator is the very first instruction; going down, the old emulator
    is started last. restart_emulator is last, and each is there at most once.
    """
    going_up = journey.direction is Direction.UP
    has_new = RESTART_NEW in draft.after
    has_last = RESTART in draft.after or (has_new and not going_up)
    rest = tuple(each for each in draft.after if each not in (RESTART_NEW, RESTART))
    return Draft(
        before=(RESTART_NEW, *draft.before) if has_new and going_up else draft.before,
        after=(*rest, RESTART) if has_last else rest,
    )


def _check_one_vsn(app: Term, parts: Sequence[tuple[Term, ...]]) -> Iterable[Fault]:
    """Give RK724 when there is another version; systools names the last other one."""
    vsn = parts[0][0]
    others = [other for other, _ in parts if other != vsn]
    if others:
        told = diagnostic(
            Code.LIB_VSNS_CONFLICT,
            app=app.name if isinstance(app, Atom) else "",
            first=string_text(vsn) or "",
            second=string_text(others[-1]) or "",
        )
        reason: Term = (Atom("conflicting_versions"), app, vsn, others[-1])
        yield Fault(reason=reason, told=told)


def _union(lists: Sequence[list[Term]]) -> list[Term]:
    """Return all elements in order; of those in several lists the last counts."""
    whole: list[Term] = []
    for each in reversed(lists):
        whole = [item for item in each if item not in whole] + whole
    return whole

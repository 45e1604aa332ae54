"""Whether a gen_statem can be in a state for which the code that then runs has nothing.

With `state_functions` the name of a state is that of a function with three arguments.
The states are those that `init` and `next_state` name; the names of states that are
made at run time are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, list_items
from dodo_relkit.upgrade.code.kinds import CodeChange, Kind
from dodo_relkit.upgrade.code.model import ModuleCode, TupleOf, atom_of, walk_module
from dodo_relkit.upgrade.code.returns import constant, returned
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, severe, words_for
from dodo_relkit.upgrade.script.draft import Direction

_ARITY = 3
_NAMED = frozenset({("ok", 3), ("ok", 4), ("next_state", 3), ("next_state", 4)})
"""Tags and sizes of the tuples that name a state, second."""


def review_state_names(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_STATE_GONE for each state and direction."""
    for change in app.changes:
        name = change.name
        kinds = [each.get(name) for each in (app.old_kinds, app.new_kinds)]
        if change.change is not Change.CHANGED or any(
            each is None or each.kind is not Kind.GEN_STATEM for each in kinds
        ):
            continue
        for direction in Direction:
            yield from _review_way(app, name, direction)


def _review_way(app: Reviewed, name: str, direction: Direction) -> Iterator[Finding]:
    is_up = direction is Direction.UP
    sides = [(app.old_code, app.upgrade.old), (app.new_code, app.upgrade.new)]
    (codes, source), (then_codes, target) = sides if is_up else reversed(sides)
    touch = app.touched[direction].get(name)
    code = codes.get(name)
    if touch is None or code is None:
        return
    judged = app.old_kinds if touch.static and not is_up else app.new_kinds
    if touch.advanced and judged[name].code_change is CodeChange.WRITTEN:
        return
    here = beam.exports(source.modules[name])
    there = beam.exports(target.modules[name])
    if not _may_call_states(then_codes.get(name)):
        return
    for state in sorted(_named(code)):
        if (state, _ARITY) in here and (state, _ARITY) not in there:
            function = code.function(state, _ARITY)
            place = Place(file=code.file, line=function.line if function else 0)
            way = words_for(direction)
            yield severe(
                Code.REVIEW_STATE_GONE,
                place,
                direction=way,
                module=name,
                state=state,
            )


def _may_call_states(code: ModuleCode | None) -> bool:
    """Return whether `callback_mode/0` may say `state_functions`."""
    function = code.function("callback_mode", 0) if code else None
    if code is None or function is None:
        return False
    modes = [constant(each) for each in returned(code, function, {})]
    return any(
        mode is None or Atom("state_functions") in (list_items(mode) or (mode,))
        for mode in modes
    )


def _named(code: ModuleCode) -> frozenset[str]:
    found = set()
    for _, each in walk_module(code):
        match each:
            case TupleOf(items) if atom_of(items[0]) if items else None:
                if (atom_of(items[0]), len(items)) in _NAMED:
                    found.add(atom_of(items[1]) or "")
    return frozenset(found) - {""}

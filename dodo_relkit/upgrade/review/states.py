"""Whether each process comes through the upgrade with a state its new code understands.

    up:    old state ──(code_change of the newer version)──▶ what the newer expects
    down:  new state ──(code_change of the newer version)──▶ what the older expects

On the way down the newer version's code_change is called too, before the older code is
loaded; only with `static` in the instruction it is the older's (appup(4)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.kinds import (
    STATEFUL,
    CodeChange,
    Kind,
    callback_of,
    keeps_state,
    state_places,
)
from dodo_relkit.upgrade.code.model import Function, ModuleCode
from dodo_relkit.upgrade.code.returns import constant, returned
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.change_body import (
    given_shapes,
    like_one_of,
    why_it_fails,
)
from dodo_relkit.upgrade.review.findings import (
    Finding,
    Reviewed,
    module_vsn,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.review.fitting import fitting_clauses
from dodo_relkit.upgrade.review.shapes import Shape, state_shapes, state_values
from dodo_relkit.upgrade.review.special_shapes import special_shapes
from dodo_relkit.upgrade.review.takes_both import shaped, takes, takes_record
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import Touch, restarted, stops_children


def review_states(app: Reviewed) -> Iterator[Finding]:
    """Yield what is wrong with the states of the stateful modules that changed.

    REVIEW_STATE, REVIEW_CLAUSE, REVIEW_CODE_CHANGE, REVIEW_NO_CODE_CHANGE,
    REVIEW_CALLBACK_MODE, REVIEW_STATE_UNREAD.
    """
    changed = {each.name for each in app.changes if each.change is Change.CHANGED}
    for name in sorted(app.old_kinds.keys() & app.new_kinds.keys()):
        kind = app.new_kinds[name].kind
        if kind not in STATEFUL or app.old_kinds[name].kind is not kind:
            continue
        if name in changed:
            yield from _review_module(app, name, kind)
        else:
            yield from _review_unchanged(app, name, kind)


def _review_unchanged(app: Reviewed, name: str, kind: Kind) -> Iterator[Finding]:
    """Yield REVIEW_STATE where other modules make another state than before."""
    old, new = app.old_code.get(name), app.new_code.get(name)
    if old is None or new is None:
        return
    shapes = [
        state_shapes(old, kind, app.old_code),
        state_shapes(new, kind, app.new_code),
    ]
    for direction in Direction:
        before, after = shapes if direction is Direction.UP else reversed(shapes)
        script = app.upgrade.instructions(direction)
        if not before or not after or set(before) == set(after) or restarted(script):
            continue
        codes = app.new_code if direction is Direction.UP else app.old_code
        if all(each in after or takes_record(codes, each) for each in before):
            continue
        touch = app.touched[direction].get(name)
        if touch is not None:
            both = (before, after)
            yield from _review_way(app, name, kind, direction, touch, both)
            continue
        tell = notice if stops_children(script) else severe
        yield tell(
            Code.REVIEW_STATE,
            _place(new, ("init", 1)),
            **_facts(name, kind, direction),
            **_shown(before, after),
            reason="another module makes it, and as this one did not change, the "
            "upgrade does not call code_change",
        )


def _review_module(app: Reviewed, name: str, kind: Kind) -> Iterator[Finding]:
    old, new = app.old_code.get(name), app.new_code.get(name)
    if old is None or new is None:
        reason = "there is no debug information in both versions"
        yield notice(Code.REVIEW_STATE_UNREAD, Place(), module=name, reason=reason)
        return
    before = _shapes(old, kind, app.old_code)
    after = _shapes(new, kind, app.new_code)
    place = _place(new, ("init", 1))
    if (not before or not after) and kind is not Kind.SPECIAL:
        reason = "init makes it at run time"
        yield notice(Code.REVIEW_STATE_UNREAD, place, module=name, reason=reason)
    for direction in Direction:
        touch = app.touched[direction].get(name)
        if touch is None:
            continue
        shapes = (before, after) if direction is Direction.UP else (after, before)
        yield from _review_way(app, name, kind, direction, touch, shapes)
        if _mode_changed(kind, old, new) and not _asks_mode(touch, direction):
            way = words_for(direction)
            where = _place(new, ("callback_mode", 0))
            yield severe(Code.REVIEW_CALLBACK_MODE, where, module=name, direction=way)


def _shapes(
    code: ModuleCode, kind: Kind, codes: Mapping[str, ModuleCode]
) -> tuple[Shape, ...]:
    if kind is Kind.SPECIAL:
        return special_shapes(code, codes)
    return state_shapes(code, kind, codes)


def _review_way(  # noqa: PLR0913, PLR0917 - one module, one direction
    app: Reviewed,
    name: str,
    kind: Kind,
    direction: Direction,
    touch: Touch,
    shapes: tuple[tuple[Shape, ...], tuple[Shape, ...]],
) -> Iterator[Finding]:
    before, after = shapes
    changed = bool(before and after) and set(before) != set(after)
    if kind is Kind.SPECIAL:  # its shapes are those of its whole life
        changed = changed and set(before).isdisjoint(after)
    if changed and _takes_both(app, name, kind, direction, shapes):
        changed = False
    is_older = touch.static and direction is Direction.DOWN
    code = (app.old_code if is_older else app.new_code)[name]
    judged = (app.old_kinds if is_older else app.new_kinds)[name]
    callback = callback_of(kind) or ("code_change", 3)
    facts = _facts(name, kind, direction)
    place = _place(code, callback)
    if touch.advanced and judged.code_change is CodeChange.ABSENT:
        yield severe(Code.REVIEW_NO_CODE_CHANGE, place, **facts)
        return
    told = {**facts, **_shown(before, after)}
    if changed and not touch.advanced:
        reason = "the upgrade does not call code_change"
        yield severe(Code.REVIEW_STATE, place, **told, reason=reason)
        return
    function = code.function(*callback)
    if not touch.advanced or function is None:
        return
    if judged.code_change is CodeChange.KEEPS:
        if changed:
            reason = "code_change gives the state back as it is"
            yield severe(Code.REVIEW_STATE, place, **told, reason=reason)
        return
    call = _Call(
        code=code,
        function=function,
        kind=kind,
        vsn=_given_vsn(app, name, direction),
        codes=app.old_code if is_older else app.new_code,
        after=after,
        told=told,
    )
    for shape in before or (None,):
        yield from _review_call(call, shape, must_change=changed and shape not in after)


def _facts(name: str, kind: Kind, direction: Direction) -> dict[str, str]:
    callback = "{}/{}".format(*(callback_of(kind) or ("code_change", 3)))
    return {"module": name, "direction": words_for(direction), "callback": callback}


def _shown(before: Iterable[Shape], after: Iterable[Shape]) -> dict[str, str]:
    return {
        "before": " or ".join(each.words for each in before),
        "after": " or ".join(each.words for each in after),
    }


def _takes_both(
    app: Reviewed,
    name: str,
    kind: Kind,
    direction: Direction,
    shapes: tuple[tuple[Shape, ...], tuple[Shape, ...]],
) -> bool:
    """Return whether the code that runs then has clauses for the states of before."""
    before, after = shapes
    codes, then = app.old_code, app.new_code
    if direction is Direction.DOWN:
        codes, then = then, codes
    values = state_values(codes[name], kind, codes)
    made = shaped(values, codes[name], codes)
    return {shape for _, shape in made} == set(before) and all(
        shape in after or takes(then[name], kind, value, shape, after)
        for value, shape in made
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call of code_change and what is said of it."""

    code: ModuleCode
    function: Function
    kind: Kind
    vsn: Term | None
    codes: Mapping[str, ModuleCode]
    after: tuple[Shape, ...]
    told: Mapping[str, str]


def _review_call(
    call: _Call, shape: Shape | None, *, must_change: bool
) -> Iterator[Finding]:
    """Judge the call of code_change for a state of one shape."""
    if call.kind is Kind.SPECIAL:
        return
    code, function, at = call.code, call.function, state_places(call.kind)[-1]
    states = {} if shape is None else {at: shape}
    fitting = fitting_clauses(code, function, call.vsn, states)
    shown = "?" if call.vsn is None else format_term(call.vsn)
    state = "its state" if shape is None else shape.words
    facts = {key: call.told[key] for key in ("module", "direction", "callback")}
    facts["arguments"] = f"the version {shown} and {state}"
    if not fitting:
        place = Place(file=code.file, line=function.line)
        yield severe(Code.REVIEW_CLAUSE, place, **facts)
        return
    first = function.clauses[fitting[0]]
    if shape is None or first.guards:
        return
    place = Place(file=code.file, line=first.line)
    failure = why_it_fails(code, first, call.kind, at, shape)
    if failure:
        yield severe(Code.REVIEW_CODE_CHANGE, place, **facts, reason=failure)
    elif must_change:
        made = given_shapes(code, first, call.kind, call.codes)
        reason = ""
        if keeps_state(call.kind, function, fitting[0]):
            reason = f"the clause in line {first.line} gives it back as it is"
        elif made and not any(like_one_of(each, call.after) for each in made):
            words = " or ".join(each.words for each in made)
            reason = f"the clause in line {first.line} makes {words} of it"
        if reason:
            yield severe(Code.REVIEW_STATE, place, **call.told, reason=reason)


def _given_vsn(app: Reviewed, name: str, direction: Direction) -> Term | None:
    """Return what code_change gets as version: the older's, or `{down, older's}`."""
    vsn = module_vsn(app.upgrade.old.modules[name])
    if vsn is None or direction is Direction.UP:
        return vsn
    return (Atom("down"), vsn)


def _asks_mode(touch: Touch, direction: Direction) -> bool:
    """Return whether gen_statem asks the code that then runs for its callback mode.

    It asks right after code_change (gen_statem, `system_code_change/4`): on the way
    down the newer code, unless the instruction says `static`.
    """
    return touch.advanced and (touch.static or direction is Direction.UP)


def _mode_changed(kind: Kind, old: ModuleCode, new: ModuleCode) -> bool:
    if kind is not Kind.GEN_STATEM:
        return False
    modes = []
    for code in (old, new):
        function = code.function("callback_mode", 0)
        found = returned(code, function, {}) if function else ()
        modes.append([constant(each) for each in found])
    return modes[0] != modes[1]


def _place(code: ModuleCode, wanted: tuple[str, int]) -> Place:
    function = code.function(*wanted)
    return Place(file=code.file, line=function.line if function else 0)

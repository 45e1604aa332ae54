"""What a process does when it begins, and one that goes on never did.

An upgrade does not call `init/1` of servers, nor `start/2` of applications: a table
that is made there now is missing in a node that was upgraded. Timers are in
`messages.py`, supervisors, whose init is called again, in `supervisor_inits.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.code.calls import Point, Program, callbacks
from dodo_relkit.upgrade.code.kinds import Kind, callback_of
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.effects import (
    Effect,
    Mark,
    Stays,
    effect_of_apply,
    effects,
    uses_of,
)
from dodo_relkit.upgrade.review.findings import (
    Finding,
    Reviewed,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.review.lasting import going_on
from dodo_relkit.upgrade.review.shapes import shape_of
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted

_LOOKED_AT = frozenset(Stays) - {Stays.PROCESS, Stays.TIMER}
_OF_THE_NODE = frozenset({Stays.TABLE, Stays.TERM, Stays.LISTENER})
"""What is there for all, whoever made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One direction, with all that is done in it."""

    direction: Direction
    source: Program
    target: Program
    newer: Program
    made_before: frozenset[Mark]
    """What any function of the source makes."""
    made_meanwhile: frozenset[Mark]
    """What instructions make, and processes that begin on the way."""


def review_first_start(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_FIRST_START for what init and start do in the target alone."""
    old = Program(code=app.old_code, kinds=app.old_kinds)
    new = Program(code=app.new_code, kinds=app.new_kinds)
    for direction in Direction:
        script = app.upgrade.instructions(direction)
        if restarted(script):
            continue
        source, target = (old, new) if direction is Direction.UP else (new, old)
        lasting = going_on(app, direction)
        way = _Way(
            direction=direction,
            source=source,
            target=target,
            newer=new,
            made_before=_marks(source, _points(source)),
            made_meanwhile=_meanwhile(app, direction, target, lasting),
        )
        for name in lasting:
            begins = ((name, "init", 1), (name, "handle_continue", 2))
            advanced = app.touched[direction][name].advanced
            yield from _review(way, name, begins, advanced=advanced)
        for name in _applications(app, source, target):
            yield from _review(way, name, ((name, "start", 2),), advanced=False)


def _applications(app: Reviewed, source: Program, target: Program) -> tuple[str, ...]:
    return tuple(
        each.name
        for each in app.changes
        if each.change is Change.CHANGED
        and source.kind(each.name) is target.kind(each.name) is Kind.APPLICATION
    )


def _review(
    way: _Way, name: str, begins: tuple[Point, ...], *, advanced: bool
) -> Iterator[Finding]:
    before = {each.mark: each for each in effects(way.source, begins)}
    running = callbacks(way.source, name)
    done = before.keys() | _marks(way.source, running) | way.made_meanwhile
    done |= _marks(way.target, set(callbacks(way.target, name)) - set(begins))
    callback = callback_of(way.target.kind(name))
    if advanced and callback is not None:
        done |= _marks(way.newer, [(name, *callback)])
    told: set[Mark] = set()
    for each in effects(way.target, begins):
        if each.stays not in _LOOKED_AT or each.mark in told:
            continue
        told.add(each.mark)
        was = before.get(each.mark)
        if was is not None:
            if each.mark not in way.made_meanwhile:
                yield from _review_term(way, name, begins, was, each)
            continue
        of_node = each.stays in _OF_THE_NODE and each.mark in way.made_before
        if each.mark in done or of_node:
            continue
        yield _told(
            way, name, begins, each, "the version that ran before did not do it"
        )


def _review_term(
    way: _Way, name: str, begins: tuple[Point, ...], was: Effect, each: Effect
) -> Iterator[Finding]:
    """Look at a persistent term that both versions put, of another shape."""
    old_code, code = way.source.code[was.module], way.target.code[each.module]
    if was.value is None or each.value is None:
        return
    had = shape_of(was.value, old_code, way.source.code)
    has = shape_of(each.value, code, way.target.code)
    if had is None or has is None or had == has:
        return
    instead = f"there is {had.words} where it puts {has.words}"
    yield _told(way, name, begins, each, instead, is_sure=True)


def _told(  # noqa: PLR0913, PLR0917 - one finding
    way: _Way,
    name: str,
    begins: tuple[Point, ...],
    effect: Effect,
    reason: str,
    is_sure: bool = False,
) -> Finding:
    """Severe when what is not there is used; on the way down it may be there yet."""
    reader = _reader(way.target, effect)
    is_missed = reader is not None and (is_sure or way.direction is Direction.UP)
    tell = severe if is_missed else notice
    used = ""
    if reader is not None:
        used = f", and {reader[1]}/{reader[2]} of {reader[0]} uses it"
    begin = begins[0]
    return tell(
        Code.REVIEW_FIRST_START,
        Place(file=way.target.code[effect.module].file, line=effect.line),
        direction=words_for(way.direction),
        function=f"{begin[1]}/{begin[2]}",
        module=name,
        call=effect.words,
        reason=reason,
        used=used,
        remedy="an instruction `{apply, {Module, Function, Arguments}}`"
        if begin[1] == "start"
        else f"`code_change`, with `{{update, {name}, {{advanced, []}}}}`, or with an "
        "instruction `{apply, {Module, Function, Arguments}}`",
    )


def _reader(program: Program, effect: Effect) -> Point | None:
    """Return a function that fails when the table or term is not as it should be."""
    if effect.stays not in {Stays.TABLE, Stays.TERM}:
        return None
    for point in sorted(_points(program)):
        if point[1] != "init" and effect.mark in uses_of(program, point):
            return point
    return None


def _meanwhile(
    app: Reviewed, direction: Direction, target: Program, lasting: tuple[str, ...]
) -> frozenset[Mark]:
    touched = app.touched[direction]
    roots: set[Point] = set()
    found: set[Mark] = set()
    for module in target.code:
        kind = target.kind(module)
        advanced = module in touched and touched[module].advanced
        added = module not in (
            app.old_code if direction is Direction.UP else app.new_code
        )
        if module in lasting:
            callback = callback_of(kind)
            roots |= {(module, *callback)} if advanced and callback else set()
        elif added or advanced or (module in touched and kind is not Kind.PLAIN):
            roots |= {(module, "init", 1)}
    for instruction in app.upgrade.instructions(direction):
        match instruction:
            case (Atom("apply"), (Atom(module), Atom(name), arguments)):
                given: tuple[Term, ...] = tuple(list_items(arguments) or ())
                roots.add((module, name, len(given)))
                found |= effect_of_apply(module, name, given)
    return frozenset(found | _marks(target, roots))


def _marks(program: Program, points: Iterable[Point]) -> frozenset[Mark]:
    return frozenset(each.mark for each in effects(program, points))


def _points(program: Program) -> tuple[Point, ...]:
    return tuple(
        (code.name, *key) for code in program.code.values() for key in code.functions
    )

"""Whether the `init/1` of a supervisor can be called once more, in the one that runs.

When a supervisor changes its code it calls `init/1` of the code that then runs, with
the argument it was started with (supervisor, OTP 25): an error of it makes the upgrade
fail and the node restart. How supervisors are found by their child specifications is
not asked here, nor what becomes of the children.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Call,
    Expression,
    Match,
    ModuleCode,
    Variable,
    atom_of,
    walk,
)
from dodo_relkit.upgrade.code.returns import simplify
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.effects import Effect, Stays, effects
from dodo_relkit.upgrade.review.findings import (
    Finding,
    Reviewed,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.review.matching import form_words, may_match
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted

_ONCE = {
    Stays.TABLE: "there is one of that name then, and that is an error",
    Stays.NAME: "it is registered then, and that is an error",
    Stays.LISTENER: "it listens then: it gets an error, or a second one begins",
    Stays.PROCESS: "it gets an error for a name that is taken, or a second one begins",
}
"""What cannot be done twice, and what comes of it."""

_STARTS = {
    ("supervisor", 2): (0, 1),
    ("supervisor", 3): (1, 2),
    ("Elixir.Supervisor", 2): (0, 1),
    ("Elixir.Supervisor", 3): (0, 1),
    ("Elixir.DynamicSupervisor", 2): (0, 1),
    ("Elixir.DynamicSupervisor", 3): (0, 1),
}
"""Modules and arities of `start_link`, with the places of the callback module and of
the argument of its init."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A supervisor in one direction."""

    direction: Direction
    name: str
    source: Program
    target: Program
    has_run: tuple[Program, ...]
    """The versions whose init may have run in this node before."""


def review_supervisor_inits(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_SUPERVISOR_INIT for each supervisor that calls its init again."""
    old = Program(code=app.old_code, kinds=app.old_kinds)
    new = Program(code=app.new_code, kinds=app.new_kinds)
    for direction in Direction:
        is_up = direction is Direction.UP
        source, target = (old, new) if is_up else (new, old)
        if restarted(app.upgrade.instructions(direction)):
            continue
        for change in app.changes:
            touch = app.touched[direction].get(change.name)
            if touch is None or not touch.advanced or change.change is Change.ADDED:
                continue
            kinds = {each.kind(change.name) for each in (source, target)}
            code = target.code.get(change.name)
            if kinds != {Kind.SUPERVISOR} or code is None:
                continue
            way = _Way(
                direction=direction,
                name=change.name,
                source=source,
                target=target,
                has_run=(source,) if is_up else (source, target),
            )
            yield from _review_argument(way, code)
            yield from _review_effects(way, code)


def _review_argument(way: _Way, code: ModuleCode) -> Iterator[Finding]:
    init = code.function("init", 1)
    given = tuple(_arguments(way.name, way.source.code))
    if init is None or not given:
        return
    if any(
        may_match(clause.patterns[0], value)
        for clause in init.clauses
        for value in given
    ):
        return
    words = " or ".join(dict.fromkeys(map(form_words, given)))
    yield severe(
        Code.REVIEW_SUPERVISOR_INIT,
        Place(file=code.file, line=init.line),
        direction=words_for(way.direction),
        module=way.name,
        what=f"with the argument it was started with, {words}, and no clause takes it",
        remedy=f"Have init/1 of both versions take {words} too",
    )


def _arguments(module: str, codes: Mapping[str, ModuleCode]) -> Iterator[Expression]:
    """Yield what the supervisor of this module is started with, wherever it is."""
    for code in codes.values():
        for function in code.functions.values():
            for clause in function.clauses:
                parts = [each for part in clause.body for each in walk(part)]
                bound: dict[str, Expression] = {}
                for each in parts:
                    match each:
                        case Match(Variable(name), right):
                            bound[name] = right
                        case Call(function=called, arguments=arguments) if (
                            atom_of(called) == "start_link"
                        ):
                            key = (atom_of(each.module) or "", len(arguments))
                            places = _STARTS.get(key)
                            if places and atom_of(arguments[places[0]]) == module:
                                given = arguments[places[1]]
                                yield simplify(code, given, bound, codes)


def _review_effects(way: _Way, code: ModuleCode) -> Iterator[Finding]:
    root = (way.name, "init", 1)
    done = {
        each.mark
        for program in way.has_run
        for each in effects(program, _all_points(program))
        if each.stays is not Stays.PROCESS
    } | {
        each.mark
        for program in way.has_run
        for each in effects(program, [root])
    }  # fmt: skip
    told = set()
    for each in effects(way.target, [root]):
        if each.is_asked or each.stays not in _ONCE or each.mark in told:
            continue
        told.add(each.mark)
        yield _about(way, code, each, again=each.mark in done)


def _about(way: _Way, code: ModuleCode, effect: Effect, *, again: bool) -> Finding:
    where = way.target.code.get(effect.module, code)
    place = Place(file=where.file, line=effect.line)
    tell = severe if again else notice
    calls = f"in the process that runs, and calls {effect.words}"
    later = "" if again else "; the first time it is right, not after a way back"
    return tell(
        Code.REVIEW_SUPERVISOR_INIT,
        place,
        direction=words_for(way.direction),
        module=way.name,
        what=f"{calls}: {_ONCE[effect.stays]}{later}",
        remedy="Do that in a child, or where the supervisor is started; or ask first "
        "whether it is there",
    )


def _all_points(program: Program) -> Iterable[tuple[str, str, int]]:
    for code in program.code.values():
        for name, arity in code.functions:
            yield code.name, name, arity

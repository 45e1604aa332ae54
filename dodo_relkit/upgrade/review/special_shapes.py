"""Which shapes the state of a special process has, by the calls of its loop.

The state is what the loop hands to `sys:handle_system_msg/6`, last, and gets back by
`system_code_change/4` (sys(3)). One that is not an argument of the loop is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.upgrade.code.model import (
    Call,
    Clause,
    Expression,
    Match,
    ModuleCode,
    Variable,
    atom_of,
    walk,
)
from dodo_relkit.upgrade.review.shapes import Codes, Shape, shape_of

_Loop = tuple[str, int, int]
"""Name and arity, and which argument is the state, from 0."""


def special_shapes(code: ModuleCode, codes: Codes) -> tuple[Shape, ...]:
    """Return the shapes with which the loop is called; () when none can be read."""
    loops = frozenset(_loops(code))
    found: list[Shape] = []
    for function in code.functions.values() if loops else ():
        for clause in function.clauses:
            for value in _states(code, clause, loops):
                shape = shape_of(value, code, codes)
                if shape is not None and shape not in found:
                    found.append(shape)
    return tuple(found)


def _loops(code: ModuleCode) -> Iterator[_Loop]:
    for function in code.functions.values():
        for clause in function.clauses:
            for call in _calls(clause):
                if atom_of(call.module) != "sys" or len(call.arguments) != 6:
                    continue
                if atom_of(call.function) == "handle_system_msg":
                    for at, pattern in enumerate(clause.patterns):
                        if _binds(pattern, call.arguments[5]):
                            yield function.name, function.arity, at


def _binds(pattern: Expression, value: Expression) -> bool:
    match pattern:
        case Match(left, right):
            return _binds(left, value) or _binds(right, value)
        case _:
            return isinstance(value, Variable) and pattern == value


def _states(
    code: ModuleCode, clause: Clause, loops: frozenset[_Loop]
) -> Iterator[Expression]:
    bound = {
        each.left.name: each.right
        for part in clause.body
        for each in walk(part)
        if isinstance(each, Match) and isinstance(each.left, Variable)
    }
    for call in _calls(clause):
        if call.module is None or atom_of(call.module) == code.name:
            for name, arity, at in loops:
                if (atom_of(call.function), len(call.arguments)) == (name, arity):
                    value = call.arguments[at]
                    if isinstance(value, Variable):
                        value = bound.get(value.name, value)
                    yield value


def _calls(clause: Clause) -> Iterator[Call]:
    for part in clause.body:
        for each in walk(part):
            if isinstance(each, Call):
                yield each

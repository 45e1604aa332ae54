"""Which records and structs the callbacks of a module put into its state as it runs.

Reads what callbacks return, looks into the functions that put data together, and
follows calls to functions of the application a few levels deep. What comes in by a
message, and what `init` makes, is not seen here (`shapes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Expression,
    Function,
    FunOf,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    Sequence,
    TupleOf,
    Variable,
    atom_of,
    clause_parts,
    parts_of,
    walk,
)
from dodo_relkit.upgrade.review.shapes import Codes

_ANSWERS = {
    Kind.GEN_SERVER: {"reply": 2, "noreply": 1},
    Kind.GEN_STATEM: {"next_state": 2, "keep_state": 1},
    Kind.GEN_EVENT: {"ok": -1},
}
"""Tags of the tuples that callbacks return, and where the state is in them."""

_EVENTS = frozenset({("handle_event", 2), ("handle_info", 2), ("handle_call", 2)})
"""Callbacks of a gen_event: `ok` alone does not tell what a function is for."""

_BUILDERS = frozenset({
    "maps", "lists", "queue", "sets", "ordsets", "gb_sets", "gb_trees", "dict",
    "orddict", "Elixir.Map", "Elixir.Keyword", "Elixir.List", "Elixir.MapSet",
    "Elixir.Access",
})  # fmt: skip
"""Modules whose functions put their arguments together."""

_ALONE = frozenset(
    {
        ("erlang", "++"),
        ("erlang", "setelement"),
        ("Elixir.Kernel", "put_in"),
        ("Elixir.Kernel", "update_in"),
    }
)
"""Functions of other modules that do."""

_DEEPEST = 2
"""Calls that are followed into one another."""


@dataclass(frozen=True, slots=True)
class _Reach:
    code: ModuleCode
    codes: Codes
    bound: dict[str, Expression]
    """What variables are bound to; one that was looked into is taken out."""
    depth: int = 0


def put_in_state(
    code: ModuleCode, kind: Kind, codes: Codes
) -> Iterator[tuple[ModuleCode, Function, RecordOf]]:
    """Yield the records and structs, with the callback and the module they stand in.

    `codes` has the modules of the application. A record that is only updated in the
    state is not yielded: it was put there by somebody else.
    """
    places = _ANSWERS.get(kind, {})
    for function in code.functions.values():
        if function.name in {"init", "code_change"} or (
            kind is Kind.GEN_EVENT and (function.name, function.arity) not in _EVENTS
        ):
            continue
        for clause in function.clauses:
            reach = _Reach(code, codes, _bound(clause))
            for value in _tails(clause.body):
                for state in _states(value, places):
                    for where, record in _inside(reach, state):
                        yield where, function, record


def _states(value: Expression, places: Mapping[str, int]) -> Iterator[Expression]:
    match value:
        case TupleOf(items) if items:
            place = places.get(atom_of(items[0]) or "")
            if place is not None and len(items) > max(place, 1):
                yield items[place]


def _tails(body: tuple[Expression, ...]) -> Iterator[Expression]:
    """Yield what the last expression may be."""
    if not body:
        return
    match body[-1]:
        case Choice(clauses=clauses):
            for clause in clauses:
                yield from _tails(clause.body)
        case Sequence(items):
            yield from _tails(items)
        case Match(_, right):
            yield from _tails((right,))
        case value:
            yield value


def _bound(clause: Clause) -> dict[str, Expression]:
    """Return what the variables of a clause are bound to by `=`."""
    bound: dict[str, Expression] = {}
    for part in clause_parts(clause):
        for each in walk(part):
            match each:
                case Match(Variable(name), right) if name != "_":
                    bound[name] = right
    return bound


def _inside(
    reach: _Reach, expression: Expression
) -> Iterator[tuple[ModuleCode, RecordOf]]:
    """Yield the records and structs that a value is made of."""
    match expression:
        case Variable(name) if name in reach.bound:
            yield from _inside(reach, reach.bound.pop(name))
        case FunOf(clauses):
            for clause in clauses:
                inner = replace(reach, bound={**reach.bound, **_bound(clause)})
                for value in _tails(clause.body):
                    yield from _inside(inner, value)
        case Call():
            yield from _called(reach, expression)
        case _:
            if isinstance(expression, RecordOf) and expression.base is None:
                yield reach.code, expression
            for each in _put_together(expression):
                yield from _inside(reach, each)


def _put_together(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case RecordOf() | TupleOf() | ListOf() | MapOf():
            return parts_of(expression)
        case Choice() | Sequence() | Match():
            return tuple(_tails((expression,)))
        case _:
            return ()


def _called(reach: _Reach, call: Call) -> Iterator[tuple[ModuleCode, RecordOf]]:
    module, name = atom_of(call.module), atom_of(call.function) or ""
    if module in _BUILDERS or (module or "erlang", name) in _ALONE:
        for each in call.arguments:
            yield from _inside(reach, each)
        return
    if (module, name) == ("erlang", "element") and isinstance(call.arguments[-1], Call):
        yield from _inside(reach, call.arguments[-1])  # as put_in is compiled
        return
    where = reach.code if call.module is None else reach.codes.get(module or "")
    function = where.function(name, len(call.arguments)) if where else None
    if where is None or function is None or reach.depth >= _DEEPEST:
        return
    for clause in function.clauses:
        below = _Reach(where, reach.codes, _bound(clause), reach.depth + 1)
        for value in _tails(clause.body):
            yield from _inside(below, value)
            for each in _handed(clause, call, value):
                yield from _inside(reach, each)


def _handed(clause: Clause, call: Call, value: Expression) -> list[Expression]:
    """Return the arguments whose variable stands in the value, as data or in a call."""
    names = {each.name for each in walk(value) if isinstance(each, Variable)}
    return [
        argument
        for pattern, argument in zip(clause.patterns, call.arguments, strict=False)
        if isinstance(pattern, Variable) and pattern.name in names
    ]

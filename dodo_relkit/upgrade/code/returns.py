"""What a function can return, as far as its source tells without running it.

Follows variables to what was bound to them, functions of the same module to what they
return, and the few library functions that only put data together. What it cannot
follow stays as it stands: a variable, a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from dodo_relkit.terms.model import Atom, Map, Term, list_items, make_list
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Constant,
    Expression,
    Function,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    Sequence,
    TupleOf,
    Variable,
    atom_of,
    walk,
)

Bindings = Mapping[str, Expression]
Codes = Mapping[str, ModuleCode]
"""The modules whose functions may be followed, by name."""

DEEPEST = 4
"""Calls that are followed into one another."""
MOST_CLAUSES = 8
"""Of a function that is followed: one with more chooses by what is not known here."""
MOST_VALUES = 32
"""That a call may return and still be followed."""


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where an expression stands and how far it is followed."""

    code: ModuleCode
    codes: Codes
    within: tuple[Function, ...]
    """The functions that were followed to here; none is followed into itself."""
    most: int
    """Values of interest: when there are more, not all of them are found."""


def returned(
    code: ModuleCode, function: Function, codes: Codes
) -> tuple[Expression, ...]:
    """Return every value the function can return, in the order of the source."""
    reach = _Reach(code, codes, (function,), MOST_VALUES)
    return tuple(
        value for clause in function.clauses for value in _body(reach, clause.body, {})
    )


def simplify(
    code: ModuleCode,
    expression: Expression,
    bindings: Bindings,
    codes: Codes,
) -> Expression:
    """Return the expression with all put in that can be followed."""
    return _simplify(_Reach(code, codes, (), 1), expression, bindings)


def constant(expression: Expression) -> Term | None:
    """Return the term that the expression is; None when it is not all data."""
    match expression:
        case Constant(term):
            return term
        case TupleOf(items):
            parts = [constant(each) for each in items]
            return None if None in parts else tuple(p for p in parts if p is not None)
        case ListOf(items, None):
            parts = [constant(each) for each in items]
            return (
                None if None in parts else make_list(p for p in parts if p is not None)
            )
        case MapOf(pairs, None):
            found = [(constant(key), constant(value)) for key, value in pairs]
            whole = tuple((k, v) for k, v in found if k is not None and v is not None)
            return Map(whole) if len(whole) == len(found) else None
        case _:
            return None


def items_of(expression: Expression) -> tuple[Expression, ...] | None:
    """Return the elements of a list, None when it is none or its end is not known."""
    match expression:
        case ListOf(items, None):
            return items
        case Constant(term) if list_items(term) is not None:
            return tuple(Constant(each) for each in list_items(term) or ())
        case _:
            return None


def option(expression: Expression, name: str) -> Expression | None:
    """Return the value of an atom key in a map or a list of pairs; None if absent."""
    match expression:
        case MapOf(pairs):
            found = [value for key, value in pairs if atom_of(key) == name]
            return found[-1] if found else None
    for item in items_of(expression) or ():
        match item:
            case TupleOf((key, value)) if atom_of(key) == name:
                return value
    return None


def _simplify(reach: _Reach, expression: Expression, bindings: Bindings) -> Expression:
    def inner(part: Expression) -> Expression:
        return _simplify(reach, part, bindings)

    match expression:
        case Variable(name):
            return bindings.get(name, expression)
        case TupleOf(items):
            return TupleOf(tuple(map(inner, items)))
        case ListOf(items, tail):
            return _list(tuple(map(inner, items)), tail and inner(tail))
        case MapOf(pairs, base):
            written = tuple((inner(key), inner(value)) for key, value in pairs)
            return _merge(base and inner(base), written)
        case RecordOf(name, fields, base, is_struct, line):
            given = tuple((field, inner(value)) for field, value in fields)
            return RecordOf(name, given, base and inner(base), is_struct, line)
        case Match(_, right):
            return inner(right)
        case Sequence() | Call():
            values = _values(replace(reach, most=1), expression, bindings)
            found = tuple(islice(values, 2))
            return found[0] if len(found) == 1 else expression
        case _:
            return expression


def _body(
    reach: _Reach, body: tuple[Expression, ...], bindings: Bindings
) -> Iterator[Expression]:
    """Yield the values of the last expression, the others only bind variables."""
    known = dict(bindings)
    for each in _needed(body):
        _bind(reach, each, known)
    if body:
        yield from _values(reach, body[-1], known)


def _needed(body: tuple[Expression, ...]) -> list[Expression]:
    """Return the expressions before the last that bind what its value is made of."""
    if len(body) < 2:
        return []
    wanted = _variables(body[-1])
    found: list[Expression] = []
    for each in reversed(body[:-1]):
        if isinstance(each, Match) and wanted & _variables(each.left):
            wanted |= _variables(each.right)
            found.append(each)
    return found[::-1]


def _variables(expression: Expression) -> set[str]:
    return {each.name for each in walk(expression) if isinstance(each, Variable)}


def _bind(reach: _Reach, expression: Expression, known: dict[str, Expression]) -> None:
    match expression:
        case Match(Variable(name), right):
            known[name] = _simplify(reach, right, known)
        case Match(TupleOf(patterns), right):
            value = _simplify(reach, right, known)
            if isinstance(value, TupleOf) and len(value.items) == len(patterns):
                for pattern, part in zip(patterns, value.items, strict=True):
                    if isinstance(pattern, Variable):
                        known[pattern.name] = part


def _values(
    reach: _Reach, expression: Expression, bindings: Bindings
) -> Iterator[Expression]:
    match expression:
        case Sequence(items):
            yield from _body(reach, items, bindings)
        case Match(_, right):
            yield from _values(reach, right, bindings)
        case Choice(clauses=clauses):
            for clause in clauses:
                yield from _body(reach, clause.body, bindings)
        case Call():
            yield from _call(reach, expression, bindings)
        case _:
            yield _simplify(reach, expression, bindings)


def _call(reach: _Reach, call: Call, bindings: Bindings) -> tuple[Expression, ...]:
    """Return the values of a call; the call itself when it is not followed."""
    arguments = tuple(_simplify(reach, each, bindings) for each in call.arguments)
    module = reach.code.name if call.module is None else None
    if call.module is not None:
        module = atom_of(_simplify(reach, call.module, bindings))
    name = atom_of(call.function)
    known = _library(reach, module, name, arguments)
    if known is not None:
        return (known,)
    kept = Call(call.module, call.function, arguments, call.line)
    where = reach.code if call.module is None else reach.codes.get(module or "")
    function = where.function(name or "", len(arguments)) if where else None
    if where is None or function is None or len(reach.within) > DEEPEST:
        return (kept,)
    if len(function.clauses) > MOST_CLAUSES or _is_within(function, reach):
        return (kept,)
    below = replace(reach, code=where, within=(*reach.within, function))
    values = (
        value
        for clause in function.clauses
        for value in _body(below, clause.body, _parameters(clause, arguments))
    )
    found = tuple(islice(values, reach.most + 1))
    return (kept,) if len(found) > MOST_VALUES else found or (kept,)


def _is_within(function: Function, reach: _Reach) -> bool:
    """Return whether it is being followed, as the very same value: to compare whole
    functions takes long.
    """
    return any(each is function for each in reach.within)


def _parameters(
    clause: Clause, arguments: tuple[Expression, ...]
) -> dict[str, Expression]:
    return {
        pattern.name: value
        for pattern, value in zip(clause.patterns, arguments, strict=False)
        if isinstance(pattern, Variable)
    }


def _library(
    reach: _Reach,
    module: str | None,
    name: str | None,
    arguments: tuple[Expression, ...],
) -> Expression | None:
    """Return what a function of the libraries makes of data, None for any other."""
    match module, name, arguments:
        case "erlang", "++", (left, right):
            head, tail = items_of(left), items_of(right)
            return None if head is None or tail is None else ListOf((*head, *tail))
        case "Elixir.Supervisor", "child_spec", (child, overrides):
            return _elixir_child(reach, child, overrides)
        case _:
            return None


def _elixir_child(
    reach: _Reach, child: Expression, overrides: Expression
) -> Expression | None:
    """Return the child specification as a map (`Supervisor.child_spec/2`)."""
    module, argument = atom_of(child), ListOf(())
    match child:
        case TupleOf((first, given)):
            module, argument = atom_of(first), given  # type: ignore[assignment]
    if module is not None:
        call = Call(Constant(Atom(module)), Constant(Atom("child_spec")), (argument,))
        child = _simplify(reach, call, {})
    changes = items_of(overrides)
    if not isinstance(child, MapOf) or changes is None:
        return None
    pairs = [
        (each.items[0], each.items[1])
        for each in changes
        if isinstance(each, TupleOf) and len(each.items) == 2
    ]
    return _merge(child, tuple(pairs))


def _merge(
    base: Expression | None, pairs: tuple[tuple[Expression, Expression], ...]
) -> MapOf:
    if not isinstance(base, MapOf) or base.base is not None:
        return MapOf(pairs, base)
    new = [key for key, _ in pairs]
    kept = tuple((key, value) for key, value in base.pairs if key not in new)
    return MapOf((*kept, *pairs))


def _list(items: tuple[Expression, ...], tail: Expression | None) -> ListOf:
    if tail is None:
        return ListOf(items)
    rest = items_of(tail)
    return ListOf(items, tail) if rest is None else ListOf((*items, *rest))

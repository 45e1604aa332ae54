"""What a function can return, as far as its source tells without running it.

Follows variables to what was bound to them, functions of the same module to what they
return, and the few library functions that only put data together. What it cannot
follow stays as it stands: a variable, a call.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def returned(
    code: ModuleCode, function: Function, codes: Codes, depth: int = 0
) -> tuple[Expression, ...]:
    """Return every value the function can return, in the order of the source."""
    return tuple(
        value
        for clause in function.clauses
        for value in _body(code, clause.body, {}, codes, depth)
    )


def simplify(
    code: ModuleCode,
    expression: Expression,
    bindings: Bindings,
    codes: Codes,
    depth: int = 0,
) -> Expression:
    """Return the expression with all put in that can be followed."""

    def inner(part: Expression) -> Expression:
        return simplify(code, part, bindings, codes, depth)

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
            found = _values(code, expression, bindings, codes, depth)
            return found[0] if len(found) == 1 else expression
        case _:
            return expression


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


def _body(
    code: ModuleCode,
    body: tuple[Expression, ...],
    bindings: Bindings,
    codes: Codes,
    depth: int,
) -> tuple[Expression, ...]:
    """Return the values of the last expression, the others only bind variables."""
    known = dict(bindings)
    for each in _needed(body):
        _bind(code, each, known, codes, depth)
    return _values(code, body[-1], known, codes, depth) if body else ()


def _needed(body: tuple[Expression, ...]) -> list[Expression]:
    """Return the expressions before the last that bind what its value is made of."""
    wanted = _variables(body[-1]) if body else set()
    found: list[Expression] = []
    for each in reversed(body[:-1]):
        if isinstance(each, Match) and wanted & _variables(each.left):
            wanted |= _variables(each.right)
            found.append(each)
    return found[::-1]


def _variables(expression: Expression) -> set[str]:
    return {each.name for each in walk(expression) if isinstance(each, Variable)}


def _bind(
    code: ModuleCode,
    expression: Expression,
    known: dict[str, Expression],
    codes: Codes,
    depth: int,
) -> None:
    match expression:
        case Match(Variable(name), right):
            known[name] = simplify(code, right, known, codes, depth)
        case Match(TupleOf(patterns), right):
            value = simplify(code, right, known, codes, depth)
            if isinstance(value, TupleOf) and len(value.items) == len(patterns):
                for pattern, part in zip(patterns, value.items, strict=True):
                    if isinstance(pattern, Variable):
                        known[pattern.name] = part


def _values(
    code: ModuleCode,
    expression: Expression,
    bindings: Bindings,
    codes: Codes,
    depth: int,
) -> tuple[Expression, ...]:
    match expression:
        case Sequence(items):
            return _body(code, items, bindings, codes, depth)
        case Match(_, right):
            return _values(code, right, bindings, codes, depth)
        case Choice(clauses=clauses):
            return tuple(
                value
                for clause in clauses
                for value in _body(code, clause.body, bindings, codes, depth)
            )
        case Call():
            return _call(code, expression, bindings, codes, depth)
        case _:
            return (simplify(code, expression, bindings, codes, depth),)


def _call(
    code: ModuleCode, call: Call, bindings: Bindings, codes: Codes, depth: int
) -> tuple[Expression, ...]:
    arguments = tuple(
        simplify(code, each, bindings, codes, depth) for each in call.arguments
    )
    module = code.name if call.module is None else None
    if call.module is not None:
        module = atom_of(simplify(code, call.module, bindings, codes, depth))
    name = atom_of(call.function)
    known = _library(module, name, arguments, code, codes, depth)
    if known is not None:
        return (known,)
    kept = Call(call.module, call.function, arguments, call.line)
    where = code if call.module is None else codes.get(module or "")
    function = where.function(name or "", len(arguments)) if where else None
    if where is None or function is None or depth >= DEEPEST:
        return (kept,)
    if len(function.clauses) > MOST_CLAUSES:
        return (kept,)
    found: list[Expression] = []
    for clause in function.clauses:
        given = _parameters(clause, arguments)
        found += _body(where, clause.body, given, codes, depth + 1)
        if len(found) > MOST_VALUES:
            return (kept,)
    return tuple(found) or (kept,)


def _parameters(
    clause: Clause, arguments: tuple[Expression, ...]
) -> dict[str, Expression]:
    return {
        pattern.name: value
        for pattern, value in zip(clause.patterns, arguments, strict=False)
        if isinstance(pattern, Variable)
    }


def _library(  # noqa: PLR0913, PLR0917 - what a call is
    module: str | None,
    name: str | None,
    arguments: tuple[Expression, ...],
    code: ModuleCode,
    codes: Codes,
    depth: int,
) -> Expression | None:
    """Return what a function of the libraries makes of data, None for any other."""
    match module, name, arguments:
        case "erlang", "++", (left, right):
            head, tail = items_of(left), items_of(right)
            return None if head is None or tail is None else ListOf((*head, *tail))
        case "Elixir.Supervisor", "child_spec", (child, overrides):
            return _elixir_child(code, child, overrides, codes, depth)
        case _:
            return None


def _elixir_child(
    code: ModuleCode,
    child: Expression,
    overrides: Expression,
    codes: Codes,
    depth: int,
) -> Expression | None:
    """Return the child specification as a map (`Supervisor.child_spec/2`)."""
    module, argument = atom_of(child), ListOf(())
    match child:
        case TupleOf((first, given)):
            module, argument = atom_of(first), given  # type: ignore[assignment]
    if module is not None:
        call = Call(Constant(Atom(module)), Constant(Atom("child_spec")), (argument,))
        child = simplify(code, call, {}, codes, depth + 1)
    changes = items_of(overrides)
    if not isinstance(child, MapOf) or changes is None or depth >= DEEPEST:
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

"""Whether a pattern may match what an expression of the source makes.

Says no only when it is sure: variables, calls, guards and pinned values may be
anything. What is known of a value by its shape alone is in `fitting.py`.
"""

from __future__ import annotations

from dodo_relkit.terms.model import Atom, Map, Term, list_items, same
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.model import (
    Constant,
    Expression,
    FunName,
    FunOf,
    ListOf,
    MapOf,
    Match,
    RecordOf,
    TupleOf,
    Variable,
    atom_of,
)

_DATA = (Constant, TupleOf, ListOf, MapOf, RecordOf, FunOf, FunName)


def may_match(pattern: Expression, value: Expression) -> bool:
    """Return whether the pattern may match the value; True when that is not known."""
    match pattern, value:
        case Match(left, right), _:
            return may_match(left, value) and may_match(right, value)
        case _, Match(_, right):
            return may_match(pattern, right)
    if not isinstance(pattern, _DATA) or not isinstance(value, _DATA):
        return True
    value = _opened(value)
    match _opened(pattern):
        case Constant(term):
            return isinstance(value, Constant) and same(term, value.term)
        case TupleOf(items):
            return _tuple(items, value)
        case ListOf(items, tail):
            return _list(items, tail, value)
        case MapOf(pairs):
            return _map(pairs, value)
        case RecordOf() as record:
            return _record(record, value)
        case _:
            return False


def is_any(pattern: Expression) -> bool:
    """Return whether a pattern matches whatever it is given."""
    match pattern:
        case Variable():
            return True
        case Match(left, right):
            return is_any(left) and is_any(right)
        case _:
            return False


def form_words(value: Expression) -> str:
    """Return a value or a pattern for a person: what is not known is `_`."""
    match value:
        case Constant(term):
            return format_term(term)
        case TupleOf(items):
            return f"{{{', '.join(map(form_words, items))}}}"
        case ListOf(items, None):
            return f"[{', '.join(map(form_words, items))}]"
        case ListOf(items, tail) if tail is not None:
            return f"[{', '.join(map(form_words, items))} | {form_words(tail)}]"
        case Match(left, right):
            return form_words(right if is_any(left) else left)
        case MapOf():
            return "#{}" if not value.pairs else "a map"
        case RecordOf(name, is_struct=True):
            return f"%{name.removeprefix('Elixir.')}{{}}"
        case RecordOf(name):
            return f"#{name}{{}}"
        case _:
            return "_"


def _opened(value: Expression) -> Expression:
    """Return compound terms that stand as constants as what they are made of."""
    if not isinstance(value, Constant):
        return value
    term: Term = value.term
    items = list_items(term)
    if items is not None:
        return ListOf(tuple(Constant(each) for each in items))
    if type(term) is tuple:
        return TupleOf(tuple(Constant(each) for each in term))
    if isinstance(term, Map):
        return MapOf(tuple((Constant(key), Constant(val)) for key, val in term.pairs))
    return value


def _tuple(items: tuple[Expression, ...], value: Expression) -> bool:
    match value:
        case TupleOf(given):
            return len(given) == len(items) and all(map(may_match, items, given))
        case RecordOf(name, is_struct=False):
            return bool(items) and may_match(items[0], Constant(Atom(name)))
        case _:
            return False


def _list(
    items: tuple[Expression, ...], tail: Expression | None, value: Expression
) -> bool:
    if not isinstance(value, ListOf):
        return False
    if value.tail is None and len(value.items) < len(items):
        return False
    if tail is None and len(value.items) > len(items):
        return False
    return all(map(may_match, items, value.items))


def _map(pairs: tuple[tuple[Expression, Expression], ...], value: Expression) -> bool:
    match value:
        case RecordOf(is_struct=True):
            return True
        case MapOf(given, None):
            return all(
                any(may_match(key, k) and may_match(want, v) for k, v in given)
                for key, want in pairs
            )
        case _:
            return isinstance(value, MapOf)


def _record(pattern: RecordOf, value: Expression) -> bool:
    match value:
        case RecordOf(name, fields) if value.is_struct is pattern.is_struct:
            given = dict(fields)
            return name == pattern.name and all(
                may_match(want, given[field])
                for field, want in pattern.fields
                if field in given
            )
        case TupleOf(items) if not pattern.is_struct:
            return bool(items) and (
                not isinstance(items[0], Constant) or atom_of(items[0]) == pattern.name
            )
        case MapOf(pairs, base) if pattern.is_struct:
            keys = [atom_of(key) for key, _ in pairs]
            return base is not None or "__struct__" in keys or None in keys
        case _:
            return False

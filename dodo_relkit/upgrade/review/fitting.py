"""Whether a pattern in a clause can match a value of which the shape is known.

Says no only when it is sure. Guards are not looked at: a clause with one may fit.
"""

from __future__ import annotations

from dodo_relkit.terms.model import Atom, Term, list_items, same
from dodo_relkit.upgrade.code.model import (
    Clause,
    Constant,
    Expression,
    Function,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    TupleOf,
    atom_of,
)
from dodo_relkit.upgrade.review.shapes import Shape, key_text

_PLAIN = {"a number", "an atom", "a binary", "a list"}


def fitting_clauses(
    code: ModuleCode, function: Function, vsn: Term | None, states: dict[int, Shape]
) -> tuple[int, ...]:
    """Return the clauses, from 0, that may match when code_change is called.

    `vsn` is the first argument (None: not known), `states` the shapes of other
    arguments by place.
    """
    return tuple(
        at
        for at, clause in enumerate(function.clauses)
        if _fits(code, clause, vsn, states)
    )


def _fits(
    code: ModuleCode, clause: Clause, vsn: Term | None, states: dict[int, Shape]
) -> bool:
    has_vsn = vsn is not None and 0 not in states
    if has_vsn and vsn is not None and not fits_term(clause.patterns[0], vsn):
        return False
    return all(
        fits_shape(code, clause.patterns[place], shape)
        for place, shape in states.items()
    )


def fits_term(pattern: Expression, term: Term) -> bool:
    """Return whether the pattern may match this very term."""
    match pattern:
        case Constant(wanted):
            return same(wanted, term)
        case Match(left, right):
            return fits_term(left, term) and fits_term(right, term)
        case TupleOf(items):
            if type(term) is not tuple or len(term) != len(items):
                return False
            return all(map(fits_term, items, term))
        case ListOf(items, None):
            given = list_items(term)
            if given is None or len(given) != len(items):
                return False
            return all(map(fits_term, items, given))
        case MapOf() | RecordOf():
            return False
        case _:
            return True


def fits_shape(code: ModuleCode, pattern: Expression, shape: Shape) -> bool:
    """Return whether the pattern, in module `code`, may match a value of this shape."""
    match pattern:
        case Match(left, right):
            return fits_shape(code, left, shape) and fits_shape(code, right, shape)
        case Constant(term):
            return shape.what in _PLAIN and (shape.what == "an atom") is isinstance(
                term, Atom
            )
        case TupleOf(items):
            return _fits_tuple(len(items), atom_of(items[0]) if items else None, shape)
        case RecordOf(name, fields, is_struct=True):
            names = {field for field, _ in fields}
            return (
                shape.what in ("struct", "map")
                and (shape.what == "struct" and shape.name == name)
                and names <= {*shape.fields, "__struct__"}
            )
        case RecordOf(name, fields):
            record = code.records.get(name)
            size = len(record.fields) + 1 if record else shape.size
            return _fits_tuple(size, name, shape)
        case MapOf(pairs):
            keys = {key_text(key) for key, _ in pairs} - {None}
            known = {*shape.fields, "__struct__"}
            return shape.what in ("map", "struct") and keys <= known
        case ListOf():
            return shape.what == "a list"
        case _:
            return True


def _fits_tuple(size: int, tag: str | None, shape: Shape) -> bool:
    if shape.what not in ("tuple", "record") or shape.size != size:
        return False
    return not tag or not shape.name or tag == shape.name

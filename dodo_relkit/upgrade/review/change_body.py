"""Whether a clause of code_change can do its work for a state of a known shape.

Which clause is called is told in `fitting.py`; here its body is read, as far as it runs
whatever the values are: not into the branches of a `case`, nor into funs. Says that
something is wrong only when it is sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dodo_relkit.upgrade.code.kinds import Kind, state_places
from dodo_relkit.upgrade.code.model import (
    Choice,
    Clause,
    Constant,
    Expression,
    Function,
    FunOf,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    TupleOf,
    Variable,
    atom_of,
    parts_of,
)
from dodo_relkit.upgrade.code.returns import returned
from dodo_relkit.upgrade.review.fitting import fits_shape
from dodo_relkit.upgrade.review.shapes import Codes, Shape, key_text, shape_of


def why_it_fails(
    code: ModuleCode, clause: Clause, kind: Kind, place: int, shape: Shape
) -> str:
    """Return why the clause ends with an error, in words; empty when it need not.

    The state of this shape is its argument `place`, counted from 0.
    """
    names = set(_names(clause.patterns[place]))
    for each in _surely_run(clause.body):
        match each:
            case RecordOf(name, base=Variable(given)) if given in names:
                if not _is_record(code, each, shape):
                    sign = "%" if each.is_struct else "#"
                    shown = f"{sign}{name.removeprefix('Elixir.')}{{}}"
                    return f"its body takes that for a {shown} of this module"
            case MapOf(needs=keys, base=Variable(given)) if given in names:
                lacking = _lacking(keys, shape)
                if lacking:
                    return f"its body sets the key {lacking}, which is not there"
            case Match(pattern, Variable(given)) if given in names:
                if not fits_shape(code, pattern, shape):
                    return "a match in its body does not fit that"
    values = returned(code, _alone(clause), {})
    if values and all(_is_no_answer(each, kind) for each in values):
        wanted = "{ok, State, Data}" if kind is Kind.GEN_STATEM else "{ok, State}"
        return f"it does not return {wanted}"
    return ""


def given_shapes(
    code: ModuleCode, clause: Clause, kind: Kind, codes: Codes
) -> tuple[Shape, ...]:
    """Return the shapes of the states that the clause makes; () when one is unknown."""
    at = len(state_places(kind))
    found: list[Shape] = []
    for value in returned(code, _alone(clause), codes):
        match value:
            case TupleOf(items) if len(items) > at and atom_of(items[0]) == "ok":
                made = items[at]
            case _:
                return ()
        if isinstance(made, RecordOf) and made.is_struct and made.base is not None:
            return ()
        shape = shape_of(made, code, codes)
        if shape is None:
            return ()
        found.append(shape)
    return tuple(found)


def like_one_of(shape: Shape, others: tuple[Shape, ...]) -> bool:
    """Return whether code that expects one of the others can take the shape for it.

    What is put into it is not compared: mostly code_change hands it over in variables.
    """
    return any(_are_alike(shape, each) for each in others)


def _are_alike(one: Shape, other: Shape) -> bool:
    """Return whether the values may be the same from outside; a record is a tuple."""
    tuples = {"tuple", "record"}
    if {one.what, other.what} <= tuples:
        unnamed = not one.name or not other.name
        both = one.what == other.what == "record"
        same_fields = not both or one.fields == other.fields
        named_alike = unnamed or one.name == other.name
        return one.size == other.size and named_alike and same_fields
    return (one.what, one.name, one.fields) == (other.what, other.name, other.fields)


def _alone(clause: Clause) -> Function:
    arity = len(clause.patterns)
    return Function(name="code_change", arity=arity, clauses=(clause,))


def _names(pattern: Expression) -> Iterator[str]:
    match pattern:
        case Variable(name) if name != "_":
            yield name
        case Match(left, right):
            yield from _names(left)
            yield from _names(right)


def _surely_run(body: tuple[Expression, ...]) -> Iterator[Expression]:
    todo = list(reversed(body))
    while todo:
        each = todo.pop()
        yield each
        match each:
            case FunOf():
                continue
            case Choice(subjects, word="case" | "if"):
                todo += reversed(subjects)
            case Choice():
                continue
            case _:
                todo += reversed(parts_of(each))


def _is_record(code: ModuleCode, update: RecordOf, shape: Shape) -> bool:
    """Return whether what is updated may be such a record or struct."""
    if update.is_struct:
        keys = {name for name, _ in update.fields} - {"__struct__"}
        return shape.what == "struct" and keys <= set(shape.fields)
    record = code.records.get(update.name)
    if record is None:
        return True
    is_tuple = shape.what in {"tuple", "record"}
    same_tag = not shape.name or shape.name == update.name
    return is_tuple and same_tag and shape.size == len(record.fields) + 1


def _lacking(keys: tuple[Expression, ...], shape: Shape) -> str:
    if shape.what not in {"map", "struct"}:
        return ""
    known: Mapping[str, None] = dict.fromkeys((*shape.fields, "__struct__"))
    names = [key_text(each) for each in keys]
    return next((name for name in names if name and name not in known), "")


def _is_no_answer(value: Expression, kind: Kind) -> bool:
    """Return whether the callback cannot return this: code_change(3) of each kind."""
    match value:
        case TupleOf((Constant(term), *rest)):
            tag = atom_of(Constant(term))
            if tag == "ok":
                return len(rest) != len(state_places(kind))
            return tag != "error"
        case TupleOf((first, *_)):
            return isinstance(first, (TupleOf, ListOf, MapOf, RecordOf))
        case RecordOf(name):
            return name not in {"ok", "error"}
        case ListOf() | MapOf() | Constant() | TupleOf():
            return True
        case _:
            return False

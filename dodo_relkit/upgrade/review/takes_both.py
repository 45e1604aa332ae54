"""Whether the callbacks of a module have a clause for a state of the other version.

Such code changes the state when it next comes by, without `code_change`. Only a clause
that says what it takes counts: a variable takes anything, and knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dodo_relkit.terms.model import Map, same
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Constant,
    Expression,
    MapOf,
    ModuleCode,
    RecordOf,
    TupleOf,
    atom_of,
    walk,
)
from dodo_relkit.upgrade.review.fitting import fits_shape
from dodo_relkit.upgrade.review.shapes import Codes, Shape, shape_of, state_patterns

_CHANGES = frozenset({"code_change", "system_code_change"})


def takes(
    code: ModuleCode, kind: Kind, value: Expression, shape: Shape, own: Sequence[Shape]
) -> bool:
    """Return whether a callback of `code` has a clause for this state.

    `value` is the state as the other version makes it, `shape` its shape, `own` are
    those of the states that `code` makes itself: a clause that takes one of them, too,
    does not count.
    """
    for pattern in state_patterns(code, kind):
        match pattern, value:
            case Constant(wanted), Constant(given):
                if same(wanted, given):
                    return True
            case MapOf((), None), (MapOf((), None) | Constant(Map(()))):
                if not any(fits_shape(code, pattern, each) for each in own):
                    return True
            case ((TupleOf() | RecordOf() | MapOf()), _):
                if fits_shape(code, pattern, shape) and not any(
                    fits_shape(code, pattern, each) for each in own
                ):
                    return True
    return False


def takes_record(codes: Codes, shape: Shape) -> bool:
    """Return whether any function has a clause for such a record, written as a tuple.

    Those that change states by an instruction do not count.
    """
    return shape.what == "record" and any(
        len(each.items) == shape.size and atom_of(each.items[0]) == shape.name
        for code in codes.values()
        for pattern in _patterns(code)
        for each in walk(pattern)
        if isinstance(each, TupleOf) and each.items
    )


def _patterns(code: ModuleCode) -> Iterator[Expression]:
    for function in code.functions.values():
        if function.name not in _CHANGES:
            for clause in function.clauses:
                yield from clause.patterns


def shaped(
    values: Sequence[Expression], code: ModuleCode, codes: Codes
) -> list[tuple[Expression, Shape]]:
    """Return the expressions with their shapes, without those that have none."""
    pairs = [(value, shape_of(value, code, codes)) for value in values]
    return [(value, shape) for value, shape in pairs if shape is not None]

"""In which order Erlang's values stand.

Numbers, atoms, funs, tuples, maps, the empty list, other lists, binaries.
Compares terms as `<` and `==` of Erlang do; knows nothing of how they are written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    list_items,
)

_RANKS: Final[dict[type, int]] = {
    int: 0,
    float: 0,
    Atom: 1,
    ExternalFun: 2,
    tuple: 3,
    Map: 4,
    str: 6,
    Improper: 6,
    bytes: 7,
    BitString: 7,
}
_NIL_RANK: Final = 5
_LIST_RANK: Final = 6

_Step: TypeAlias = tuple[Term, Term] | int


def compare(one: Term, other: Term) -> int:
    """Return -1, 0 or 1 as `one` stands before, with or after `other` in Erlang.

    1 and 1.0 stand together, as with `==`. Raises `Trouble` only for maps whose
    keys are nested beyond measure.
    """
    return _compare(one, other, _numbers)


def compare_keys(one: Term, other: Term) -> int:
    """Return the same for keys of a map: all integers stand before all floats."""
    return _compare(one, other, _exact_numbers)


_exact_key = functools.cmp_to_key(compare_keys)


def sorted_pairs(given: Map) -> list[tuple[Term, Term]]:
    """Return the pairs of a map in the order in which OTP 25 prints small maps.

    OTP 26 and later print them in no order that a file could tell.
    """
    if all(type(key) is Atom for key, _ in given.pairs):
        return sorted(given.pairs, key=_atom_name)
    return sorted(given.pairs, key=lambda pair: _exact_key(pair[0]))


def _atom_name(pair: tuple[Term, Term]) -> str:
    key = pair[0]
    return key.name if type(key) is Atom else ""


def _numbers(one: int | float, other: int | float) -> int:
    return (one > other) - (one < other)


def _exact_numbers(one: int | float, other: int | float) -> int:
    if type(one) is type(other):
        return _numbers(one, other)
    return -1 if type(one) is int else 1


def _compare(one: Term, other: Term, numbers: Callable[[Any, Any], int]) -> int:
    """Compare without recursion, but for maps that are keys of maps."""
    try:
        return _compare_steps([(one, other)], numbers)
    except RecursionError:
        raise Trouble([diagnostic(Code.TOO_DEEP, done="compared")]) from None


def _compare_steps(todo: list[_Step], numbers: Callable[[Any, Any], int]) -> int:
    """Do all that is to do, the last first.

    An int is a result found before, which counts when all that lies above it is
    equal.
    """
    while todo:
        step = todo.pop()
        if isinstance(step, int):
            return step
        left, right = step
        if left is right:
            continue
        rank, other_rank = _rank(left), _rank(right)
        if rank != other_rank:
            return -1 if rank < other_rank else 1
        result = (
            numbers(left, right) if rank == 0 else _BY_RANK[rank](left, right, todo)
        )
        if result:
            return result
    return 0


def _rank(term: Term) -> int:
    if type(term) is list:
        return _LIST_RANK if term else _NIL_RANK
    return _RANKS[type(term)]


def _tuples(one: Any, other: Any, todo: list[_Step]) -> int:
    if len(one) == len(other):
        todo.extend(zip(reversed(one), reversed(other), strict=True))
    return _sign(len(one), len(other))


def _empty_lists(one: Any, other: Any, todo: list[_Step]) -> int:  # noqa: ARG001
    return 0


def _sign(left: int, right: int) -> int:
    return (left > right) - (left < right)


def _maps(one: Any, other: Any, todo: list[_Step]) -> int:
    """Compare sizes, then keys; leave the values in the order of the keys."""
    if len(one.pairs) != len(other.pairs):
        return _sign(len(one.pairs), len(other.pairs))
    left, right = sorted_pairs(one), sorted_pairs(other)
    values = []
    for (key, value), (other_key, other_value) in zip(left, right, strict=True):
        result = compare_keys(key, other_key)
        if result:
            return result
        values.append((value, other_value))
    todo.extend(reversed(values))
    return 0


def _lists(one: Any, other: Any, todo: list[_Step]) -> int:
    """Compare two strings; leave the elements of other lists, then their ends."""
    if type(one) is str and type(other) is str:
        return 1 if one > other else -1 if one < other else 0
    left, left_tail = _cells(one)
    right, right_tail = _cells(other)
    if len(left) == len(right):
        todo.append((left_tail, right_tail))
    elif len(left) > len(right):
        todo.append(_sign(_LIST_RANK, _rank(right_tail)))
    else:
        todo.append(_sign(_rank(left_tail), _LIST_RANK))
    shorter = min(len(left), len(right))
    pairs = zip(left[:shorter], right[:shorter], strict=True)
    todo.extend(reversed(list(pairs)))
    return 0


def _cells(term: Term) -> tuple[list[Term], Term]:
    """Return the elements of a list and its tail."""
    if type(term) is Improper:
        return list(term.items), term.tail
    return list_items(term) or [], []


def _atoms(one: Any, other: Any, todo: list[_Step]) -> int:  # noqa: ARG001
    return 1 if one.name > other.name else -1 if one.name < other.name else 0


def _funs(one: Any, other: Any, todo: list[_Step]) -> int:  # noqa: ARG001
    left = (one.module, one.function, one.arity)
    right = (other.module, other.function, other.arity)
    return 1 if left > right else -1 if left < right else 0


def _binaries(one: Any, other: Any, todo: list[_Step]) -> int:  # noqa: ARG001
    if type(one) is BitString or type(other) is BitString:
        one, other = _digits(one), _digits(other)
    return 1 if one > other else -1 if one < other else 0


def _digits(term: bytes | BitString) -> str:
    """Return the bits of a binary as text: a prefix stands before what it begins."""
    if isinstance(term, BitString):
        return _digits(term.data)[: len(term.data) * 8 - 8 + term.bits]
    return "".join(f"{byte:08b}" for byte in term)


_BY_RANK: Final = {
    1: _atoms,
    2: _funs,
    3: _tuples,
    4: _maps,
    _NIL_RANK: _empty_lists,
    _LIST_RANK: _lists,
    7: _binaries,
}

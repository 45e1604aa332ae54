"""Erlang's values as Python values. Knows nothing of their text or binary form.

| Erlang                                      | Python                          |
|---------------------------------------------|---------------------------------|
| integer, float                              | int, float (never a bool)       |
| atom                                        | Atom (one object a name)        |
| tuple                                       | tuple                           |
| non-empty list of code points 0..16#10FFFF  | str (so `[97,98]` is `"ab"`)    |
| any other proper list, also the empty one   | list (so `""` is `[]`)          |
| improper list                               | Improper                        |
| binary, bitstring                           | bytes, BitString                |
| map                                         | Map                             |
| fun m:f/1                                   | ExternalFun                     |

Every value has exactly one representation, so equal terms are equal values, but
for Python's `1 == 1.0`: where that matters compare with `same`.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, Union


class Atom:
    """An atom. There is one object for each name, so `is` and `==` agree."""

    __slots__ = ("name",)
    __match_args__ = ("name",)
    name: str

    def __new__(cls, name: str) -> Atom:  # noqa: D102 - the class says it
        found = _ATOMS.get(name)
        if found is None:
            found = object.__new__(cls)
            found.name = name
            found = _ATOMS.setdefault(name, found)
        return found

    def __repr__(self) -> str:
        return f"Atom({self.name!r})"

    def __reduce__(self) -> tuple[type[Atom], tuple[str]]:
        return (Atom, (self.name,))


_ATOMS: dict[str, Atom] = {}


@dataclass(frozen=True, slots=True)
class Improper:
    """A list whose last tail is no list: `[1, 2 | tail]`."""

    items: tuple[Term, ...]
    """At least one."""
    tail: Term
    """Neither a list nor a str nor an Improper."""


@dataclass(frozen=True, slots=True)
class BitString:
    """A bitstring whose length is no multiple of eight."""

    data: bytes
    """The last byte holds its bits at the top; the rest of it is zero."""
    bits: int
    """Bits used of the last byte, 1..7."""


@dataclass(frozen=True, slots=True)
class Map:
    """A map as pairs, in the order in which they were written or read."""

    pairs: tuple[tuple[Term, Term], ...]
    """No two keys are the `same`."""


@dataclass(frozen=True, slots=True)
class ExternalFun:
    """`fun module:function/arity`."""

    module: str
    function: str
    arity: int


Term: TypeAlias = Union[
    int,
    float,
    Atom,
    str,
    bytes,
    BitString,
    "tuple[Term, ...]",
    "list[Term]",
    Improper,
    Map,
    ExternalFun,
]

MAX_CODE_POINT = 0x10FFFF


def make_list(items: Iterable[Term]) -> Term:
    """Return the proper list of `items` in its one representation."""
    elements = list(items)
    if elements and all(
        type(each) is int and 0 <= each <= MAX_CODE_POINT for each in elements
    ):
        return "".join(map(chr, elements))  # type: ignore[arg-type]
    return elements


def list_with_tail(items: list[Term], tail: Term) -> Term:
    """Return `[Items... | Tail]`: a proper list when the tail is one."""
    if type(tail) is list:
        return make_list(items + tail)
    if type(tail) is str:
        return make_list([*items, *map(ord, tail)])
    if type(tail) is Improper:
        return Improper((*items, *tail.items), tail.tail)
    return Improper(tuple(items), tail) if items else tail


def make_string(text: str) -> Term:
    """Return the list of the code points of `text`; `[]` when it is empty."""
    return text or []


def list_items(term: Term) -> list[Term] | None:
    """Return the elements of a proper list, None for any other term."""
    if type(term) is list:
        return term
    if type(term) is str:
        return [ord(char) for char in term]
    return None


def string_text(term: Term) -> str | None:
    """Return the text of a list of code points (also the empty one), or None."""
    if type(term) is str:
        return term
    return "" if term == [] else None


def same(one: Term, other: Term) -> bool:
    """Return whether two terms are exactly equal (`=:=`): 1 is not 1.0.

    The order of a map's pairs does not count; 0.0 is not -0.0, as in OTP 27.
    """
    table: dict[Hashable, int] = {}
    return _identify(one, table) == _identify(other, table)


def unique_pairs(pairs: Iterable[tuple[Term, Term]]) -> tuple[tuple[Term, Term], ...]:
    """Return the pairs of a map without those whose key comes again later.

    A key keeps its first place and gets its last value, as in `maps:from_list/1`.
    """
    given = tuple(pairs)
    shapes = [_shape(key) for key, _ in given]
    if len(set(shapes)) == len(shapes):
        return given
    table: dict[Hashable, int] = {}
    kept: dict[int, tuple[Term, Term]] = {}
    for key, value in given:
        number = _identify(key, table)
        kept[number] = (kept[number][0] if number in kept else key, value)
    return tuple(kept.values())


def _shape(term: Term) -> Hashable:
    """Return something cheap that the same terms have in common.

    For words it is the word, so that the keys of most maps need no closer look.
    """
    if type(term) is tuple or type(term) is list:
        return (type(term), len(term))
    if type(term) is Map:
        return (Map, len(term.pairs))
    if type(term) is Improper:
        return (Improper, len(term.items))
    return (type(term), term)


def _identify(term: Term, table: dict[Hashable, int]) -> int:
    """Return a number that two terms share just when they are the same.

    `table` gives each distinct term its number, parts before wholes, so that deep
    terms need no recursion.
    """
    done: list[int] = []
    todo: list[tuple[Term, int]] = [(term, -1)]
    while todo:
        each, parts = todo.pop()
        children = _children(each)
        if parts < 0 and children:
            todo.append((each, len(children)))
            todo.extend((child, -1) for child in reversed(children))
            continue
        numbers = done[len(done) - len(children) :]
        del done[len(done) - len(children) :]
        key: Hashable
        if type(each) is Map:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            key = (Map, frozenset(pairs))
        elif children or type(each) in {tuple, list}:
            key = (type(each), tuple(numbers))
        elif type(each) is float:
            key = (float, struct.pack(">d", each))
        else:
            key = (type(each), each)
        done.append(table.setdefault(key, len(table)))
    return done[0]


def _children(term: Term) -> list[Term] | tuple[Term, ...]:
    if type(term) is tuple or type(term) is list:
        return term
    if type(term) is Improper:
        return (*term.items, term.tail)
    if type(term) is Map:
        return [part for pair in term.pairs for part in pair]
    return ()

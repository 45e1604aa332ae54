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

from collections.abc import Iterable
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

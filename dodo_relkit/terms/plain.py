"""Terms as plain JSON values and back: for our own files, which must be read fast.

Not for people: what a person may read is Erlang text (`pretty.py`).

    integer, float, str, list    as they are
    integer of many digits       {"n": in hexadecimal}
    atom                         {"a": name}
    tuple                        {"t": [...]}
    binary                       {"b": text, one character a byte}
    bitstring                    {"bits": [text, bits of the last byte]}
    map                          {"m": [[key, value], ...]}
    improper list                {"i": [items, tail]}
    fun                          {"f": [module, function, arity]}
    str with surrogates          {"s": [code point, ...]}
"""

from __future__ import annotations

from typing import TypeAlias, Union

from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
)

Plain: TypeAlias = Union[bool, int, float, str, "list[Plain]", "dict[str, Plain]", None]
"""What the module json reads and writes."""


MOST = 10**100
"""Above it Python takes long to make decimals of an integer, and at 4300 refuses."""


def to_plain(term: Term) -> Plain:  # noqa: C901 - one case a kind of term
    """Return the term as a JSON value; `from_plain` is its inverse."""
    match term:
        case Atom(name):
            return {"a": name}
        case str():
            if any("\ud800" <= char <= "\udfff" for char in term):
                return {"s": [ord(char) for char in term]}
            return term
        case int() if abs(term) > MOST:
            return {"n": hex(term)}
        case int() | float():
            return term
        case bytes():
            return {"b": term.decode("latin-1")}
        case BitString(data, bits):
            return {"bits": [data.decode("latin-1"), bits]}
        case Map(pairs):
            return {"m": [[to_plain(key), to_plain(value)] for key, value in pairs]}
        case Improper(items, tail):
            return {"i": [[to_plain(item) for item in items], to_plain(tail)]}
        case ExternalFun(module, function, arity):
            return {"f": [module, function, arity]}
        case list():
            return [to_plain(item) for item in term]
        case tuple():
            return {"t": [to_plain(item) for item in term]}


def from_plain(value: Plain) -> Term:  # noqa: C901 - as above
    """Return the term that `to_plain` wrote as `value`.

    Raises ValueError for anything that `to_plain` does not write.
    """
    match value:
        case list():
            return [from_plain(item) for item in value]
        case bool() | None:
            raise ValueError(value)
        case str() | int() | float():
            return value
        case {"t": list(items)}:
            return tuple([from_plain(item) for item in items])
        case {"a": str(name)}:
            return Atom(name)
        case {"b": str(text)}:
            return text.encode("latin-1")
        case {"n": str(digits)}:
            return int(digits, 16)
        case {"s": list(points)}:
            return "".join(_char(point) for point in points)
        case {"m": list(pairs)}:
            return Map(tuple(_pair(pair) for pair in pairs))
        case {"i": [list(items), tail]}:
            return Improper(
                tuple([from_plain(item) for item in items]), from_plain(tail)
            )
        case {"bits": [str(text), int(bits)]}:
            return BitString(text.encode("latin-1"), bits)
        case {"f": [str(module), str(function), int(arity)]}:
            return ExternalFun(module, function, arity)
    raise ValueError(value)


def _char(value: Plain) -> str:
    if type(value) is int:
        return chr(value)
    raise ValueError(value)


def _pair(value: Plain) -> tuple[Term, Term]:
    match value:
        case [key, item]:
            return from_plain(key), from_plain(item)
    raise ValueError(value)

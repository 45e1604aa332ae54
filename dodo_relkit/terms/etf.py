"""Which bytes a term is in Erlang's external format: term_to_binary and back.

The only door to erlang-py, which writes and reads numbers, strings, binaries and the
atoms of OTP 26. Lists, tuples and maps are walked here, because erlang-py recurses
over them, merges the map keys 1, 1.0 and true, and takes three atoms for Python's own
values; big integers are written here, because there they cost the square of their
length, and long strings, because there they cost a call a character. Terms may be as
deep as memory allows. Knows no file. erlang-py is imported at first use: a build in
which nothing changed does without it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, NoReturn

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    list_with_tail,
    make_list,
    make_string,
    unique_pairs,
)


class AtomEncoding(Enum):
    """How an OTP writes atoms; ones beyond Latin-1 are UTF-8 in both."""

    LATIN1 = "latin1"
    """OTP 25 and before: ATOM_EXT."""
    UTF8 = "utf8"
    """OTP 26 and later: SMALL_ATOM_UTF8_EXT and ATOM_UTF8_EXT."""


_VERSION: Final = b"\x83"
_COMPRESSED: Final = b"P"
_NIL: Final = b"j"
_SMALL_TUPLE, _LARGE_TUPLE, _LIST, _MAP, _EXPORT = 104, 105, 108, 116, 113
_STRING: Final = 107
_LONGEST_ATOM, _LONGEST_STRING = 255, 65535

_ATOMS: Final = {
    100: (">H", AtomEncoding.LATIN1),
    115: (">B", AtomEncoding.LATIN1),
    118: (">H", AtomEncoding.UTF8),
    119: (">B", AtomEncoding.UTF8),
}
"""By tag: the format of the length, the encoding of the name."""

_FIXED: Final = {97: 1, 98: 4, 70: 8, 99: 31}
"""Integers and floats, by tag: how many bytes follow it."""

_COUNTED: Final = {109: (">I", 0), 77: (">I", 1)}
"""Binaries and bitstrings: format of the length, bytes on top of it."""

_BIG: Final = {110: ">B", 111: ">I"}
"""Big integers: format of the length, which does not count the sign."""

_COUNTS: Final = {_SMALL_TUPLE: ">B", _LARGE_TUPLE: ">I", _LIST: ">I", _MAP: ">I"}

_FOREIGN: Final = {
    **dict.fromkeys((88, 103), "a process identifier"),
    **dict.fromkeys((89, 102, 120), "a port"),
    **dict.fromkeys((90, 101, 114), "a reference"),
    **dict.fromkeys((112, 117), "an anonymous function"),
    121: "a local term",
    78: "an atom of a distribution cache",
}


class _Open(NamedTuple):
    """A list, tuple, map or fun that is being read."""

    tag: int
    parts: int
    """How many terms it is made of."""
    items: list[Term]


def encode(term: Term, atoms: AtomEncoding) -> bytes:
    """Return the bytes `term_to_binary/1` gives in the OTP that writes such atoms.

    Map pairs keep their order. Raises `Trouble` for a term too large for the
    format, `TypeError` for what is no term.
    """
    known: dict[Atom, bytes] = {}
    out = [_VERSION]
    todo: list[Term | _Raw] = [term]
    try:
        while todo:
            each = todo.pop()
            if type(each) is Atom:
                written = known.get(each)
                if written is None:
                    written = known[each] = _atom(each.name, atoms)
                out.append(written)
            elif isinstance(each, _Raw):
                out.append(each.data)
            else:
                header, parts = _HEADERS[type(each)](each)
                out.append(header)
                todo.extend(reversed(parts))
    except KeyError:
        raise TypeError(f"no Erlang term: {each!r:.80}") from None
    except (struct.error, UnicodeError) as error:
        _fail_encode(str(error))
    return b"".join(out)


def decode(data: bytes) -> Term:
    """Return the term that `term_to_binary/1` of any OTP wrote as `data`.

    Compressed terms are read too. Raises `Trouble` for other bytes, and for
    processes, ports, references and anonymous functions.
    """
    return _decode(data)[0]


def atom_encoding_of(data: bytes) -> AtomEncoding | None:
    """Return how the OTP that wrote `data` writes atoms.

    None when the term holds no atom that tells. Raises `Trouble` as `decode` does.
    """
    return _decode(data)[1]


class _Raw(NamedTuple):
    """Bytes that stand ready among the terms to write."""

    data: bytes


_END: Final = _Raw(_NIL)


def _atom(name: str, atoms: AtomEncoding) -> bytes:
    if len(name) > _LONGEST_ATOM:
        _fail_encode(f"an atom of {len(name)} characters; {_LONGEST_ATOM} are allowed")
    if atoms is AtomEncoding.LATIN1 and max(name, default="") <= "\xff":
        return b"d" + struct.pack(">H", len(name)) + name.encode("latin-1")
    import erlang

    return bytes(erlang.OtpErlangAtom(name).binary())


def _leaf(value: int | float | bytes) -> bytes:
    """Return what erlang-py writes for a number or a list of bytes."""
    import erlang

    try:
        return bytes(erlang.term_to_binary(value))[1:]
    except erlang.OutputException as error:  # a TypeError otherwise
        _fail_encode(str(error))


def _binary(data: bytes, bits: int) -> bytes:
    import erlang

    try:
        return bytes(erlang.OtpErlangBinary(data, bits).binary())
    except erlang.OutputException as error:
        _fail_encode(str(error))


_Parts = list["Term | _Raw"]


def _encode_integer(term: int) -> tuple[bytes, _Parts]:
    size = (term.bit_length() + 7) // 8
    if -(1 << 31) <= term < 1 << 31:
        return _leaf(term), []
    header = b"n" + bytes([size]) if size <= 255 else b"o" + struct.pack(">I", size)
    sign = b"\1" if term < 0 else b"\0"
    return header + sign + abs(term).to_bytes(size, "little"), []


def _encode_float(term: float) -> tuple[bytes, _Parts]:
    return _leaf(term), []


def _encode_bytes(term: bytes) -> tuple[bytes, _Parts]:
    return _binary(term, 8), []


def _encode_bits(term: BitString) -> tuple[bytes, _Parts]:
    return _binary(term.data, term.bits), []


def _encode_string(term: str) -> tuple[bytes, _Parts]:
    if len(term) <= _LONGEST_STRING and max(term, default="") <= "\xff":
        return _leaf(term.encode("latin-1")), []
    # One look-up for each character: of erlang-py it would be a call.
    numbers = {ord(char): _leaf(ord(char)).decode("latin-1") for char in set(term)}
    items = term.translate(numbers).encode("latin-1")
    return b"l" + struct.pack(">I", len(term)) + items + _NIL, []


def _encode_tuple(term: tuple[Term, ...]) -> tuple[bytes, _Parts]:
    if len(term) <= 255:
        return b"h" + bytes([len(term)]), list(term)
    return b"i" + struct.pack(">I", len(term)), list(term)


def _encode_list(term: list[Term]) -> tuple[bytes, _Parts]:
    string = make_list(term) if term and type(term[0]) is int else term
    if type(string) is str:
        return _encode_string(string)
    if not term:
        return _NIL, []
    return b"l" + struct.pack(">I", len(term)), [*term, _END]


def _encode_improper(term: Improper) -> tuple[bytes, _Parts]:
    return b"l" + struct.pack(">I", len(term.items)), [*term.items, term.tail]


def _encode_map(term: Map) -> tuple[bytes, _Parts]:
    parts: _Parts = [part for pair in term.pairs for part in pair]
    return b"t" + struct.pack(">I", len(term.pairs)), parts


def _encode_fun(term: ExternalFun) -> tuple[bytes, _Parts]:
    arity = _Raw(b"a" + struct.pack(">B", term.arity))
    return b"q", [Atom(term.module), Atom(term.function), arity]


_HEADERS: Final[dict[type, Callable[..., tuple[bytes, _Parts]]]] = {
    int: _encode_integer,
    float: _encode_float,
    bytes: _encode_bytes,
    BitString: _encode_bits,
    str: _encode_string,
    tuple: _encode_tuple,
    list: _encode_list,
    Improper: _encode_improper,
    Map: _encode_map,
    ExternalFun: _encode_fun,
}
"""By type: the bytes that come first, and the parts to write after them."""


def _decode(data: bytes) -> tuple[Term, AtomEncoding | None]:
    data, position = _uncompressed(data)
    hints: list[AtomEncoding] = []
    try:
        value, position = _read(data, position, hints)
    except (struct.error, IndexError):
        _fail_decode("they end too early")
    except (ValueError, SyntaxError) as error:  # erlang-py's is a SyntaxError
        _fail_decode(str(error))
    if position != len(data):
        _fail_decode(f"{len(data) - position} bytes are left over")
    return value, (hints[0] if hints else None)


def _uncompressed(data: bytes) -> tuple[bytes, int]:
    """Return the bytes that hold the term, and where it starts in them."""
    if data[:1] != _VERSION:
        _fail_decode("they do not start with 131")
    if data[1:2] != _COMPRESSED:
        return data, 1
    size = int.from_bytes(data[2:6], "big")
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data[6:], size + 1)
    except zlib.error as error:
        _fail_decode(f"they cannot be decompressed ({error})")
    if len(plain) != size or not inflate.eof or inflate.unused_data:
        _fail_decode("they do not decompress to the size they tell")
    return plain, 0


def _read(data: bytes, position: int, hints: list[AtomEncoding]) -> tuple[Term, int]:
    """Read one term; return it and the position after it."""
    stack: list[_Open] = []
    while True:
        tag = data[position]
        if tag in _COUNTS or tag == _EXPORT:
            opened, position = _open(data, position, tag)
            if opened.parts:
                stack.append(opened)
                continue
            value = _close(opened)
        else:
            value, position = _read_leaf(data, position, tag, hints)
        while stack:
            stack[-1].items.append(value)
            if len(stack[-1].items) < stack[-1].parts:
                break
            value = _close(stack.pop())
        else:
            return value, position


def _open(data: bytes, position: int, tag: int) -> tuple[_Open, int]:
    position += 1
    if tag == _EXPORT:
        return _Open(tag, 3, []), position
    (count,) = struct.unpack_from(_COUNTS[tag], data, position)
    position += 1 if tag == _SMALL_TUPLE else 4
    parts = {_LIST: count + 1, _MAP: 2 * count}.get(tag, count)
    return _Open(tag, parts, []), position


def _close(opened: _Open) -> Term:
    items = opened.items
    if opened.tag in {_SMALL_TUPLE, _LARGE_TUPLE}:
        return tuple(items)
    if opened.tag == _LIST:
        return list_with_tail(items, items.pop())
    if opened.tag == _MAP:
        pairs = tuple(zip(items[::2], items[1::2], strict=True))
        if len(unique_pairs(pairs)) < len(pairs):
            raise ValueError("a map holds a key twice")
        return Map(pairs)
    module, function, arity = items
    if type(module) is Atom and type(function) is Atom and type(arity) is int:
        return ExternalFun(module.name, function.name, arity)
    raise ValueError("a function is not named by atoms")


def _read_leaf(
    data: bytes, position: int, tag: int, hints: list[AtomEncoding]
) -> tuple[Term, int]:
    if tag in _ATOMS:
        return _read_atom(data, position, tag, hints)
    start = position
    if tag == _NIL[0]:
        return [], position + 1
    if tag == _STRING:
        text, position = _counted(data, position, ">H", 0)
        return make_string(text.decode("latin-1")), position
    if tag in _BIG:
        digits, position = _counted(data, position, _BIG[tag], 1)
        value = int.from_bytes(digits[1:], "little")
        return (-value if digits[0] else value), position
    if tag in _FIXED:
        position += 1 + _FIXED[tag]
    elif tag in _COUNTED:
        _, position = _counted(data, position, *_COUNTED[tag])
    elif tag in _FOREIGN:
        raise Trouble([diagnostic(Code.NO_VALUE, what=_FOREIGN[tag])])
    else:
        raise ValueError(f"the tag {tag} is not known")
    import erlang

    read = erlang.binary_to_term(_VERSION + data[start:position])
    if type(read) is int or type(read) is float:
        return read, position
    return _bits(read.value, read.bits), position


def _counted(data: bytes, position: int, size: str, more: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(size, data, position + 1)
    start = position + 1 + struct.calcsize(size)
    end = start + length + more
    if end > len(data):
        raise IndexError
    return data[start:end], end


def _read_atom(
    data: bytes, position: int, tag: int, hints: list[AtomEncoding]
) -> tuple[Atom, int]:
    size, encoding = _ATOMS[tag]
    name, position = _counted(data, position, size, 0)
    if encoding is AtomEncoding.LATIN1:
        hints.append(encoding)
        return Atom(name.decode("latin-1")), position
    text = name.decode("utf-8")
    if max(text, default="") <= "\xff":
        hints.append(encoding)
    return Atom(text), position


def _bits(data: bytes, bits: int) -> bytes | BitString:
    """Return a binary whose last byte has so many bits, the others made zero."""
    if bits == 8 or not data:
        return data
    if not 1 <= bits <= 7:
        raise ValueError(f"a bitstring uses {bits} bits of its last byte")
    return BitString(data[:-1] + bytes([data[-1] & (0xFF00 >> bits) & 0xFF]), bits)


def _fail_decode(reason: str) -> NoReturn:
    raise Trouble([diagnostic(Code.NO_EXTERNAL_TERM, reason=reason)])


def _fail_encode(reason: str) -> NoReturn:
    raise Trouble([diagnostic(Code.NOT_ENCODABLE, reason=reason)])

"""What bits a binary in Erlang's text stands for: `<<"abc", 1:16/little, ...>>`.

Follows erl_bits and eval_bits for literals; knows nothing of other terms.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from dodo_relkit.terms.lexemes import (
    NAME,
    SKIP,
    Unexpected,
    read_number,
    read_sigil,
    read_strings,
    skip,
)
from dodo_relkit.terms.model import BitString

Literal = int | float | str | bytes | BitString

_MOST_BITS: Final = 1 << 30
_FLOATS: Final = {16: "e", 32: "f", 64: "d"}
_INFINITY: Final = {16: 0x7C00, 32: 0x7F800000, 64: 0x7FF0000000000000}

_SHORT = re.compile(r'<<(?:"([\x00-!#-\[\]-\x7f]*+)"(?:/utf8)?+)?+>>')
_RUN = re.compile(r"(?:[0-9]{1,9}+,[ \n]*+)++")
_BYTES = re.compile(r"<<([0-9]{1,9}+(?:,[0-9]{1,9}+)*+)>>")
_TYPES = re.compile(
    rf"{SKIP}/({SKIP}{NAME}(?:{SKIP}:{SKIP}[0-9A-Za-z_\#]++)?+"
    rf"(?:{SKIP}-{SKIP}{NAME}(?:{SKIP}:{SKIP}[0-9A-Za-z_\#]++)?+)*+)"
)
_TYPE = re.compile(rf"({NAME})(?:{SKIP}:{SKIP}([0-9A-Za-z_\#]++))?+")
_COMMENT = re.compile(r"%[^\n]*+")
_ALL = re.compile(r"'?(all|undefined)\b'?")

_MEANINGS: Final = {
    "integer": {"kind": "integer"},
    "float": {"kind": "float"},
    "utf8": {"kind": "utf8"},
    "utf16": {"kind": "utf16"},
    "utf32": {"kind": "utf32"},
    "binary": {"kind": "binary"},
    "bytes": {"kind": "binary", "unit": "8"},
    "bitstring": {"kind": "binary", "unit": "1"},
    "bits": {"kind": "binary", "unit": "1"},
    "big": {"endian": "big"},
    "little": {"endian": "little"},
    "native": {"endian": "native"},
    "signed": {"sign": "signed"},
    "unsigned": {"sign": "unsigned"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How the values of one segment become bits."""

    kind: str
    bits: int | None
    """Size times unit; None for all of a binary and for utf*."""
    unit: int
    little: bool


def read_binary(text: str, position: int) -> tuple[bytes | BitString, int]:
    """Read the binary that starts with `<<` at `position`.

    Returns its value and the position after it; raises `Unexpected`. Binaries in
    binaries may be as deep as memory allows.
    """
    short = _SHORT.match(text, position)
    if short:
        return (short[1] or "").encode("ascii"), short.end()
    integers = _BYTES.match(text, position)
    if integers:
        return bytes(int(each) & 255 for each in integers[1].split(",")), integers.end()
    # One frame per open binary: its segments, the parentheses open around the
    # segment at work, and the place of that segment.
    frames: list[tuple[list[bytes | str], int, int]] = []
    segments: list[bytes | str] = []
    position = skip(text, position + 2)
    value: Literal
    while True:
        if not segments and text.startswith(">>", position):
            value = b""
            position += 2
        else:
            start = _read_run(text, position, segments)
            position, parentheses, sign = _read_prefix(text, start)
            if text.startswith("<<", position):
                if sign:
                    raise Unexpected(position, "a number after the sign")
                frames.append((segments, parentheses, start))
                segments = []
                position = skip(text, position + 2)
                continue
            value, position = _read_literal(text, position, sign)
            position = _close(text, position, parentheses)
            done, position = _end_segment(text, position, start, value, segments)
            if not done:
                continue
            value = _join(segments)
        while frames:
            segments, parentheses, start = frames.pop()
            position = _close(text, position, parentheses)
            done, position = _end_segment(text, position, start, value, segments)
            if not done:
                break
            value = _join(segments)
        else:
            return value, position


def _read_run(text: str, position: int, segments: list[bytes | str]) -> int:
    """Read the bytes that are written as plain numbers, all at once."""
    run = _RUN.match(text, position)
    if not run:
        return position
    segments.append(bytes(int(each) & 255 for each in run[0].split(",")[:-1]))
    return skip(text, run.end())


def _read_prefix(text: str, position: int) -> tuple[int, int, str]:
    """Read parentheses and at most one sign: position, how many, the sign."""
    parentheses, sign = 0, ""
    while (char := text[position : position + 1]) in {"(", "-", "+"}:
        if char == "(":
            parentheses += 1
        elif sign:
            raise Unexpected(position, "a number after the sign")
        else:
            sign = char
        position = skip(text, position + 1)
    return position, parentheses, sign


def _close(text: str, position: int, parentheses: int) -> int:
    position = skip(text, position)
    for _ in range(parentheses):
        if not text.startswith(")", position):
            raise Unexpected(position, '")"')
        position = skip(text, position + 1)
    return position


def _read_literal(text: str, position: int, sign: str) -> tuple[Literal, int]:
    char = text[position : position + 1]
    if char.isdigit() or char == "$":
        number, end = read_number(text, position)
        return (-number if sign == "-" else number), end
    if sign:
        raise Unexpected(position, "a number after the sign")
    if char == '"':
        return read_strings(text, position)
    if char == "~":
        return read_sigil(text, position)
    raise Unexpected(position, "a number, string or binary in the binary")


def _end_segment(
    text: str,
    position: int,
    start: int,
    value: Literal,
    segments: list[bytes | str],
) -> tuple[bool, int]:
    """Read size and types, add the segment's bits; tell whether `>>` was next."""
    size, position = _read_size(text, position)
    types = _TYPES.match(text, position)
    if types:
        position = types.end()
    layout = _layout(size, types[1] if types else "", start)
    if type(value) is str:
        segments.extend(_string_bits(value, layout, start))
    else:
        segments.append(_bits(value, layout, start))
    position = skip(text, position)
    if text.startswith(">>", position):
        return True, position + 2
    if not text.startswith(",", position):
        raise Unexpected(position, '"," or ">>"')
    return False, skip(text, position + 1)


def _string_bits(value: str, layout: _Layout, start: int) -> list[bytes | str]:
    """Return the bits of a string: a segment for each character."""
    if layout.kind == "integer" and layout.bits == 8:
        return [bytes(map((255).__and__, map(ord, value)))]
    if layout.kind == "utf8":
        return [value.encode("utf-8")]
    if not value:
        _bits(0, layout, start)  # an empty string must fit as well
    return [_bits(ord(char), layout, start) for char in value]


def _read_size(text: str, position: int) -> tuple[int | str | None, int]:
    if not text.startswith(":", position):
        return None, position
    position = skip(text, position + 1)
    start = position
    if text.startswith(("-", "+"), position):
        raise Unexpected(position, "the size of the segment")
    position, parentheses, sign = _read_prefix(text, position)
    named = _ALL.match(text, position)
    size: int | float | str
    if named and not sign:
        size, position = named[1], named.end()
    else:
        size, position = read_number(text, position)
    if type(size) is float or (sign == "-" and size):
        raise Unexpected(start, "a size that is an integer, not negative")
    return (size if type(size) is str else int(size)), _close(
        text, position, parentheses
    )


def _layout(size: int | str | None, types: str, start: int) -> _Layout:
    """Apply the defaults of erl_bits:set_bit_type/2."""
    chosen: dict[str, str] = {}
    for name, number in _TYPE.findall(_COMMENT.sub("", types)):
        meaning = _MEANINGS.get(name)
        if name == "unit" and number:
            unit_size, end = read_number(number, 0)
            if end < len(number):
                raise Unexpected(start, "a unit of 1 to 256", number)
            meaning = {"unit": str(unit_size)}
        elif meaning is None or number:
            raise Unexpected(start, "a segment type", name)
        for aspect, choice in meaning.items():
            if chosen.setdefault(aspect, choice) != choice:
                raise Unexpected(start, f"one {aspect} of the segment", "two")
    kind = chosen.get("kind", "integer")
    little = chosen.get("endian") in {"little", "native"}
    unit = int(chosen["unit"]) if "unit" in chosen else None
    if unit is not None and not 1 <= unit <= 256:
        raise Unexpected(start, "a unit of 1 to 256", str(unit))
    bits, unit = _extent(kind, size, unit, start)
    return _Layout(kind=kind, bits=bits, unit=unit, little=little)


def _extent(
    kind: str, size: int | str | None, unit: int | None, start: int
) -> tuple[int | None, int]:
    if kind == "binary":
        unit = unit or 8
        if size is None or size == "all":
            return None, unit
    elif kind.startswith("utf"):
        if unit or size not in {None, "undefined"}:
            raise Unexpected(start, f"neither size nor unit with {kind}")
        return None, 1
    elif size is None:
        if unit:
            raise Unexpected(start, "a size before the unit")
        return (8 if kind == "integer" else 64), 1
    if type(size) is not int or size * (unit or 1) > _MOST_BITS:
        raise Unexpected(start, f"a size of at most {_MOST_BITS} bits")
    return size * (unit or 1), unit or 1


def _bits(value: Literal, layout: _Layout, start: int) -> bytes | str:
    """Return the bits of one value: bytes, or a text of `0` and `1`."""
    kind = layout.kind
    try:
        if kind == "integer" and type(value) is int:
            return _integer_bits(value, layout.bits or 0, layout.little)
        if kind == "float" and type(value) in {int, float}:
            return _float_bits(float(value), layout)  # type: ignore[arg-type]
        if kind == "binary" and type(value) in {bytes, BitString}:
            return _binary_bits(value, layout)  # type: ignore[arg-type]
        if kind.startswith("utf") and type(value) is int and value >= 0:
            order = "" if kind == "utf8" else "-le" if layout.little else "-be"
            return chr(value).encode(f"{kind[:3]}-{kind[3:]}{order}")
    except (ValueError, OverflowError, KeyError):
        pass
    raise Unexpected(start, f"a value that fits a segment of type {kind}")


def _integer_bits(value: int, bits: int, little: bool) -> bytes | str:
    value &= (1 << bits) - 1
    whole, rest = divmod(bits, 8)
    if not rest:
        return value.to_bytes(whole, "little" if little else "big")
    if not little:
        return f"{value:0{bits}b}"
    # The whole bytes come first, lowest first; the highest bits come last.
    low = (value & ((1 << whole * 8) - 1)).to_bytes(whole, "little")
    return _digits(low) + f"{value >> whole * 8:0{rest}b}"


def _float_bits(value: float, layout: _Layout) -> bytes:
    bits = layout.bits or 0
    order = "<" if layout.little else ">"
    try:
        return struct.pack(order + _FLOATS[bits], value)
    except OverflowError:
        # The machine's own conversion gives an infinity here.
        sign = 1 << (bits - 1) if value < 0 else 0
        return (sign | _INFINITY[bits]).to_bytes(
            bits // 8, "little" if layout.little else "big"
        )


def _binary_bits(value: bytes | BitString, layout: _Layout) -> bytes | str:
    if type(value) is bytes and layout.bits is None and layout.unit == 8:
        return value
    digits = _digits(value)
    if layout.bits is None:
        if len(digits) % layout.unit:
            raise ValueError
        return digits
    if layout.bits > len(digits):
        raise ValueError
    return digits[: layout.bits]


def _digits(value: bytes | BitString) -> str:
    if isinstance(value, BitString):
        return _digits(value.data)[: len(value.data) * 8 - 8 + value.bits]
    return f"{int.from_bytes(value, 'big'):0{len(value) * 8}b}" if value else ""


def _join(segments: list[bytes | str]) -> bytes | BitString:
    if all(type(each) is bytes for each in segments):
        return b"".join(segments)  # type: ignore[arg-type]
    digits = "".join(
        each if isinstance(each, str) else _digits(each) for each in segments
    )
    if not digits:
        return b""
    rest = len(digits) % 8
    padded = digits + "0" * (-len(digits) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8, "big")
    return BitString(data, rest) if rest else data

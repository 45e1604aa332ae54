"""How Erlang spells the single words that it prints: atoms, strings, numbers, binaries.

The counterpart of `lexemes.py`; knows nothing of lines and indentation.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import Final

from dodo_relkit.terms.lexemes import NAME, RESERVED
from dodo_relkit.terms.model import BitString, ExternalFun

_NAME = re.compile(NAME)
_MOST_DIGITS: Final = 4000

_ESCAPES: Final = {
    **{code: f"\\{code:03o}" for code in (*range(32), *range(127, 160))},
    **dict(
        zip(
            map(ord, "\n\r\t\v\b\f\x1b\x7f\\"),
            (r"\n", r"\r", r"\t", r"\v", r"\b", r"\f", r"\e", r"\d", r"\\"),
            strict=True,
        )
    ),
}
_ATOM_ESCAPES: Final = _ESCAPES | {ord("'"): r"\'"}
_STRING_ESCAPES: Final = _ESCAPES | {ord('"'): r"\""}


class Printable(Enum):
    """Which characters a string may have to be printed as one (`erl +pc`)."""

    LATIN1 = re.compile("[\b-\r\x1b -~\xa0-\xff]*")
    """The default of erl."""
    UNICODE = re.compile("[\b-\r\x1b -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def spell_atom(name: str) -> str:
    """Return an atom's name as text, in quotes where it needs them."""
    if _NAME.fullmatch(name) and name not in RESERVED:
        return name
    return f"'{name.translate(_ATOM_ESCAPES)}'"


def spell_string(text: str) -> str:
    """Return a string in double quotes."""
    return f'"{text.translate(_STRING_ESCAPES)}"'


def is_printable(text: str, printable: Printable) -> bool:
    """Return whether Erlang prints this list of code points as a string."""
    return printable.value.fullmatch(text) is not None


def width_of(text: str) -> int:
    """Return how many characters OTP counts when it breaks lines.

    Text with a character beyond Latin-1 is counted as `string:length/1` does, in
    graphemes: marks do not count. Joined emoji and Hangul syllables in parts do here.
    """
    if max(text, default="") <= "\xff":
        return len(text)
    return len(text) - sum(map(_extends, text))


def _extends(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or char in "\u200c\u200d"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def spell_integer(value: int) -> str:
    """Return the decimal digits, also of integers that Python's `str` refuses."""
    if value.bit_length() <= 3 * _MOST_DIGITS:
        return str(value)
    if value < 0:
        return "-" + spell_integer(-value)
    # Halve until Python converts the parts; they are as deep as log2 of the length.
    digits = value.bit_length() * 30103 // 200000
    high, low = divmod(value, 10**digits)
    return spell_integer(high) + spell_integer(low).rjust(digits, "0")


def spell_float(value: float) -> str:
    """Return the shortest digits that read back: `float_to_list(F, [short])`.

    Plain or with an exponent, whichever is shorter; from 2^53 on always with one.
    """
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    point = len(whole) + int(exponent or "0")
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if not digits:
        return f"{sign}0.0"
    scientific = f"{digits[0]}.{digits[1:] or '0'}e{point - 1}"
    if point <= 0:
        plain = f"0.{'0' * -point}{digits}"
    else:
        plain = f"{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"
    if abs(value) >= 2**53 or len(scientific) < len(plain):
        return sign + scientific
    return sign + plain


def spell_fun(fun: ExternalFun) -> str:
    """Return `fun module:function/arity`."""
    return f"fun {spell_atom(fun.module)}:{spell_atom(fun.function)}/{fun.arity}"


def binary_text(value: bytes | BitString, printable: Printable) -> str | None:
    """Return `<<"text">>` or `<<"text"/utf8>>`, None when the binary is no text."""
    if type(value) is not bytes or not value:
        return None
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
        if not is_printable(text, Printable.LATIN1):
            return None
        return f"<<{spell_string(text)}>>"
    if not is_printable(text, printable):
        return None
    return f"<<{spell_string(text)}{'' if text.isascii() else '/utf8'}>>"


def binary_numbers(value: bytes | BitString) -> list[str]:
    """Return the segments of a binary as numbers; the last may have a size."""
    if isinstance(value, bytes):
        return list(map(str, value))
    last = value.data[-1] >> (8 - value.bits)
    return [*map(str, value.data[:-1]), f"{last}:{value.bits}"]

"""How the single words of Erlang's text are spelled: numbers, atoms, strings, sigils.

Reads one word at a position; knows nothing of tuples, lists, maps or binaries.
Every reader takes the text and the position at which the word starts and returns
its value and the position after it; what it cannot read raises `Unexpected`.
"""

from __future__ import annotations

import re
from typing import Final

SKIP: Final = r"(?:[\x00-\x20\x80-\xa0]++|%[^\n]*+)*+"
"""White space and comments: what may stand between two words (erl_scan)."""

NAME: Final = r"[a-z\xdf-\xf6\xf8-\xff][0-9A-Z_a-z@\xc0-\xd6\xd8-\xf6\xf8-\xff]*+"
"""An atom without quotes (erl_scan knows the letters of Latin-1 only)."""

LONGEST_ATOM: Final = 255
LONGEST_DECIMAL: Final = 4300
"""Digits; Python converts longer ones in quadratic time and so refuses."""

# fmt: off
RESERVED: Final = frozenset((
    "after", "begin", "case", "try", "cond", "catch", "andalso",
    "orelse", "end", "fun", "if", "let", "of", "receive",
    "when", "bnot", "not", "div", "rem", "band", "and",
    "bor", "bxor", "bsl", "bsr", "or", "xor",
))
# fmt: on
"""Words that are no atoms without quotes (erl_scan:reserved_word/1)."""

_SKIP = re.compile(SKIP)
_ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3}+)|x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]++)\}|\^(.)|([^x^])|(.?))",
    re.DOTALL,
)
_PLAIN_ESCAPES: Final = dict(zip("nrtvbfesd", "\n\r\t\v\b\f\x1b \x7f", strict=True))
_CHAR = re.compile(r"\$(?:\\(?:[0-7]{1,3}+|x\{[^}]*+\}|x..|\^.|.)|[^\\])", re.DOTALL)
_DIGITS: Final = r"[0-9]++(?:_[0-9]++)*+"
_BASED: Final = r"[0-9A-Za-z]++(?:_[0-9A-Za-z]++)*+"
_NUMBER = re.compile(
    rf"(?:({_DIGITS})\#({_BASED})(?:\.({_BASED})(?:\#[eE]([-+]?+{_DIGITS}))?+)?+"
    rf"|({_DIGITS}\.{_DIGITS}(?:[eE][-+]?+{_DIGITS})?+)(?![eE_])"
    rf"|({_DIGITS})(?!\#))"
)
_SIGN = re.compile(rf"([-+]){SKIP}")
_QUOTED = {
    quote: re.compile(
        rf"{quote}([^{quote}\\]*+(?:\\(?:\^.|[^^])[^{quote}\\]*+)*+){quote}", re.DOTALL
    )
    for quote in "\"'"
}
_TRIPLE = re.compile(r'("{3,}+)[\x00-\x09\x0b-\x20\x80-\xa0]*+\n')
_QUOTES = re.compile(r'"++')
_SIGIL = re.compile(r"~([A-Za-z0-9_@]*+)")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"} | {
    each: each for each in "/|'\"`#"
}
_AFTER_SIGIL = re.compile(r"[0-9A-Z_a-z@\xc0-\xd6\xd8-\xf6\xf8-\xff]")
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")


class Unexpected(Exception):  # noqa: N818 - never leaves the parser
    """The text at `position` is not what it should be."""

    def __init__(self, position: int, expected: str, found: str = "") -> None:
        super().__init__(position, expected, found)
        self.position = position
        self.expected = expected
        self.found = found
        """In words; empty to show the text itself."""


def skip(text: str, position: int) -> int:
    """Return the position of the next word: after white space and comments."""
    found = _SKIP.match(text, position)
    return found.end() if found else position


def find_no_character(text: str) -> int:
    """Return where the first code point stands that Erlang's text may not hold.

    These are the surrogates and the two non-characters 16#FFFE and 16#FFFF, see
    erl_scan. Returns -1 when there is none.
    """
    if text.isascii():
        return -1
    found = _NO_CHARACTER.search(text)
    return found.start() if found else -1


def check_atom(name: str, position: int) -> str:
    """Return the name of an atom after checking how long it is."""
    if len(name) > LONGEST_ATOM:
        raise Unexpected(
            position,
            f"an atom of at most {LONGEST_ATOM} characters",
            f"one of {len(name)}",
        )
    return name


def read_char(text: str, position: int) -> tuple[int, int]:
    r"""Read `$c` or `$\escape` as its code point."""
    found = _CHAR.match(text, position)
    if not found:
        raise Unexpected(position, "a character after $")
    spelled = found[0][1:]
    return ord(_unescape(spelled, position + 1)), found.end()


def read_number(text: str, position: int) -> tuple[int | float, int]:
    """Read an integer or float without a sign; a character is an integer too.

    The base of a number is 2..36; based floats are those of OTP 28.
    """
    if text.startswith("$", position):
        return read_char(text, position)
    found = _NUMBER.match(text, position)
    if not found:
        raise Unexpected(position, "a number")
    base, digits, fraction, exponent, decimal, integer = found.groups()
    if integer:
        return _integer(integer, 10, position), found.end()
    if decimal:
        return _finite(float(decimal.replace("_", "")), position), found.end()
    radix = _integer(base, 10, position)
    if not 2 <= radix <= 36:
        raise Unexpected(position, "a base of 2 to 36", base)
    if fraction is None:
        return _based(found, radix)
    return _based_float(radix, digits, fraction, exponent, position), found.end()


def read_signed_number(text: str, position: int) -> tuple[int | float, int]:
    """Read a number after at most one sign; the number may stand in parentheses."""
    found = _SIGN.match(text, position)
    if not found:
        return read_number(text, position)
    sign = found[1]
    position = found.end()
    open_parentheses = 0
    while text.startswith("(", position):
        open_parentheses += 1
        position = skip(text, position + 1)
    value, position = read_number(text, position)
    for _ in range(open_parentheses):
        position = skip(text, position)
        if not text.startswith(")", position):
            raise Unexpected(position, '")"')
        position += 1
    return (-value if sign == "-" else value), position


def read_quoted_atom(text: str, position: int) -> tuple[str, int]:
    """Read `'name'` with escapes as the name."""
    name, end = _read_quoted(text, position, "'")
    return check_atom(name, position), end


def read_strings(text: str, position: int) -> tuple[str, int]:
    r"""Read one string or several adjacent ones, each plain or triple-quoted.

    What starts with three quotes and a line break is the triple-quoted string of
    OTP 27; before, and without the line break, it is an empty string and another.
    """
    parts = []
    while True:
        opening = _TRIPLE.match(text, position)
        if opening:
            part, end = _read_triple(text, position, opening)
        else:
            # Of many quotes in a row each two are an empty string; keep the last.
            quotes = _QUOTES.match(text, position)
            if quotes:
                position += (len(quotes[0]) - 1) // 2 * 2
            part, end = _read_quoted(text, position, '"')
        parts.append(part)
        position = skip(text, end)
        if not text.startswith('"', position):
            return "".join(parts), end


def read_sigil(text: str, position: int) -> tuple[str | bytes, int]:
    r"""Read a sigil of OTP 27: `~"text"`, `~b(..)`, `~B[..]`, `~s{..}`, `~S/../`.

    Returns bytes (UTF-8) for `~`, `~b` and `~B`, the text for `~s` and `~S`. The
    capital ones, and `~` before a triple-quoted string, take the text as it is.
    """
    opening = _SIGIL.match(text, position)
    kind = opening[1] if opening else ""
    if not opening or kind not in {"", "b", "B", "s", "S"}:
        raise Unexpected(position, "one of the sigils ~ ~b ~B ~s ~S")
    start = opening.end()
    verbatim = kind in {"B", "S"}
    triple = _TRIPLE.match(text, start)
    if triple:
        value, end = _read_triple(text, start, triple)
        if kind in {"b", "s"}:
            value = _unescape(value, start)
    elif verbatim:
        value, end = _read_verbatim(text, start)
    else:
        value, end = _read_delimited(text, start)
    if _AFTER_SIGIL.match(text, end):
        raise Unexpected(end, "no letter after a sigil")
    return (value if kind in {"s", "S"} else value.encode("utf-8")), end


def _integer(digits: str, base: int, position: int) -> int:
    plain = digits.replace("_", "")
    if base & (base - 1) and len(plain) > LONGEST_DECIMAL:
        raise Unexpected(
            position,
            f"an integer of at most {LONGEST_DECIMAL} digits",
            f"one of {len(plain)} digits; write it as 16#...",
        )
    return int(plain, base)


def _finite(value: float, position: int) -> float:
    if value - value != 0:
        raise Unexpected(position, "a float that 64 bits can hold")
    return value


def _based(found: re.Match[str], radix: int) -> tuple[int, int]:
    """Take the leading characters that are digits of this base, at least one."""
    allowed = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
    digits = found[2]
    length = next(
        (at for at, char in enumerate(digits) if char.lower() not in allowed + "_"),
        len(digits),
    )
    if length == 0 or length < len(digits):
        raise Unexpected(found.start(2) + length, f"a digit of base {radix}")
    return _integer(digits, radix, found.start()), found.end()


def _based_float(
    base: int, digits: str, fraction: str, exponent: str | None, position: int
) -> float:
    whole, part = digits.replace("_", ""), fraction.replace("_", "")
    scale = int((exponent or "0").replace("_", "")) - len(part)
    if max(len(whole) + len(part), abs(scale)) > LONGEST_DECIMAL:
        raise Unexpected(position, "a float that 64 bits can hold")
    mantissa: int
    try:
        mantissa = int(whole + part, base)
        if scale < 0:
            return mantissa / int(base**-scale)
        return float(mantissa * base**scale)
    except (ValueError, OverflowError):
        raise Unexpected(position, f"a float of base {base}") from None


def _unescape(spelled: str, position: int) -> str:
    r"""Return the text that is spelled with `\` escapes."""
    if "\\" not in spelled:
        return spelled

    def replace(found: re.Match[str]) -> str:
        octal, two_hex, hexadecimal, control, plain, _ = found.groups()
        if plain:
            return _PLAIN_ESCAPES.get(plain, plain)
        if octal:
            return chr(int(octal, 8))
        if two_hex:
            return chr(int(two_hex, 16))
        if control:
            return chr(ord(control) & 31)
        value = int(hexadecimal, 16) if hexadecimal else -1
        if value < 0 or value > 0x10FFFF or find_no_character(chr(value)) == 0:
            raise Unexpected(position + found.start(), "an escape sequence", found[0])
        return chr(value)

    return _ESCAPE.sub(replace, spelled)


def _read_quoted(text: str, position: int, quote: str) -> tuple[str, int]:
    found = _QUOTED[quote].match(text, position)
    if not found:
        what = "string" if quote == '"' else "quoted atom"
        raise Unexpected(position, f"the end of the {what}", "the end of the file")
    return _unescape(found[1], position + 1), found.end()


def _read_delimited(text: str, position: int) -> tuple[str, int]:
    closer = _sigil_closer(text, position)
    inside = re.escape(closer)
    pattern = re.compile(
        rf"[^\\{inside}]*+(?:\\(?:\^.|[^^])[^\\{inside}]*+)*+", re.DOTALL
    )
    found = pattern.match(text, position + 1)
    end = found.end() if found else position + 1
    if not found or not text.startswith(closer, end):
        raise Unexpected(position, f"{closer} at the end of the sigil")
    return _unescape(found[0], position + 1), end + 1


def _read_verbatim(text: str, position: int) -> tuple[str, int]:
    closer = _sigil_closer(text, position)
    end = text.find(closer, position + 1)
    if end < 0:
        raise Unexpected(position, f"{closer} at the end of the sigil")
    return text[position + 1 : end], end + 1


def _sigil_closer(text: str, position: int) -> str:
    closer = _CLOSERS.get(text[position : position + 1])
    if closer is None:
        raise Unexpected(position, "the delimiter of a sigil")
    return closer


def _read_triple(text: str, position: int, opening: re.Match[str]) -> tuple[str, int]:
    """Read a triple-quoted string: EEP 64.

    Its last line, which holds the closing quotes, tells the indentation that every
    line with something on it must have and loses; the last line break goes as well.
    """
    quotes = opening[1]
    closing = re.compile(rf"\n([\x00-\x09\x0b-\x20\x80-\xa0]*+){quotes}")
    found = closing.search(text, opening.end() - 1)
    if not found:
        raise Unexpected(position, f"a line that starts with {quotes}")
    indent = found[1]
    start = opening.end()
    lines = []
    content = text[start : found.start()].split("\n") if found.start() >= start else ()
    for line in content:
        if not line.startswith(indent) and line.strip("\r"):
            raise Unexpected(start, "a line indented like the closing quotes")
        lines.append(line[len(indent) :])
        start += len(line) + 1
    return "\n".join(lines), found.end()

"""Which terms Erlang's text says: what `file:consult/1` reads, in linear time.

Reads bytes or text that it is given; opens no file. The accepted forms are those of
erl_scan and erl_parse:parse_term, with the strings and sigils of OTP 27 and the
based floats of OTP 28. Nesting is as deep as memory allows.
"""

from __future__ import annotations

import re
from typing import Final

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.terms.bits import read_binary
from dodo_relkit.terms.lexemes import (
    NAME,
    RESERVED,
    SKIP,
    Unexpected,
    check_atom,
    find_no_character,
    read_quoted_atom,
    read_sigil,
    read_signed_number,
    read_strings,
    skip,
)
from dodo_relkit.terms.model import (
    Atom,
    ExternalFun,
    Map,
    Term,
    list_with_tail,
    make_list,
    make_string,
    unique_pairs,
)

_TOKEN = re.compile(
    SKIP + "(?:"
    rf"({NAME})"  # ATOM
    rf'|"([^"\\]++)"(?!{SKIP}")'  # STRING
    r"|(0|[1-9][0-9]{0,17}+)(?![0-9_\#]|\.[0-9])"  # INTEGER
    r"|(,)"  # COMMA
    r"|([{\[(]|\#(?:" + SKIP + r"\{))"  # OPEN
    r"|([\]})])"  # CLOSE
    r"|(\.)(?=[\x00-\x20\x80-\xa0%]|\Z)"  # DOT
    r"|(=>)"  # ARROW
    r"|(\|)"  # BAR
    r"|([0-9$'\"~+-]|<<)"  # LITERAL, read by the table below
    r"|(\Z)"  # END
    r"|(.))",  # OTHER
    re.DOTALL,
)
(ATOM, STRING, INTEGER, COMMA, OPEN, CLOSE, DOT, ARROW, BAR, LITERAL, END) = range(
    1, 12
)

_CLOSER: Final = {"{": "}", "#": "}", "[": "]", "|": "]", "||": "]", "(": ")"}
"""By what is open; `|` after the bar of a list, `||` after a tail that is a list."""

_JOINED: Final = "joined"
"""Marks on the stack a list that continues the one whose tail it is."""

_FUN = re.compile(
    rf"{SKIP}({NAME}|'(?:[^'\\]|\\.)*+'){SKIP}:{SKIP}({NAME}|'(?:[^'\\]|\\.)*+')"
    rf"{SKIP}/{SKIP}(?=[0-9])",
    re.DOTALL,
)
_HEADER = re.compile(rb"coding *[:=] *([A-Za-z0-9-]*)")
_WORD = re.compile(r"[\w@]+|\S")
_WIDEST_SOURCE: Final = 120


def consult(data: bytes, file: str = "") -> list[Term]:
    """Return the terms of a file with the bytes `data`, as `file:consult/1`.

    A comment `coding: latin-1` in the first two lines chooses Latin-1, otherwise
    the text is UTF-8 (epp:read_encoding/1). Raises `Trouble`; `file` is for it.
    """
    return _parse(_decode(data, file), file)


def consult_one(data: bytes, file: str = "") -> Term:
    """Return the only term of a file; raises `Trouble` when there is not just one."""
    terms = consult(data, file)
    if len(terms) != 1:
        raise Trouble(
            [diagnostic(Code.NOT_ONE_TERM, Place(file=file), count=len(terms))]
        )
    return terms[0]


def parse_term(text: str, file: str = "") -> Term:
    """Return the term that `text` says, with or without the final dot.

    Raises `Trouble` as `consult`, and when there is not just one term.
    """
    terms = _parse(text, file, final_dot="optional")
    if len(terms) != 1:
        raise Trouble(
            [diagnostic(Code.NOT_ONE_TERM, Place(file=file), count=len(terms))]
        )
    return terms[0]


def _parse(text: str, file: str, final_dot: str = "needed") -> list[Term]:
    try:
        wrong = find_no_character(text)
        if wrong >= 0:
            raise Unexpected(wrong, "a character")
        if text.startswith("\ufeff"):
            raise Unexpected(0, "a term", "a byte order mark; save the file without")
        return _read_terms(text, final_dot)
    except Unexpected as unexpected:
        raise _trouble(text, file, unexpected) from None


# One loop for speed: it runs once for each word of files of megabytes.
def _read_terms(text: str, final_dot: str) -> list[Term]:  # noqa: C901, PLR0912, PLR0915
    """Read terms up to the end of the text; raise `Unexpected`.

    `items` are the terms read so far of the innermost open form, `stack` the forms
    around it; `wanted` tells whether a term must come next.
    """
    terms: list[Term] = []
    items: list[Term] = []
    stack: list[tuple[str, list[Term]]] = []
    opened = ""
    wanted = True
    atoms: dict[str, Atom] = {}
    position = 0
    while True:
        for token in _TOKEN.finditer(text, position):
            kind = token.lastindex or 0
            if kind <= INTEGER or kind == LITERAL:
                if not wanted:
                    raise _not_here(token, opened, items, wanted)
                wanted = False
                if kind == ATOM:
                    atom = atoms.get(token[1])
                    if atom is None:
                        if token[1] == "fun":
                            fun, position = _read_fun(text, token.end())
                            items.append(fun)
                            break
                        atom = atoms[token[1]] = _plain_atom(token)
                    items.append(atom)
                elif kind == STRING:
                    items.append(token[2])
                elif kind == INTEGER:
                    items.append(int(token[3]))
                else:
                    value, position = _read_literal(text, token)
                    items.append(value)
                    break
            elif kind == COMMA:
                if wanted or not _comma_fits(opened, items):
                    raise _not_here(token, opened, items, wanted)
                wanted = True
            elif kind == OPEN:
                if not wanted:
                    raise _not_here(token, opened, items, wanted)
                if opened == "|" and _opens_list(text, token):
                    # `[a | [b` is `[a, b` with one more bracket to close.
                    stack.append((_JOINED, items))
                    opened = "["
                    continue
                stack.append((opened, items))
                opened, items = token[OPEN][0], []
            elif kind == CLOSE:
                if not _close_fits(token[CLOSE], opened, items, wanted):
                    raise _not_here(token, opened, items, wanted)
                wanted = False
                if stack[-1][0] == _JOINED:
                    stack.pop()
                    opened = "|" if opened == "|" else "||"
                    continue
                closed = _build(opened, items)
                opened, items = stack.pop()
                items.append(closed)
            elif kind == DOT and not opened and not wanted:
                terms.append(items.pop())
                wanted = True
            elif kind == ARROW and not wanted and opened == "#" and len(items) % 2:
                wanted = True
            elif kind == BAR and not wanted and opened == "[":
                opened, wanted = "|", True
            elif kind == END and not opened:
                if not wanted and final_dot == "optional":
                    terms.append(items.pop())
                    wanted = True
                if not wanted:
                    raise _not_here(token, opened, items, wanted)
                return terms
            else:
                raise _not_here(token, opened, items, wanted)


def _not_here(
    token: re.Match[str],
    opened: str,
    items: list[Term],
    wanted: bool,
) -> Unexpected:
    """Return the error of a word that cannot stand where it does."""
    # The group of a string stands inside its quotes.
    position = token.start(token.lastindex or 0) - (token.lastindex == STRING)
    if token.lastindex == ATOM and token[1] in RESERVED:
        return Unexpected(position, _expected(opened, items, wanted), token[1])
    return Unexpected(position, _expected(opened, items, wanted))


def _expected(opened: str, items: list[Term], wanted: bool) -> str:
    if wanted:
        may_close = not items and opened in {"{", "[", "#"}
        return f'a term or "{_CLOSER[opened]}"' if may_close else "a term"
    if opened == "":
        return 'a full stop "."'
    if opened == "#":
        return '"=>"' if len(items) % 2 else '"," or "}"'
    return {"{": '"," or "}"', "[": '",", "|" or "]"'}.get(
        opened, f'"{_CLOSER[opened]}"'
    )


def _comma_fits(opened: str, items: list[Term]) -> bool:
    return opened in {"{", "["} or (opened == "#" and not len(items) % 2)


def _close_fits(closer: str, opened: str, items: list[Term], wanted: bool) -> bool:
    if _CLOSER.get(opened) != closer:
        return False
    if opened == "#" and len(items) % 2:
        return False
    return not wanted or (not items and opened in {"{", "[", "#"})


def _opens_list(text: str, token: re.Match[str]) -> bool:
    if token[OPEN] != "[":
        return False
    return not text.startswith("]", skip(text, token.end()))


def _build(opened: str, items: list[Term]) -> Term:
    """Return the term whose parts are `items`."""
    if opened == "{":
        return tuple(items)
    if opened == "#":
        return Map(unique_pairs(zip(items[::2], items[1::2], strict=True)))
    if opened == "(":
        return items[0]
    if opened == "|":
        return list_with_tail(items, items.pop())
    return make_list(items) if items and type(items[0]) is int else items


def _plain_atom(token: re.Match[str]) -> Atom:
    name = token[ATOM]
    if name in RESERVED:
        raise Unexpected(token.start(ATOM), "a term", f"the reserved word {name}")
    return Atom(check_atom(name, token.start(ATOM)))


def _read_literal(text: str, token: re.Match[str]) -> tuple[Term, int]:
    position = token.start(LITERAL)
    match token[LITERAL]:
        case "'":
            name, end = read_quoted_atom(text, position)
            return Atom(name), end
        case '"':
            string, end = read_strings(text, position)
            return make_string(string), end
        case "~":
            value, end = read_sigil(text, position)
            return (value if type(value) is bytes else value or []), end
        case "<<":
            return read_binary(text, position)
        case _:
            return read_signed_number(text, position)


def _read_fun(text: str, position: int) -> tuple[ExternalFun, int]:
    """Read the rest of `fun module:function/arity` after the word `fun`."""
    found = _FUN.match(text, position)
    if not found:
        raise Unexpected(skip(text, position), "module:function/arity after fun")
    names = [
        read_quoted_atom(name, 0)[0] if name.startswith("'") else name
        for name in found.groups()
    ]
    reserved = next((name for name in found.groups() if name in RESERVED), "")
    arity, end = read_signed_number(text, found.end())
    if reserved or type(arity) is not int or arity > 255:
        raise Unexpected(found.end(), "the name and the arity of a function", reserved)
    return ExternalFun(names[0], names[1], arity), end


def _decode(data: bytes, file: str) -> str:
    """Return the text of a file, by the rules of epp:read_encoding/1."""
    for line in data[:512].split(b"\n")[:2]:
        comment = line.find(b"%")
        header = _HEADER.search(line, comment) if comment >= 0 else None
        if header:
            if header[1].lower().split(b"-")[:2] == [b"latin", b"1"]:
                return data.decode("latin-1")
            break
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line_start = data.rfind(b"\n", 0, error.start) + 1
        place = Place(
            file=file,
            line=data.count(b"\n", 0, error.start) + 1,
            column=len(data[line_start : error.start].decode("utf-8")) + 1,
        )
        byte = f"16#{data[error.start]:02X}"
        raise Trouble([diagnostic(Code.NOT_UTF8, place, byte=byte)]) from None


def _trouble(text: str, file: str, unexpected: Unexpected) -> Trouble:
    """Return the error with its line, cut so that the place stays in sight."""
    position = min(unexpected.position, len(text))
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    source = text[start : len(text) if end < 0 else end].rstrip("\r")
    column = position - start + 1
    cut = max(0, min(column - _WIDEST_SOURCE // 2, len(source) - _WIDEST_SOURCE))
    word = _WORD.match(text, position)
    found = unexpected.found or (f'"{word[0][:40]}"' if word else "")
    return Trouble(
        [
            diagnostic(
                Code.SYNTAX,
                Place(
                    file=file,
                    line=text.count("\n", 0, position) + 1,
                    column=column,
                    source=source[cut : cut + _WIDEST_SOURCE],
                    cut=cut,
                ),
                expected=unexpected.expected,
                found=found or "the end of the text",
            )
        ]
    )

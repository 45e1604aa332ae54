"""What systools reads from a file: the first term, or erl_parse's words for a fault.

What follows the first full stop is not looked at, as with systools_lib.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.text import consult, parse_term


class NoTerm(Trouble):
    """There is no first term: the text is no sequence of tokens up to a full stop."""


class ParseFault(Trouble):
    """The tokens up to the first full stop are no term."""

    def __init__(self, trouble: Trouble, line: int, what: Term) -> None:
        super().__init__(trouble.diagnostics)
        self.line = line
        """From 1, of the token before which the parser stops."""
        self.what = what
        """What `erl_parse:parse_term/1` says."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    line: int


_TOKEN = re.compile(
    r"""(?P<skip>\s+|%[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<atom>'(?:[^'\\]|\\.)*'|[^\W\d_A-Z][\w@]*)
      | (?P<char>\$(?:\\(?:\^.|x\{[0-9a-fA-F]+\}|x..|[0-7]{1,3}|.)|.))
      | (?P<number>[0-9][0-9_]*(?:\#\w+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)?)
      | (?P<var>[A-Z_][\w@]*)
      | (?P<dot>\.(?=[\s%]|\Z))
      | (?P<open>["']|\$\Z)
      | (?P<sign><<|>>|=>|:=|\|\||->|<-|<=|==|=:=|=/=|/=|>=|=<|\+\+|--|\.\.\.?|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# fmt: off
_RESERVED = frozenset(
    {
        "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr",
        "bxor", "case", "catch", "cond", "div", "end", "fun", "if", "let",
        "maybe", "not", "of", "or", "orelse", "receive", "rem", "try", "when",
        "xor",
    }
)
# fmt: on
_BEFORE_TERM = frozenset(("{", "[", "(", ",", "|", "<<", "=>", ":="))
_BEGINS_EXPRESSION = frozenset(("(", "+", "-", "#", "fun", "begin", "not", "bnot"))
_CONTINUES_EXPRESSION = frozenset(
    ("(", "+", "-", "*", "/", "#", "++", "--", "==", "=:=", "=", "!", "div", "rem", ":")
)
_CLOSERS = frozenset(("}", "]", ")", ">>", ".", ","))


_BAD_TERM = _Token("", "", 0, 0)


def first_term(data: bytes, file: str) -> Term:
    """Return the first term of a file; raises `NoTerm` or `ParseFault`."""
    try:
        terms = consult(data, file)
    except Trouble as trouble:
        return _after_fault(data, file, trouble)
    if not terms:
        raise _no_term(file)
    return terms[0]


def _after_fault(data: bytes, file: str, trouble: Trouble) -> Term:
    if trouble.diagnostics[0].code is Code.NOT_UTF8:
        raise _no_term(file) from None
    text = data.decode("utf-8", "replace")
    tokens = _tokens_to_dot(text, file)
    last = tokens[-1]
    if last.kind == "dot":
        try:
            return parse_term(text[: last.start] + ".", file)
        except Trouble as inner:
            trouble = inner
    raise _fault(text, tokens, trouble)


def _tokens_to_dot(text: str, file: str) -> list[_Token]:
    tokens: list[_Token] = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        if kind == "open":
            raise _no_term(file)
        if kind != "skip":
            tokens.append(_Token(kind, match.group(), match.start(), line))
        if kind == "dot":
            break
        line += match.group().count("\n")
    if not tokens:
        raise _no_term(file)
    return tokens


def _fault(text: str, tokens: list[_Token], trouble: Trouble) -> ParseFault:
    """Word the fault as erl_parse does, whose grammar is that of all expressions."""
    at = trouble.diagnostics[0].place
    lines = text.split("\n")
    offset = sum(len(each) + 1 for each in lines[: at.line - 1]) + at.column - 1
    index = next(
        (
            number
            for number, each in enumerate(tokens)
            if each.start + len(each.text) > offset
        ),
        len(tokens),
    )
    token = _stopped_at(tokens, index)
    if token is _BAD_TERM:
        second = tokens[index].text == ","
        line = tokens[index + 1 if second else 0].line
        return ParseFault(trouble, line, make_string("bad term"))
    line = (token or tokens[-1]).line
    what: Term = [make_string("syntax error before: "), make_string(_word(token))]
    return ParseFault(trouble, line, what)


def _stopped_at(tokens: list[_Token], index: int) -> _Token | None:
    """Return the token before which erl_parse stops, where a term stops at `index`.

    None is the end; `_BAD_TERM` stands for an expression without a fault in sight.
    """
    token, after = (*tokens[index : index + 2], None, None)[:2]
    if token is None:
        return None
    if token.text == "," and _depth(tokens[:index]) == 0:  # a second expression
        return after if after is None or after.text in _CLOSERS else _BAD_TERM
    wanted = index == 0 or tokens[index - 1].text in _BEFORE_TERM
    if wanted and token.kind == "var":
        return _BAD_TERM
    if token.text not in (_BEGINS_EXPRESSION if wanted else _CONTINUES_EXPRESSION):
        return token
    return after if after is None or after.text in _CLOSERS else _BAD_TERM


def _depth(tokens: list[_Token]) -> int:
    opened = sum(each.text in ("{", "[", "(", "<<") for each in tokens)
    return opened - sum(each.text in ("}", "]", ")", ">>") for each in tokens)


def _word(token: _Token | None) -> str:
    if token is None:
        return ""
    if token.kind in ("dot", "sign") or token.text in _RESERVED:
        return f"'{token.text}'"
    return token.text


def _no_term(file: str) -> NoTerm:
    return NoTerm([diagnostic(Code.NO_TERM, Place(file=file), file=file)])


def read_error(file: str) -> Term:
    """Return `{read, File}`, what systools says of a file without a term."""
    return (Atom("read"), make_string(file))

"""How Erlang prints a term: the bytes of `io_lib:format("~tp", [Term])`.

Lays terms out over lines as OTP does, so that files we write and files OTP writes
are the same; compared with OTP in the tests. Terms are measured and laid out with
explicit stacks, so nesting costs no recursion. How words are spelled: `spelling.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.terms.measure import BRACKETS, Kind, Node, measure, one_line
from dodo_relkit.terms.model import Term
from dodo_relkit.terms.spelling import Printable

_TAG_INDENTS: Final = (0, 4, 1)
"""How far the rest of a tagged tuple is indented; 0 is behind its tag. The first
with which the term keeps clear of the right half of the page, else the last."""

_LONGEST: Final = 1 << 28
"""Characters; more means that a deep term is mostly indentation."""


class _Spot(NamedTuple):
    """Where a part is to be written."""

    column: int
    """From 1."""
    indent: int
    """Spaces at the start of a new line."""
    closing: int
    """Brackets that must follow on the same line."""


class _Page(NamedTuple):
    """What holds for all of a layout."""

    width: int
    """Columns of a line."""
    total: int
    """Characters of the whole term on one line."""
    indent: int
    """One of `_TAG_INDENTS`."""
    is_trial: bool
    """Whether the layout is only made to choose the indentation."""


_Step: TypeAlias = "str | int | tuple[Node, _Spot]"
"""Text to write, the indentation of a new line, or a part to lay out."""


def format_term(
    term: Term, *, width: int = 80, printable: Printable = Printable.LATIN1
) -> str:
    """Return the text of `io_lib:format("~tp", [Term])`, for lines of `width`.

    Maps are written in the order of their keys. Raises `Trouble` when the term is
    nested so deep that the text would be mostly indentation.
    """
    node = measure(term, printable)
    start = _Spot(1, 0, 0)
    if _fits(node, start, _Page(width, node.width, 0, is_trial=False)):
        return one_line(node)
    for indent in _TAG_INDENTS:
        page = _Page(width, node.width, indent, is_trial=True)
        if indent == _TAG_INDENTS[-1] or _stays_left(node, start, page):
            return _lay_out(node, start, page._replace(is_trial=False))
    raise AssertionError


def format_compact(term: Term, *, printable: Printable = Printable.LATIN1) -> str:
    """Return the text of `io_lib:format("~0tp", [Term])`: all on one line."""
    return one_line(measure(term, printable))


def dump_terms(terms: Iterable[Term]) -> bytes:
    """Return a file that `file:consult/1` reads as `terms`, as systools writes it."""
    lines = (f"{format_term(term)}.\n" for term in terms)
    return f"%% coding: utf-8\n{''.join(lines)}".encode()


def _fits(node: Node, spot: _Spot, page: _Page) -> bool:
    """Return whether a part has room on the line where it starts."""
    return node.width < page.width - spot.column - spot.closing


def _stays_left(node: Node, start: _Spot, page: _Page) -> bool:
    """Return whether no tagged tuple starts its rest in the right half of the page."""
    todo = [(node, start)]
    while todo:
        each, spot = todo.pop()
        if not each.parts or _fits(each, spot, page):
            continue
        if each.kind == "tagged":
            behind = each.parts[0].width + 2
            if 0 < page.indent < behind:
                column = spot.column + page.indent
                has_room = page.total + column <= page.width
                is_left = column <= page.width // 2
            else:
                column = spot.column + behind
                has_room = page.total + column < page.width
                is_left = column < page.width // 2
            if not has_room and not is_left:
                return False
        elif not any(part.parts for part in each.parts):  # a long list of numbers
            continue
        todo.extend(step for step in _break(each, spot, page) if type(step) is tuple)
    return True


def _lay_out(node: Node, start: _Spot, page: _Page) -> str:
    out: list[str] = []
    length = 0
    todo: list[_Step] = [(node, start)]
    while todo:
        step = todo.pop()
        if isinstance(step, str):
            text = step
        elif isinstance(step, int):
            text = f"\n{' ' * step}"
        elif _fits(*step, page):
            text = one_line(step[0])
        else:
            todo.extend(reversed(_break(*step, page)))
            continue
        out.append(text)
        length += len(text)
        if length > _LONGEST:
            raise Trouble([diagnostic(Code.TOO_DEEP, done="written")])
    return "".join(out)


def _break(node: Node, spot: _Spot, page: _Page) -> list[_Step]:
    """Return the steps that write a part with no room on its line."""
    if node.kind == "word":
        return [node.text]
    if node.kind == "bits":
        return [_break_bits(node.text, spot, page)]
    opening, closing = BRACKETS[node.kind]
    column, indent, more = spot
    shift = len(opening)
    inside = _Spot(column + shift, indent + shift, more)
    if node.kind == "map":
        steps = _break_map(node, inside, page)
    elif node.kind == "tagged":
        steps = _break_tagged(node, spot, page)
    else:
        steps = _break_items(node.parts, inside, page, node.kind)
    return [opening, *steps, closing]


def _break_tagged(node: Node, spot: _Spot, page: _Page) -> list[_Step]:
    """Lay out a tuple with a tag: the rest behind the tag, or indented below it."""
    tag, rest = node.parts[0], node.parts[1:]
    column, indent, more = spot
    behind = tag.width + 2
    if 0 < page.indent < behind:
        place = _Spot(column + page.indent, indent + page.indent, more)
        return [tag.text, *_follow(rest, place, column + behind, page, "tuple")]
    place = _Spot(column + behind, indent + behind, more)
    return [tag.text, ",", *_break_items(rest, place, page, "tuple")]


def _break_items(
    parts: Sequence[Node], spot: _Spot, page: _Page, kind: Kind
) -> list[_Step]:
    """Lay out elements: words side by side, other things on lines of their own."""
    first = parts[0]
    is_last = len(parts) == (2 if kind == "improper" else 1)
    place = spot._replace(closing=spot.closing + 1 if is_last else 0)
    advance = _advance(first, place, page)
    rest = _follow(parts[1:], spot, spot.column + advance, page, kind)
    return [(first, place), *rest]


def _advance(node: Node, spot: _Spot, page: _Page) -> int:
    """Return the columns a part takes: all, when nothing may follow on its line."""
    return node.width if node.kind == "word" and _fits(node, spot, page) else page.width


def _follow(
    parts: Sequence[Node], spot: _Spot, column: int, page: _Page, kind: Kind
) -> list[_Step]:
    """Lay out the elements after the first, which ended before `column`."""
    steps: list[_Step] = []
    elements = len(parts) - 1 if kind == "improper" else len(parts)
    for at in range(elements):
        part = parts[at]
        closing = spot.closing + 1 if at == elements - 1 else 0
        if part.kind == "word" and _follows(part.width + 1, closing, column, page):
            steps += [",", part.text]
            column += part.width + 1
            continue
        place = _Spot(spot.column, spot.indent, closing)
        steps += [",", spot.indent, (part, place)]
        column = spot.column + _advance(part, place, page)
    if kind == "improper":
        steps += _break_tail(parts[-1], spot, column, page)
    return steps


def _follows(width: int, closing: int, column: int, page: _Page) -> bool:
    """Return whether a word with its comma has room behind what is on the line."""
    return width + (closing or 1) < page.width - column


def _break_tail(tail: Node, spot: _Spot, column: int, page: _Page) -> list[_Step]:
    closing = spot.closing + 1
    if tail.kind == "word" and tail.width + 1 < page.width - column - closing:
        return ["|", tail.text]
    start = column if page.is_trial else spot.column
    place = _Spot(start, spot.indent, closing)
    return ["|", spot.indent, (tail, place)]


def _break_map(node: Node, spot: _Spot, page: _Page) -> list[_Step]:
    """Lay out pairs: pairs of words side by side, others on lines of their own."""
    steps: list[_Step] = []
    column = spot.column
    for at in range(0, len(node.parts), 2):
        key, value = node.parts[at : at + 2]
        words = key.kind == value.kind == "word"
        width = key.width + value.width + 4
        closing = spot.closing + 1 if at == len(node.parts) - 2 else 0
        if at and words and _follows(width + 1, closing, column, page):
            steps += [",", key.text, " => ", value.text]
            column += width + 1
            continue
        if at:
            steps += [",", spot.indent]
        place = _Spot(spot.column, spot.indent, closing)
        pair = Node("map", width, "", [key, value])
        if _fits(pair, place, page):
            steps += [one_line(key), " => ", one_line(value)]
            column = spot.column + (width if words else page.width)
        else:
            steps += _break_pair(key, value, place, page)
            column = spot.column + page.width
    return steps


def _break_pair(key: Node, value: Node, spot: _Spot, page: _Page) -> list[_Step]:
    shift = page.indent or 4
    below = _Spot(spot.column + shift, spot.indent + shift, spot.closing)
    return [(key, spot), " =>", below.indent, (value, below)]


def _break_bits(text: str, spot: _Spot, page: _Page) -> str:
    """Write the numbers of a binary over lines."""
    column, indent, closing = spot
    room = max(8, page.width - column - 2 - closing)
    new_line = f"\n{' ' * (indent + 2)}"
    out = ["<<"]
    left = room
    segments = text[2:-2].split(",")
    for at, segment in enumerate(segments):
        word = segment if at == len(segments) - 1 else f"{segment},"
        if len(word) > left:
            out.append(new_line)
            left = room
        out.append(word)
        left -= len(word)
    return "".join([*out, ">>"])

"""How wide terms are when Erlang prints them, and their text on one line.

Decides which terms are words and which have parts; breaks no lines (`pretty.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
)
from dodo_relkit.terms.order import sorted_pairs
from dodo_relkit.terms.spelling import (
    Printable,
    binary_numbers,
    binary_text,
    is_printable,
    spell_atom,
    spell_float,
    spell_fun,
    spell_integer,
    spell_string,
    width_of,
)

Kind = Literal["word", "bits", "list", "improper", "tuple", "tagged", "map"]

BRACKETS: Final[dict[str, tuple[str, str]]] = {
    "list": ("[", "]"),
    "improper": ("[", "]"),
    "tuple": ("{", "}"),
    "tagged": ("{", "}"),
    "map": ("#{", "}"),
}


@dataclass(slots=True)
class Node:
    """A term that has been measured."""

    kind: Kind
    width: int
    """Characters on one line."""
    text: str = ""
    """Of a word, and of bits on one line."""
    parts: list[Node] = field(default_factory=list)
    """The tail of an improper list is the last; keys and values of a map alternate."""


def measure(term: Term, printable: Printable) -> Node:
    """Return the term with the widths of all its parts.

    Lists of characters and binaries are text if `printable` has all their
    characters. Parts of maps are in the order of keys.
    """
    done: list[Node] = []
    todo: list[tuple[Term, int]] = [(term, -1)]
    while todo:
        each, count = todo.pop()
        if count < 0:
            word = _word(each, printable)
            if word is not None:
                done.append(word)
                continue
            if type(each) is str:
                done.append(_numbers(each))
                continue
            parts = _parts(each)
            todo.append((each, len(parts)))
            todo.extend((part, -1) for part in reversed(parts))
            continue
        nodes = done[-count:]
        del done[-count:]
        kind = _kind(each)
        width = sum(node.width for node in nodes) + len(nodes) + 1
        if kind == "map":  # `#{`, ` => ` in each pair, a comma between two
            width += 1 + 3 * len(nodes) // 2
        done.append(Node(kind, width, "", nodes))
    return done[0]


def _word(term: Term, printable: Printable) -> Node | None:
    """Return the node of a term that is written as one word, None for others."""
    match term:
        case int():
            text = spell_integer(term)
        case float():
            text = spell_float(term)
        case Atom():
            text = spell_atom(term.name)
        case ExternalFun():
            text = spell_fun(term)
        case str() if is_printable(term, printable):
            text = spell_string(term)
        case bytes() | BitString():
            text = binary_text(term, printable) or ""
            if not text:
                text = f"<<{','.join(binary_numbers(term))}>>"
                return Node("bits", len(text), text) if term else Node("word", 4, text)
        case () | []:
            text = "{}" if type(term) is tuple else "[]"
        case Map(()):
            text = "#{}"
        case _:
            return None
    return Node("word", width_of(text), text)


def _parts(term: Term) -> Sequence[Term]:
    match term:
        case Improper():
            return [*term.items, term.tail]
        case Map():
            return [part for pair in sorted_pairs(term) for part in pair]
        case _:
            return term  # type: ignore[return-value]


def _numbers(text: str) -> Node:
    """Return the list of the code points; equal ones share a node."""
    words = {char: str(ord(char)) for char in set(text)}
    nodes = {char: Node("word", len(word), word) for char, word in words.items()}
    parts = [nodes[char] for char in text]
    width = sum(node.width for node in parts) + len(parts) + 1
    return Node("list", width, "", parts)


def _kind(term: Term) -> Kind:
    match term:
        case tuple():
            return "tagged" if type(term[0]) is Atom and len(term) > 1 else "tuple"
        case Improper():
            return "improper"
        case Map():
            return "map"
        case _:
            return "list"


def one_line(node: Node) -> str:
    """Return the text of a measured term on one line."""
    out: list[str] = []
    todo: list[str | Node] = [node]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            out.append(each)
        elif not each.parts:
            out.append(each.text)
        else:
            opening, closing = BRACKETS[each.kind]
            steps: list[str | Node] = []
            for at, part in enumerate(each.parts):
                steps += [_separator(each, at), part]
            todo.append(closing)
            todo.extend(reversed(steps[1:]))
            todo.append(opening)
    return "".join(out)


def _separator(node: Node, at: int) -> str:
    """Return what stands before the part `at` of a node on one line."""
    if node.kind == "map" and at % 2:
        return " => "
    return "|" if node.kind == "improper" and at == len(node.parts) - 1 else ","

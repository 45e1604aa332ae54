"""Trouble as a value: what a diagnostic is and how it is put into words.

Knows no rule of OTP and no file: which troubles there are is in `codes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter

from dodo_relkit.codes import Code, Severity

Fact = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a trouble is: a file, and what is known of the place in it."""

    file: str = ""
    line: int = 0
    """From 1; 0 when not known."""
    column: int = 0
    """From 1, in characters; 0 when not known."""
    source: str = ""
    """The text of that line, or of the part of it around the column."""
    cut: int = 0
    """How many characters of the line are left out before `source`."""
    key: str = ""
    """Path of the setting, as in `releases.web.applications[2]`."""


NOWHERE = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing to tell the user."""

    code: Code
    place: Place = NOWHERE
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What the words of the code name in braces."""

    @property
    def is_error(self) -> bool:
        """Whether the build must stop."""
        return self.code.severity is Severity.ERROR


class Trouble(Exception):  # noqa: N818 - it carries warnings as well as errors
    """Carries diagnostics up to the edge; never shown with a traceback."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(render_all(self.diagnostics))

    def __reduce__(self) -> tuple[type[Trouble], tuple[tuple[Diagnostic, ...]]]:
        return (type(self), (self.diagnostics,))


def diagnostic(code: Code, place: Place = NOWHERE, **facts: Fact) -> Diagnostic:
    """Return the diagnostic of `code` at `place`, with the facts its words name."""
    return Diagnostic(code=code, place=place, facts=facts)


def stop_on_errors(found: Iterable[Diagnostic]) -> None:
    """Raise `Trouble` with all of `found` when one of them is an error."""
    gathered = tuple(found)
    if any(each.is_error for each in gathered):
        raise Trouble(gathered)


def render(one: Diagnostic) -> str:
    """Return the diagnostic as text of several lines, without a last newline.

    A line of the advice whose facts are all present is shown; one that names an
    absent or empty fact is left out.
    """
    words = one.code.value
    head = f"{words.number} {words.severity.value}: {_fill(words.text, one.facts)}"
    advice = [
        f"  = {_fill(line, one.facts)}"
        for line in words.advice.splitlines()
        if all(one.facts.get(name) not in (None, "", ()) for name in _names(line))
    ]
    return "\n".join([head, *_render_place(one.place), *advice])


def render_all(many: Iterable[Diagnostic]) -> str:
    """Return all diagnostics as text, with an empty line between two."""
    return "\n\n".join(render(each) for each in many)


def _render_place(place: Place) -> list[str]:
    spot = ":".join(
        str(part) for part in (place.file, place.line, place.column) if part
    )
    where = ": ".join(part for part in (spot, place.key) if part)
    lines = [f"  --> {printable(where)}"]
    if lines == ["  --> "]:
        return []
    if place.source:
        number = str(place.line)
        lines.append(f" {number} | {printable(place.source)}")
        if place.column:
            lines.append(
                f" {' ' * len(number)} | {' ' * (place.column - 1 - place.cut)}^"
            )
    return lines


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def _fill(template: str, facts: Mapping[str, Fact]) -> str:
    words = {
        name: ", ".join(fact) if isinstance(fact, tuple) else str(fact)
        for name, fact in facts.items()
    }
    return printable(template.format_map(words))


def printable(text: str) -> str:
    """Return the text with what a terminal would obey or cannot show written out.

    That is control characters but tab and line feed, and the surrogates that stand
    for bytes of a file name that are no UTF-8.
    """
    return "".join(
        char if char.isprintable() or char in " \t\n" else f"\\x{{{ord(char):x}}}"
        for char in text
    )

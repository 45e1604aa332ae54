"""What an `.appup` file says (application upgrade file, appup(4)), and back.

Takes the term of the file. What the instructions mean, and whether they are sound, is
said by `upgrade/`; which versions a pattern means by `version_pattern.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.version_pattern import fits
from dodo_relkit.terms.model import (
    Term,
    list_items,
    make_list,
    make_string,
    string_text,
)
from dodo_relkit.terms.pretty import format_term


@dataclass(frozen=True, slots=True, kw_only=True)
class AppupEntry:
    """The instructions for the versions that a pattern means."""

    pattern: str | bytes
    """A version, or a regular expression as bytes."""
    instructions: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appup:
    """An application upgrade file."""

    vsn: Term
    """The application's version: a string; kept as it is when it is none."""
    up: tuple[AppupEntry, ...]
    """From which versions one can come."""
    down: tuple[AppupEntry, ...]
    """To which versions one can go back."""


def load_appup(term: Term, file: str) -> Appup:
    """Return what the only term of the `.appup` file named `file` says.

    Entries that mean no version are left out, as systools passes them over:
    `appup_warnings` tells of them. Raises `Trouble` with RK701, or with RK702 for each
    entry whose instructions are no list.
    """
    match term:
        case (vsn, ups, downs) if type(term) is tuple:
            lists = (list_items(ups), list_items(downs))
        case _:
            lists = (None, None)
    if lists[0] is None or lists[1] is None:
        raise Trouble([diagnostic(Code.APPUP_MALFORMED, Place(file=file))])
    up, up_found = _load_entries(lists[0], file)
    down, down_found = _load_entries(lists[1], file)
    if up_found or down_found:
        raise Trouble([*up_found, *down_found])
    return Appup(vsn=vsn, up=up, down=down)


def appup_warnings(term: Term, file: str) -> tuple[Diagnostic, ...]:
    """Return RK703 for each entry that means no version."""
    match term:
        case (_, ups, downs) if type(term) is tuple:
            entries = [*(list_items(ups) or []), *(list_items(downs) or [])]
        case _:
            return ()
    place = Place(file=file)
    return tuple(
        diagnostic(Code.APPUP_ENTRY, place, entry=format_term(entry))
        for entry in entries
        if _take_apart(entry) is None
    )


def instructions_for(
    entries: Iterable[AppupEntry], vsn: str, file: str = ""
) -> tuple[Term, ...] | None:
    """Return the instructions of the first entry that means `vsn`; None without one.

    Raises `Trouble` with RK704 for a pattern before it that cannot be used.
    """
    for entry in entries:
        if fits(entry.pattern, vsn, file):
            return entry.instructions
    return None


def appup_term(appup: Appup) -> Term:
    """Return the term that stands in the `.appup` file."""
    return (appup.vsn, _entry_terms(appup.up), _entry_terms(appup.down))


def dump_appup(appup: Appup) -> bytes:
    """Return the content of the `.appup` file, in UTF-8 and saying so."""
    return f"%% coding: utf-8\n{format_term(appup_term(appup))}.\n".encode()


def _load_entries(
    items: Iterable[Term], file: str
) -> tuple[tuple[AppupEntry, ...], list[Diagnostic]]:
    entries: list[AppupEntry] = []
    found: list[Diagnostic] = []
    for item in items:
        parts = _take_apart(item)
        if parts is None:
            continue
        pattern, given = parts
        instructions = list_items(given)
        if instructions is None:
            shown = format_term(_pattern_term(pattern))
            refused = Code.APPUP_INSTRUCTIONS
            found.append(diagnostic(refused, Place(file=file), pattern=shown))
            continue
        entries.append(AppupEntry(pattern=pattern, instructions=tuple(instructions)))
    return tuple(entries), found


def _take_apart(item: Term) -> tuple[str | bytes, Term] | None:
    """Return pattern and instructions of {Vsn, Instructions}."""
    match item:
        case (pattern, instructions) if type(item) is tuple:
            text = pattern if type(pattern) is bytes else string_text(pattern)
            return None if text is None else (text, instructions)
        case _:
            return None


def _entry_terms(entries: Iterable[AppupEntry]) -> Term:
    return [
        (_pattern_term(entry.pattern), make_list(entry.instructions))
        for entry in entries
    ]


def _pattern_term(pattern: str | bytes) -> Term:
    return pattern if isinstance(pattern, bytes) else make_string(pattern)

"""What a `relup` file says (release upgrade file, relup(4)), and back.

Takes the term of the file. Whether the instructions are sound is said by `upgrade/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.terms.model import (
    Term,
    list_items,
    make_list,
    make_string,
    string_text,
)
from dodo_relkit.terms.pretty import format_term


@dataclass(frozen=True, slots=True, kw_only=True)
class RelupEntry:
    """The script for one other release."""

    vsn: str
    """The version of the other release."""
    description: Term
    """Whatever the author of the upgrade says of it; `[]` when nothing."""
    script: tuple[Term, ...]
    """Low-level instructions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relup:
    """A release upgrade file."""

    vsn: str
    """The version of the release that the file belongs to."""
    ups: tuple[RelupEntry, ...]
    """From which releases one can come."""
    downs: tuple[RelupEntry, ...]
    """To which releases one can go back."""


def load_relup(term: Term, file: str) -> Relup:
    """Return what the only term of the `relup` file named `file` says.

    Raises `Trouble` with RK705 for all that is not of the form of relup(4).
    """
    match term:
        case (vsn, ups, downs) if type(term) is tuple:
            parts = (string_text(vsn), list_items(ups), list_items(downs))
        case _:
            parts = (None, None, None)
    match parts:
        case (str(text), list(up), list(down)):
            pass
        case _:
            raise _malformed(["it is not {Vsn, UpFrom, DownTo}"], file)
    entries = [_load_entry(item) for item in (*up, *down)]
    wrong = [
        f"{format_term(item)} is not {{Vsn, Description, Instructions}}"
        for item, entry in zip((*up, *down), entries, strict=True)
        if entry is None
    ]
    if wrong:
        raise _malformed(wrong, file)
    known = tuple(entry for entry in entries if entry is not None)
    return Relup(vsn=text, ups=known[: len(up)], downs=known[len(up) :])


def relup_term(relup: Relup) -> Term:
    """Return the term that stands in the `relup` file."""
    return (
        make_string(relup.vsn),
        [_entry_term(entry) for entry in relup.ups],
        [_entry_term(entry) for entry in relup.downs],
    )


def dump_relup(relup: Relup) -> bytes:
    """Return the content of the `relup` file, byte for byte as systools writes it."""
    return f"%% coding: utf-8\n{format_term(relup_term(relup))}.\n".encode()


def _load_entry(term: Term) -> RelupEntry | None:
    match term:
        case (vsn, description, script) if type(term) is tuple:
            text, items = string_text(vsn), list_items(script)
        case _:
            return None
    if text is None or items is None:
        return None
    return RelupEntry(vsn=text, description=description, script=tuple(items))


def _entry_term(entry: RelupEntry) -> Term:
    return (make_string(entry.vsn), entry.description, make_list(entry.script))


def _malformed(found: Iterable[str], file: str) -> Trouble:
    place = Place(file=file)
    return Trouble(
        diagnostic(Code.RELUP_MALFORMED, place, found=each) for each in found
    )

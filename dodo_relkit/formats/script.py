"""What a boot script says (script(4)), as text and as the VM reads it.

Knows what an instruction looks like, not which ones a release needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.rel import plain_text
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import (
    Atom,
    Improper,
    Map,
    Term,
    list_items,
    make_string,
)
from dodo_relkit.terms.order import sorted_pairs
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import consult_one


@dataclass(frozen=True, slots=True, kw_only=True)
class BootScript:
    """A boot script."""

    name: str
    """Of the release."""
    vsn: str
    instructions: tuple[Term, ...]


def boot_term(script: BootScript) -> Term:
    """Return the term that both forms of the boot script hold."""
    identity = (make_string(script.name), make_string(script.vsn))
    return (Atom("script"), identity, list(script.instructions))


def boot_of_term(term: Term, file: str) -> BootScript:
    """Return the boot script that `term`, read from `file`, is. Raises RK350."""
    match term:
        case tuple((Atom("script"), tuple((name, vsn)), instructions)):
            texts = (plain_text(name), plain_text(vsn))
            items = list_items(instructions)
            if texts[0] is not None and texts[1] is not None and items is not None:
                return BootScript(
                    name=texts[0], vsn=texts[1], instructions=tuple(items)
                )
    raise Trouble([_bad_script(file, "it is not {script, {Name, Vsn}, Instructions}")])


def dump_script(script: BootScript) -> bytes:
    """Return the `.script` file, byte for byte as `systools:make_script` writes it."""
    return f"%% coding: utf-8\n{format_term(boot_term(script))}.\n".encode()


def load_script(data: bytes, file: str) -> BootScript:
    """Return what a `.script` file says. Raises the troubles of the text, or RK350."""
    return boot_of_term(consult_one(data, file), file)


def dump_boot(script: BootScript, encoding: AtomEncoding) -> bytes:
    """Return the `.boot` file: `term_to_binary` as the target OTP does it.

    Up to OTP 25 a map of at most 32 keys is written in the order of its keys, larger
    ones in that of a hash; later ones in an order that no file tells. All are written
    here in the order of their keys.
    """
    return encode(_sort_maps(boot_term(script)), encoding)


def load_boot(data: bytes, file: str) -> BootScript:
    """Return what a `.boot` file says. Raises RK350, or the troubles of the format."""
    return boot_of_term(decode(data), file)


def _sort_maps(term: Term) -> Term:
    if not _holds_map(term):
        return term
    match term:
        case Map():
            return Map(
                tuple(
                    (_sort_maps(key), _sort_maps(value))
                    for key, value in sorted_pairs(term)
                )
            )
        case tuple():
            return tuple(_sort_maps(each) for each in term)
        case list():
            return [_sort_maps(each) for each in term]
        case Improper(items, tail):
            return Improper(tuple(_sort_maps(each) for each in items), _sort_maps(tail))
    return term


def _holds_map(term: Term) -> bool:
    left = [term]
    while left:
        each = left.pop()
        if type(each) is Map:
            return True
        if type(each) is tuple or type(each) is list:
            left += each
        elif type(each) is Improper:
            left += (*each.items, each.tail)
    return False


def _bad_script(file: str, reason: str) -> Diagnostic:
    return diagnostic(Code.BAD_SCRIPT, Place(file=file), reason=reason)

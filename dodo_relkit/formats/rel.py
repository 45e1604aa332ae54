"""What a `.rel` file says (release resource file, rel(4)). Reads no file."""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.terms.model import Atom, Term, list_items, make_string, string_text
from dodo_relkit.terms.pretty import format_term

START_TYPES = ("permanent", "transient", "temporary", "load", "none")
"""The start types of rel(4), from the one that matters most to the node."""

MANDATORY = ("kernel", "stdlib")
"""Applications that every release holds, with the type `permanent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelApp:
    """One entry of the application list."""

    name: str
    vsn: str
    start_type: str = "permanent"
    """permanent, transient, temporary, load or none."""
    typed: bool = False
    """Whether the entry named its start type."""
    included: tuple[str, ...] | None = None
    """The included applications the entry names; None when it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rel:
    """A release resource file."""

    name: str
    vsn: str
    erts_vsn: str
    apps: tuple[RelApp, ...]
    """In the order of the file."""


def load_rel(term: Term, file: str) -> Rel:
    """Return what the only term of the `.rel` file named `file` says.

    The verdicts are those of `systools_make:get_release`. Raises `Trouble` with all
    of RK320 to RK327 that apply.
    """
    place = Place(file=file)
    match term:
        case (
            Atom("release"),
            (name, vsn),
            (Atom("erts"), erts_vsn),
            entries,
        ) if _is_release(term) and (items := list_items(entries)) is not None:
            pass
        case _:
            raise Trouble([diagnostic(Code.BAD_RELEASE, place)])
    found = [
        *_check_text(Code.BAD_RELEASE_NAME, place, name),
        *_check_text(Code.BAD_RELEASE_VSN, place, vsn),
        *_check_text(Code.BAD_ERTS_VSN, place, erts_vsn),
    ]
    apps: list[RelApp] = []
    for item in items:
        app = _load_entry(item)
        if app is None:
            entry = format_term(item)
            found.append(diagnostic(Code.BAD_RELEASE_ENTRY, place, entry=entry))
            continue
        apps.append(app)
    found += _check_mandatory(apps, place)
    if found:
        raise Trouble(found)
    return Rel(
        name=plain_text(name) or "",
        vsn=plain_text(vsn) or "",
        erts_vsn=plain_text(erts_vsn) or "",
        apps=tuple(apps),
    )


def rel_term(rel: Rel) -> Term:
    """Return the term that stands in the `.rel` file."""
    return (
        Atom("release"),
        (make_string(rel.name), make_string(rel.vsn)),
        (Atom("erts"), make_string(rel.erts_vsn)),
        [_entry_term(entry) for entry in rel.apps],
    )


def dump_rel(rel: Rel) -> bytes:
    """Return the content of the `.rel` file, in UTF-8 and saying so."""
    return f"%% coding: utf-8\n{format_term(rel_term(rel))}.\n".encode()


def plain_text(term: Term) -> str | None:
    """Return the text of what systools takes for a string, None of anything else.

    A list of code points without surrogates, as `unicode:characters_to_list` gives
    back unchanged.
    """
    text = string_text(term)
    if text is None or any("\ud800" <= char <= "\udfff" for char in text):
        return None
    return text


def atom_names(term: Term) -> tuple[str, ...] | None:
    """Return the names in a list of atoms, None of anything else."""
    items = list_items(term)
    if items is None or not all(type(item) is Atom for item in items):
        return None
    return tuple(item.name for item in items if type(item) is Atom)


def _is_release(term: Term) -> bool:
    """Tell tuples from lists, which a sequence pattern takes alike."""
    return type(term) is tuple and type(term[1]) is tuple and type(term[2]) is tuple


def _check_text(code: Code, place: Place, value: Term) -> list[Diagnostic]:
    if plain_text(value) is not None:
        return []
    return [diagnostic(code, place, value=format_term(value))]


def _load_entry(term: Term) -> RelApp | None:
    """Entry = {App, Vsn} | {App, Vsn, Type} | {App, Vsn, Incl} | {App, Vsn, Type, Incl}

    Type is one of START_TYPES, Incl a list of atoms.
    """
    if type(term) is not tuple or not 2 <= len(term) <= 4:
        return None
    app, vsn, *rest = term
    text = plain_text(vsn)
    if type(app) is not Atom or text is None:
        return None
    match rest:
        case []:
            return RelApp(name=app.name, vsn=text)
        case [Atom(kind)] if kind in START_TYPES:
            return RelApp(name=app.name, vsn=text, start_type=kind, typed=True)
        case [names] if (included := atom_names(names)) is not None:
            return RelApp(name=app.name, vsn=text, included=included)
        case [Atom(kind), names] if (
            kind in START_TYPES and (included := atom_names(names)) is not None
        ):
            return RelApp(
                name=app.name,
                vsn=text,
                start_type=kind,
                typed=True,
                included=included,
            )
    return None


def _entry_term(entry: RelApp) -> Term:
    parts: list[Term] = [Atom(entry.name), make_string(entry.vsn)]
    if entry.typed or entry.start_type != "permanent":
        parts.append(Atom(entry.start_type))
    if entry.included is not None:
        parts.append([Atom(name) for name in entry.included])
    return tuple(parts)


def _check_mandatory(apps: list[RelApp], place: Place) -> list[Diagnostic]:
    types: dict[str, str] = {}
    for app in apps:
        types.setdefault(app.name, app.start_type)
    found = []
    for name in MANDATORY:
        if name not in types:
            found.append(diagnostic(Code.MISSING_MANDATORY_APP, place, app=name))
        elif types[name] != "permanent":
            found.append(
                diagnostic(Code.MANDATORY_APP_TYPE, place, app=name, type=types[name])
            )
    return found

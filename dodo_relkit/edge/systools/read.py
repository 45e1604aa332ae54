"""Reads a `.rel` and the applications it lists, as systools does by path.

Gives the release with all warnings, or stops with systools' error. Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.systools.path import SearchPath, place
from dodo_relkit.edge.systools.terms import SystoolsError, error_term
from dodo_relkit.formats.app import AppSpec, load_app
from dodo_relkit.formats.app_faults import (
    RULES,
    app_faults,
    entry_of,
    systools_reason,
    take_apart,
)
from dodo_relkit.formats.erlang_paths import dirname, join
from dodo_relkit.formats.first_term import NoTerm, ParseFault, first_term, read_error
from dodo_relkit.formats.rel import Rel, RelApp, atom_names, load_rel
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.needs import without
from dodo_relkit.target import Target, refuses_repeated_entries
from dodo_relkit.terms.model import Atom, Term, make_string


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """Why an application could not be read."""

    what: Term
    """The What of systools' `{error_reading, {Name, What}}`."""
    diagnostics: tuple[Diagnostic, ...]


def read_rel(name: str, path: SearchPath) -> Rel:
    """Return what `<name>.rel` says: in the current directory, then along the path.

    Raises `SystoolsError`.
    """
    file = f"{name}.rel"
    directories = ["."] if name.startswith("/") else [".", *path.directories]
    for directory in directories:
        full = file if name.startswith("/") else join(directory, file)
        data = _read(path.cwd, full)
        if data is not None:
            return _load_rel(data, file, full)
    found = [diagnostic(Code.REL_NOT_FOUND, file=file, searched=tuple(directories))]
    raise SystoolsError((Atom("not_found"), make_string(file)), found)


def read_apps(rel: Rel, path: SearchPath, target: Target) -> Release:
    """Return the release: the first application on the path for each entry.

    Raises `SystoolsError` with the faults of all applications.
    """
    apps: dict[str, App] = {}
    errors: list[Term] = []
    found: list[Diagnostic] = []
    for entry in rel.apps:
        app = _read_app(entry, rel, path, target)
        if isinstance(app, _Fault):
            errors.append(app.what)
            found += app.diagnostics
            continue
        apps[entry.name] = app
    if errors:
        raise SystoolsError(errors[::-1], found)
    return Release(rel=rel, apps=apps)


def _read(cwd: str, name: str) -> bytes | None:
    try:
        return Path(place(cwd, name)).read_bytes()
    except OSError:
        return None


def _load_rel(data: bytes, file: str, full: str) -> Rel:
    try:
        return load_rel(first_term(data, full), full)
    except ParseFault as fault:
        where = (fault.line, Atom("erl_parse"), fault.what)
        error: Term = (Atom("parse"), make_string(file), where)
        raise SystoolsError(error, fault.diagnostics) from None
    except NoTerm as fault:
        raise SystoolsError(read_error(file), fault.diagnostics) from None
    except Trouble as trouble:
        term = error_term(trouble.diagnostics)
        raise SystoolsError(
            Atom("badly_formatted_release") if term is None else term,
            trouble.diagnostics,
        ) from None


def _read_app(
    entry: RelApp, rel: Rel, path: SearchPath, target: Target
) -> App | _Fault:
    """Return the first usable application on the path, or the first fault met.

    A file that cannot be parsed or is of another version is passed over; one with a
    fault of another kind ends the search.
    """
    file = f"{entry.name}.app"
    first: _Fault | None = None
    for directory in path.holders.get(file, ()):
        full = join(directory, file)
        data = _read(path.cwd, full)
        if data is None:
            continue
        try:
            term = first_term(data, full)
        except ParseFault as fault:
            where = (make_string(full), fault.line, fault.what)
            what: Term = (Atom("parse_error"), where)
            first = first or _reading(entry, what, *fault.diagnostics)
            continue
        except NoTerm:
            continue
        spec = _load(entry, term, full, target)
        if isinstance(spec, _Fault):
            return spec
        if spec.vsn != entry.vsn:
            first = first or _other_vsn(entry, full, spec.vsn)
            continue
        return _check_entry(entry, rel, spec, full)
    return first or _nowhere(entry, path)


def _load(entry: RelApp, term: Term, full: str, target: Target) -> AppSpec | _Fault:
    own_name = (take_apart(term) or (entry.name,))[0]
    repeated = _repeated(term, full) if refuses_repeated_entries(target) else []
    found: list[Diagnostic] = []
    try:
        spec = load_app(term, file=full, name=own_name)
    except Trouble as trouble:
        found += trouble.diagnostics
    else:
        if not repeated:
            return spec
    found += [told for _, told in repeated]
    what = _first_reason(term, own_name, [reason for reason, _ in repeated])
    return _reading(entry, what, *found)


def _first_reason(term: Term, name: str, repeated: list[tuple[Term, ...]]) -> Term:
    """Return what systools says of a faulty file: the fault of the first key."""
    faults = app_faults(term, name=name)
    keys = [Atom(key) for key in RULES]
    if repeated and (
        not faults or keys.index(repeated[0][1]) < keys.index(Atom(faults[0].key))  # type: ignore[arg-type]
    ):
        return (repeated[0], term)
    match systools_reason(term, name=name):
        case (_, (_, what)):
            return what
    raise AssertionError("a fault without a reason")


def _repeated(
    term: Term, full: str
) -> list[tuple[tuple[Atom, Atom, Term], Diagnostic]]:
    """Return systools' term and RK349 for each list that names something twice.

    In the order of the keys; OTP 26 and later.
    """
    name, items, _ = take_apart(term) or ("", [], True)
    found = []
    for key in RULES:
        names = atom_names((entry_of(key, items) or ((), ()))[1]) or ()
        extra = without(names, tuple(dict.fromkeys(names)))
        if extra:
            atoms: Term = [Atom(each) for each in extra]
            entries = tuple(dict.fromkeys(extra))
            place = Place(file=full)
            twice = Code.APP_ENTRY_TWICE
            told = diagnostic(twice, place, app=name, key=key, entries=entries)
            found.append(((Atom("dupl_entry"), Atom(key), atoms), told))
    return found


def _check_entry(entry: RelApp, rel: Rel, spec: AppSpec, full: str) -> App | _Fault:
    """Check what the `.rel` says against the file that was found for it."""
    place = Place(file=full)
    # systools looks the included applications up by the name in the file
    named = next((each.included for each in rel.apps if each.name == spec.name), None)
    extra = tuple(
        name for name in named or () if name not in spec.included_applications
    )
    if extra:
        what: Term = (Atom("override_include"), [Atom(name) for name in extra])
        found = diagnostic(
            Code.INCLUDE_NOT_IN_APP, place, app=spec.name, included=extra
        )
        return _reading(entry, what, found)
    if spec.name != entry.name:
        other: Term = (Atom(spec.name), make_string(spec.vsn))
        found = diagnostic(
            Code.APP_NAME_MISMATCH,
            place,
            app=entry.name,
            found=spec.name,
            vsn=spec.vsn,
        )
        return _Fault(
            what=(Atom("bad_application_name"), (Atom(entry.name), other)),
            diagnostics=(found,),
        )
    ebin = dirname(full)
    directory = dirname(ebin)
    flat = "" if f"{directory}/ebin" == ebin else ebin
    return App(spec=spec, directory=directory, beams=(), flat=flat)


def _other_vsn(entry: RelApp, full: str, vsn: str) -> _Fault:
    wanted: Term = (make_string("should be"), make_string(entry.vsn))
    got: Term = (make_string("found file"), make_string(full), make_string(vsn))
    found = diagnostic(
        Code.APP_VSN_NOT_FOUND,
        Place(file=full),
        app=entry.name,
        wanted=entry.vsn,
        file=full,
        found=vsn,
    )
    return _reading(entry, (Atom("no_valid_version"), (wanted, got)), found)


def _nowhere(entry: RelApp, path: SearchPath) -> _Fault:
    from difflib import get_close_matches

    known = [name.removesuffix(".app") for name in path.holders]
    found = diagnostic(
        Code.APP_FILE_NOT_FOUND,
        app=entry.name,
        vsn=entry.vsn,
        near=tuple(get_close_matches(entry.name, known, n=3)),
    )
    what: Term = (Atom("not_found"), make_string(f"{entry.name}.app"))
    return _reading(entry, what, found)


def _reading(entry: RelApp, what: Term, *found: Diagnostic) -> _Fault:
    return _Fault(
        what=(Atom("error_reading"), (Atom(entry.name), what)), diagnostics=found
    )

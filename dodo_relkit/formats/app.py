"""What an `.app` file says (application resource file, app(4)), and back.

Takes the term of the file; knows neither disk nor the syntax of terms. Which terms
are faulty is in `app_faults.py`; from there comes also the reason that systools
would give (`systools_reason`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.app_faults import (
    RULES,
    AppFault,
    FaultKind,
    app_faults,
    entry_of,
    take_apart,
)
from dodo_relkit.terms.model import Atom, Term, list_items, make_string, string_text


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpec:
    """One application specification; atoms that are names are plain text here."""

    name: str
    vsn: str
    description: Term
    """A string; `[]` when empty."""
    id: Term
    modules: tuple[str, ...]
    """In the order of the file."""
    registered: tuple[str, ...]
    applications: tuple[str, ...]
    optional_applications: tuple[str, ...]
    included_applications: tuple[str, ...]
    env: Term
    max_t: Term
    """Milliseconds, or the atom `infinity`."""
    max_p: Term
    start_phases: Term
    """The atom `undefined` when the file has none."""
    mod: Term
    """`(Atom(module), arguments)`, or `[]` for a library application."""
    unknown: tuple[Term, ...] = ()
    """Properties that are not of app(4), as they stand in the file."""


def load_app(term: Term, *, file: str, name: str) -> AppSpec:
    """Return the application that the term of `file` specifies.

    `name` is the one that the file's name says. Raises Trouble with every fault of
    the file: APP_MALFORMED, APP_KEY_MISSING, APP_KEY_TYPE, APP_NAME_DIFFERS.
    """
    found = app_faults(term, name=name)
    if found:
        raise Trouble(_diagnose(fault, term, file, name) for fault in found)
    return _spec(term)


def load_app_leniently(
    term: Term, *, file: str, name: str
) -> tuple[AppSpec, tuple[Diagnostic, ...]]:
    """Return the application, and a warning for each absent list taken as empty.

    As `load_app`, but `registered`, `applications` and `modules` may be absent, as
    they are in libraries that were never released with systools: APP_KEY_ASSUMED.
    """
    parts = take_apart(term)
    if parts is None:
        return load_app(term, file=file, name=name), ()
    found, items, _ = parts
    absent = [
        key
        for key in ("modules", "registered", "applications")
        if entry_of(key, items) is None
    ]
    added: list[Term] = [(Atom(key), []) for key in absent]
    spec = load_app(
        (Atom("application"), Atom(found), [*items, *added]), file=file, name=name
    )
    place = Place(file=file)
    return spec, tuple(
        diagnostic(Code.APP_KEY_ASSUMED, place, name=name, key=key) for key in absent
    )


def app_warnings(term: Term, *, file: str, name: str) -> tuple[Diagnostic, ...]:
    """Return what is odd in a term that `load_app` takes.

    APP_KEY_TWICE, and APP_KEY_SUSPECT for a key that is nearly one of app(4).
    """
    _, items, _ = take_apart(term) or ("", [], True)
    keys = [_key(item) for item in items]
    place = Place(file=file)
    twice = sorted({key for key in keys if key in RULES and keys.count(key) > 1})
    found = [diagnostic(Code.APP_KEY_TWICE, place, name=name, key=key) for key in twice]
    for key in keys:
        if key and key not in RULES and key not in FOREIGN_KEYS:
            meant = _nearest(key)
            if meant:
                facts = {"name": name, "key": key, "meant": meant}
                found.append(diagnostic(Code.APP_KEY_SUSPECT, place, **facts))
    return tuple(found)


def app_term(spec: AppSpec, keys: Sequence[str]) -> Term:
    """Return `{application, Name, [{Key, Value}, ...]}` with `keys` in that order.

    As in a boot script, `start_phases` is left out when undefined and `mod` when
    empty. Which keys a boot script has is a fact of the target OTP:
    `optional_applications` is one since OTP 24.
    """
    values = _values(spec)
    entries: list[Term] = [
        (Atom(key), values[key]) for key in keys if not _is_left_out(key, values[key])
    ]
    return (Atom("application"), Atom(spec.name), entries)


FOREIGN_KEYS = frozenset(
    {
        "runtime_dependencies",
        "licenses",
        "links",
        "maintainers",
        "contributors",
        "build_tools",
        "pkg_name",
        "files",
        "doc",
        "include_files",
        "exclude_files",
        "exclude_paths",
        "deps",
    }
)
"""Keys that OTP, hex and rebar3 write besides those of app(4)."""


def _diagnose(fault: AppFault, term: Term, file: str, name: str) -> Diagnostic:
    place = Place(file=file)
    match fault.kind:
        case FaultKind.MALFORMED:
            return diagnostic(Code.APP_MALFORMED, place, name=name)
        case FaultKind.NAME:
            found, *_ = take_apart(term) or ("",)
            return diagnostic(Code.APP_NAME_DIFFERS, place, name=name, found=found)
        case FaultKind.MISSING if fault.key != "mod":
            code = Code.APP_KEY_MISSING
        case _:
            code = Code.APP_KEY_TYPE
    expected = RULES[fault.key].expected
    return diagnostic(code, place, name=name, key=fault.key, expected=expected)


def _key(item: Term) -> str:
    match item:
        case (Atom(key), *_) if type(item) is tuple:
            return key
        case _:
            return ""


def _nearest(key: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(key, RULES, n=1, cutoff=0.8)), "")


def _spec(term: Term) -> AppSpec:
    """Return the application of a term in which `app_faults` finds no fault of type."""
    name, items, _ = take_apart(term) or ("", [], True)
    values: dict[str, Term] = {
        key: rule.default for key, rule in RULES.items() if rule.default is not None
    }
    for key in RULES:
        entry = entry_of(key, items)
        if entry is not None:
            values[key] = entry[1]
    return AppSpec(
        name=name,
        vsn=string_text(values["vsn"]) or "",
        description=values["description"],
        id=values["id"],
        modules=_names(values["modules"]),
        registered=_names(values["registered"]),
        applications=_names(values["applications"]),
        optional_applications=_names(values["optional_applications"]),
        included_applications=_names(values["included_applications"]),
        env=values["env"],
        max_t=values["maxT"],
        max_p=values["maxP"],
        start_phases=values["start_phases"],
        mod=values["mod"],
        unknown=tuple(item for item in items if _key(item) not in RULES),
    )


def _values(spec: AppSpec) -> dict[str, Term]:
    return {
        "description": spec.description,
        "vsn": make_string(spec.vsn),
        "id": spec.id,
        "modules": _atoms(spec.modules),
        "registered": _atoms(spec.registered),
        "applications": _atoms(spec.applications),
        "optional_applications": _atoms(spec.optional_applications),
        "included_applications": _atoms(spec.included_applications),
        "env": spec.env,
        "maxT": spec.max_t,
        "maxP": spec.max_p,
        "start_phases": spec.start_phases,
        "mod": spec.mod,
    }


def _is_left_out(key: str, value: Term) -> bool:
    if key == "start_phases":
        return value is Atom("undefined")
    return key == "mod" and value == []


def _names(value: Term) -> tuple[str, ...]:
    items = list_items(value) or []
    return tuple(item.name for item in items if isinstance(item, Atom))


def _atoms(names: Iterable[str]) -> Term:
    return [Atom(name) for name in names]

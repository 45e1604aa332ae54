"""Which faults the term of an `.app` file has, in the words of systools.

Says neither what the file means (`app.py`) nor how a user is told. The verdicts are
those of `systools_make` (`parse_application`, `get_items`, `check_item`), which is
stricter than the start of an application: it wants every required key and looks at
the type of every value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from dodo_relkit.terms.model import Atom, Improper, Term, list_items, string_text


class FaultKind(Enum):
    """What systools says of a fault; the values are its own atoms."""

    MALFORMED = "badly_formatted_application"
    MISSING = "missing_param"
    """Also a `mod` of the wrong form and an entry that is no pair."""
    TYPE = "bad_param"
    CRASH = "EXIT"
    """systools itself crashes with `badarg`, as for `{vsn, 1}`."""
    NAME = "bad_application_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFault:
    """One fault of an application resource file."""

    kind: FaultKind
    key: str = ""
    """The key it is about; empty for MALFORMED and NAME."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a key of app(4) must hold."""

    expected: str
    """Completes the sentence "the value is not ..."."""
    fault: Callable[[Term], FaultKind | None]
    """What is wrong with a value, None when nothing is."""
    default: Term | None = None
    """None when the key is required."""


def app_faults(term: Term, *, name: str) -> tuple[AppFault, ...]:
    """Return every fault of an `.app` file's term, in the order of systools.

    systools stops at the first. Source: `parse_application`, `get_items`,
    `check_item` and `collect_applications` of systools_make.
    """
    parts = take_apart(term)
    if parts is None:
        return (AppFault(kind=FaultKind.MALFORMED),)
    found, items, ends_well = parts
    faults = []
    for key, rule in RULES.items():
        kind = _fault_of(key, rule, items, ends_well)
        if kind is not None:
            faults.append(AppFault(kind=kind, key=key))
    if found != name:
        faults.append(AppFault(kind=FaultKind.NAME))
    return tuple(faults)


def take_apart(term: Term) -> tuple[str, list[Term], bool] | None:
    """Return name, properties, and whether these are a proper list; None if neither.

    systools asks only for `is_list`, so an improper list may pass.
    """
    match term:
        case (Atom("application"), Atom(name), properties) if type(term) is tuple:
            if isinstance(properties, Improper):
                return name, list(properties.items), False
            items = list_items(properties)
            return None if items is None else (name, items, True)
        case _:
            return None


def systools_reason(term: Term, *, name: str) -> Term | None:
    """Return what systools says of an `.app` file's term, None if it is content.

    The value is the element for this application in the list that `make_script`
    gives as `{error, systools_make, List}`, for the first of `app_faults`:

    * `{error_reading, {Name, {{bad_param, Key}, Term}}}`, and the same with
      `missing_param`, `Term` being the whole term of the file;
    * `{error_reading, {Name, {badly_formatted_application, Term}}}`;
    * `{error_reading, {Name, {{'EXIT', {badarg, []}}, Term}}}`, where systools has
      its own stack in place of `[]`;
    * `{bad_application_name, {Name, {Found, Vsn}}}`.

    What depends on the `.rel` or on the search (`no_valid_version`, `not_found`,
    `override_include`, syntax) is not of the term and is not said here.
    """
    faults = app_faults(term, name=name)
    if not faults:
        return None
    return _reason(faults[0], term, name)


def _reason(fault: AppFault, term: Term, name: str) -> Term:
    what: Term
    match fault.kind:
        case FaultKind.NAME:
            found, items, _ = take_apart(term) or ("", [], True)
            _key, vsn = entry_of("vsn", items) or ((), ())
            return (Atom(fault.kind.value), (Atom(name), (Atom(found), vsn)))
        case FaultKind.MALFORMED:
            what = (Atom(fault.kind.value), term)
        case FaultKind.CRASH:
            what = ((Atom("EXIT"), (Atom("badarg"), [])), term)
        case _:
            what = ((Atom(fault.kind.value), Atom(fault.key)), term)
    return (Atom("error_reading"), (Atom(name), what))


def _fault_of(
    key: str, rule: Rule, items: list[Term], ends_well: bool
) -> FaultKind | None:
    entry = entry_of(key, items)
    if entry is None and not ends_well:
        return FaultKind.CRASH
    if entry is None:
        return FaultKind.MISSING if rule.default is None else None
    if len(entry) != 2:
        return FaultKind.MISSING
    return rule.fault(entry[1])


def entry_of(key: str, items: Iterable[Term]) -> tuple[Term, ...] | None:
    """Return the first tuple whose first element is `key`, as `lists:keysearch`."""
    for item in items:
        if type(item) is tuple and item and item[0] is Atom(key):
            return item
    return None


def _text_fault(value: Term) -> FaultKind | None:
    """A text is what `unicode:characters_to_list` leaves as it is."""
    text = string_text(value)
    if text is None:
        return FaultKind.TYPE if _is_chardata(value) else FaultKind.CRASH
    if any("\ud800" <= char <= "\udfff" for char in text):
        return FaultKind.TYPE
    return None


def _is_chardata(value: Term) -> bool:
    """Whether `unicode:characters_to_list` answers, if only with an error tuple."""
    match value:
        case bytes() | str():
            return True
        case list():
            return all(type(item) is int or _is_chardata(item) for item in value)
        case Improper(items, tail):
            return type(tail) is bytes and _is_chardata(list(items))
        case _:
            return False


def _atoms_fault(value: Term) -> FaultKind | None:
    items = list_items(value)
    if items is None or not all(isinstance(item, Atom) for item in items):
        return FaultKind.TYPE
    return None


def _pairs_fault(value: Term) -> FaultKind | None:
    items = list_items(value)
    if items is None:
        return FaultKind.TYPE
    for item in items:
        match item:
            case (Atom(), _) if type(item) is tuple:
                pass
            case _:
                return FaultKind.TYPE
    return None


def _phases_fault(value: Term) -> FaultKind | None:
    return None if value is Atom("undefined") else _pairs_fault(value)


def _limit_fault(value: Term) -> FaultKind | None:
    if value is Atom("infinity") or (type(value) is int and value > 0):
        return None
    return FaultKind.TYPE


def _mod_fault(value: Term) -> FaultKind | None:
    match value:
        case (Atom(), _) if type(value) is tuple:
            return None
    return None if value == [] else FaultKind.MISSING


_ATOMS = "a list of atoms"
_PAIRS = "a list of pairs {Atom, Term}"
_LIMIT = "a positive integer or infinity"

# in the order in which systools looks at them: get_items of systools_make
RULES = {
    "vsn": Rule(expected="a string", fault=_text_fault),
    "id": Rule(expected="a string", fault=_text_fault, default=[]),
    "description": Rule(expected="a string", fault=_text_fault),
    "modules": Rule(expected=_ATOMS, fault=_atoms_fault),
    "registered": Rule(expected=_ATOMS, fault=_atoms_fault),
    "applications": Rule(expected=_ATOMS, fault=_atoms_fault),
    "optional_applications": Rule(expected=_ATOMS, fault=_atoms_fault, default=[]),
    "included_applications": Rule(expected=_ATOMS, fault=_atoms_fault, default=[]),
    "mod": Rule(expected="{Module, Arguments}", fault=_mod_fault, default=[]),
    "start_phases": Rule(
        expected=_PAIRS, fault=_phases_fault, default=Atom("undefined")
    ),
    "env": Rule(expected=_PAIRS, fault=_pairs_fault, default=[]),
    "maxT": Rule(expected=_LIMIT, fault=_limit_fault, default=Atom("infinity")),
    "maxP": Rule(expected=_LIMIT, fault=_limit_fault, default=Atom("infinity")),
}

"""The entries of the setting `applications`: which, in what version, how started."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.reading import (
    below,
    describe,
    item,
    nearest,
    read_app_name,
    read_app_names,
    read_version_text,
    wrong_type,
)
from dodo_relkit.release.spec import START_TYPES, StartType

T = TypeVar("T")

EXPECTED = 'an application, as "a", ("a", "load") or ("a", "1.2.0")'

_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An application that the release asks for."""

    name: str
    vsn: str = ""
    """Exactly this version; empty when any will do."""
    start_type: StartType | None = None
    """None when it follows from who needs it."""
    included: tuple[str, ...] | None = None
    """Of its included applications, those that count; None for all."""


def read_applications(value: object, place: Place) -> tuple[Wanted, ...]:
    """Read the list in any of the forms that `spec.Application` names.

    Raises `Trouble` with what is wrong in all entries, and with names listed twice.
    """
    if not isinstance(value, list | tuple):
        raise wrong_type("a list of applications", value, place)
    entries: list[tuple[Wanted, Place]] = []
    troubles: list[Diagnostic] = []
    for index, each in enumerate(value):
        where = item(place, index)
        try:
            entries.extend((wanted, where) for wanted in _read_entry(each, where))
        except Trouble as trouble:
            troubles.extend(trouble.diagnostics)
    troubles.extend(_listed_twice(entries))
    if troubles:
        raise Trouble(troubles)
    return tuple(wanted for wanted, _ in entries)


def read_start_type(value: object, place: Place) -> StartType:
    """Read one of the five start types."""
    if not isinstance(value, str):
        raise wrong_type("a start type", value, place)
    for each in START_TYPES:
        if value == each:
            return each
    wrong = diagnostic(
        Code.START_TYPE_UNKNOWN,
        place,
        found=describe(value),
        nearest=nearest(value, START_TYPES),
    )
    raise Trouble([wrong])


def _read_entry(value: object, place: Place) -> list[Wanted]:
    """`entry = name | [name, detail, ...] | {name: detail, ...}`"""
    match value:
        case str():
            return [Wanted(name=read_app_name(value, place))]
        case Mapping():
            return [_read_row(name, detail, place) for name, detail in value.items()]
        case (name, *details):
            return [_read_sequence(name, details, place)]
    raise wrong_type(EXPECTED, value, place)


def _read_row(name: object, detail: object, place: Place) -> Wanted:
    app = read_app_name(name, place)
    place = below(place, app)
    if not isinstance(detail, Mapping):
        return _read_details(app, [detail], place)
    unknown = [key for key in detail if key not in DETAILS]
    if unknown:
        raise Trouble(
            diagnostic(
                Code.UNKNOWN_SETTING,
                below(place, str(key)),
                setting=str(key),
                owner="an application",
                nearest=nearest(str(key), DETAILS),
                known=DETAILS,
            )
            for key in unknown
        )
    return Wanted(
        name=app,
        vsn=_detail(detail, "version", place, read_version_text) or "",
        start_type=_detail(detail, "start", place, read_start_type),
        included=_detail(detail, "included", place, read_app_names),
    )


DETAILS = ("version", "start", "included")
"""Keys of the long form in TOML."""


def _detail(
    detail: Mapping[str, object],
    key: str,
    place: Place,
    read: Callable[[object, Place], T],
) -> T | None:
    return read(detail[key], below(place, key)) if key in detail else None


def _read_sequence(name: object, details: Sequence[object], place: Place) -> Wanted:
    app = read_app_name(name, place)
    if len(details) > len(DETAILS):
        raise wrong_type(EXPECTED, [name, *details], place)
    return _read_details(app, details, place)


def _read_details(app: str, details: Sequence[object], place: Place) -> Wanted:
    """`details = [version] [start type] [included]`, as in rel(4)"""
    vsn, start_type, included = "", None, None
    for detail in details:
        if isinstance(detail, list | tuple) and included is None:
            included = read_app_names(detail, place)
        elif _is_start_type(detail) and start_type is None:
            start_type = read_start_type(detail, place)
        elif not vsn and start_type is None and included is None:
            vsn = read_version_text(detail, place)
        else:
            raise wrong_type(EXPECTED, [app, *details], place)
    return Wanted(name=app, vsn=vsn, start_type=start_type, included=included)


def _is_start_type(detail: object) -> bool:
    # A word without digits is taken for a misspelled type: ("a", "lode").
    return isinstance(detail, str) and _WORD.fullmatch(detail) is not None


def _listed_twice(entries: Sequence[tuple[Wanted, Place]]) -> list[Diagnostic]:
    seen: set[str] = set()
    twice = []
    for wanted, place in entries:
        if wanted.name in seen:
            twice.append(
                diagnostic(
                    Code.DEFINED_TWICE, place, what="application", name=wanted.name
                )
            )
        seen.add(wanted.name)
    return twice

"""Whether one value of the configuration has the right type. Knows no setting.

A reader takes a value as the user wrote it, in Python or in TOML, and its place; it
returns the value in its one checked form, or raises `Trouble` with all that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic

Reader: TypeAlias = Callable[[object, Place], object]

Scalar: TypeAlias = "str | int | float | bool"
Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"
"""What templates may use."""

T = TypeVar("T")

APP_NAME = re.compile(r"[a-z][A-Za-z0-9_@]*")
RELEASE_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
ENVIRONMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
VERSION = re.compile(r"[A-Za-z0-9_+~-][A-Za-z0-9._+~-]*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def below(place: Place, key: str) -> Place:
    """Return the place of `key` in the table at `place`."""
    shown = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
    return replace(place, key=f"{place.key}.{shown}" if place.key else shown)


def item(place: Place, index: int) -> Place:
    """Return the place of the element `index` of the list at `place`."""
    return replace(place, key=f"{place.key}[{index}]")


def describe(value: object) -> str:
    """Return a few words on `value` for a message: its kind, and it if it is short."""
    match value:
        case None:
            return "None"
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{_shortened(value)}"'
        case int() | float():
            return f"the number {value}"
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


def wrong_type(expected: str, value: object, place: Place) -> Trouble:
    """Return the trouble that `value` at `place` is not what was `expected`."""
    found = diagnostic(
        Code.SETTING_TYPE,
        place,
        setting=place.key,
        expected=expected,
        found=describe(value),
    )
    return Trouble([found])


def wrong_value(expected: str, value: object, place: Place) -> Trouble:
    """Return the trouble that `value` has the right type but is not allowed."""
    found = diagnostic(
        Code.SETTING_VALUE,
        place,
        setting=place.key,
        expected=expected,
        found=describe(value),
    )
    return Trouble([found])


def read_text(value: object, place: Place) -> str:
    """Read a text without control characters; it may be empty."""
    if not isinstance(value, str):
        raise wrong_type("text", value, place)
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise wrong_value("text without control characters", value, place)
    return value


def read_boolean(value: object, place: Place) -> bool:
    """Read true or false; a number is neither."""
    if not isinstance(value, bool):
        raise wrong_type("true or false", value, place)
    return value


def read_path(value: object, place: Place) -> str:
    """Read the path of a file or folder, as text or as an `os.PathLike` of text."""
    # os.PathLike, but this layer does not know `os`.
    has_path = hasattr(type(value), "__fspath__")
    written = value.__fspath__() if has_path else value  # type: ignore[attr-defined]
    if not isinstance(written, str):
        raise wrong_type("a path", value, place)
    if not written.strip():
        raise wrong_value("a path", value, place)
    return read_text(written, place)


def read_paths(value: object, place: Place) -> tuple[str, ...]:
    """Read a list of paths."""
    return read_list(value, place, read_path, "a list of paths")


def read_one_or_more_paths(value: object, place: Place) -> tuple[str, ...]:
    """Read a path or a list of paths."""
    if not isinstance(value, list | tuple):
        return (read_path(value, place),)
    return read_paths(value, place)


def read_name(value: object, place: Place, pattern: re.Pattern[str], what: str) -> str:
    """Read a name that matches `pattern`; `what` says of what, as `a release`."""
    if not isinstance(value, str):
        raise wrong_type(f"the name of {what}", value, place)
    if pattern.fullmatch(value):
        return value
    rule = RULES[pattern]
    wrong = diagnostic(
        Code.ILLEGAL_NAME, place, found=describe(value), what=what, rule=rule
    )
    raise Trouble([wrong])


RULES = {
    APP_NAME: "a lower-case letter, then letters, digits, _ and @",
    RELEASE_NAME: "a lower-case letter, then letters, digits and _",
    ENVIRONMENT_NAME: "a letter, then letters, digits, _ and -",
    VARIABLE: "a letter or _, then letters, digits and _",
}
"""What the patterns say, in words."""


def read_app_name(value: object, place: Place) -> str:
    """Read the name of an application."""
    return read_name(value, place, APP_NAME, "an application")


def read_app_names(value: object, place: Place) -> tuple[str, ...]:
    """Read a list of names of applications."""
    return read_list(value, place, read_app_name, "a list of applications")


def read_version_text(value: object, place: Place) -> str:
    """Read a version: folders are named after it."""
    if not isinstance(value, str):
        raise wrong_type("a version", value, place)
    if VERSION.fullmatch(value):
        return value
    raise Trouble([diagnostic(Code.ILLEGAL_VERSION, place, found=describe(value))])


def read_level(value: object, place: Place) -> int:
    """Read a level of compression, 0..9."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type("a number from 0 to 9", value, place)
    if not 0 <= value <= 9:
        raise wrong_value("a number from 0 to 9", value, place)
    return value


def read_list(
    value: object, place: Place, read: Callable[[object, Place], T], expected: str
) -> tuple[T, ...]:
    """Read a list whose elements `read` reads; gathers what is wrong in all of them."""
    if not isinstance(value, list | tuple):
        raise wrong_type(expected, value, place)
    return tuple(
        gather((read, each, item(place, index)) for index, each in enumerate(value))
    )


def read_variables(value: object, place: Place) -> dict[str, Value]:
    """Read a table of variables for templates."""
    if not isinstance(value, Mapping):
        raise wrong_type("a table of variables", value, place)
    rows = list(value.items())
    names = gather((_read_variable_name, name, place) for name, _ in rows)
    values = gather(
        (_read_value, each, below(place, name))
        for name, (_, each) in zip(names, rows, strict=True)
    )
    return dict(zip(names, values, strict=True))


def gather(
    todo: Iterable[tuple[Callable[[object, Place], T], object, Place]],
) -> list[T]:
    """Apply each reader to its value; raise the troubles of all at once."""
    done: list[T] = []
    troubles: list[Diagnostic] = []
    for read, value, place in todo:
        try:
            done.append(read(value, place))
        except Trouble as trouble:
            troubles.extend(trouble.diagnostics)
    if troubles:
        raise Trouble(troubles)
    return done


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name of `known` that `name` is most likely meant to be, or ''."""
    import difflib  # only when something is wrong

    names = list(dict.fromkeys(known))
    folded = {each.lower().replace("-", "_"): each for each in names}
    wanted = name.lower().replace("-", "_")
    if wanted in folded and folded[wanted] != name:
        return folded[wanted]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return close[0] if close else ""


def nearest_all(name: str, known: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """Return up to `most` names of `known` that are like `name`, the likest first."""
    import difflib

    return tuple(difflib.get_close_matches(name, known, n=most, cutoff=0.6))


def _read_variable_name(value: object, place: Place) -> str:
    return read_name(value, place, VARIABLE, "a variable")


def _read_value(value: object, place: Place) -> Value:
    match value:
        case str() | bool() | int() | float():
            return value
        case list() | tuple():
            return list(
                read_list(value, place, _read_value, "a list of texts and numbers")
            )
        case Mapping():
            names = gather((_read_key, key, place) for key in value)
            return {
                name: _read_value(value[name], below(place, name)) for name in names
            }
    raise wrong_type("text, a number, true, false, a list or a table", value, place)


def _read_key(value: object, place: Place) -> str:
    if not isinstance(value, str):
        raise wrong_type("a table whose keys are texts", value, place)
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."

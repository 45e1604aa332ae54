"""Whether the settings that shape the instructions of an upgrade have the right form.

Reads values as the user wrote them. Whether a named Python function is there, and what
a strategy does, is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dodo_relkit.diagnostics import Place
from dodo_relkit.release.reading import (
    Value,
    below,
    gather,
    item,
    read_list,
    read_text,
    read_variables,
    wrong_type,
    wrong_value,
)

PURGES = ("brutal", "soft")
"""How old code is purged (appup(4)); the first is what is not said."""

STRATEGIES = (
    "load",
    "update_soft",
    "update_advanced",
    "supervisor",
    "restart_app",
    "restart_emulator",
    "skip",
)
"""The values of `upgrade.strategies.Strategy`; a test compares the two lists."""

_IDENTIFIER = r"[^\W\d]\w*"
_FUNCTION = re.compile(rf"{_IDENTIFIER}(\.{_IDENTIFIER})*:{_IDENTIFIER}")
_TRANSFORMS = 'a list of "module:function"'


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformWish:
    """A transform that was asked for."""

    function: str
    """`python_module:function`."""
    options: Mapping[str, Value] = field(default_factory=dict)


def read_function(value: object, place: Place) -> str:
    """Read the name of a Python function, `module:function`."""
    if not isinstance(value, str):
        raise wrong_type('the text "python_module:function"', value, place)
    if not _FUNCTION.fullmatch(value):
        raise wrong_value('the text "python_module:function"', value, place)
    return value


def read_transforms(value: object, place: Place) -> tuple[TransformWish, ...]:
    """Read a list of transforms: names, `(name, options)` or tables of both."""
    return read_list(value, place, _read_transform, _TRANSFORMS)


def read_purge(value: object, place: Place) -> str | dict[str, str]:
    """Read `brutal`, `soft`, or a table of these by module, `default` for the rest."""
    if isinstance(value, Mapping):
        return _read_table(value, place, PURGES)
    return _read_word(value, place, PURGES)


def read_strategies(value: object, place: Place) -> dict[str, str]:
    """Read a table from modules, or applications, to names of strategies."""
    if not isinstance(value, Mapping):
        raise wrong_type("a table from modules to strategies", value, place)
    return _read_table(value, place, STRATEGIES)


def _read_transform(value: object, place: Place) -> TransformWish:
    match value:
        case str():
            return TransformWish(function=read_function(value, place))
        case list() | tuple() if len(value) == 2:
            function, options = value
            places = (item(place, 0), item(place, 1))
        case Mapping() if "function" in value and set(value) <= {"function", "options"}:
            function, options = value["function"], value.get("options", {})
            places = (below(place, "function"), below(place, "options"))
        case _:
            expected = '"module:function", or it and a table of options'
            raise wrong_type(expected, value, place)
    return TransformWish(
        function=read_function(function, places[0]),
        options=read_variables(options, places[1]),
    )


def _read_table(
    value: Mapping[object, object], place: Place, words: tuple[str, ...]
) -> dict[str, str]:
    names = gather((read_text, name, place) for name in value)
    read = gather(
        (lambda each, where: _read_word(each, where, words), each, below(place, name))
        for name, each in zip(names, value.values(), strict=True)
    )
    return dict(zip(names, read, strict=True))


def _read_word(value: object, place: Place, words: tuple[str, ...]) -> str:
    expected = f"one of {', '.join(words)}"
    if not isinstance(value, str):
        raise wrong_type(expected, value, place)
    if value not in words:
        raise wrong_value(expected, value, place)
    return value

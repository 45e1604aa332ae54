"""The configuration as TOML: the tables of `relkit.toml` or `[tool.relkit]`.

Turns tables into what `dodo.py` would hold, and has `config.py` check that; reads no
file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.compilers import (
    Compile,
    erlc,
    gleam,
    mix,
    rebar3,
    task,
)
from dodo_relkit.release.config import Form, Raw, check_raw
from dodo_relkit.release.profile import Config
from dodo_relkit.release.reading import below, nearest, wrong_type
from dodo_relkit.release.spec import Environment, ReleaseSpec

TOML = Form(
    releases="release",
    environments="environment",
    keys=(
        "release",
        "environment",
        "default_release",
        "default_environment",
        "compile",
        "lib_dirs",
    ),
    example='[release.myapp] with applications = ["myapp"]',
)

COMPILERS: Mapping[str, tuple[str, ...]] = {
    "mix": ("env",),
    "rebar3": ("profile",),
    "gleam": (),
    "erlc": ("src", "app", "include", "options"),
}
"""The ways to compile, and the settings of each."""

EXPECTED_COMPILE = '"mix", "rebar3", "gleam", "erlc" or { task = "name" }'


def config_from_toml(
    document: Mapping[str, object],
    file: str,
    *,
    text: str = "",
    table: str = "",
    root: str = "",
) -> Config:
    """Return the checked configuration that the tables of `document` hold.

    `table` is where these stand in the file, as `tool.relkit`; with the `text` of the
    file, troubles name the line. Raises `Trouble` with all that is wrong.
    """
    place = Place(file=file, key=table)
    troubles: list[Diagnostic] = []
    raw = Raw(
        releases=_named(document, "release", ReleaseSpec, place, troubles),
        environments=_named(document, "environment", Environment, place, troubles),
        default_release=document.get("default_release"),
        default_environment=document.get("default_environment"),
        compile=_compile(document.get("compile"), below(place, "compile"), troubles),
        lib_dirs=document.get("lib_dirs"),
        unknown={key: each for key, each in document.items() if key not in TOML.keys},
    )
    try:
        config = check_raw(raw, place, TOML, root)
    except Trouble as trouble:
        troubles.extend(trouble.diagnostics)
    if troubles:
        raise Trouble(_with_line(each, text) for each in troubles)
    return config


def _named(
    document: Mapping[str, object],
    key: str,
    kind: type[ReleaseSpec] | type[Environment],
    place: Place,
    troubles: list[Diagnostic],
) -> list[ReleaseSpec | Environment]:
    tables = document.get(key, {})
    if isinstance(tables, Mapping):
        return [kind(name, settings) for name, settings in tables.items()]
    example = f"a table of tables, as [{key}.name]"
    troubles.extend(wrong_type(example, tables, below(place, key)).diagnostics)
    return []


def _compile(value: object, place: Place, troubles: list[Diagnostic]) -> object:
    """Return what `compile` in `dodo.py` would be; None when it is not to be had."""
    match value:
        case None:
            return None
        case "mix" | "rebar3" | "gleam" | "erlc":
            return MAKERS[value]()
        case Mapping() if len(value) == 1:
            [(name, settings)] = value.items()
            if name == "task":
                return task(settings)
            if name in MAKERS and isinstance(settings, Mapping):
                unknown = [key for key in settings if key not in COMPILERS[name]]
                where = below(place, name)
                troubles.extend(_unknown(key, name, where) for key in unknown)
                known = {k: v for k, v in settings.items() if k not in unknown}
                return MAKERS[name](**known)
    troubles.extend(wrong_type(EXPECTED_COMPILE, value, place).diagnostics)
    return None


def _erlc(src: object = (), **settings: Any) -> Compile:
    sources: Any = src if isinstance(src, list | tuple) else (src,)
    return erlc(*sources, **settings)


# The values are of any type yet: `config.py` checks the fields of what these make.
MAKERS: Mapping[str, Callable[..., Compile]] = {
    "mix": mix,
    "rebar3": rebar3,
    "gleam": gleam,
    "erlc": _erlc,
}


def _unknown(key: str, compiler: str, place: Place) -> Diagnostic:
    known = COMPILERS[compiler]
    return diagnostic(
        Code.UNKNOWN_SETTING,
        below(place, key),
        setting=key,
        owner=compiler,
        nearest=nearest(key, known),
        known=known,
    )


def _with_line(found: Diagnostic, text: str) -> Diagnostic:
    """Return the diagnostic with the line of the key it is about, if that is there."""
    wanted = _path(found.place.key)
    lines = _lines_of_keys(text)
    for length in range(len(wanted), 0, -1):
        number = lines.get(wanted[:length])
        if number:
            source = text.splitlines()[number - 1]
            place = replace(found.place, line=number, source=source)
            return replace(found, place=place)
    return found


_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_.-]|"[^"]*"|'[^']*')+)\s*=""")
_PART = re.compile(r"""\s*("[^"]*"|'[^']*'|[^."'\[\]]+)(?:\[\d+\])*\s*\.?""")


def _lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and table header; good enough for messages."""
    table: tuple[str, ...] = ()
    lines: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header:
            table = _path(header[1])
            lines.setdefault(table, number)
        elif key:
            lines.setdefault((*table, *_path(key[1])), number)
    return lines


def _path(key: str) -> tuple[str, ...]:
    """Return the parts of a key path, without quotes and indexes."""
    return tuple(part.strip().strip("\"'") for part in _PART.findall(key))

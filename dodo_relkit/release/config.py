"""Whether the configuration is sound: the one door, for its Python and TOML forms.

Reads no file and chooses no profile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.compilers import (
    DEFAULT_ENVIRONMENT,
    Compile,
    CompileTask,
    Erlc,
    Gleam,
    Mix,
    Rebar3,
)
from dodo_relkit.release.conflicts import check_profiles
from dodo_relkit.release.profile import (
    Config,
    environment_names,
    no_such,
    release_names,
)
from dodo_relkit.release.reading import (
    ENVIRONMENT_NAME,
    RELEASE_NAME,
    below,
    item,
    nearest,
    read_list,
    read_name,
    read_paths,
    read_text,
    wrong_type,
)
from dodo_relkit.release.settings import read_settings
from dodo_relkit.release.spec import Environment, ReleaseSpec

T = TypeVar("T")
Named = TypeVar("Named", Environment, ReleaseSpec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one written form of the configuration calls things, for key paths."""

    releases: str = "releases"
    environments: str = "environments"
    keys: tuple[str, ...]
    """The settings of the whole configuration, as this form calls them."""
    example: str = 'releases=[release("myapp", applications=["myapp"])]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A configuration as it was written; None is what was not written."""

    releases: object = None
    """A list of `ReleaseSpec`."""
    environments: object = None
    """A list of `Environment`."""
    default_release: object = None
    default_environment: object = None
    compile: object = None
    lib_dirs: object = None
    unknown: Mapping[str, object]
    """What else was written."""


KEYS = tuple(each.name for each in fields(Raw) if each.name != "unknown")

PYTHON = Form(keys=KEYS)


def check_config(*, file: str = "", root: str = "", **written: object) -> Config:
    """Return the checked configuration of what was given to `Relkit` in `dodo.py`.

    `written` has `releases`, `environments`, `default_release`, `default_environment`,
    `compile` and `lib_dirs`; `root` is the absolute path of the project, when known.
    Raises `Trouble` with all that is wrong.
    """
    return check_raw(raw_config(written), Place(file=file), PYTHON, root)


def raw_config(written: Mapping[str, object]) -> Raw:
    """Return what was written, the unknown settings apart."""
    known = {key: written.get(key) for key in KEYS}
    unknown = {key: value for key, value in written.items() if key not in KEYS}
    return Raw(**known, unknown=unknown)


def check_raw(raw: Raw, place: Place, form: Form, root: str = "") -> Config:
    """Return the checked configuration; the arguments as in `check_config`.

    `place` is of the whole configuration; key paths begin there.
    """
    troubles = [_unknown(key, place, form) for key in raw.unknown]

    def attempt(
        read: Callable[[object, Place], T], value: object, key: str
    ) -> T | None:
        try:
            return read(value, below(place, key))
        except Trouble as trouble:
            troubles.extend(trouble.diagnostics)
            return None

    releases = attempt(_read_releases, raw.releases, form.releases)
    environments = attempt(_read_environments, raw.environments, form.environments)
    config = Config(
        releases=releases or (),
        environments=environments or (Environment(DEFAULT_ENVIRONMENT, {}),),
        default_release=attempt(_read_default, raw.default_release, "default_release")
        or "",
        default_environment=attempt(
            _read_default, raw.default_environment, "default_environment"
        )
        or "",
        compile=attempt(read_compile, raw.compile, "compile"),
        lib_dirs=attempt(_read_lib_dirs, raw.lib_dirs, "lib_dirs") or (),
    )
    if releases == ():
        where = below(place, form.releases)
        troubles.append(
            diagnostic(Code.NO_RELEASE_DEFINED, where, example=form.example)
        )
    if releases:
        troubles.extend(_unknown_default_release(config, place))
    if environments is not None:
        troubles.extend(_unknown_default_environment(config, place))
    if troubles:
        raise Trouble(troubles)
    config = replace(
        config,
        default_release=config.default_release or config.releases[0].name,
        default_environment=config.default_environment or config.environments[0].name,
    )
    tables = (below(place, form.releases), below(place, form.environments))
    troubles.extend(check_profiles(config, tables, root))
    if troubles:
        raise Trouble(troubles)
    return config


def read_compile(value: object, place: Place) -> Compile | None:
    """Read the way to compile; its fields are checked, too."""
    match value:
        case None:
            return None
        case Mix(env=env):
            return Mix(env=_read_optional_name(env, below(below(place, "mix"), "env")))
        case Rebar3(profile=profile):
            where = below(below(place, "rebar3"), "profile")
            return Rebar3(profile=_read_optional_name(profile, where))
        case Gleam():
            return value
        case Erlc():
            return _read_erlc(value, below(place, "erlc"))
        case CompileTask(name=name):
            return CompileTask(name=_read_task_name(name, below(place, "task")))
    raise wrong_type("mix(), rebar3(), gleam(), erlc() or task()", value, place)


def _read_erlc(value: Erlc, place: Place) -> Erlc:
    return Erlc(
        src=read_paths(value.src, below(place, "src")),
        app=read_paths(value.app, below(place, "app")),
        include=read_paths(value.include, below(place, "include")),
        options=read_list(
            value.options, below(place, "options"), read_text, "a list of texts"
        ),
    )


def _read_optional_name(value: object, place: Place) -> str:
    return "" if value == "" else read_name(value, place, ENVIRONMENT_NAME, "a profile")


def _read_task_name(value: object, place: Place) -> str:
    if not isinstance(value, str) or not value:
        raise wrong_type("the name of a task", value, place)
    return read_text(value, place)


def _read_default(value: object, place: Place) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not value:
        raise wrong_type("a name", value, place)
    return value


def _read_lib_dirs(value: object, place: Place) -> tuple[str, ...]:
    return () if value is None else read_paths(value, place)


def _read_releases(value: object, place: Place) -> tuple[ReleaseSpec, ...]:
    return _read_named(value, place, ReleaseSpec, "release", RELEASE_NAME)


def _read_environments(value: object, place: Place) -> tuple[Environment, ...]:
    return _read_named(value, place, Environment, "environment", ENVIRONMENT_NAME)


def _read_named(
    value: object,
    place: Place,
    kind: type[Named],
    word: str,
    pattern: re.Pattern[str],
) -> tuple[Named, ...]:
    """Read the list of releases or environments; `word` is what one is called."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise wrong_type(f"a list of {word}(...)", value, place)
    checked: list[Named] = []
    troubles: list[Diagnostic] = []
    seen: set[object] = set()
    for index, each in enumerate(value):
        try:
            checked.append(_read_one(each, item(place, index), kind, word, pattern))
        except Trouble as trouble:
            troubles.extend(trouble.diagnostics)
        name = each.name if isinstance(each, kind) else None
        if name in seen:
            where = below(place, str(name))
            troubles.append(
                diagnostic(Code.DEFINED_TWICE, where, what=word, name=str(name))
            )
        seen.add(name or index)
    if troubles:
        raise Trouble(troubles)
    return tuple(checked)


def _read_one(
    each: object,
    place: Place,
    kind: type[Named],
    word: str,
    pattern: re.Pattern[str],
) -> Named:
    if not isinstance(each, kind):
        raise wrong_type(f"{word}(...)", each, place)
    table = replace(place, key=place.key.rpartition("[")[0])
    troubles: list[Diagnostic] = []
    settings: dict[str, object] = {}
    try:
        article = "an" if word[0] in "aeiou" else "a"
        read_name(each.name, place, pattern, f"{article} {word}")
    except Trouble as trouble:
        troubles.extend(trouble.diagnostics)
    try:
        where = below(table, str(each.name))
        settings = read_settings(each.settings, where, f"the {word} {each.name}")
    except Trouble as trouble:
        troubles.extend(trouble.diagnostics)
    if troubles:
        raise Trouble(troubles)
    return kind(each.name, settings)


def _unknown(key: object, place: Place, form: Form) -> Diagnostic:
    return diagnostic(
        Code.UNKNOWN_SETTING,
        below(place, str(key)),
        setting=str(key),
        owner="the configuration",
        nearest=nearest(str(key), form.keys),
        known=form.keys,
    )


def _unknown_default_release(config: Config, place: Place) -> Iterable[Diagnostic]:
    name, known = config.default_release, release_names(config)
    if name and name not in known:
        where = below(place, "default_release")
        yield no_such(Code.NO_SUCH_RELEASE, name, known, where)


def _unknown_default_environment(config: Config, place: Place) -> Iterable[Diagnostic]:
    name, known = config.default_environment, environment_names(config)
    if name and name not in known:
        where = below(place, "default_environment")
        yield no_such(Code.NO_SUCH_ENVIRONMENT, name, known, where)

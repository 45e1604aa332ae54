"""How the applications are compiled, and where each way leaves them.

Runs nothing: `build_command` only says what is to be run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

DEFAULT_ENVIRONMENT = "default"
"""The environment of a configuration that names none, as in Distillery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Elixir's Mix."""

    env: str = ""
    """MIX_ENV; the release's environment when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebar3:
    """Rebar3."""

    profile: str = ""
    """As in `rebar3 as PROFILE`; `prod` in that environment and else `default`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gleam:
    """Gleam, compiled to Erlang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erlc:
    """Erlang's compiler alone, run by our own task."""

    src: tuple[str, ...] = ("src/**/*.erl",)
    """Patterns of the sources, below each application's folder."""
    app: tuple[str, ...] = (".",)
    """Patterns of the applications' folders, as `apps/*`."""
    include: tuple[str, ...] = ("include",)
    """Folders of header files, below each application's folder."""
    options: tuple[str, ...] = ("+debug_info", "+deterministic")
    """Arguments of `erlc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileTask:
    """A doit task of the user that compiles; its results are in `lib_dirs`."""

    name: str


Compile: TypeAlias = Mix | Rebar3 | Gleam | Erlc | CompileTask
"""A way to compile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run in the project's root."""

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables to add to the environment."""


def mix(*, env: str = "") -> Mix:
    """Compile with Mix, with MIX_ENV `env` or else the release's environment."""
    return Mix(env=env)


def rebar3(*, profile: str = "") -> Rebar3:
    """Compile with rebar3, under `profile` or else `prod` in that environment."""
    return Rebar3(profile=profile)


def gleam() -> Gleam:
    """Compile with Gleam."""
    return Gleam()


def erlc(
    *src: str,
    app: str | Sequence[str] = ".",
    include: str | Sequence[str] = ("include",),
    options: Sequence[str] = ("+debug_info", "+deterministic"),
) -> Erlc:
    """Compile with `erlc`: `src` are patterns below each folder that `app` names."""
    return Erlc(
        src=src or Erlc().src,
        app=_texts(app),
        include=_texts(include),
        options=_texts(options),
    )


def task(name: str) -> CompileTask:
    """Compile with the doit task `name`; say in `lib_dirs` where it puts things."""
    return CompileTask(name=name)


def compiled_lib_dirs(how: Compile | None, environment: str) -> tuple[str, ...]:
    """Return where `how` leaves applications: folders of them, or an app's own."""
    match how:
        case Mix():
            return (f"_build/{mix_env(how, environment)}/lib",)
        case Rebar3():
            return (f"_build/{_rebar3_profile(how, environment)}/lib",)
        case Gleam():
            kind = "prod" if environment == "prod" else "dev"
            return (f"build/{kind}/erlang",)
        case Erlc():
            return how.app
    return ()


def build_command(how: Compile | None, environment: str) -> Command | None:
    """Return the program that compiles; None when it is not one single program."""
    match how:
        case Mix():
            environ = {"MIX_ENV": mix_env(how, environment)}
            return Command(argv=("mix", "compile"), environ=environ)
        case Rebar3():
            profile = _rebar3_profile(how, environment)
            under = () if profile == "default" else ("as", profile)
            return Command(argv=("rebar3", *under, "compile"))
        case Gleam():
            # Only the export compiles into build/prod.
            doing = (
                ("export", "erlang-shipment") if environment == "prod" else ("build",)
            )
            return Command(argv=("gleam", *doing))
    return None


def mix_env(how: Compile | None, environment: str) -> str:
    """Return the MIX_ENV under which Elixir works for an environment."""
    # Mix has no environment `default`; its own default is dev.
    chosen = (how.env if isinstance(how, Mix) else "") or environment
    return "dev" if chosen == DEFAULT_ENVIRONMENT else chosen


def _rebar3_profile(how: Rebar3, environment: str) -> str:
    return how.profile or ("prod" if environment == "prod" else "default")


def _texts(given: Any) -> tuple[str, ...]:
    # What is no sequence is kept for `config.py` to complain of.
    return tuple(given) if isinstance(given, list | tuple) else (given,)

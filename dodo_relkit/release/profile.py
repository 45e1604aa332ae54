"""What one release in one environment is to be: all settings decided.

Chooses among the checked releases and environments; checks nothing itself but that
the chosen ones are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.applications import Wanted
from dodo_relkit.release.compilers import (
    DEFAULT_ENVIRONMENT,
    Compile,
    compiled_lib_dirs,
)
from dodo_relkit.release.cookie import weakness
from dodo_relkit.release.reading import Value, nearest
from dodo_relkit.release.settings import SETTINGS
from dodo_relkit.release.spec import (
    CurrentVersion,
    EnvCookie,
    Environment,
    ReleaseSpec,
)
from dodo_relkit.release.upgrade_settings import TransformWish


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration, checked; settings are in their checked form."""

    releases: tuple[ReleaseSpec, ...]
    """At least one, in the order of the file."""
    environments: tuple[Environment, ...]
    """At least one; the one called `default` when the user defined none."""
    default_release: str
    default_environment: str
    compile: Compile | None
    lib_dirs: tuple[str, ...]
    """Of all releases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One release in one environment. The settings are explained in `spec.Settings`."""

    name: str
    """Of the release."""
    environment: str
    compile: Compile | None
    version: str | CurrentVersion
    applications: tuple[Wanted, ...]
    rel: str | None
    skip_mode_validation_for: tuple[str, ...]
    lib_dirs: tuple[str, ...]
    """In search order: of the profile, of the project, of the compiler."""
    output_dir: str
    dev_mode: bool
    include_erts: bool | str
    include_system_libs: bool
    include_src: bool
    cookie: str | EnvCookie | None
    vm_args: str | None
    sys_config: tuple[str, ...]
    overlay_vars: Mapping[str, Value]
    erl_opts: str
    run_erl_env: str
    no_dot_erlang: bool
    warnings_as_errors: bool
    exref: bool
    src_tests: bool
    tar: bool
    compression_level: int
    delta: bool
    strict_upgrades: bool
    purge: str | Mapping[str, str]
    upgrade_strategies: Mapping[str, str]
    appup_transforms: tuple[TransformWish, ...]
    relup_hook: str | None
    upgrade_from: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of the profile, as `myapp:prod`."""
        return f"{self.name}:{self.environment}"


def select(
    config: Config,
    *,
    environ: Mapping[str, str],
    environment: str | None = None,
    name: str | None = None,
) -> Profile:
    """Return the profile that was asked for.

    The environment is the first that is given of: the argument (the command line's),
    $RELKIT_ENV, $MIX_ENV, the default. $MIX_ENV counts only when the configuration
    defines environments. Raises `Trouble` when there is no such release or environment.
    """
    chosen, source = _chosen_environment(config, environment, environ)
    release = name or config.default_release
    troubles: list[Diagnostic] = []
    if release not in release_names(config):
        troubles.append(no_such(Code.NO_SUCH_RELEASE, release, release_names(config)))
    if chosen not in environment_names(config):
        known = environment_names(config)
        place = Place(key=source)
        troubles.append(no_such(Code.NO_SUCH_ENVIRONMENT, chosen, known, place))
    if troubles:
        raise Trouble(troubles)
    return make_profile(config, release, chosen)


def profiles(config: Config) -> tuple[Profile, ...]:
    """Return every profile: releases in order, each in all environments in order."""
    return tuple(
        make_profile(config, name, environment)
        for name in release_names(config)
        for environment in environment_names(config)
    )


def release_names(config: Config) -> tuple[str, ...]:
    """Return the names of the releases, in order."""
    return tuple(each.name for each in config.releases)


def environment_names(config: Config) -> tuple[str, ...]:
    """Return the names of the environments, in order."""
    return tuple(each.name for each in config.environments)


def make_profile(config: Config, name: str, environment: str) -> Profile:
    """Return the profile of a release and an environment that are there."""
    of_release = _settings_of(config.releases, name)
    of_environment = _settings_of(config.environments, environment)
    merged = merge(of_release, of_environment)
    # Every field of a profile is a setting; a test compares the two lists.
    values: dict[str, Any] = {
        key: merged.get(key, setting.default) for key, setting in SETTINGS.items()
    }
    names = {"{release}": name, "{environment}": environment}
    values["output_dir"] = _filled(values["output_dir"], names)
    values["lib_dirs"] = tuple(
        dict.fromkeys(
            _filled(path, names)
            for path in (
                *values["lib_dirs"],
                *config.lib_dirs,
                *compiled_lib_dirs(config.compile, environment),
            )
        )
    )
    if values["include_system_libs"] is None:
        values["include_system_libs"] = values["include_erts"] is not False
    if values["tar"] is None:
        values["tar"] = not values["dev_mode"]
    return Profile(name=name, environment=environment, compile=config.compile, **values)


def cookie_variable(profile: Profile) -> str:
    """Return the environment variable that holds the cookie at each start, or ''."""
    cookie = profile.cookie
    return cookie.variable if isinstance(cookie, EnvCookie) else ""


def literal_version(profile: Profile) -> str:
    """Return the release's version if it is known before anything is built, or ''."""
    if profile.rel or not isinstance(profile.version, str):
        return ""
    return profile.version


def input_files(profile: Profile, setting: str) -> list[str]:
    """Return the files that a setting names, in order."""
    value = getattr(profile, setting)
    if not value:
        return []
    return [value] if isinstance(value, str) else list(value)


def elixir_configs(profile: Profile) -> list[str]:
    """Return the files of `sys_config` that Elixir is to evaluate first."""
    return [path for path in profile.sys_config if path.endswith(".exs")]


def merge(
    of_release: Mapping[str, object], of_environment: Mapping[str, object]
) -> dict[str, object]:
    """Return the settings of a profile: an environment's go before a release's.

    An empty list or table of the environment leaves the release's as it is, as in
    Distillery (`Profile` there); False and an empty text do replace it.
    """
    kept = {
        name: value for name, value in of_environment.items() if value not in ((), {})
    }
    return {**of_release, **kept}


def profile_warnings(profile: Profile) -> tuple[Diagnostic, ...]:
    """Return what is allowed but unwise in a profile; nothing in `dev_mode`."""
    if profile.dev_mode or isinstance(profile.cookie, EnvCookie):
        return ()
    place = Place(key="cookie")
    example = (
        'cookie_from_env("RELEASE_COOKIE") or, in TOML, { env = "RELEASE_COOKIE" }'
    )
    if profile.cookie is None:
        if profile.vm_args is not None:
            return ()
        missing = diagnostic(
            Code.COOKIE_MISSING, place, profile=profile.key, example=example
        )
        return (missing,)
    why = weakness(profile.cookie, (profile.name, profile.environment))
    if not why:
        return ()
    weak = diagnostic(
        Code.COOKIE_WEAK, place, profile=profile.key, why=why, example=example
    )
    return (weak,)


def no_such(
    code: Code, name: str, known: tuple[str, ...], place: Place | None = None
) -> Diagnostic:
    """Return that `name` is none of the `known` releases or environments."""
    return diagnostic(
        code, place or Place(), name=name, nearest=nearest(name, known), known=known
    )


def _chosen_environment(
    config: Config, given: str | None, environ: Mapping[str, str]
) -> tuple[str, str]:
    """Return the environment's name and where it was asked for."""
    if given:
        return given, ""
    if environ.get("RELKIT_ENV"):
        return environ["RELKIT_ENV"], "$RELKIT_ENV"
    named = environment_names(config) != (DEFAULT_ENVIRONMENT,)
    if named and environ.get("MIX_ENV"):
        return environ["MIX_ENV"], "$MIX_ENV"
    return config.default_environment, "default_environment"


def _settings_of(
    named: Iterable[ReleaseSpec | Environment], name: str
) -> Mapping[str, object]:
    return next(each.settings for each in named if each.name == name)


def _filled(path: str, names: Mapping[str, str]) -> str:
    """Return the path in its one spelling, with the names put in."""
    for mark, name in names.items():
        path = path.replace(mark, name)
    return normpath(path)

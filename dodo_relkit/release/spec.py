"""What the user writes in `dodo.py`: the constructors and their values.

Nothing is checked here: `config.py` is the door that checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypedDict, Unpack

StartType: TypeAlias = Literal["permanent", "transient", "temporary", "load", "none"]
"""How an application starts (rel(4)); `load` and `none` do not start it."""

PERMANENT: Final = "permanent"
TRANSIENT: Final = "transient"
TEMPORARY: Final = "temporary"
LOAD: Final = "load"
NONE: Final = "none"

START_TYPES: Final[tuple[StartType, ...]] = (
    PERMANENT,
    TRANSIENT,
    TEMPORARY,
    LOAD,
    NONE,
)
"""The strongest first."""


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """The version of the release is that of an application, as it is found."""

    app: str


@dataclass(frozen=True, slots=True)
class EnvCookie:
    """The cookie is in an environment variable when the release starts."""

    variable: str


Application: TypeAlias = (
    str
    | tuple[str, str]
    | tuple[str, Sequence[str]]
    | tuple[str, str, str]
    | Mapping[str, object]
)
"""`"a"`, `("a", LOAD)`, `("a", "1.2.0")`, `("a", ["included"])`, `("a", "1.2.0", LOAD)`
or, as in TOML, `{"a": "load"}`, `{"a": {"version": "1.2.0", "start": "load"}}`."""


class Settings(TypedDict, total=False):
    """The settings of a release or an environment; names are Distillery's."""

    version: str | CurrentVersion
    """Of the release; `0.1.0` when not set."""
    applications: Sequence[Application]
    """What to start; what these need is added."""
    rel: str
    """A `.rel` file of your own, instead of `version` and `applications`."""
    skip_mode_validation_for: Sequence[str]
    """Started applications that may need ones which are not started."""
    lib_dirs: Sequence[str]
    """Folders with applications, or applications' folders; `*` is allowed."""
    output_dir: str
    """The release's folder; `{release}` and `{environment}` are replaced."""
    dev_mode: bool
    """Link applications instead of copying them; no tarball unless asked."""
    include_erts: bool | str
    """Put the run-time system in: of `erl` on PATH, or of the OTP at a path."""
    include_system_libs: bool
    """Put OTP's own applications in; follows `include_erts` when not set."""
    include_src: bool
    """Put the sources in."""
    cookie: str | EnvCookie
    """Of the node."""
    vm_args: str
    """A template for `vm.args`."""
    sys_config: str | Sequence[str]
    """Templates for `sys.config`; the later ones win."""
    overlay_vars: Mapping[str, object]
    """Your own variables in templates."""
    erl_opts: str
    """Options for `erl`, in the start script."""
    run_erl_env: str
    """Environment of `run_erl`, in the start script."""
    no_dot_erlang: bool
    """Boot without reading `.erlang`."""
    warnings_as_errors: bool
    """Stop on warnings."""
    exref: bool
    """Warn of calls of functions that are not there."""
    src_tests: bool
    """Warn of sources that are missing or newer than their object files."""
    tar: bool
    """Make the tarball; made unless `dev_mode`."""
    compression_level: int
    """Of the tarball, 0..9."""
    delta: bool
    """Also make a tarball of what the releases of `upgrade_from` lack."""
    strict_upgrades: bool
    """Stop when the review of an upgrade finds something severe."""
    purge: str | Mapping[str, str]
    """`brutal` or `soft`, or these by module, with `default` for the rest."""
    upgrade_strategies: Mapping[str, str]
    """How modules change on a running node, by module: `load`, `update_soft`,
    `update_advanced`, `supervisor`, `skip`; or, for the application, `restart_app`,
    `restart_emulator`."""
    appup_transforms: Sequence[str | tuple[str, Mapping[str, object]]]
    """Python functions, `module:function`, that change the instructions of appups."""
    relup_hook: str
    """A Python function, `module:function`, that changes the scripts of the relup."""
    upgrade_from: str | Sequence[str]
    """Earlier releases to upgrade from while the node runs: versions in the output
    directory, `latest`, release directories or tarballs."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named set of settings that go before those of a release."""

    name: str
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReleaseSpec:
    """A release that is asked for."""

    name: str
    settings: Mapping[str, object]


def environment(name: str, **settings: Unpack[Settings]) -> Environment:
    """Return an environment; each of its settings goes before the release's."""
    return Environment(name, settings)


def release(name: str, **settings: Unpack[Settings]) -> ReleaseSpec:
    """Return a release; what is not set has the defaults of `settings.py`."""
    return ReleaseSpec(name, settings)


def current_version(app: str) -> CurrentVersion:
    """Return the wish for the version that the application `app` has."""
    return CurrentVersion(app)


def cookie_from_env(variable: str) -> EnvCookie:
    """Return the wish for a cookie that is read from `variable` at each start."""
    return EnvCookie(variable)

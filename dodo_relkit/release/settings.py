"""Which settings there are: the table of names, readers and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.applications import read_applications
from dodo_relkit.release.cookie import read_cookie
from dodo_relkit.release.reading import (
    Reader,
    below,
    describe,
    nearest,
    read_app_name,
    read_app_names,
    read_boolean,
    read_level,
    read_one_or_more_paths,
    read_path,
    read_paths,
    read_text,
    read_variables,
    read_version_text,
    wrong_type,
)
from dodo_relkit.release.spec import CurrentVersion
from dodo_relkit.release.upgrade_settings import (
    read_function,
    read_purge,
    read_strategies,
    read_transforms,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a release or an environment."""

    read: Reader
    default: object
    """In the checked form. None: `profile.py` works it out."""


def read_version(value: object, place: Place) -> str | CurrentVersion:
    """Read a version, `current_version(app)` or, in TOML, `{current = "app"}`."""
    match value:
        case CurrentVersion(app=app):
            return CurrentVersion(read_app_name(app, place))
        case Mapping() if set(value) == {"current"}:
            place = below(place, "current")
            return CurrentVersion(read_app_name(value["current"], place))
        case str():
            return read_version_text(value, place)
    raise wrong_type("a text, or the current version of an application", value, place)


def read_include_erts(value: object, place: Place) -> bool | str:
    """Read true, false or the path of an OTP."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) or hasattr(type(value), "__fspath__"):
        return read_path(value, place)
    raise wrong_type("true, false or the path of an OTP", value, place)


SETTINGS: Mapping[str, Setting] = {
    "version": Setting(read=read_version, default="0.1.0"),
    "applications": Setting(read=read_applications, default=()),
    "rel": Setting(read=read_path, default=None),
    "skip_mode_validation_for": Setting(read=read_app_names, default=()),
    "lib_dirs": Setting(read=read_paths, default=()),
    "output_dir": Setting(read=read_path, default="_build/{environment}/rel/{release}"),
    "dev_mode": Setting(read=read_boolean, default=False),
    "include_erts": Setting(read=read_include_erts, default=True),
    "include_system_libs": Setting(read=read_boolean, default=None),
    "include_src": Setting(read=read_boolean, default=False),
    "cookie": Setting(read=read_cookie, default=None),
    "vm_args": Setting(read=read_path, default=None),
    "sys_config": Setting(read=read_one_or_more_paths, default=()),
    "overlay_vars": Setting(read=read_variables, default={}),
    "erl_opts": Setting(read=read_text, default=""),
    "run_erl_env": Setting(read=read_text, default=""),
    "no_dot_erlang": Setting(read=read_boolean, default=False),
    "warnings_as_errors": Setting(read=read_boolean, default=False),
    "exref": Setting(read=read_boolean, default=False),
    "src_tests": Setting(read=read_boolean, default=False),
    "tar": Setting(read=read_boolean, default=None),
    "compression_level": Setting(read=read_level, default=6),
    "upgrade_from": Setting(read=read_one_or_more_paths, default=()),
    "delta": Setting(read=read_boolean, default=False),
    "strict_upgrades": Setting(read=read_boolean, default=False),
    "purge": Setting(read=read_purge, default="brutal"),
    "upgrade_strategies": Setting(read=read_strategies, default={}),
    "appup_transforms": Setting(read=read_transforms, default=()),
    "relup_hook": Setting(read=read_function, default=None),
}
"""Names and defaults are Distillery's where it has the setting; FEATURES CF-12."""

HOOKS = tuple(
    f"{when}_{what}_hooks"
    for what in ("configure", "start", "stop", "upgrade")
    for when in ("pre", "post")
)

NOT_YET: Mapping[str, str] = dict.fromkeys(HOOKS, "") | {
    "commands": "",
    "config": "Name the file in sys_config: what ends in .exs is evaluated by Elixir.",
    "config_providers": "",
    "erts_version": "Set include_erts to the path of an OTP with that version.",
    "executable": "",
    "included_configs": "Name all the files in sys_config; they are merged in order.",
    "overlays": "",
    "overrides": "",
    "plugins": "Put a doit task of your own before or after the release's.",
    "strip_debug_info": "",
}
"""Distillery's settings that we do not have yet, and what to do meanwhile."""

CALLED_HERE: Mapping[str, str] = {
    "exclude_apps": "applications",
    "include_apps": "applications",
    "mode": "dev_mode",
    "path": "output_dir",
    "relfile": "rel",
    "release_version": "version",
    "start_type": "applications",
    "steps": "tar",
    "sys_config_src": "sys_config",
    "system_libs": "include_system_libs",
    "vm_args_src": "vm_args",
    "vsn": "version",
}
"""What other release tools call a setting of ours, or do instead of it."""


def read_settings(raw: object, place: Place, owner: str) -> dict[str, object]:
    """Return the checked settings of `raw`, by name, in the order of the table.

    A setting that is None counts as not set, as in Distillery. `owner` says whose they
    are, as `the release web`. Raises `Trouble` with all that is wrong.
    """
    if not isinstance(raw, Mapping):
        raise wrong_type("a table of settings", raw, place)
    troubles = [
        _unknown(key, place, owner)
        for key in raw
        if not isinstance(key, str) or key not in SETTINGS
    ]
    checked: dict[str, object] = {}
    for name, setting in SETTINGS.items():
        if raw.get(name) is None:
            continue
        try:
            checked[name] = setting.read(raw[name], below(place, name))
        except Trouble as trouble:
            troubles.extend(trouble.diagnostics)
    if troubles:
        raise Trouble(troubles)
    return checked


def _unknown(key: object, place: Place, owner: str) -> Diagnostic:
    if not isinstance(key, str):
        shown = describe(key)
        return diagnostic(Code.UNKNOWN_SETTING, place, setting=shown, owner=owner)
    if key in NOT_YET:
        return diagnostic(
            Code.SETTING_NOT_YET,
            below(place, key),
            setting=key,
            tool="Distillery",
            instead=NOT_YET[key],
        )
    return diagnostic(
        Code.UNKNOWN_SETTING,
        below(place, key),
        setting=key,
        owner=owner,
        nearest=CALLED_HERE.get(key) or nearest(key, SETTINGS),
        known=tuple(SETTINGS),
    )

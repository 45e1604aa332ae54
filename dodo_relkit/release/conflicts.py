"""What is only wrong when settings meet: of a release and an environment, or of two
profiles.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.release.profile import Config, Profile, profiles
from dodo_relkit.release.reading import below

Tables: TypeAlias = tuple[Place, Place]


def check_profiles(config: Config, tables: Tables, root: str) -> Iterator[Diagnostic]:
    """Give what is wrong in the profiles of `config`, at the settings concerned.

    `tables` are the places of the releases and of the environments, `root` is the
    absolute path of the project, or '' when it is not known.
    """
    every = profiles(config)
    found: dict[tuple[object, str], Diagnostic] = {}
    for profile in every:
        for wrong in (*_conflicts(profile, config), *_output(profile, root)):
            where = _where(wrong.place.key, profile, config, tables)
            # Once for each place, although a place may count for several profiles.
            found.setdefault((wrong.code, where.key), replace(wrong, place=where))
    yield from found.values()
    if found:
        return
    for one, other in combinations(every, 2):
        shared = _shared(one, other)
        if shared:
            where = _where("output_dir", other, config, tables)
            yield diagnostic(
                Code.OUTPUT_DIR_SHARED,
                where,
                first=one.key,
                second=other.key,
                path=shared,
            )


def _conflicts(profile: Profile, config: Config) -> Iterator[Diagnostic]:
    if profile.rel is None:
        return
    for setting in ("version", "applications", "skip_mode_validation_for"):
        if any(setting in each for each in _settings(profile, config)):
            yield diagnostic(
                Code.SETTINGS_CONFLICT,
                Place(key=setting),
                first="rel",
                second=setting,
                profile=profile.key,
                advice=f"The .rel file says it all; remove `{setting}`, or `rel`.",
            )


def _output(profile: Profile, root: str) -> Iterator[Diagnostic]:
    path = profile.output_dir
    why = _unsafe_output(path, root)
    if why:
        example = f"_build/{profile.environment}/rel/{profile.name}"
        yield diagnostic(
            Code.OUTPUT_DIR_UNSAFE,
            Place(key="output_dir"),
            path=path,
            why=why,
            example=example,
        )


def _unsafe_output(path: str, root: str) -> str:
    """Return why a release must not be written to `path`, or ''."""
    if path == "." or (root and path == posixpath.normpath(root)):
        return "the project itself"
    if path == ".." or path.startswith("../"):
        return "outside the project"
    if path == "/" or (root and _inside(posixpath.normpath(root), path)):
        return "a folder above the project"
    return ""


def _shared(one: Profile, other: Profile) -> str:
    """Return what two profiles would both write to, or ''."""
    if _overlap(one.output_dir, other.output_dir):
        return other.output_dir
    beside = posixpath.dirname(other.output_dir)
    same_place = (posixpath.dirname(one.output_dir), one.name) == (beside, other.name)
    if one.tar and other.tar and same_place:
        return posixpath.join(beside, f"{other.name}.tar.gz")
    return ""


def _overlap(one: str, other: str) -> bool:
    return one == other or _inside(one, other) or _inside(other, one)


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _where(setting: str, profile: Profile, config: Config, tables: Tables) -> Place:
    """Return where `setting` of the profile was set: environments go first."""
    releases, environments = tables
    of_environment, _ = _settings(profile, config)
    if setting in of_environment:
        return below(below(environments, profile.environment), setting)
    return below(below(releases, profile.name), setting)


def _settings(
    profile: Profile, config: Config
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return the settings of the profile's environment and of its release."""
    environments = {each.name: each.settings for each in config.environments}
    releases = {each.name: each.settings for each in config.releases}
    return environments[profile.environment], releases[profile.name]

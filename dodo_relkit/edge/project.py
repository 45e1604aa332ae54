"""`Relkit`: a project's configuration as doit tasks. What a dodo.py talks to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doit import get_var
from doit.exceptions import InvalidDodoFile

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic, render_all
from dodo_relkit.edge.compile_tasks import compile_task_name, compile_tasks
from dodo_relkit.edge.layout import Layout, layout
from dodo_relkit.edge.tasks import profile_tasks
from dodo_relkit.edge.wiring import Task, Wiring
from dodo_relkit.release.compilers import Compile
from dodo_relkit.release.config import check_config
from dodo_relkit.release.profile import (
    Config,
    Profile,
    environment_names,
    literal_version,
    profiles,
    select,
)
from dodo_relkit.release.spec import Environment, ReleaseSpec

TASK_OPTIONS = (
    {
        "name": "env",
        "long": "env",
        "type": str,
        "default": "",
        "help": "environment to build for (default: $RELKIT_ENV, $MIX_ENV, then "
        "default_environment)",
    },
    {
        "name": "name",
        "long": "name",
        "type": str,
        "default": "",
        "help": "release to build (default: default_release)",
    },
    {
        "name": "upgrade",
        "long": "upgrade",
        "type": bool,
        "default": False,
        "help": "with a relup from the release that --upfrom or upgrade_from names",
    },
    {
        "name": "upfrom",
        "long": "upfrom",
        "type": str,
        "default": "",
        "help": "earlier release to upgrade from (default: latest)",
    },
)
"""Options of the task `release`; the names are Distillery's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePaths:
    """Where the outputs of one profile lie, for tasks that come after it."""

    profile: Profile
    layout: Layout

    @property
    def tarball(self) -> str:
        """The tarball, under a name that is known before anything is built."""
        if not self.profile.tar:
            text = f"profile {self.profile.key} makes no tarball (its setting tar)"
            raise InvalidDodoFile(text)
        version = literal_version(self.profile)
        return self.layout.tarball(version) if version else self.layout.latest_tarball

    @property
    def directory(self) -> str:
        """The release directory."""
        return self.layout.output


class Relkit:
    """Releases times environments, ready to become tasks.

    Takes what DESIGN.md, "The user's side", shows. Nothing is read from the disk but
    the TOML file of `from_toml`. Raises doit's `InvalidDodoFile` with all problems of
    the configuration, so that doit shows them without a traceback.
    """

    def __init__(  # noqa: PLR0913 - one for each part of a configuration
        self,
        *,
        releases: Sequence[ReleaseSpec] = (),
        environments: Sequence[Environment] = (),
        default_release: str | None = None,
        default_environment: str | None = None,
        compile: Compile | None = None,  # noqa: A002 - the user's word for it
        lib_dirs: Sequence[str] = (),
        basename: str = "release",
        **unknown: object,
    ) -> None:
        self.config: Config = _in_words(
            check_config,
            releases=releases,
            environments=environments,
            default_release=default_release,
            default_environment=default_environment,
            compile=compile,
            lib_dirs=lib_dirs,
            root=str(Path.cwd()),
            **unknown,
        )
        self.basename = basename

    @classmethod
    def from_toml(cls, path: str = "", *, basename: str = "release") -> Relkit:
        """Return what `relkit.toml` or `[tool.relkit]` of pyproject.toml says.

        `path` is '' to look for them, in that order, in the current directory.
        """
        from dodo_relkit.edge.config_file import read_config, read_config_file

        made = cls.__new__(cls)
        if path:
            made.config = _in_words(read_config_file, Path(path), Path())
        else:
            made.config = _in_words(read_config, Path())
        made.basename = basename
        return made

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """Every release in every environment, by `name:env`."""
        return {profile.key: profile for profile in profiles(self.config)}

    def profile(self, key: str) -> ProfilePaths:
        """Return the paths of the profile `name:env`."""
        found = self.profiles.get(key)
        if found is None:
            known = ", ".join(self.profiles)
            raise InvalidDodoFile(f"no profile {key!r}; there are: {known}")
        return ProfilePaths(profile=found, layout=layout_of(found))

    def tasks(
        self, env: str = "", name: str = "", upgrade_from: Sequence[str] = ()
    ) -> Iterator[Task]:
        """Yield all tasks as plain dicts: compiling, then each profile, then the alias.

        `env` and `name` move the alias task `release` to another profile; without
        them `doit env=… name=…`, then $RELKIT_ENV, $MIX_ENV, then the defaults do.
        `upgrade_from` takes the place of that profile's setting.
        """
        yield from compile_tasks(
            self.config.compile, environment_names(self.config), self.basename
        )
        selected = self.selected(env, name)
        for profile in self.profiles.values():
            if upgrade_from and profile.key == selected.key:
                profile = replace(profile, upgrade_from=tuple(upgrade_from))  # noqa: PLW2901
            yield from profile_tasks(self._wiring(profile))
        yield {
            "basename": self.basename,
            "actions": None,
            "task_dep": [f"{self.basename}:{selected.key}"],
            "doc": f"the default release: {selected.key}",
            "meta": {"relkit": {"alias": selected.key}},
        }

    def selected(self, env: str = "", name: str = "") -> Profile:
        """Return the profile that `doit release` builds."""
        chosen: Profile = _in_words(
            select,
            self.config,
            environment=env or get_var("env") or None,
            name=name or get_var("name") or None,
            environ=os.environ,
        )
        return chosen

    def task_creator(self) -> Callable[..., Iterator[Task]]:
        """Return the function to bind to `task_release` in a dodo.py."""

        def task_release(
            env: str = "", name: str = "", upgrade: bool = False, upfrom: str = ""
        ) -> Iterator[Task]:
            """OTP releases."""
            chosen = self.selected(env, name).upgrade_from or ("latest",)
            wanted = (upfrom,) if upfrom else chosen
            yield from self.tasks(env, name, wanted if upgrade or upfrom else ())

        task_release._task_creator_params = list(TASK_OPTIONS)  # type: ignore[attr-defined]
        return task_release

    def doit_config(self, **settings: object) -> dict[str, object]:
        """Return a value for `DOIT_CONFIG`; keywords are added or replace ours.

        Raises doit's `InvalidDodoFile` (RK613) when doit could not write its record:
        it would only say so with a traceback, and after all work was done.
        """
        ours: dict[str, object] = {
            "default_tasks": [self.basename],
            "backend": "sqlite3",
            "dep_file": ".doit.sqlite",
        }
        config = ours | settings
        _in_words(_check_record, str(config["dep_file"]))
        return config

    def _wiring(self, profile: Profile) -> Wiring:
        return Wiring(
            profile=profile,
            layout=layout_of(profile),
            compile_task=compile_task_name(
                self.config.compile, profile.environment, self.basename
            ),
            basename=f"{self.basename}:{profile.key}",
        )


def layout_of(profile: Profile) -> Layout:
    """Return where everything of a profile lies."""
    return layout(profile.name, profile.environment, profile.output_dir)


def _check_record(path: str) -> None:
    # A database has a journal beside it.
    for place in (os.path.dirname(path) or ".", path):  # noqa: PTH120
        if os.path.exists(place) and not os.access(place, os.W_OK):  # noqa: PTH110
            reason = f"doit keeps its record in {path}, and may not write there"
            raise Trouble([diagnostic(Code.REFUSED, path=place, reason=reason)])


def _in_words(function: Callable[..., Any], *args: object, **named: object) -> Any:
    try:
        return function(*args, **named)
    except Trouble as trouble:
        raise InvalidDodoFile("\n" + render_all(trouble.diagnostics)) from None

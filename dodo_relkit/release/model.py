"""A release as it was decided: complete, in `.rel` order, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.formats.app import AppSpec
from dodo_relkit.formats.rel import Rel, RelApp


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An application that was found: its specification and where it lies."""

    spec: AppSpec
    directory: str
    """The application's directory, the parent of its `ebin`, as it was searched."""
    beams: tuple[str, ...]
    """Names of the modules whose object file is in `ebin`, sorted."""
    from_target: bool = False
    """Whether it belongs to the target OTP."""
    flat: str = ""
    """The directory of the `.app` and object files, when it is no `ebin`."""

    @property
    def ebin(self) -> str:
        """The directory of the `.app` file and the object files."""
        return self.flat or f"{self.directory}/ebin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What was decided: the `.rel` and the application each entry of it stands for."""

    rel: Rel
    apps: Mapping[str, App]
    """By name; has exactly the names of `rel.apps`."""

    @property
    def started(self) -> tuple[RelApp, ...]:
        """Entries that the boot script starts, as far as their type goes."""
        return tuple(
            each for each in self.rel.apps if each.start_type not in ("load", "none")
        )

    def includes(self, entry: RelApp) -> tuple[str, ...]:
        """Names of the applications that `entry` includes in this release."""
        if entry.included is not None:
            return entry.included
        return self.apps[entry.name].spec.included_applications

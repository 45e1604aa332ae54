"""A script on its way from appups to a relup, and what the way depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dodo_relkit.terms.model import Term

Script = tuple[Term, ...]
"""Instructions, in order."""


class Direction(Enum):
    """Which of the two releases of an upgrade is installed."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeApp:
    """What the instructions of an upgrade know of an application."""

    name: str
    vsn: str
    start_type: str
    modules: tuple[str, ...]


Apps = Sequence[UpgradeApp]
"""The applications of a release, in the order in which they start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """From which applications to which."""

    direction: Direction
    old: Apps
    """Of the release that is running."""
    new: Apps
    """Of the release that is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A script, cut at its point of no return."""

    before: Script
    after: Script


def find_app(apps: Apps, name: str) -> UpgradeApp | None:
    """Return the application of this name, None when there is none."""
    return next((app for app in apps if app.name == name), None)

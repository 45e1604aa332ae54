"""What a `.rel` file says (release resource file, rel(4))."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RelApp:
    """One entry of the application list."""

    name: str
    vsn: str
    start_type: str = "permanent"
    """permanent, transient, temporary, load or none."""
    typed: bool = False
    """Whether the entry named its start type."""
    included: tuple[str, ...] | None = None
    """The included applications the entry names; None when it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rel:
    """A release resource file."""

    name: str
    vsn: str
    erts_vsn: str
    apps: tuple[RelApp, ...]
    """In the order of the file."""

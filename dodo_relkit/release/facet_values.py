"""What the smaller facets of the plan say, as values.

Apart from plan.py, which needs what reads and writes application specifications: the
steps that only copy and pack should not wait for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What nearly every file of a release must know."""

    name: str
    vsn: str
    erts_vsn: str
    elixir: bool
    """Whether the application `elixir` is in the release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlace:
    """Where the target OTP lies."""

    root: str
    boot_file: str
    """The `start_clean.boot` from which its facts are learned."""
    sha256: str
    """Of that file, so that another OTP at the same place is another target."""
    erts_vsn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An application that is copied or linked into the release."""

    name: str
    vsn: str
    directory: str


def load_identity(facets: Mapping[str, bytes]) -> Identity:
    """Return what the facet `identity` says."""
    return Identity(**json.loads(facets["identity"]))


def load_target_place(facets: Mapping[str, bytes]) -> TargetPlace:
    """Return what the facet `target` says."""
    return TargetPlace(**json.loads(facets["target"]))


def load_sources(content: bytes) -> tuple[Source, ...]:
    """Return what the facet `sources` says."""
    return tuple(Source(**each) for each in json.loads(content))

"""One version of an application as an upgrade sees it: what it says and its code.

A value, and the questions that several files ask of it. Reads no disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.formats import beam
from dodo_relkit.formats.app import AppSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AppVersion:
    """An application in one version."""

    spec: AppSpec
    modules: Mapping[str, beam.Chunks]
    """The chunks (`formats.beam.read_chunks`) of each module, by name; unstripped when
    that can be had."""

    @property
    def name(self) -> str:
        """The application's name."""
        return self.spec.name

    @property
    def vsn(self) -> str:
        """Its version."""
        return self.spec.vsn

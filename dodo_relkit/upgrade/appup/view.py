"""Both versions of an application, read once for all that is generated from them.

Holds what changed, which processes run it, and who calls whom. Chooses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.formats import beam
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.suspensions import Running, Versions
from dodo_relkit.upgrade.code.calls import Program, program_of, read_calls
from dodo_relkit.upgrade.code.kinds import Kind, ModuleKind
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.code.switched import process_words, switched
from dodo_relkit.upgrade.modules import Change, compare_modules, names_with
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Both versions, read."""

    old: AppVersion
    new: AppVersion
    older: Running
    newer: Running
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    supervisors: frozenset[str]
    """Modules of both versions that are a supervisor, or may start one inline."""

    def kinds(self, name: str) -> tuple[ModuleKind, ModuleKind]:
        """Return what a module of both versions is, in the old and in the new one."""
        return self.older.program.kinds[name], self.newer.program.kinds[name]

    def source(self, direction: Direction) -> Running:
        """Return the version that runs before the way in this direction."""
        return self.older if direction is Direction.UP else self.newer

    def versions(self, direction: Direction) -> Versions:
        """Return both versions as the way in this direction sees them."""
        is_up = direction is Direction.UP
        return Versions(
            source=self.source(direction),
            target=self.newer if is_up else self.older,
            newer=self.newer,
        )

    def words(self, name: str) -> tuple[str, str]:
        """Return what the processes of a module are in each version, in words."""
        old, new = self.older.program, self.newer.program
        return process_words(old, name), process_words(new, name)

    @property
    def switched(self) -> frozenset[str]:
        """The modules whose processes cannot go on: they are of another kind now."""
        return switched(self.older.program, self.newer.program, self.changed)


SUPERVISING = frozenset({Kind.SUPERVISOR, Kind.APPLICATION})


def view_of(old: AppVersion, new: AppVersion) -> View:
    """Read both versions. Raises Trouble for beams that cannot be read."""
    changes = compare_modules(old.modules, new.modules)
    older, newer = _running(old), _running(new)
    both = names_with(changes, Change.CHANGED, Change.KEPT)
    return View(
        old=old,
        new=new,
        older=older,
        newer=newer,
        changed=names_with(changes, Change.CHANGED),
        added=names_with(changes, Change.ADDED),
        removed=names_with(changes, Change.REMOVED),
        supervisors=frozenset(
            name
            for name in both
            if {older.program.kind(name), newer.program.kind(name)} & SUPERVISING
        ),
    )


def codes_of(modules: Mapping[str, beam.Chunks]) -> dict[str, ModuleCode]:
    """Return the code of the modules that have debug information, by name."""
    read = {name: read_code(chunks, file=name) for name, chunks in modules.items()}
    return {name: code for name, code in read.items() if code is not None}


def _running(version: AppVersion) -> Running:
    program: Program = program_of(version.modules, codes_of(version.modules))
    return Running(program=program, calls=read_calls(program))

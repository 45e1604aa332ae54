"""What the review looks at, and the form of what it finds. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Fact, Place, diagnostic
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Term, list_items
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.code.kinds import ModuleKind, kind_of
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.modules import ModuleChange, compare_modules
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import Touch, touches


class Danger(Enum):
    """How bad a finding is."""

    SEVERE = "severe"
    """State or processes are lost, or the upgrade fails: `strict_upgrades` stops."""
    NOTICE = "notice"
    """It may be; a person should look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing the review found."""

    danger: Danger
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class AppUpgrade:
    """An application in both versions, with the instructions of its appup."""

    old: AppVersion
    new: AppVersion
    up: tuple[Term, ...]
    down: tuple[Term, ...]
    restart_asked: bool = False
    """Whether the user's configuration asks for a restart."""

    def instructions(self, direction: Direction) -> tuple[Term, ...]:
        """Return those of one direction."""
        return self.up if direction is Direction.UP else self.down


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetUpgrade:
    """An application of the target, as OTP's own, with the instructions it came with.

    Its code is not looked at.
    """

    app: str
    vsn: str
    """The newer one."""
    file: str
    """Its appup."""
    up: tuple[Term, ...]
    down: tuple[Term, ...]

    def instructions(self, direction: Direction) -> tuple[Term, ...]:
        """Return those of one direction."""
        return self.up if direction is Direction.UP else self.down


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """An application as the review reads it, once."""

    upgrade: AppUpgrade
    changes: tuple[ModuleChange, ...]
    old_code: Mapping[str, ModuleCode]
    new_code: Mapping[str, ModuleCode]
    old_kinds: Mapping[str, ModuleKind]
    new_kinds: Mapping[str, ModuleKind]
    touched: Mapping[Direction, Mapping[str, Touch]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The application's name."""
        return self.upgrade.new.name


def read_upgrade(upgrade: AppUpgrade) -> Reviewed:
    """Read both versions. Raises Trouble for beams and instructions that are broken."""
    old, new = upgrade.old.modules, upgrade.new.modules
    old_code, new_code = _codes(old), _codes(new)
    return Reviewed(
        upgrade=upgrade,
        changes=compare_modules(old, new),
        old_code=old_code,
        new_code=new_code,
        old_kinds={name: kind_of(old[name], old_code.get(name)) for name in old},
        new_kinds={name: kind_of(new[name], new_code.get(name)) for name in new},
        touched={
            direction: {
                each.module: each for each in touches(upgrade.instructions(direction))
            }
            for direction in Direction
        },
    )


def words_for(direction: Direction) -> str:
    """Return how a message begins."""
    return "on the way up" if direction is Direction.UP else "on the way down"


def severe(code: Code, place: Place, **facts: Fact) -> Finding:
    """Return a finding that strict upgrades stop at."""
    told = diagnostic(code, place, **facts)
    return Finding(danger=Danger.SEVERE, diagnostic=told)


def notice(code: Code, place: Place, **facts: Fact) -> Finding:
    """Return a finding to look at."""
    told = diagnostic(code, place, **facts)
    return Finding(danger=Danger.NOTICE, diagnostic=told)


def module_vsn(chunks: beam.Chunks) -> Term | None:
    """Return the version of a module as `code_change` gets it, None when stripped.

    The only element of the attribute `vsn`, or the list when there are more or when
    it is a string (release_handler).
    """
    found = beam.attributes(chunks).get("vsn")
    items = list_items(found) if found is not None else None
    if not items or found is None:
        return None
    return found if type(found) is str or len(items) > 1 else items[0]


def _codes(modules: Mapping[str, beam.Chunks]) -> dict[str, ModuleCode]:
    read = {name: read_code(chunks, file=name) for name, chunks in modules.items()}
    return {name: code for name, code in read.items() if code is not None}

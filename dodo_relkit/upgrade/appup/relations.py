"""Who uses whom among the modules that have instructions, and the order that follows.

Takes both versions; makes no instruction. A module uses those it imports, those whose
processes it calls by name, and those whose processes it starts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.upgrade.appup.awaited import spoken
from dodo_relkit.upgrade.appup.order import Uses, joined, used_first, uses_among
from dodo_relkit.upgrade.appup.starters import Starts, read_starts
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import atoms_in
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """What both directions are made of."""

    order: tuple[str, ...]
    """All modules that have instructions, used before user, those removed last."""
    uses: Mapping[Direction, Uses]
    """Among them, in the version that is installed."""
    together: Uses
    """Whom each uses in either version: of those that are in the newer one."""
    spoken: Uses
    """The same without those that it only starts."""
    names: Mapping[Direction, Uses]
    """Of those that begin with the version that is installed: whom they name."""
    starts: Mapping[Direction, Starts]
    """In the version that runs."""


def relate(
    view: View,
    names: frozenset[str],
    skipped: Collection[str],
    renewed: frozenset[str],
) -> Relations:
    """Return the relations among modules that change, are added or are removed.

    `names`: modules of both versions that have instructions; `skipped`: modules that
    the user wants none for; `renewed`: supervisors that start anew.
    """
    starts = {
        Direction.UP: read_starts(view.older.program, view.older.calls),
        Direction.DOWN: read_starts(view.newer.program, view.newer.calls),
    }
    among = {
        Direction.UP: names | set(view.added) - set(skipped),
        Direction.DOWN: names | set(view.removed) - set(skipped),
    }
    versions = {Direction.UP: view.new, Direction.DOWN: view.old}
    fresh = {Direction.UP: view.added, Direction.DOWN: view.removed}
    uses, named, imported, heard = {}, {}, {}, {}
    for way in Direction:
        target = view.versions(way).target
        heard[way] = spoken(target.program, target.calls, among[way])
        imported[way] = uses_among(versions[way].modules, among[way])
        started = _with_starts(imported[way], starts.values())
        uses[way] = joined(started, heard[way].calls)
        begun = renewed & uses[way].keys() | set(fresh[way])
        named[way] = _named(target.program, begun, uses[way])
    up, down = Direction.UP, Direction.DOWN
    together = joined(uses[up], imported[down], heard[down].calls)
    order = used_first(joined(together, heard[up].sends))
    gone = used_first(uses_among(view.old.modules, set(view.removed) - set(skipped)))
    return Relations(
        order=(*order, *reversed(gone)),
        uses=uses,
        together=together,
        spoken=_without_starts(together, starts.values(), *imported.values()),
        names=named,
        starts=starts,
    )


def _without_starts(uses: Uses, starts: Iterable[Starts], *imported: Uses) -> Uses:
    """Return the uses without those that only start the others."""
    found = {name: set(used) for name, used in uses.items()}
    for starter in (one for each in starts for one in each.starters):
        if starter.module in found:
            kept = {name for each in imported for name in each.get(starter.module, ())}
            found[starter.module] -= starter.children - kept
    return {name: tuple(sorted(used)) for name, used in found.items()}


def _named(program: Program, fresh: Iterable[str], uses: Uses) -> Uses:
    """Return which others each of the `fresh` modules names.

    A supervisor any that is in the upgrade, since they may run its children; others
    only one another.
    """
    among = frozenset(fresh)
    found = {}
    for name in sorted(among & uses.keys()):
        code = program.code.get(name)
        is_supervisor = program.kind(name) is Kind.SUPERVISOR
        wanted = frozenset(uses) if is_supervisor else among
        named = atoms_in(code) if code else frozenset()
        found[name] = tuple(sorted(named & wanted - {name}))
    return found


def _with_starts(uses: Uses, starts: Iterable[Starts]) -> Uses:
    """Return the uses with those who start children using what these run."""
    added: dict[str, set[str]] = {name: set(used) for name, used in uses.items()}
    for starter in (one for each in starts for one in each.starters):
        if starter.module in added:
            added[starter.module] |= starter.children & uses.keys() - {starter.module}
    return {name: tuple(sorted(used)) for name, used in added.items()}

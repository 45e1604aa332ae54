"""What comes before what on one way of an upgrade: children, code, and who is silent.

Takes both versions and what became of children; makes no instruction. Two rules:

* a child runs before code that calls it is loaded, and until such code is gone;
* who starts children of a module does so neither while that module changes nor
  between the listing of its processes and their suspension (`starters.py`).

    suspend │ stop │ what a new    │ start │ all other │ stop │ what only a │ resume
            │  *   │ child needs:  │  **   │  modules  │      │ lost child  │
            │      │ `first`       │       │           │      │ used: `last`│

Modules of `first` and `last` do not depend on others of another part, so that systools
does not put them into one group. Where a process that is not of the part uses a changed
module of it, it is suspended meanwhile. `*`: children that are replaced, or that cannot
run on beside newer code; their users are suspended. `**`: when such a user, or a caller
of a new child, is itself in `first`, and so goes on after its update, children that do
not need it start before: what these need is `soonest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.upgrade.appup.awaited import awaited
from dodo_relkit.upgrade.appup.child_changes import ChildChange
from dodo_relkit.upgrade.appup.order import Uses
from dodo_relkit.upgrade.appup.starters import Starts
from dodo_relkit.upgrade.appup.suspensions import Events, Running, quiet
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.calls import callbacks, reached_modules
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is known of one direction."""

    view: View
    direction: Direction
    changes: tuple[ChildChange, ...]
    below: Mapping[str, frozenset[str]]
    """By supervisor: the modules that run what is below it."""
    uses: Uses
    """Among the modules that have instructions and are in the version that is
    installed: which of them each uses."""
    used: Uses
    """The same of the version that runs."""
    names: Uses
    """Of those that begin with the version that is installed: which others they name,
    as a supervisor does in the specifications of its children."""
    named: Uses
    """The same of those that end with the version that runs."""
    updated: frozenset[str]
    """Modules whose processes are suspended and changed."""
    starts: Starts
    """Who starts children in the version that runs."""

    @property
    def source(self) -> Running:
        """The version that runs."""
        return self.view.source(self.direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """The parts of one way, in the order of the picture above."""

    suspended: tuple[str, ...]
    reasons: Mapping[str, str]
    """Why each of `suspended` is."""
    held: frozenset[str]
    """Those of them that must not go on before all do."""
    stopped_first: tuple[ChildChange, ...]
    soonest: frozenset[str]
    started_soonest: tuple[ChildChange, ...]
    first: frozenset[str]
    started: tuple[ChildChange, ...]
    stopped_late: tuple[ChildChange, ...]
    last: frozenset[str]
    started_late: tuple[ChildChange, ...]
    """What needs a module that calls it: after all code."""
    notes: tuple[Diagnostic, ...]

    def part(self, module: str) -> int:
        """Return a number that is the same for modules of one part."""
        if module in self.soonest:
            return 3
        return 1 if module in self.first else 2 if module in self.last else 0


def phases(way: Way) -> Phases:
    """Return the parts of one way. Notes UP_CHILD_LATE, UP_USER_RUNS."""
    starting = [each for each in way.changes if each.start(way.direction)]
    circles = {_key(each): _circle(way, each) for each in starting}
    early = tuple(each for each in starting if not circles[_key(each)])
    first = frozenset().union(*(_needs(way, each) for each in early))
    stopping = [each for each in way.changes if each.stop(way.direction)]
    begun = frozenset().union(
        *(_trunk(way, each.started(way.direction)) for each in starting)
    )
    late = tuple(each for each in stopping if _can_stay(way, each, first, begun))
    stopped_first = tuple(each for each in stopping if each not in late)
    last = frozenset().union(*(_left(way, each) for each in late)) - first
    users = _users(way, first, early, stopped_first)
    ending = frozenset().union(*(_ends(way, each) for each in stopping))
    hasty = (users.keys() & way.updated | _callers(way, early)) & first
    soon = tuple(each for each in early if hasty and not _needs(way, each) & hasty)
    starters = _starters(way, ending, way.updated | users.keys())
    wanted = users | {
        name: f"{name} starts processes of {', '.join(children)}: none begins unseen "
        "meanwhile"
        for name, children in starters.items()
    }
    silent = quiet(
        wanted,
        starters,
        way.view.versions(way.direction),
        Events(
            updated=way.updated,
            started=frozenset().union(*(_begins(way, each) for each in starting)),
            stopped=frozenset().union(*(_ends(way, each) for each in stopping)),
        ),
    )
    late_ones = tuple(each for each in starting if circles[_key(each)])
    notes = [_child_late(each, circles[_key(each)]) for each in late_ones]
    notes += [
        _user_runs(way, name, users[name], reason)
        for name, reason in silent.refused
        if name in users
    ]
    return Phases(
        suspended=silent.modules,
        held=silent.held,
        reasons={**wanted, **silent.added},
        stopped_first=stopped_first,
        soonest=frozenset().union(*(_needs(way, each) for each in soon)),
        started_soonest=soon,
        first=first,
        started=tuple(each for each in early if each not in soon),
        stopped_late=late,
        last=last,
        started_late=late_ones,
        notes=tuple(notes),
    )


def closure(roots: Iterable[str], *uses: Uses) -> frozenset[str]:
    """Return the modules that these use, directly or through others, and themselves."""
    found: set[str] = set()
    todo = [name for name in roots if name in uses[0]]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            for each in uses:
                todo += each.get(name, ())
    return frozenset(found)


def _needs(way: Way, change: ChildChange) -> frozenset[str]:
    """Return the modules that must have changed before the child starts."""
    child = closure([change.started(way.direction)], way.uses, way.names)
    if change.by_update:
        return child | closure([change.supervisor], way.uses)
    return child


def _begins(way: Way, change: ChildChange) -> frozenset[str]:
    """Return the modules that only come with a child: its own, and of those below."""
    child = change.started(way.direction)
    is_up = way.direction is Direction.UP
    fresh = frozenset(way.view.added if is_up else way.view.removed)
    return closure([child], way.uses, way.names) & fresh | _trunk(way, child)


def _circle(way: Way, change: ChildChange) -> str:
    """Return a changed module that the child needs and that calls the child, or ""."""
    kinds = way.view.versions(way.direction).target.program
    begins = {each for each in _begins(way, change) if kinds.kind(each) in STATEFUL}
    trunk = _trunk(way, change.started(way.direction))
    for name in sorted(_needs(way, change) & set(way.view.changed)):
        if name in trunk or name == change.supervisor:
            continue
        if closure([name], way.uses) & begins:
            return name
    return ""


def _callers(way: Way, starting: Iterable[ChildChange]) -> frozenset[str]:
    """Return the modules that call one of the children, and do not come with it."""
    return frozenset(
        name
        for each in starting
        for name in way.uses.keys() - _begins(way, each) - {each.supervisor}
        if closure([name], way.uses) & _begins(way, each)
    )


def _left(way: Way, change: ChildChange) -> frozenset[str]:
    """Return the modules that may change only after the child was stopped."""
    child = change.stopped(way.direction)
    return closure([child], way.used, way.named) - {change.supervisor}


def _ends(way: Way, change: ChildChange) -> frozenset[str]:
    """Return the modules that only go with a child: its own, and of those below it."""
    is_up = way.direction is Direction.UP
    going = frozenset(way.view.removed if is_up else way.view.added)
    return _left(way, change) & going | _trunk(way, change.stopped(way.direction))


def _trunk(way: Way, module: str) -> frozenset[str]:
    """Return a module with all that is below it, if it is a supervisor."""
    return way.below.get(module, frozenset()) | {module}


def _can_stay(
    way: Way, change: ChildChange, first: frozenset[str], begun: frozenset[str]
) -> bool:
    """Tell whether a child may run until all others have changed.

    Not one that is replaced, or begins elsewhere (it or what is below it: the names
    are taken as long as they run), or that starts others; and not when what it uses
    changes and others use that too: they would be of different versions.
    """
    if change.start(way.direction) or begun & _trunk(
        way, change.stopped(way.direction)
    ):
        return False
    ends = _ends(way, change)
    if any(each.module in ends for each in way.starts.starters):
        return False
    left = _left(way, change) & set(way.view.changed)
    if left & first:
        return False
    return not any(
        left & reached_modules(running.program, running.calls, name)
        for running in (way.view.older, way.view.newer)
        for name in running.program.processes
        if name not in ends
    )


def _users(
    way: Way,
    first: frozenset[str],
    early: Iterable[ChildChange],
    stopped: Iterable[ChildChange],
) -> dict[str, str]:
    """Return who is suspended since it uses what changes or stops before it does."""
    gone = {
        name: each.child
        for each in stopped
        for name in _trunk(way, each.stopped(way.direction))
    }
    supervisors = {each.supervisor for each in early}
    changed = first & set(way.view.changed) - supervisors
    found: dict[str, str] = {}
    program = way.source.program
    for name in program.processes:
        if name in gone or name not in way.view.newer.program.code:
            continue
        if name not in way.view.older.program.code:
            continue
        if program.kind(name) is Kind.GEN_EVENT:  # `EVENT` of starters.py
            continue
        uses = reached_modules(program, way.source.calls, name)
        roots = callbacks(program, name)
        waits = awaited(program, way.source.calls, roots) - {name}
        for used in sorted((uses | waits) & gone.keys()):
            found[name] = f"{name} uses {gone[used]}, which stops"
        if name in way.view.changed:
            uses |= waits
        for used in sorted(uses & changed) if name not in first else ():
            found.setdefault(name, f"{name} uses {used}, which changes before it")
    return found


def _starters(
    way: Way, stopping: frozenset[str], silent: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Return who is suspended since it starts children that are, with their modules.

    Not who stops on this way, nor whose code comes or goes with it.
    """
    both = way.view.older.program.kinds.keys() & way.view.newer.program.kinds.keys()
    return {
        each.module: tuple(sorted(each.children & silent))
        for each in way.starts.of(silent)
        if not each.reason and each.module in both and each.module not in stopping
    }


def _child_late(change: ChildChange, name: str) -> Diagnostic:
    return diagnostic(
        Code.UP_CHILD_LATE,
        Place(),
        child=change.child,
        supervisor=change.supervisor,
        module=name,
    )


def _user_runs(way: Way, name: str, use: str, reason: str) -> Diagnostic:
    code = way.source.program.code[name]
    is_up = way.direction is Direction.UP
    return diagnostic(
        Code.UP_USER_RUNS,
        Place(file=code.file),
        direction="on the way up" if is_up else "on the way down",
        module=name,
        use=use,
        reason=reason,
    )


def _key(change: ChildChange) -> tuple[str, str]:
    return (change.supervisor, change.child)

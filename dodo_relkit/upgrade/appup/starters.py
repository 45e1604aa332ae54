"""Who starts children while the node runs, and of which modules.

Reads one version of an application, or of several together; chooses no instruction.
Why it matters: release_handler lists the processes of a module, suspends them and then
loads code. A child that begins in between is in no list: it goes on with the state of
the other version (release_handler_1, the comment at `suspend/3`).

    gen_server that accepts ──▶ function of the supervisor's module ──▶ start_child
          the starter              plain functions, any number            its child
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.calls import (
    Calls,
    OutsideCall,
    Point,
    Program,
    callbacks,
    constant_atom,
    reached,
    read_calls,
)
from dodo_relkit.upgrade.code.children import (
    Child,
    Supervisor,
    Unread,
    read_child,
    read_supervisor,
)
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.returns import items_of, simplify

SPAWNED = "it is started by spawn and obeys no system messages"
UNLISTED = "no child of a supervisor lists it among its modules"
WAITS = "it waits in {} for as long as nobody comes"
EVENT = "it is a gen_event, which must answer when release_handler lists processes"
NOBODY = "which process starts them is not seen in the code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A module that starts children."""

    module: str
    children: frozenset[str]
    """The modules that run them, and those that they list."""
    reason: str = ""
    """Why its processes cannot be suspended; empty when they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """What one version starts while it runs."""

    starters: tuple[Starter, ...]
    children: frozenset[str]
    """The modules of all such children."""

    def of(self, modules: frozenset[str]) -> Iterator[Starter]:
        """Yield the starters of children that run one of these modules."""
        for each in self.starters:
            if each.children & modules:
                yield each


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trees:
    """What the supervisors of the program say."""

    dynamic: tuple[Supervisor, ...]
    static: frozenset[str]
    """Modules that run or are listed by children that are always there."""
    complete: bool
    """Whether all supervisors could be read."""


_SUPERVISING = frozenset({Kind.SUPERVISOR, Kind.APPLICATION})
_DYNAMIC = "Elixir.DynamicSupervisor"
_SUPERVISORS = frozenset({"supervisor", "Elixir.Supervisor", _DYNAMIC})
_WAITING = {
    ("gen_tcp", "accept", 1): "gen_tcp:accept/1",
    ("ssl", "transport_accept", 1): "ssl:transport_accept/1",
    ("gen_sctp", "recv", 1): "gen_sctp:recv/1",
}
_WAITING_LONG = {
    ("gen_tcp", "accept", 2): "gen_tcp:accept/2",
    ("ssl", "transport_accept", 2): "ssl:transport_accept/2",
}
"""With `infinity` as the last argument."""


def read_starts(program: Program, calls: Calls | None = None) -> Starts:
    """Return who starts children, and of which modules, in one version.

    `calls` is what `read_calls` gives, read here when absent.
    """
    calls = read_calls(program) if calls is None else calls
    trees = _read_trees(program)
    sites = {
        point: modules
        for point, outside in calls.outside.items()
        if (modules := _started(program, trees, point, outside))
    }
    children = {name for modules in sites.values() for name in modules}
    for each in trees.dynamic:
        children |= _modules_of(each.template)
    starters = [
        *_processes(program, calls, trees, sites, frozenset(children)),
        *_spawned(program, calls, sites),
    ]
    missed = children.difference(*(each.children for each in starters))
    if missed:
        nobody = Starter(module="", children=frozenset(missed), reason=NOBODY)
        starters.append(nobody)
    return Starts(starters=tuple(starters), children=frozenset(children))


def _processes(
    program: Program,
    calls: Calls,
    trees: _Trees,
    sites: Mapping[Point, frozenset[str]],
    children: frozenset[str],
) -> Iterator[Starter]:
    known = trees.static | children
    for module in program.processes:
        points = reached(calls, callbacks(program, module))
        found = frozenset().union(*(sites[point] for point in points & sites.keys()))
        if found:
            reason = _waits(calls, points)
            if program.kind(module) is Kind.GEN_EVENT:
                reason = EVENT
            if not reason and trees.complete and module not in known:
                reason = UNLISTED
            yield Starter(module=module, children=found, reason=reason)


def _spawned(
    program: Program, calls: Calls, sites: Mapping[Point, frozenset[str]]
) -> Iterator[Starter]:
    """Yield those that `spawn` starts; a special process is none of them."""
    by_module: dict[str, frozenset[str]] = {}
    for root in sorted(calls.spawned):
        if program.kind(root[0]) is Kind.SPECIAL:
            continue
        points = reached(calls, [root])
        found = frozenset().union(*(sites[point] for point in points & sites.keys()))
        if found:
            by_module[root[0]] = by_module.get(root[0], frozenset()) | found
    for module, found in by_module.items():
        yield Starter(module=module, children=found, reason=SPAWNED)


def _waits(calls: Calls, points: frozenset[Point]) -> str:
    for point in sorted(points):
        for call in calls.outside.get(point, ()):
            key = (call.module, call.name, len(call.arguments))
            what = _WAITING.get(key, "")
            if key in _WAITING_LONG:
                last = constant_atom(call.arguments[-1], call.bindings)
                what = _WAITING_LONG[key] if last == "infinity" else ""
            if what:
                return WAITS.format(what)
    return ""


def _read_trees(program: Program) -> _Trees:
    dynamic: list[Supervisor] = []
    static: set[str] = set()
    complete = True
    for name in sorted(program.code):
        if program.kind(name) not in _SUPERVISING:
            continue
        read = read_supervisor(program.code[name], program.code)
        if isinstance(read, Unread):
            complete = False
        elif read is not None:
            for child in read.children:
                static |= _modules_of(child)
            if read.template is not None:
                dynamic.append(read)
                static |= _modules_of(read.template)
    return _Trees(dynamic=tuple(dynamic), static=frozenset(static), complete=complete)


def _modules_of(child: Child | None) -> frozenset[str]:
    if child is None:
        return frozenset()
    return frozenset({child.module, *(child.modules or ())}) - {""}


def _started(
    program: Program, trees: _Trees, point: Point, outside: tuple[OutsideCall, ...]
) -> frozenset[str]:
    """Return the modules of the children that the calls in one function start."""
    found: frozenset[str] = frozenset()
    for call in outside:
        match call.arguments:
            case (supervisor, spec) if _is_start(call):
                code = program.code[point[0]]
                given = simplify(code, spec, call.bindings, program.code)
                whose = constant_atom(supervisor, call.bindings)
                if items_of(given) is not None and call.module != _DYNAMIC:
                    found |= _templates(trees, whose)
                    continue
                named = _modules_of(read_child(given, code, program.code))
                found |= named or _unknown(program, trees, call, whose)
    return found


def _is_start(call: OutsideCall) -> bool:
    return call.name == "start_child" and call.module in _SUPERVISORS


def _templates(trees: _Trees, supervisor: str) -> frozenset[str]:
    """Return the modules of a simple_one_for_one supervisor; of all when it is unknown.

    A supervisor of that name that could not be read is one that is not known.
    """
    known = [each for each in trees.dynamic if _is_called(each, supervisor)]
    return frozenset().union(
        *(_modules_of(each.template) for each in known or trees.dynamic)
    )


def _is_called(supervisor: Supervisor, name: str) -> bool:
    registered = supervisor.name
    own = registered.name if isinstance(registered, Atom) else supervisor.module
    return own == name


def _unknown(
    program: Program, trees: _Trees, call: OutsideCall, supervisor: str
) -> frozenset[str]:
    """Return what may be started when the specification is made at run time.

    Under a simple_one_for_one supervisor its own children; else any process that is no
    child which is always there.
    """
    named = [each for each in trees.dynamic if _is_called(each, supervisor)]
    if call.module != _DYNAMIC and named:
        return _templates(trees, supervisor)
    return frozenset(program.processes) - trees.static

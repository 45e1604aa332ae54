"""Which processes the code waits for when it runs: synchronous calls between servers.

Reads one version. A process that is suspended answers nobody: who calls it waits, or
fails when it has waited long enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.calls import (
    Calls,
    OutsideCall,
    Point,
    Program,
    constant_atom,
    reached,
)
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import Constant, Expression, TupleOf
from dodo_relkit.upgrade.code.returns import option

_CALLS = frozenset(
    {
        ("gen_server", "call"),
        ("gen_statem", "call"),
        ("gen_event", "call"),
        ("gen_event", "sync_notify"),
        ("Elixir.GenServer", "call"),
        ("Elixir.GenServer", "stop"),
        ("gen_server", "stop"),
        ("gen_statem", "stop"),
    }
)
_STARTS = frozenset({"start_link", "start"})
_GENERIC = frozenset({"gen_server", "gen_statem"})


def awaited(program: Program, calls: Calls, roots: Iterable[Point]) -> frozenset[str]:
    """Return the modules whose processes are waited for when these functions run.

    A call whose receiver is a variable is taken for one of the module in which it
    stands, as in the interface functions of a server.
    """
    names = _registered(program, calls)
    found = set()
    for point in reached(calls, roots):
        for call in calls.outside.get(point, ()):
            if (call.module, call.name) in _CALLS and call.arguments:
                receiver = constant_atom(call.arguments[0], call.bindings)
                found.add(names.get(receiver, point[0] if not receiver else ""))
    return frozenset(name for name in found if program.kind(name) in STATEFUL)


def _registered(program: Program, calls: Calls) -> Mapping[str, str]:
    """Return by registered name the module that runs there; modules by their own."""
    found = {name: name for name in program.processes}
    for outside in calls.outside.values():
        for call in outside:
            if call.name in _STARTS:
                name, module = _name_and_module(call)
                if name and program.kind(module) in STATEFUL:
                    found[name] = module
    return found


def _name_and_module(call: OutsideCall) -> tuple[str, str]:
    match call.module, call.arguments:
        case str(module), (given, callback, _, _) if module in _GENERIC:
            return _local(given), constant_atom(callback, call.bindings)
        case "Elixir.GenServer", (callback, _, options):
            given = option(options, "name") or options
            return (
                constant_atom(given, call.bindings),
                constant_atom(callback, call.bindings),
            )
        case _:
            return "", ""


def _local(given: Expression) -> str:
    match given:
        case TupleOf((Constant(Atom("local")), Constant(Atom(name)))):
            return name
        case _:
            return ""

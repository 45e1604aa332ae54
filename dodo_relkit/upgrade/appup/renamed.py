"""Which processes are registered under another name in the other version.

Takes both versions, read. A process that runs keeps the name it has when code is
loaded, and whoever calls it by the other one gets `noproc`. Names that are made at run
time are not compared, and modules that register themselves know what they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.upgrade.appup.suspensions import Running
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.calls import OutsideCall, constant_atom
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import Expression, Variable
from dodo_relkit.upgrade.code.returns import constant, option

_STARTS = frozenset({"start_link", "start"})
_GENERIC = frozenset({"gen_server", "gen_statem"})
_REGISTERS = frozenset(
    {
        ("erlang", "register"),
        ("erlang", "unregister"),
        ("global", "register_name"),
        ("Elixir.Process", "register"),
        ("Elixir.Process", "unregister"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The name of the processes of a module in each version."""

    old: Term
    new: Term


def renamed(view: View) -> Mapping[str, Renamed]:
    """Return the modules whose one process has another name now, by module."""
    before, after = _names(view.older), _names(view.newer)
    return {
        name: Renamed(old=before[name], new=after[name])
        for name in view.changed
        if name in before and name in after and before[name] != after[name]
    }


def _names(running: Running) -> dict[str, Term]:
    """Return by module the name under which the one call that starts it registers it.

    Only of modules that a single call starts, under a name that stands in the code.
    """
    found: dict[str, list[Term | None]] = {}
    free: set[str] = set()
    for point, outside in running.calls.outside.items():
        for call in outside:
            if (call.module, call.name) in _REGISTERS:
                free.add(point[0])
            callback = _callback(call)
            if running.program.kind(callback) in STATEFUL:
                found.setdefault(callback, []).append(_name(call))
    return {
        module: names[0]
        for module, names in found.items()
        if module not in free and len(names) == 1 and names[0] is not None
    }


def _callback(call: OutsideCall) -> str:
    """Return the module whose processes the call starts; empty when it starts none."""
    if call.name not in _STARTS:
        return ""
    match call.module, call.arguments:
        case "Elixir.GenServer", (callback, _) | (callback, _, _):
            return constant_atom(callback, call.bindings)
        case str(module), (callback, _, _) | (_, callback, _, _) if module in _GENERIC:
            return constant_atom(callback, call.bindings)
        case _:
            return ""


def _name(call: OutsideCall) -> Term | None:
    """Return the name that the call registers; None for none, or if it is made."""
    match call.module, call.arguments:
        case str(module), (name, _, _, _) if module in _GENERIC:
            return _reference(_constant(name, call))
        case "Elixir.GenServer", (_, _, options):
            given = option(options, "name")
            return None if given is None else _constant(given, call)
        case _:
            return None


def _constant(given: Expression, call: OutsideCall) -> Term | None:
    match given:
        case Variable(name):
            given = call.bindings.get(name, given)
    return constant(given)


def _reference(name: Term | None) -> Term | None:
    match name:
        case (Atom("local"), Atom() as local):
            return local
        case _:
            return name

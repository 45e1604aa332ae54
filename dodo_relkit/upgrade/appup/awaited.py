"""Which processes the code speaks to by their names: those it waits for, and others.

Reads one version; no import tells of these calls. A process that is suspended answers
nobody: who calls it waits, or fails when it has waited long enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.calls import (
    Calls,
    OutsideCall,
    Point,
    Program,
    constant_atom,
    reached,
)
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import (
    Constant,
    Expression,
    TupleOf,
    Variable,
)
from dodo_relkit.upgrade.code.returns import constant, option

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
_SENDS = frozenset(
    {
        ("gen_server", "cast"),
        ("gen_server", "send_request"),
        ("gen_statem", "cast"),
        ("gen_statem", "send_request"),
        ("gen_event", "notify"),
        ("Elixir.GenServer", "cast"),
        ("Elixir.Process", "send"),
        ("erlang", "!"),
        ("erlang", "send"),
    }
)
_STARTS = frozenset({"start_link", "start"})
_GENERIC = frozenset({"gen_server", "gen_statem"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Whom modules speak to by name: by module those that run the receivers, sorted."""

    calls: Mapping[str, tuple[str, ...]]
    """They wait for an answer."""
    sends: Mapping[str, tuple[str, ...]]
    """They do not."""


def spoken(program: Program, calls: Calls, among: Collection[str]) -> Spoken:
    """Return to which of the modules `among` each of them speaks by name.

    Through functions of modules that are not among them, too.
    """
    names = _registered(program, calls)
    points: dict[str, list[Point]] = {}
    for point in {*calls.inside, *calls.outside}:
        points.setdefault(point[0], []).append(point)
    inside = {
        point: frozenset(each for each in called if each[0] not in among)
        for point, called in calls.inside.items()
    }
    below = Calls(inside=inside, outside=calls.outside, spawned=calls.spawned)
    both: list[dict[str, tuple[str, ...]]] = [{}, {}]
    for name in among:
        every = reached(below, points.get(name, ()))
        for words, found in zip((_CALLS, _SENDS), both, strict=True):
            receivers = {
                names.get(_receiver(call), "")
                for point in every
                for call in calls.outside.get(point, ())
                if (call.module, call.name) in words and call.arguments
            }
            found[name] = tuple(sorted(receivers & set(among) - {name}))
    return Spoken(calls=both[0], sends=both[1])


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
                receiver = _receiver(call)
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
            return _local(given, call), constant_atom(callback, call.bindings)
        case "Elixir.GenServer", (callback, _, options):
            given = option(options, "name") or options
            return _name(given, call), constant_atom(callback, call.bindings)
        case _:
            return "", ""


def _local(given: Expression, call: OutsideCall) -> str:
    match given:
        case TupleOf((Constant(Atom("local")), name)):
            return _name(name, call)
        case _:
            return _name(given, call)


def _receiver(call: OutsideCall) -> str:
    return _name(call.arguments[0], call)


def _name(given: Expression, call: OutsideCall) -> str:
    """Return a name as text: an atom, `{global, Name}`, `{via, ...}`; empty if none.

    One that is not all data is none.
    """
    match given:
        case Variable(name):
            given = call.bindings.get(name, given)
    term = constant(given)
    match term:
        case None:
            return ""
        case Atom(name):
            return name
        case _:
            return format_term(term)

"""What processes run a module's code, and whether it changes their state itself.

Told from behaviours, exports and, where there is any, the source left in the beam.
Judges one version at a time; knows nothing of instructions.

| kind        | behaviour                        | or exports                     |
|-------------|----------------------------------|--------------------------------|
| supervisor  | supervisor, supervisor_bridge,   | init/1 and nothing else below, |
|             | Supervisor, DynamicSupervisor    | calls supervisor:start_link    |
| gen_statem  | gen_statem, gen_fsm              | init/1, callback_mode/0        |
| gen_event   | gen_event                        | init/1, handle_event/2         |
| gen_server  | gen_server, GenServer            | init/1, handle_call/3 or       |
|             |                                  | code_change/3                  |
| special     |                                  | system_continue/3              |
| application | application, Application         | start/2, stop/1                |
| plain       | anything else                    |                                |

A module with several is the first of them in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.identity import is_identity
from dodo_relkit.upgrade.code.model import (
    Constant,
    Function,
    ModuleCode,
    TupleOf,
    Variable,
)
from dodo_relkit.upgrade.code.read_code import read_code


class Kind(Enum):
    """Which processes, if any, run the module."""

    SUPERVISOR = "supervisor"
    GEN_STATEM = "gen_statem"
    GEN_EVENT = "gen_event"
    GEN_SERVER = "gen_server"
    SPECIAL = "special process"
    APPLICATION = "application"
    PLAIN = "plain module"


STATEFUL = frozenset({Kind.GEN_SERVER, Kind.GEN_STATEM, Kind.GEN_EVENT, Kind.SPECIAL})
"""Kinds whose processes hold a state of the module's own."""


class CodeChange(Enum):
    """What the module does when its state is to be changed."""

    ABSENT = "absent"
    """It exports no such function: an advanced update of a process fails."""
    KEEPS = "keeps the state"
    """The default that `use GenServer` writes, or one by hand that does the same."""
    WRITTEN = "written by the user"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleKind:
    """What is known of one version of a module."""

    kind: Kind
    code_change: CodeChange
    sure: bool
    """Whether `code_change` was read from the source or is the default byte for byte;
    otherwise it is taken for the user's since its code is no known default."""
    behaviours: tuple[str, ...] = ()


_BEHAVIOURS = {
    "supervisor": Kind.SUPERVISOR,
    "supervisor_bridge": Kind.SUPERVISOR,
    "Elixir.Supervisor": Kind.SUPERVISOR,
    "Elixir.DynamicSupervisor": Kind.SUPERVISOR,
    "gen_statem": Kind.GEN_STATEM,
    "gen_fsm": Kind.GEN_STATEM,
    "gen_event": Kind.GEN_EVENT,
    "gen_server": Kind.GEN_SERVER,
    "Elixir.GenServer": Kind.GEN_SERVER,
    "application": Kind.APPLICATION,
    "Elixir.Application": Kind.APPLICATION,
}

_CALLBACKS = {
    Kind.GEN_SERVER: ("code_change", 3),
    Kind.GEN_EVENT: ("code_change", 3),
    Kind.GEN_STATEM: ("code_change", 4),
    Kind.SPECIAL: ("system_code_change", 4),
}


def kind_of(
    chunks: beam.Chunks, code: ModuleCode | None = None, *, file: str = ""
) -> ModuleKind:
    """Return the kind of one version of a module.

    `code` is what `read_code` gives, read here when absent. Raises Trouble for chunks
    that cannot be read.
    """
    behaviours = beam.behaviours(chunks, file=file)
    exports = frozenset(beam.exports(chunks, file=file))
    kind = _kind(behaviours, exports, chunks, file)
    if code is None:
        code = read_code(chunks, file=file)
    change, sure = _code_change(kind, exports, chunks, code)
    return ModuleKind(kind=kind, code_change=change, sure=sure, behaviours=behaviours)


def callback_of(kind: Kind) -> tuple[str, int] | None:
    """Return name and arity of the function that changes the state, if there is one."""
    return _CALLBACKS.get(kind)


def state_places(kind: Kind) -> tuple[int, ...]:
    """Return which arguments of that function are the state, from 0.

    `code_change(Vsn, State, Extra)`, `code_change(Vsn, State, Data, Extra)`,
    `system_code_change(Misc, Module, Vsn, Extra)`.
    """
    return {Kind.GEN_STATEM: (1, 2), Kind.SPECIAL: (0,)}.get(kind, (1,))


def _kind(
    behaviours: tuple[str, ...],
    exports: frozenset[tuple[str, int]],
    chunks: beam.Chunks,
    file: str,
) -> Kind:
    found = {_BEHAVIOURS[each] for each in behaviours if each in _BEHAVIOURS}
    found |= _by_exports(exports, chunks, file)
    return next((kind for kind in Kind if kind in found), Kind.PLAIN)


def _by_exports(
    exports: frozenset[tuple[str, int]], chunks: beam.Chunks, file: str
) -> set[Kind]:
    """Return the kinds that the exports speak for, also of a module without attributes.

    A behaviour of a library on top of gen_server (init/1 and code_change/3) makes
    processes too.
    """
    found = set()
    if ("system_continue", 3) in exports:
        found.add(Kind.SPECIAL)
    if {("start", 2), ("stop", 1)} <= exports:
        found.add(Kind.APPLICATION)
    if ("init", 1) not in exports:
        return found
    if ("callback_mode", 0) in exports:
        found.add(Kind.GEN_STATEM)
    elif ("handle_event", 2) in exports:
        found.add(Kind.GEN_EVENT)
    elif ("handle_call", 3) in exports or ("code_change", 3) in exports:
        found.add(Kind.GEN_SERVER)
    elif _starts_supervisor(chunks, file):
        found.add(Kind.SUPERVISOR)
    return found


def _starts_supervisor(chunks: beam.Chunks, file: str) -> bool:
    if not any(
        module in ("supervisor", "Elixir.Supervisor", "Elixir.DynamicSupervisor")
        and name == "start_link"
        for module, name, _ in beam.imports(chunks, file=file)
    ):
        return False
    return not beam.attributes(chunks, file=file)


def _code_change(
    kind: Kind,
    exports: frozenset[tuple[str, int]],
    chunks: beam.Chunks,
    code: ModuleCode | None,
) -> tuple[CodeChange, bool]:
    callback = callback_of(kind)
    if callback is None or callback not in exports:
        return CodeChange.ABSENT, True
    function = code.function(*callback) if code else None
    if function is not None:
        return _from_source(kind, function), True
    if is_identity(chunks, *callback, kept=state_places(kind)):
        return CodeChange.KEEPS, True
    return CodeChange.WRITTEN, False


def _from_source(kind: Kind, function: Function) -> CodeChange:
    keeps = all(keeps_state(kind, function, at) for at in range(len(function.clauses)))
    return CodeChange.KEEPS if keeps else CodeChange.WRITTEN


def keeps_state(kind: Kind, function: Function, at: int) -> bool:
    """Return whether clause `at` gives back `{ok, State}` just as it was given."""
    clause = function.clauses[at]
    names = []
    for place in state_places(kind):
        match clause.patterns[place : place + 1]:
            case (Variable(name),) if name != "_":
                names.append(name)
            case _:
                return False
    match clause.body:
        case (TupleOf((Constant(term), *items)),):
            return term is Atom("ok") and items == [Variable(each) for each in names]
        case _:
            return False

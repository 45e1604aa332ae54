"""Where a module hands out funs that somebody may hold until its code is purged.

An anonymous fun, and `fun name/1` without a module, belong to the version of the module
that made them. When that version is purged, which release_handler does right after it
loaded the newer, a call of such a fun fails with `badfun`, unless the newer has the
same one; a process that is inside it is killed (brutal) or keeps the module from being
purged (soft). To have one does neither: code(3), since ERTS 9.0. `fun m:f/1` is not
concerned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Constant,
    Expression,
    Function,
    FunName,
    FunOf,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    Sequence,
    TupleOf,
    Variable,
    atom_of,
    clause_parts,
    parts_of,
    walk,
)

_HOLDERS = {
    ("ets", "insert"): "is put into an ETS table",
    ("ets", "insert_new"): "is put into an ETS table",
    ("persistent_term", "put"): "is put into persistent_term",
    ("application", "set_env"): "is put into the environment",
    ("Elixir.Application", "put_env"): "is put into the environment",
    ("erlang", "put"): "is put into the process dictionary",
    ("Elixir.Process", "put"): "is put into the process dictionary",
    ("erlang", "spawn"): "a process of its own runs",
    ("erlang", "spawn_link"): "a process of its own runs",
    ("erlang", "spawn_monitor"): "a process of its own runs",
    ("proc_lib", "spawn"): "a process of its own runs",
    ("proc_lib", "spawn_link"): "a process of its own runs",
    ("Elixir.Task", "start"): "a process of its own runs",
    ("Elixir.Task", "start_link"): "a process of its own runs",
    ("Elixir.Agent", "start_link"): "a process of its own runs",
    ("gen_server", "cast"): "is sent to another process",
    ("gen_server", "call"): "is sent to another process",
    ("Elixir.GenServer", "cast"): "is sent to another process",
    ("Elixir.GenServer", "call"): "is sent to another process",
    ("erlang", "send"): "is sent to another process",
    ("erlang", "!"): "is sent to another process",
}
_LOCAL = {"spawn", "spawn_link", "spawn_monitor", "put"}
"""Functions of `erlang` that Erlang code calls without naming the module."""

_STATE = frozenset(
    {
        ("init", 1),
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_info", 2),
        ("handle_continue", 2),
        ("handle_event", 4),
        ("handle_event", 2),
        ("handle_call", 2),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFun:
    """A fun that leaves the function that makes it."""

    function: str
    line: int
    holder: str
    """What becomes of it, in words."""


def held_funs(code: ModuleCode, *, has_state: bool) -> tuple[HeldFun, ...]:
    """Return the funs of a module that may outlive a call, in the order of the source.

    `has_state`: whether what its callbacks return is kept by a process.
    """
    found: list[HeldFun] = []
    for function in code.functions.values():
        name = f"{function.name}/{function.arity}"
        for line, holder in _held(function, has_state):
            one = HeldFun(function=name, line=line or function.line, holder=holder)
            if one not in found:
                found.append(one)
    return tuple(found)


def _held(function: Function, has_state: bool) -> Iterator[tuple[int, str]]:
    keeps = has_state and (function.name, function.arity) in _STATE
    for clause in function.clauses:
        bound = _bound_funs(clause)
        for part in clause.body:
            for each in walk(part):
                if isinstance(each, Call):
                    yield from _handed_over(each, bound)
        if keeps and clause.body:
            for line in _inside(clause.body[-1], bound):
                yield line, "is part of the state"


def _bound_funs(clause: Clause) -> dict[str, int]:
    """Return the variables that are bound to a fun, with its line."""
    bound = {}
    for part in clause_parts(clause):
        for each in walk(part):
            match each:
                case Match(Variable(name), FunOf(line=line)):
                    bound[name] = line
                case Match(Variable(name), FunName(module=None, line=line)):
                    bound[name] = line
    return bound


def _handed_over(call: Call, bound: dict[str, int]) -> Iterator[tuple[int, str]]:
    name = atom_of(call.function) or ""
    match call.module:
        case None if name in _LOCAL:
            module = "erlang"
        case Constant(Atom(module)):
            pass
        case _:
            return
    holder = _HOLDERS.get((module, name))
    if holder is None:
        return
    for argument in call.arguments:
        for line in _inside(argument, bound):
            yield line, holder


def _inside(expression: Expression, bound: dict[str, int]) -> Iterator[int]:
    """Yield the lines of the funs that are data in a value, not called for it."""
    match expression:
        case FunOf(line=line) | FunName(module=None, line=line):
            yield line
        case Variable(name) if name in bound:
            yield bound[name]
        case TupleOf() | ListOf() | MapOf() | RecordOf():
            for each in parts_of(expression):
                yield from _inside(each, bound)
        case Match(_, right):
            yield from _inside(right, bound)
        case Sequence(items) if items:
            yield from _inside(items[-1], bound)
        case Choice(clauses=clauses):
            for clause in clauses:
                if clause.body:
                    yield from _inside(clause.body[-1], bound)

"""Which data a function hands to somebody who may keep it for longer than the call.

Follows no call and judges nothing: what such data mean for an upgrade is asked by
`held_funs.py` (funs) and `kept_records.py` (records and structs).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

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
    RecordOf,
    Sequence,
    TupleOf,
    Variable,
    atom_of,
    clause_parts,
    parts_of,
    walk,
)


class Holder(Enum):
    """Who keeps the data; the value is what becomes of them, in words."""

    ETS = "is put into an ETS table"
    DETS = "is put into a Dets table"
    MNESIA = "is put into a Mnesia table"
    TERM = "is put into persistent_term"
    ENVIRONMENT = "is put into the environment"
    DICTIONARY = "is put into the process dictionary"
    AGENT = "is the state of an Agent"
    STATE = "is part of the state"
    PROCESS = "a process of its own runs"
    MESSAGE = "is sent to another process"


_HOLDERS = {
    ("ets", "insert"): Holder.ETS,
    ("ets", "insert_new"): Holder.ETS,
    ("dets", "insert"): Holder.DETS,
    ("dets", "insert_new"): Holder.DETS,
    ("mnesia", "write"): Holder.MNESIA,
    ("mnesia", "dirty_write"): Holder.MNESIA,
    ("persistent_term", "put"): Holder.TERM,
    ("application", "set_env"): Holder.ENVIRONMENT,
    ("Elixir.Application", "put_env"): Holder.ENVIRONMENT,
    ("erlang", "put"): Holder.DICTIONARY,
    ("Elixir.Process", "put"): Holder.DICTIONARY,
    ("erlang", "spawn"): Holder.PROCESS,
    ("erlang", "spawn_link"): Holder.PROCESS,
    ("erlang", "spawn_monitor"): Holder.PROCESS,
    ("proc_lib", "spawn"): Holder.PROCESS,
    ("proc_lib", "spawn_link"): Holder.PROCESS,
    ("Elixir.Task", "start"): Holder.PROCESS,
    ("Elixir.Task", "start_link"): Holder.PROCESS,
    ("gen_server", "cast"): Holder.MESSAGE,
    ("gen_server", "call"): Holder.MESSAGE,
    ("Elixir.GenServer", "cast"): Holder.MESSAGE,
    ("Elixir.GenServer", "call"): Holder.MESSAGE,
    ("erlang", "send"): Holder.MESSAGE,
    ("erlang", "!"): Holder.MESSAGE,
}
_LOCAL = {"spawn", "spawn_link", "spawn_monitor", "put"}
"""Functions of `erlang` that Erlang code calls without naming the module."""

_AGENT = frozenset({"start", "start_link", "update", "get_and_update", "cast"})
"""Functions of Agent whose fun returns the state, or a tuple with it. The fun itself is
called once, and kept by nobody."""

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

_Bound = Mapping[str, Expression]
"""The variables that are bound to funs, records and structs."""


def handed_over(
    function: Function, *, has_state: bool
) -> Iterator[tuple[Expression, Holder]]:
    """Yield the data that may outlive a call of the function, and who holds them.

    Funs, records, structs and what else stands in the source, outer before inner.
    `has_state`: whether what callbacks of the module return is kept by a process.
    """
    keeps = has_state and (function.name, function.arity) in _STATE
    for clause in function.clauses:
        bound = _bound(clause)
        for part in clause.body:
            for each in walk(part):
                if isinstance(each, Call):
                    yield from _given(each, bound)
        if keeps and clause.body:
            for value in _inside(clause.body[-1], bound):
                yield value, Holder.STATE


def _bound(clause: Clause) -> _Bound:
    bound: dict[str, Expression] = {}
    for part in clause_parts(clause):
        for each in walk(part):
            match each:
                case Match(Variable(name), FunOf() | FunName() | RecordOf() as value):
                    bound[name] = value
                case Match(RecordOf() as value, Variable(name)):  # in a pattern
                    bound[name] = value
    return bound


def _given(call: Call, bound: _Bound) -> Iterator[tuple[Expression, Holder]]:
    name = atom_of(call.function) or ""
    match call.module:
        case None if name in _LOCAL:
            module = "erlang"
        case Constant(Atom(module)):
            pass
        case _:
            return
    holder = _HOLDERS.get((module, name))
    if holder is not None:
        for argument in call.arguments:
            for value in _inside(argument, bound):
                yield value, holder
    if module == "Elixir.Agent" and name in _AGENT:
        for argument in call.arguments:
            if isinstance(argument, FunOf):
                for value in _results(argument.clauses, bound):
                    yield value, Holder.AGENT


def _results(clauses: tuple[Clause, ...], bound: _Bound) -> Iterator[Expression]:
    for clause in clauses:
        if clause.body:
            yield from _inside(clause.body[-1], {**bound, **_bound(clause)})


def _inside(expression: Expression, bound: _Bound) -> Iterator[Expression]:
    """Yield what is data in a value, not called for it."""
    match expression:
        case Variable(name) if name in bound:
            yield from _inside(bound[name], {})
        case TupleOf() | ListOf() | MapOf() | RecordOf():
            yield expression
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
        case _:
            yield expression

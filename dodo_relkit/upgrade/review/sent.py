"""What the processes of a module send themselves: timers, messages, timeouts.

Looks at the functions that such a process may run, in any module of the application.
What is sent to others is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.calls import (
    Calls,
    Point,
    Program,
    callbacks,
    reached,
)
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Constant,
    Expression,
    FunOf,
    Match,
    ModuleCode,
    TupleOf,
    Variable,
    atom_of,
    parts_of,
)
from dodo_relkit.upgrade.code.returns import simplify


class How(Enum):
    """When a message is there."""

    NOW = "at once"
    TIMER = "with a timer that goes on"
    INTERVAL = "with an interval that goes on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One place where a process sends itself something."""

    event: Expression
    """`info`, `cast`, or what a gen_statem calls its timeouts."""
    value: Expression
    how: How
    point: Point
    """The function that sends it."""
    clause: Clause
    line: int
    in_init_only: bool
    """Whether only a process that begins sends it."""


INFO, CAST = Constant(Atom("info")), Constant(Atom("cast"))
_SELF = None
_TIMERS = {
    ("erlang", "send_after", 3): (1, 2),
    ("erlang", "send_after", 4): (1, 2),
    ("erlang", "start_timer", 3): (1, 2),
    ("erlang", "start_timer", 4): (1, 2),
    ("timer", "send_after", 2): (_SELF, 1),
    ("timer", "send_after", 3): (1, 2),
    ("timer", "send_interval", 2): (_SELF, 1),
    ("timer", "send_interval", 3): (1, 2),
    ("Elixir.Process", "send_after", 3): (0, 1),
    ("Elixir.Process", "send_after", 4): (0, 1),
}
"""Where the receiver and the message stand."""
_DIRECT = {
    ("erlang", "!", 2): INFO,
    ("erlang", "send", 2): INFO,
    ("erlang", "send", 3): INFO,
    ("Elixir.Kernel", "send", 2): INFO,
    ("gen_server", "cast", 2): CAST,
    ("Elixir.GenServer", "cast", 2): CAST,
    ("gen_statem", "cast", 2): CAST,
}
_BUILT_IN = frozenset({"send_after", "start_timer", "send", "self"})
_OTHERS = frozenset({"spawn", "spawn_link", "spawn_monitor", "spawn_opt"})
_OTHER_MODULES = frozenset({"Elixir.Task", "Elixir.Task.Supervisor", "Elixir.Agent"})


def sent_to_itself(program: Program, calls: Calls, module: str) -> tuple[Sent, ...]:
    """Return what a process of the module sends itself, as far as it can be read."""
    begins = (module, "init", 1)
    later = reached(calls, callbacks(program, module))
    everywhere = sorted(later | reached(calls, [begins]))
    is_statem = program.kind(module) is Kind.GEN_STATEM
    found: list[Sent] = []
    for point in everywhere:
        code = program.code.get(point[0])
        function = code.function(point[1], point[2]) if code else None
        if code is None or function is None:
            continue
        for clause in function.clauses:
            read = _Read(program, code, clause, module)
            for event, value, how, line in _in_clause(read, is_statem=is_statem):
                found.append(
                    Sent(
                        event=event,
                        value=value,
                        how=how,
                        point=point,
                        clause=clause,
                        line=line,
                        in_init_only=point not in later,
                    )
                )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Read:
    """Where a clause stands."""

    program: Program
    code: ModuleCode
    clause: Clause
    process: str
    """The module whose process runs it; its name is taken for that of the process."""


_Found = tuple[Expression, Expression, How, int]


def _in_clause(read: _Read, *, is_statem: bool) -> Iterator[_Found]:
    made = list(_made(read.clause))
    bound = {
        each.left.name: each.right
        for each in made
        if isinstance(each, Match) and isinstance(each.left, Variable)
    }
    for each in made:
        match each:
            case Call():
                yield from _of_call(read, each, bound)
            case TupleOf((event, time, value, *_)) if is_statem and _is_timeout(event):
                if atom_of(time) not in {"infinity", "cancel", "update"}:
                    yield event, _known(read, value, bound), How.TIMER, read.clause.line


def _of_call(
    read: _Read, call: Call, bound: Mapping[str, Expression]
) -> Iterator[_Found]:
    key = _target(read.code, call)
    if key is None:
        return
    places = _TIMERS.get(key)
    if places is not None:
        to, what = places
        if to is _SELF or _is_self(read, call.arguments[to], bound):
            value = _known(read, call.arguments[what], bound)
            if key[1] == "start_timer":
                value = TupleOf((Constant(Atom("timeout")), Variable("_"), value))
            yield INFO, value, _how(key, call), call.line
    elif key in _DIRECT and _is_self(read, call.arguments[0], bound):
        value = _known(read, call.arguments[1], bound)
        yield _DIRECT[key], value, How.NOW, call.line


def _how(key: tuple[str, str, int], call: Call) -> How:
    if key[1] == "send_interval":
        return How.INTERVAL
    at_once = Constant(0) in (call.arguments[0], *call.arguments[2:3])
    return How.NOW if at_once else How.TIMER


def _target(code: ModuleCode, call: Call) -> tuple[str, str, int] | None:
    name, arity = atom_of(call.function), len(call.arguments)
    if name is None:
        return None
    if call.module is None:
        is_own = code.function(name, arity) is not None or name not in _BUILT_IN
        return None if is_own else ("erlang", name, arity)
    module = atom_of(call.module)
    return None if module is None else (module, name, arity)


def _known(
    read: _Read, value: Expression, bound: Mapping[str, Expression]
) -> Expression:
    return simplify(read.code, value, bound, read.program.code)


def _is_self(read: _Read, to: Expression, bound: Mapping[str, Expression]) -> bool:
    if isinstance(to, Variable):
        to = bound.get(to.name, to)
    match to:
        case Call():
            return _target(read.code, to) == ("erlang", "self", 0)
        case _:
            return atom_of(to) == read.process


def _is_timeout(event: Expression) -> bool:
    match event:
        case TupleOf((tag, _)):
            return atom_of(tag) == "timeout"
        case _:
            return atom_of(event) in {"state_timeout", "timeout"}


def _made(clause: Clause) -> Iterator[Expression]:
    """Yield what a clause does, without patterns and what other processes run."""
    todo = list(reversed(clause.body))
    while todo:
        each = todo.pop()
        yield each
        match each:
            case Match(right=right):
                inner: tuple[Expression, ...] = (right,)
            case Choice(subjects, clauses):
                inner = (*subjects, *(part for one in clauses for part in one.body))
            case FunOf(clauses):
                inner = tuple(part for one in clauses for part in one.body)
            case Call() if _is_other(each):
                inner = tuple(e for e in each.arguments if not isinstance(e, FunOf))
            case _:
                inner = parts_of(each)
        todo.extend(reversed(inner))


def _is_other(call: Call) -> bool:
    return atom_of(call.function) in _OTHERS or atom_of(call.module) in _OTHER_MODULES

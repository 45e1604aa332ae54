"""What a function does that stays when it has returned: tables, names, processes, …

Follows the calls of the application's own functions from where it is told to begin.
Judges nothing. A fun counts when a function of lists is called with it, and not when
it is put into a specification, which others call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.calls import Point, Program
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Constant,
    Expression,
    FunOf,
    Match,
    ModuleCode,
    Variable,
    atom_of,
    parts_of,
    walk,
)
from dodo_relkit.upgrade.code.returns import constant, items_of


class Stays(Enum):
    """What there is afterwards; the value names it in words."""

    TABLE = "the table"
    NAME = "the name"
    TERM = "the persistent term"
    GROUP = "the group"
    HANDLER = "the event handler"
    TRAP = "the flag"
    TIMER = "the timer"
    SUBSCRIPTION = "the subscription"
    LISTENER = "the listener"
    PROCESS = "the process"


Mark: TypeAlias = tuple[Stays, str]
"""What two calls that leave the same behind have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One call that leaves something behind."""

    stays: Stays
    key: Term | None
    """The name of the table, the key of the term, …; None when it is not constant."""
    call: str
    """The function that is called, as `ets:new`."""
    module: str
    line: int
    is_asked: bool
    """Whether the code asks first, or catches the error."""
    value: Expression | None = None
    """What a persistent term is set to."""

    @property
    def mark(self) -> Mark:
        """The kind, and the key in words or the function that is called."""
        return self.stays, self.call if self.key is None else format_term(self.key)

    @property
    def words(self) -> str:
        """The call for a person."""
        if self.key is None:
            return f"`{self.call}`"
        return f"`{self.call}` for {format_term(self.key)}"


_ASKS = frozenset({
    ("ets", "whereis"), ("ets", "info"), ("ets", "all"), ("ets", "delete"),
    ("erlang", "whereis"), ("erlang", "unregister"), ("global", "whereis_name"),
    ("Elixir.Process", "whereis"), ("Elixir.GenServer", "whereis"),
    ("Elixir.Process", "unregister"),
})  # fmt: skip
_NO_USE = frozenset({"new", "whereis", "info", "all", "delete"})
"""Functions of ets that need no table, or take it away."""
_CAUGHT = frozenset({"try", "catch"})
_RUN_FUNS = frozenset({"lists", "Elixir.Enum", "maps"})
_BUILT_IN = frozenset({
    "register", "process_flag", "send_after", "start_timer", "whereis", "unregister",
})  # fmt: skip
"""Functions of `erlang` that code may call without naming the module."""

_KEYED = {
    ("erlang", "register", 2): (Stays.NAME, 0),
    ("Elixir.Process", "register", 2): (Stays.NAME, 1),
    ("global", "register_name", 2): (Stays.NAME, 0),
    ("persistent_term", "put", 2): (Stays.TERM, 0),
    ("pg", "join", 2): (Stays.GROUP, 0),
    ("pg", "join", 3): (Stays.GROUP, 1),
    ("Elixir.Registry", "register", 3): (Stays.SUBSCRIPTION, 1),
    ("Elixir.Phoenix.PubSub", "subscribe", 2): (Stays.SUBSCRIPTION, 1),
    ("Elixir.Phoenix.PubSub", "subscribe", 3): (Stays.SUBSCRIPTION, 1),
    ("gen_event", "add_handler", 3): (Stays.HANDLER, 1),
    ("gen_event", "add_sup_handler", 3): (Stays.HANDLER, 1),
    ("erlang", "process_flag", 2): (Stays.TRAP, 0),
    ("Elixir.Process", "flag", 2): (Stays.TRAP, 0),
    ("erlang", "send_after", 3): (Stays.TIMER, 2),
    ("erlang", "start_timer", 3): (Stays.TIMER, 2),
    ("Elixir.Process", "send_after", 3): (Stays.TIMER, 1),
    ("timer", "send_after", 2): (Stays.TIMER, 1),
    ("timer", "send_interval", 2): (Stays.TIMER, 1),
}
"""Functions and which of their arguments, from 0, says what it is about."""

_STARTING = frozenset({
    "gen_server", "gen_statem", "gen_event", "supervisor", "Elixir.GenServer",
    "Elixir.Supervisor", "Elixir.DynamicSupervisor", "Elixir.Agent", "Elixir.Task",
    "Elixir.Registry", "Elixir.Task.Supervisor",
})  # fmt: skip
_LISTENERS = frozenset({
    ("ranch", "start_listener"), ("cowboy", "start_clear"), ("cowboy", "start_tls"),
    ("cowboy", "start_http"), ("cowboy", "start_https"),
    ("Elixir.Plug.Cowboy", "http"), ("Elixir.Plug.Cowboy", "https"),
})  # fmt: skip


def effects(program: Program, roots: Iterable[Point]) -> tuple[Effect, ...]:
    """Return what these functions leave behind, with those that they call."""
    found: list[Effect] = []
    todo = [(root, False) for root in roots]
    seen = set(todo)
    while todo:
        point, asked = todo.pop(0)
        code = program.code.get(point[0])
        function = code.function(point[1], point[2]) if code else None
        if code is None or function is None:
            continue
        for clause in function.clauses:
            bound = dict(_bound(clause))
            for call, is_asked in calls_in(clause, asked=asked):
                target = target_of(code, call)
                if target is None:
                    continue
                if target[0] not in program.code:
                    found += _effect(code, call, target, bound, asked=is_asked)
                elif (target, is_asked) not in seen:
                    seen.add((target, is_asked))
                    todo.append((target, is_asked))
    return tuple(found)


def effect_of_apply(
    module: str, name: str, arguments: tuple[Term, ...]
) -> frozenset[Mark]:
    """Return the marks of a call that an instruction makes with these arguments."""
    call = Call(None, Constant(Atom(name)), tuple(map(Constant, arguments)))
    code = ModuleCode(name=module, file="", functions={})
    target = (module, name, len(arguments))
    found = _effect(code, call, target, {}, asked=False)
    return frozenset(each.mark for each in found)


def uses_of(program: Program, point: Point) -> frozenset[Mark]:
    """Return the tables and persistent terms that a function uses without asking.

    Those that it names, in its own clauses.
    """
    code = program.code[point[0]]
    function = code.function(point[1], point[2])
    found: set[Mark] = set()
    for clause in function.clauses if function else ():
        bound = dict(_bound(clause))
        for call, is_asked in calls_in(clause):
            match target_of(code, call):
                case ("ets", name, _) if name not in _NO_USE and call.arguments:
                    stays = Stays.TABLE
                case ("persistent_term", "get", 1):
                    stays = Stays.TERM
                case _:
                    continue
            key = constant(_value(call.arguments[0], bound))
            if key is not None and not is_asked:
                found.add((stays, format_term(key)))
    return frozenset(found)


def target_of(code: ModuleCode, call: Call) -> Point | None:
    """Return the function that is called; None when a variable says which."""
    name, arity = atom_of(call.function), len(call.arguments)
    if name is None:
        return None
    if call.module is not None:
        module = atom_of(call.module)
        return None if module is None else (module, name, arity)
    if code.function(name, arity) is None and name in _BUILT_IN:
        return ("erlang", name, arity)
    return (code.name, name, arity)


def calls_in(clause: Clause, *, asked: bool = False) -> Iterator[tuple[Call, bool]]:
    """Yield the calls of a clause, each with whether something is asked before."""
    asked = asked or any(_is_question(e) for part in clause.body for e in walk(part))
    todo = [(part, asked) for part in reversed(clause.body)]
    while todo:
        each, is_asked = todo.pop()
        inner = parts_of(each)
        match each:
            case Call():
                yield each, is_asked
            case Choice(word=word) if word in _CAUGHT:
                is_asked = True
        if not (isinstance(each, Call) and atom_of(each.module) in _RUN_FUNS):
            inner = tuple(e for e in inner if not isinstance(e, FunOf))
        todo += [(part, is_asked) for part in reversed(inner)]


def _is_question(expression: Expression) -> bool:
    match expression:
        case Call(None, function):
            return ("erlang", atom_of(function) or "") in _ASKS
        case Call(module, function):
            return (atom_of(module) or "", atom_of(function) or "") in _ASKS
        case _:
            return False


def _effect(
    code: ModuleCode,
    call: Call,
    target: Point,
    bound: Mapping[str, Expression],
    *,
    asked: bool,
) -> Iterator[Effect]:
    module, name, arity = target
    key: Term | None = None
    if (module, name, arity) == ("ets", "new", 2):
        key = constant(_value(call.arguments[0], bound))
        options = items_of(_value(call.arguments[1], bound)) or ()
        if key is None or not any(atom_of(each) == "named_table" for each in options):
            return
        stays = Stays.TABLE
    elif target in _KEYED:
        stays, at = _KEYED[target]
        key = constant(_value(call.arguments[at], bound))
        if stays is Stays.TRAP and key is not Atom("trap_exit"):
            return
    elif (module, name) in _LISTENERS:
        stays = Stays.LISTENER
        key = constant(_value(call.arguments[0], bound)) if call.arguments else None
    elif name == "start_link" or (name == "start" and module in _STARTING):
        stays = Stays.PROCESS
    else:
        return
    yield Effect(
        stays=stays,
        key=key,
        call=f"{module.removeprefix('Elixir.')}"
        f"{'.' if module.startswith('Elixir.') else ':'}{name}/{arity}",
        module=code.name,
        line=call.line,
        is_asked=asked,
        value=call.arguments[1] if stays is Stays.TERM else None,
    )


def _value(each: Expression, bound: Mapping[str, Expression]) -> Expression:
    match each:
        case Variable(name):
            return bound.get(name, each)
        case _:
            return each


def _bound(clause: Clause) -> Iterator[tuple[str, Expression]]:
    for part in clause.body:
        for each in walk(part):
            match each:
                case Match(Variable(name), right):
                    yield name, right

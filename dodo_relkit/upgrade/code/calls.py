"""Which functions the processes of an application may come to run, and whom they call.

Reads the code of one version, runs nothing, judges nothing. A call by a variable
(`Module:run()`, a fun that was handed over) is not followed; a fun counts as called
where it is made, unless it is handed to `spawn` and its like: a process of its own runs
that, which knows nothing of system messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind, ModuleKind, kind_of
from dodo_relkit.upgrade.code.model import (
    Call,
    Clause,
    Constant,
    Expression,
    FunName,
    FunOf,
    Match,
    ModuleCode,
    Variable,
    atom_of,
    clause_parts,
    parts_of,
    walk,
)
from dodo_relkit.upgrade.code.returns import items_of

Point: TypeAlias = tuple[str, str, int]
"""A function: module, name, arity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The code of one version, by module, and which processes run it."""

    code: Mapping[str, ModuleCode]
    kinds: Mapping[str, ModuleKind]

    def kind(self, module: str) -> Kind:
        """Return the kind of a module; PLAIN when it is not there."""
        known = self.kinds.get(module)
        return known.kind if known else Kind.PLAIN

    @property
    def processes(self) -> tuple[str, ...]:
        """The modules whose processes obey system messages, sorted."""
        return tuple(name for name in sorted(self.code) if self.kind(name) in STATEFUL)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """A call of a function that is not of the application."""

    module: str
    name: str
    arguments: tuple[Expression, ...]
    bindings: Mapping[str, Expression]
    """What variables of the same clause are bound to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Who calls whom."""

    inside: Mapping[Point, frozenset[Point]]
    outside: Mapping[Point, tuple[OutsideCall, ...]]
    spawned: frozenset[Point]
    """Where processes begin that `spawn` and its like start."""


_SPAWNING = frozenset(
    [("erlang", f"spawn{how}") for how in ("", "_link", "_monitor", "_opt")]
    + [("proc_lib", f"spawn{how}") for how in ("", "_link", "_opt")]
    + [("proc_lib", f"start{how}") for how in ("", "_link", "_monitor")]
    + [("Elixir.Task", name) for name in ("start", "start_link", "async")]
    + [("Elixir.Process", "spawn")]
    + [("Elixir.Task.Supervisor", name)
       for name in ("start_child", "async", "async_nolink")]
)  # fmt: skip

_CALLBACKS: Mapping[Kind, tuple[tuple[str, int], ...]] = {
    Kind.GEN_SERVER: (
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_info", 2),
        ("handle_continue", 2),
    ),
    Kind.GEN_STATEM: (("handle_event", 4),),
    Kind.GEN_EVENT: (("handle_event", 2), ("handle_call", 2), ("handle_info", 2)),
    Kind.SPECIAL: (("system_continue", 3),),
}
_STATE_ARITY = 3
"""Of the functions of a gen_statem that are named as its states."""
_NO_STATE = frozenset({"terminate", "start_link", "start", "start_monitor"})


def program_of(
    modules: Mapping[str, beam.Chunks], code: Mapping[str, ModuleCode]
) -> Program:
    """Return the program of these modules; `code` is what could be read of them.

    Raises Trouble for chunks that cannot be read.
    """
    kinds = {
        name: kind_of(chunks, code.get(name), file=name)
        for name, chunks in modules.items()
    }
    return Program(code=code, kinds=kinds)


def read_calls(program: Program) -> Calls:
    """Return who calls whom among all functions of the program."""
    inside: dict[Point, set[Point]] = {}
    outside: dict[Point, list[OutsideCall]] = {}
    spawned: set[Point] = set()
    for module in program.code.values():
        for function in module.functions.values():
            point = (module.name, function.name, function.arity)
            for clause in function.clauses:
                reader = _Clause(program, module, inside, outside, spawned, clause)
                _read(reader, point, clause_parts(clause))
    return Calls(
        inside={point: frozenset(called) for point, called in inside.items()},
        outside={point: tuple(calls) for point, calls in outside.items()},
        spawned=frozenset(spawned),
    )


def callbacks(program: Program, module: str) -> tuple[Point, ...]:
    """Return the functions that a running process of the module is called with.

    Neither those that start nor those that end it. Empty for other kinds.
    """
    code, kind = program.code.get(module), program.kind(module)
    if code is None:
        return ()
    wanted = set(_CALLBACKS.get(kind, ()))
    if kind is Kind.GEN_STATEM:
        wanted |= {
            key
            for key in code.functions
            if key[1] == _STATE_ARITY and key[0] not in _NO_STATE
        }
    return tuple((module, *key) for key in code.functions if key in wanted)


def reached(calls: Calls, roots: Iterable[Point]) -> frozenset[Point]:
    """Return the functions that may run when these do, themselves among them."""
    found = set(roots)
    todo = list(found)
    while todo:
        for point in calls.inside.get(todo.pop(), ()):
            if point not in found:
                found.add(point)
                todo.append(point)
    return frozenset(found)


def reached_modules(program: Program, calls: Calls, module: str) -> frozenset[str]:
    """Return the modules whose functions a process of this one may run; it too."""
    points = reached(calls, callbacks(program, module))
    return frozenset(point[0] for point in points) | {module}


@dataclass(frozen=True, slots=True)
class _Clause:
    """Where what one clause calls is put."""

    program: Program
    code: ModuleCode
    inside: dict[Point, set[Point]]
    outside: dict[Point, list[OutsideCall]]
    spawned: set[Point]
    clause: Clause


def _read(reader: _Clause, start: Point, parts: Iterable[Expression]) -> None:
    bindings = dict(_bindings(reader.clause))
    todo = [(start, part) for part in parts]
    while todo:
        point, each = todo.pop()
        match each:
            case FunName(module, name, arity):
                _add_call(reader, point, (module or reader.code.name, name, arity))
            case Call():
                todo += _read_call(reader, point, each, bindings)
                continue
        todo += [(point, part) for part in parts_of(each)]


def _read_call(
    reader: _Clause, point: Point, call: Call, bindings: Mapping[str, Expression]
) -> list[tuple[Point, Expression]]:
    """Note the call; return the expressions in it, each with who runs it."""
    target = _target(reader.code, call)
    if target is None:
        return [(point, part) for part in parts_of(call)]
    if target in _SPAWNING:
        return _read_spawn(reader, point, call, bindings)
    module, name = target
    if module in reader.program.code:
        _add_call(reader, point, (module, name, len(call.arguments)))
    else:
        told = OutsideCall(
            module=module, name=name, arguments=call.arguments, bindings=bindings
        )
        reader.outside.setdefault(point, []).append(told)
    return [(point, argument) for argument in call.arguments]


def _target(code: ModuleCode, call: Call) -> tuple[str, str] | None:
    """Return module and name of what is called; None when they are variables.

    A function without a module that the module does not have is one of `erlang`.
    """
    name = atom_of(call.function)
    if name is None:
        return None
    if call.module is None:
        own = code.function(name, len(call.arguments)) is not None
        return (code.name if own else "erlang", name)
    module = atom_of(call.module)
    return None if module is None else (module, name)


def _read_spawn(
    reader: _Clause, point: Point, call: Call, bindings: Mapping[str, Expression]
) -> list[tuple[Point, Expression]]:
    """Note where the new process begins: at a fun, or at `Module, Function, Args`."""
    given = [_bound(each, bindings) for each in call.arguments]
    left: list[tuple[Point, Expression]] = []
    for each in given:
        match each:
            case FunOf(line=line):
                begin = (reader.code.name, f"fun in {point[1]} line {line}", 0)
                reader.spawned.add(begin)
                left += [(begin, part) for part in parts_of(each)]
            case FunName(owner, called, arity):
                reader.spawned.add((owner or reader.code.name, called, arity))
            case _:
                left.append((point, each))
    for where, what, arguments in zip(given, given[1:], given[2:], strict=False):
        items = items_of(arguments)
        match where, what:
            case Constant(Atom(module)), Constant(Atom(name)) if items is not None:
                reader.spawned.add((module, name, len(items)))
    return left


def _add_call(reader: _Clause, point: Point, called: Point) -> None:
    reader.inside.setdefault(point, set()).add(called)


def _bindings(clause: Clause) -> Iterator[tuple[str, Expression]]:
    for part in clause.body:
        for each in walk(part):
            match each:
                case Match(Variable(name), right):
                    yield name, right


def _bound(each: Expression, bindings: Mapping[str, Expression]) -> Expression:
    match each:
        case Variable(name):
            return bindings.get(name, each)
        case _:
            return each


def constant_atom(each: Expression, bindings: Mapping[str, Expression]) -> str:
    """Return the name of the atom that an argument is; empty when it is another."""
    match _bound(each, bindings):
        case Constant(Atom(name)):
            return name
        case _:
            return ""

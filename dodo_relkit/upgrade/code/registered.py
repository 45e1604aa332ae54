"""Under which local names the code registers processes, and to which it speaks.

Reads one module at a time. Names that are made at run time, and those of `global` and
`via`, are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, list_items
from dodo_relkit.upgrade.code.model import (
    Call,
    Clause,
    Constant,
    Expression,
    Match,
    ModuleCode,
    TupleOf,
    Variable,
    atom_of,
    clause_parts,
    walk,
)
from dodo_relkit.upgrade.code.returns import items_of, option

_ERLANG = frozenset({"gen_server", "gen_statem", "gen_event", "supervisor"})
_STARTS = frozenset({"start_link", "start", "start_monitor"})
_SPEAKS = frozenset(
    {"call", "cast", "stop", "send_request", "notify", "sync_notify", "multi_call"}
)
_SERVERS = frozenset({"gen_server", "gen_statem", "gen_event", "Elixir.GenServer"})
_CHILD_ITEMS = 2
"""Of `{Module, Options}`, a child as Elixir writes it."""


def registered_names(code: ModuleCode) -> dict[str, str]:
    """Return the names under which the module registers processes.

    Each with the module that the process runs, the one that registers it when that
    is not known. Those of `start_link` and its like, of `register`, and of Elixir's
    children `{Module, name: Name}`.
    """
    found: dict[str, str] = {}
    for known, each in _expressions(code):
        match each:
            case Call(module, function, arguments):
                given = tuple(_bound(part, known) for part in arguments)
                where = atom_of(module) or ""
                for local, runs in _names(where, atom_of(function) or "", given):
                    found[local] = runs or code.name
            case TupleOf(items) if len(items) == _CHILD_ITEMS:
                child = atom_of(items[0]) or ""
                name = _option_name(items[1]) if child.startswith("Elixir.") else None
                if name is not None:
                    found[name] = child
    return found


def may_register(chunks: beam.Chunks) -> bool:
    """Return whether it is worth while to read a module for the names it registers."""
    if {("init", 1), ("start", 2)}.intersection(beam.exports(chunks)):
        return True
    return any(
        name in _STARTS or name == "register" for _, name, _ in beam.imports(chunks)
    )


def speaks_to(code: ModuleCode, name: str) -> bool:
    """Return whether the module calls a process by this name, or sends it a message."""
    for _, each in _expressions(code):
        match each:
            case Call(module, function, (receiver, *_)):
                if atom_of(receiver) != name:
                    continue
                where, what = atom_of(module), atom_of(function)
                if where in _SERVERS and what in _SPEAKS:
                    return True
                if where in {None, "erlang"} and what in {"!", "send"}:
                    return True
    return False


def _names(
    module: str, function: str, given: tuple[Expression, ...]
) -> Iterator[tuple[str, str]]:
    """Yield the name that a call registers, and the module that the process runs."""
    match given:
        case (TupleOf((Constant(Atom("local")), name)), *rest) if (
            module in _ERLANG and function in _STARTS
        ):
            callback = atom_of(rest[0]) if rest else None
            yield from ((each, callback or "") for each in [atom_of(name)] if each)
        case (first, *rest) if module.startswith("Elixir.") and function in _STARTS:
            found = _option_name(given[-1])
            if found is not None:
                yield found, (atom_of(first) or "") if rest else ""
        case (name, _) if module in {"", "erlang"} and function == "register":
            yield from ((each, "") for each in [atom_of(name)] if each)
        case (_, name) if (module, function) == ("Elixir.Process", "register"):
            yield from ((each, "") for each in [atom_of(name)] if each)


def _option_name(given: Expression) -> str | None:
    """Return the `name:` of an option list; None when it has none that is an atom."""
    match given:
        case Constant(term):
            for each in list_items(term) or ():
                match each:
                    case (Atom("name"), Atom(name)):
                        return name
            return None
    if items_of(given) is None:
        return None
    found = option(given, "name")
    return None if found is None else atom_of(found)


def _expressions(
    code: ModuleCode,
) -> Iterator[tuple[Mapping[str, Expression], Expression]]:
    """Yield each expression, with what the variables of its clause are bound to."""
    for function in code.functions.values():
        for clause in function.clauses:
            known = _bindings(clause)
            for part in clause_parts(clause):
                for each in walk(part):
                    yield known, each


def _bindings(clause: Clause) -> Mapping[str, Expression]:
    found: dict[str, Expression] = {}
    for part in clause.body:
        for each in walk(part):
            match each:
                case Match(Variable(name), right):
                    found[name] = right
    return found


def _bound(each: Expression, known: Mapping[str, Expression]) -> Expression:
    match each:
        case Variable(name):
            return known.get(name, each)
        case _:
            return each

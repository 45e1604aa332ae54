"""The source of a module as values: one form for Erlang and for Elixir.

Holds what the review and the generator ask for (data that is built, calls, funs, the
alternatives a function returns) and drops the rest. Reading it from debug information
is in `erlang.py`, `elixir.py` and `read_code.py`; nothing is ever run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union

from dodo_relkit.terms.model import Atom, Map, Term, list_items


@dataclass(frozen=True, slots=True)
class Constant:
    """An atom, a number, a string or a binary that stands in the source."""

    term: Term


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; in Elixir each binding has a name of its own. `_` is any value."""

    name: str


@dataclass(frozen=True, slots=True)
class TupleOf:
    """A tuple, built or matched."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, built or matched; `tail` is None when it ends after the items."""

    items: tuple[Expression, ...]
    tail: Expression | None = None


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map, built from nothing, from `base`, or matched."""

    pairs: tuple[tuple[Expression, Expression], ...]
    base: Expression | None = None
    needs: tuple[Expression, ...] = ()
    """Keys that `base` must have: those of `:=`, all of Elixir's `%{base | …}`."""


@dataclass(frozen=True, slots=True)
class RecordOf:
    """An Erlang record or an Elixir struct, with the fields that are named."""

    name: str
    fields: tuple[tuple[str, Expression], ...]
    base: Expression | None = None
    is_struct: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `module` is None for a function of the same module."""

    module: Expression | None
    function: Expression
    arguments: tuple[Expression, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """`left = right`; in a pattern both sides match."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Clause:
    """Patterns, and what is done when they match; the last of `body` is the value."""

    patterns: tuple[Expression, ...]
    body: tuple[Expression, ...]
    guards: tuple[Expression, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class FunOf:
    """An anonymous fun: it belongs to the version of the module that made it."""

    clauses: tuple[Clause, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class FunName:
    """`fun f/1` (`module` is None: as bound to its version as FunOf), `fun m:f/1`."""

    module: str | None
    name: str
    arity: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """case, if, receive, try, cond, with: the value is that of one of the clauses."""

    subjects: tuple[Expression, ...]
    clauses: tuple[Clause, ...]
    word: str = "case"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Expressions one after the other; the value is that of the last."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else, with the expressions in it."""

    parts: tuple[Expression, ...] = ()


Expression: TypeAlias = Union[  # noqa: UP007 - one a line
    Constant,
    Variable,
    TupleOf,
    ListOf,
    MapOf,
    RecordOf,
    Call,
    Match,
    FunOf,
    FunName,
    Choice,
    Sequence,
    Other,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function with its clauses."""

    name: str
    arity: int
    clauses: tuple[Clause, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The declaration of a record or struct."""

    name: str
    fields: tuple[str, ...]
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleCode:
    """What was read of one module."""

    name: str
    file: str
    """As the compiler was given it."""
    functions: Mapping[tuple[str, int], Function]
    records: Mapping[str, Record] = field(default_factory=dict)
    """Erlang records the module sees, by name, in the order of the source."""
    struct: Record | None = None
    """The struct that an Elixir module defines, named as the module."""

    def function(self, name: str, arity: int) -> Function | None:
        """Return the function, exported or not; None when there is none."""
        return self.functions.get((name, arity))


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions of which this one is made, in the order of the source."""
    match expression:
        case TupleOf(items) | Sequence(items):
            return items
        case ListOf(items, tail):
            return items if tail is None else (*items, tail)
        case MapOf(pairs, base):
            inner = tuple(part for pair in pairs for part in pair)
            return inner if base is None else (base, *inner)
        case RecordOf(fields=fields, base=base):
            inner = tuple(value for _, value in fields)
            return inner if base is None else (base, *inner)
        case Call(module, function, arguments):
            return (*(() if module is None else (module,)), function, *arguments)
        case Match(left, right):
            return (left, right)
        case FunOf(clauses):
            return tuple(part for clause in clauses for part in clause_parts(clause))
        case Choice(subjects, clauses):
            inner = tuple(part for each in clauses for part in clause_parts(each))
            return (*subjects, *inner)
        case Other(parts):
            return parts
        case _:
            return ()


def clause_parts(clause: Clause) -> tuple[Expression, ...]:
    """Return patterns, guards and body of a clause."""
    return (*clause.patterns, *clause.guards, *clause.body)


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and all in it, outer before inner, in source order."""
    todo = [expression]
    while todo:
        each = todo.pop()
        yield each
        todo.extend(reversed(parts_of(each)))


def walk_module(code: ModuleCode) -> Iterator[tuple[Function, Expression]]:
    """Yield every expression of the module with the function it stands in."""
    for function in code.functions.values():
        for clause in function.clauses:
            for part in clause_parts(clause):
                for each in walk(part):
                    yield function, each


def atom_of(expression: Expression | None) -> str | None:
    """Return the name of an atom that stands in the source, None for others."""
    match expression:
        case Constant(Atom(name)):
            return name
        case _:
            return None


def atoms_in(code: ModuleCode) -> frozenset[str]:
    """Return the names of all atoms that stand in the source of a module."""
    found: set[str] = set()
    for _, each in walk_module(code):
        match each:
            case Constant(term):
                found |= _atoms(term)
    return frozenset(found)


def _atoms(term: Term) -> set[str]:
    if isinstance(term, Atom):
        return {term.name}
    if isinstance(term, Map):
        return {name for pair in term.pairs for part in pair for name in _atoms(part)}
    items = term if type(term) is tuple else list_items(term) or ()
    return {name for each in items for name in _atoms(each)}

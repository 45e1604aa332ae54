"""Which shape the state of a process has, by the source of its module.

Looks at what `init` returns; when that cannot be followed, at the patterns for the
state in the callbacks. A shape says what code can match on: the name and fields of a
record or struct, the keys of a map, the size and tag of a tuple.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom, Map
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Call,
    Constant,
    Expression,
    Function,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    RecordOf,
    TupleOf,
    atom_of,
    parts_of,
    walk_module,
)
from dodo_relkit.upgrade.code.returns import returned

Codes = Mapping[str, ModuleCode]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like from outside."""

    what: str
    """`record`, `struct`, `tuple`, `map`, `list`, or the kind of a plain value."""
    name: str = ""
    """Of a record or struct; the tag of a tuple."""
    fields: tuple[str, ...] = ()
    """Of a record (in order), struct or map (sorted)."""
    size: int = 0
    """Elements of a tuple, also of a record."""
    kept: tuple[Shape, ...] = ()
    """Records and structs that are put into it."""

    @property
    def words(self) -> str:
        """The shape for a person."""
        fields = ", ".join(self.fields)
        inner = f" with {' and '.join(each.words for each in self.kept)} in it"
        tail = inner if self.kept else ""
        match self.what:
            case "record":
                return f"#{self.name}{{{fields}}}{tail}"
            case "struct":
                name = self.name.removeprefix("Elixir.")
                return f"%{name}{{{fields}}}{tail}"
            case "map" if not self.fields:
                return f"an empty map{tail}"
            case "map":
                return f"a map with the keys {fields}{tail}"
            case "tuple" if self.name:
                return f"a tuple {{{self.name}, ...}} of {self.size}{tail}"
            case "tuple":
                return f"a tuple of {self.size}{tail}"
            case _:
                return f"{self.what}{tail}"


_CALLBACKS = {
    Kind.GEN_SERVER: (("handle_call", 3, 2), ("handle_cast", 2, 1),
                      ("handle_info", 2, 1)),
    Kind.GEN_EVENT: (("handle_event", 2, 1), ("handle_call", 2, 1)),
    Kind.GEN_STATEM: (("handle_event", 4, 3),),
}  # fmt: skip
"""Callbacks and which of their arguments is the state (the data of a gen_statem)."""


def state_shapes(code: ModuleCode, kind: Kind, codes: Codes) -> tuple[Shape, ...]:
    """Return the shapes that the state can have at the start; () when unknown.

    Of a gen_statem it is the data. `codes` has the modules of the application.
    """
    found: list[Shape] = []
    for value in state_values(code, kind, codes):
        shape = shape_of(value, code, codes)
        if shape is None:
            return _from_patterns(code, kind, codes)
        if shape not in found:
            found.append(shape)
    for value in _continued(code, kind, codes) if found else ():
        shape = shape_of(value, code, codes)
        if shape is not None and shape not in found:
            found.append(shape)
    return tuple(found) or _from_patterns(code, kind, codes)


def state_values(code: ModuleCode, kind: Kind, codes: Codes) -> tuple[Expression, ...]:
    """Return the expressions that are the state in what `init/1` returns."""
    function = code.function("init", 1)
    if function is None:
        return ()
    place = 2 if kind is Kind.GEN_STATEM else 1
    found = _answers(code, function, codes, "ok", place)
    values = tuple(items[place] for items in found)
    if not any(_is_tree(each) for each in values) or not _starts_supervisor(code):
        return values
    return tuple(each for each in values if not _is_tree(each))


def _starts_supervisor(code: ModuleCode) -> bool:
    """Return whether the module's `init/1` may also be that of a supervisor."""
    return any(
        isinstance(each, Call)
        and atom_of(each.module) == "supervisor"
        and atom_of(each.function) == "start_link"
        for _, each in walk_module(code)
    )


_FLAGS = frozenset({"strategy", "intensity", "period", "auto_shutdown"})


def _is_tree(value: Expression) -> bool:
    """Return whether a supervisor may have this: its flags, then its children."""
    match value:
        case TupleOf((MapOf(pairs, None), ListOf())):
            return {atom_of(key) for key, _ in pairs} <= _FLAGS
        case TupleOf((TupleOf((_, _, _)), ListOf())):
            return True
        case _:
            return False


def _answers(
    code: ModuleCode, function: Function, codes: Codes, tag: str, place: int
) -> Iterator[tuple[Expression, ...]]:
    """Yield the tuples with this tag that reach to this place, counted from 0."""
    for value in returned(code, function, codes):
        match value:
            case TupleOf(items) if len(items) > place and atom_of(items[0]) == tag:
                yield items


def _continued(code: ModuleCode, kind: Kind, codes: Codes) -> Iterator[Expression]:
    """Yield the states that handle_continue makes anew right after init.

    One that it makes of the state that it was given says nothing more than init.
    """
    init = code.function("init", 1)
    then = code.function("handle_continue", 2)
    if kind is not Kind.GEN_SERVER or init is None or then is None:
        return
    if any(_is_continue(items[2]) for items in _answers(code, init, codes, "ok", 2)):
        for items in _answers(code, then, codes, "noreply", 1):
            match items[1]:
                case MapOf(base=None) | RecordOf(base=None) | TupleOf() | ListOf():
                    yield items[1]


def _is_continue(option: Expression) -> bool:
    match option:
        case TupleOf((first, _)):
            return atom_of(first) == "continue"
        case _:
            return False


def shape_of(value: Expression, code: ModuleCode, codes: Codes) -> Shape | None:
    """Return the shape of an expression, None when it is made at run time."""
    kept = tuple(_kept(value, code, codes))
    match value:
        case RecordOf(name, is_struct=True):
            return Shape("struct", name, _struct_fields(value, codes), kept=kept)
        case RecordOf(name):
            fields = _record_fields(value, code, codes)
            return Shape("record", name, fields, len(fields) + 1, kept)
        case MapOf(pairs, None):
            keys = [key_text(key) for key, _ in pairs]
            if None in keys:
                return None
            return Shape("map", "", tuple(sorted(k for k in keys if k)), kept=kept)
        case TupleOf(items):
            tag = atom_of(items[0]) if items else ""
            return Shape("tuple", tag or "", (), len(items), kept)
        case ListOf():
            return Shape("a list", kept=kept)
        case Match(_, right):
            return shape_of(right, code, codes)
        case Constant(term):
            return _constant_shape(term)
        case Call(Constant(Atom("maps" | "Elixir.Map")), Constant(Atom("new")), ()):
            return Shape("map")
        case _:
            return None


def _constant_shape(term: object) -> Shape:
    names = {int: "a number", float: "a number", bytes: "a binary", str: "a list"}
    if isinstance(term, Map):
        return Shape("map")
    if isinstance(term, Atom):
        return Shape("an atom")
    return Shape(names.get(type(term), "a list"))


def _kept(value: Expression, code: ModuleCode, codes: Codes) -> Iterator[Shape]:
    """Yield the records and structs that are put into a value, without calls.

    What an update starts from is not in it, but what that keeps, unless it is set.
    """
    for part in _put_in(value):
        match part:
            case RecordOf():
                shape = shape_of(part, code, codes)
                if shape is not None:
                    yield shape
            case TupleOf() | ListOf() | MapOf() | Match():
                yield from _kept(part, code, codes)


def _put_in(value: Expression) -> tuple[Expression, ...]:
    match value:
        case RecordOf(fields=fields, base=RecordOf() as base):
            given = {name for name, _ in fields}
            rest = tuple(each for each in base.fields if each[0] not in given)
            below = RecordOf(base.name, rest, base.base, base.is_struct)
            return (*_put_in(below), *(each for _, each in fields))
        case RecordOf(fields=fields):
            return tuple(each for _, each in fields)
        case MapOf(pairs):
            return tuple(each for pair in pairs for each in pair)
        case _:
            return parts_of(value)


def _record_fields(value: RecordOf, code: ModuleCode, codes: Codes) -> tuple[str, ...]:
    """Return all fields, as the module knows them or the one that made the value."""
    record = code.records.get(value.name)
    if record is not None:
        return record.fields
    named = tuple(name for name, _ in value.fields)
    elsewhere = {
        each.records[value.name].fields
        for each in codes.values()
        if value.name in each.records
    }
    return elsewhere.pop() if len(elsewhere) == 1 else named


def _struct_fields(value: RecordOf, codes: Codes) -> tuple[str, ...]:
    owner = codes.get(value.name)
    if owner is not None and owner.struct is not None:
        return tuple(sorted(owner.struct.fields))
    return tuple(sorted(name for name, _ in value.fields if name != "__struct__"))


def key_text(key: Expression) -> str | None:
    """Return a key of a map as text, None when it is no plain term."""
    return format_term(key.term) if isinstance(key, Constant) else None


def _from_patterns(code: ModuleCode, kind: Kind, codes: Codes) -> tuple[Shape, ...]:
    """Return the record or struct that the callbacks match the state with."""
    found: list[Shape] = []
    for part in state_patterns(code, kind):
        if isinstance(part, RecordOf):
            bare = RecordOf(part.name, (), is_struct=part.is_struct)
            shape = shape_of(bare, code, codes)
            if shape is not None and shape not in found:
                found.append(shape)
    return tuple(found)


def state_patterns(code: ModuleCode, kind: Kind) -> Iterator[Expression]:
    """Yield the patterns that callbacks have for the state, each side of `=` alone."""
    for name, arity, place in _CALLBACKS.get(kind, ()):
        function = code.function(name, arity)
        for clause in function.clauses if function else ():
            yield from _both_sides(clause.patterns[place])


def _both_sides(pattern: Expression) -> tuple[Expression, ...]:
    match pattern:
        case Match(left, right):
            return (*_both_sides(left), *_both_sides(right))
        case _:
            return (pattern,)

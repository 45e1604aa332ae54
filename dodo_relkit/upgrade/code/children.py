"""Which children a supervisor has, read from its code without running it.

Reads Erlang's `init/1`, Elixir's `Supervisor.init`, and the list that an Elixir
application gives to `Supervisor.start_link`. Says why when it cannot: a list that
depends on a condition, a loop or a value of run time is not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.model import (
    Call,
    Constant,
    Expression,
    Function,
    ListOf,
    MapOf,
    ModuleCode,
    TupleOf,
    atom_of,
    walk_module,
)
from dodo_relkit.upgrade.code.returns import (
    Codes,
    constant,
    items_of,
    option,
    returned,
    simplify,
)

_ELIXIR = "Elixir.Supervisor"
_OLD_SPEC = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child of a supervisor."""

    id: Term | None
    """None when it cannot be read."""
    module: str
    """The one whose function starts it; empty when not known."""
    modules: tuple[str, ...] | None
    """Those that the specification lists; None for `dynamic` or not known."""
    spec: Term | None
    """The specification as it stands in the code, None when it is not all data."""
    whole: Expression | None = field(default=None, compare=False)
    """The map, or the tuple of six, that the specification stands for, as far as it
    can be followed."""

    @property
    def label(self) -> str:
        """The child's name in words."""
        return "?" if self.id is None else format_term(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """What the code of a module says of the supervisor it is, or starts."""

    module: str
    name: Term | None
    """How it is registered: an atom, `{global, Name}`, `{via, …}`; None if not."""
    children: tuple[Child, ...]
    is_dynamic: bool = False
    """Whether it is a simple_one_for_one supervisor, or a `DynamicSupervisor`."""
    template: Child | None = None
    """Of a simple_one_for_one supervisor: how each of its children is started."""
    is_inline: bool = False
    """Whether the list is handed to `Supervisor.start_link`: then no code of the
    module is asked for it when code changes."""
    line: int = 0


class Unread(str):
    """Why the children cannot be told, in words."""

    __slots__ = ()


def read_supervisor(code: ModuleCode, codes: Codes) -> Supervisor | Unread | None:
    """Return the supervisor that a module is or starts.

    `codes` has the modules of the application by name, `code` among them. None when
    the module neither has the `init/1` of a supervisor nor starts one inline.
    """
    inline = _inline(code, codes)
    if inline is not None:
        return inline
    function = code.function("init", 1)
    if function is None:
        return None
    return _from_init(code, function, codes)


def _from_init(
    code: ModuleCode, function: Function, codes: Codes
) -> Supervisor | Unread:
    values = [
        value
        for value in returned(code, function, codes)
        if atom_of(value) != "ignore" and not _raises(value)
    ]
    if len(values) != 1:
        return Unread(f"init/1 can return {len(values)} different values")
    flags, children = _flags_and_children(values[0])
    if flags is not None and _strategy(flags) == "simple_one_for_one":
        listed = items_of(children) if children is not None else None
        return Supervisor(
            module=code.name,
            name=_registered(code, codes),
            children=(),
            is_dynamic=True,
            template=read_child(listed[0], code, codes) if listed else None,
            line=function.line,
        )
    if flags is None or children is None:
        return Unread("what init/1 returns is made at run time")
    read = _children(children, code, codes)
    if isinstance(read, Unread):
        return read
    return Supervisor(
        module=code.name,
        name=_registered(code, codes),
        children=read,
        line=function.line,
    )


def _raises(value: Expression) -> bool:
    match value:
        case Call(Constant(Atom("erlang")), Constant(Atom("error" | "exit" | "throw"))):
            return True
        case _:
            return False


def _flags_and_children(
    value: Expression,
) -> tuple[Expression | None, Expression | None]:
    """Take `{ok, {Flags, Children}}` or `Supervisor.init(Children, Flags)` apart."""
    match value:
        case TupleOf((Constant(Atom("ok")), TupleOf((flags, children)))):
            return flags, children
        case Call(
            Constant(Atom("Elixir.Supervisor")),
            Constant(Atom("init")),
            (children, flags),
        ):
            return flags, children
        case Call(Constant(Atom("Elixir.DynamicSupervisor")), Constant(Atom("init"))):
            dynamic = Constant(Atom("simple_one_for_one"))
            return TupleOf((dynamic, Constant(0), Constant(1))), ListOf(())
        case _:
            return None, None


def _strategy(flags: Expression) -> str | None:
    match flags:
        case TupleOf((strategy, *_)):
            return atom_of(strategy)
        case _:
            return atom_of(option(flags, "strategy"))


def _children(
    children: Expression, code: ModuleCode, codes: Codes
) -> tuple[Child, ...] | Unread:
    items = items_of(children)
    if items is None:
        return Unread("the list of children is made at run time")
    return tuple(read_child(item, code, codes) for item in items)


def read_child(item: Expression, code: ModuleCode, codes: Codes) -> Child:
    """Return the child of a specification that stands in `code`.

    A map, a tuple, or what `Supervisor.child_spec` of Elixir takes. What cannot be read
    is left empty.
    """
    spec = constant(item)
    whole: Expression = item
    if not isinstance(item, MapOf) and not _is_old_spec(item):
        call = Call(
            Constant(Atom(_ELIXIR)), Constant(Atom("child_spec")), (item, ListOf(()))
        )
        whole = simplify(code, call, {}, codes)
    if isinstance(whole, MapOf):
        found, start = option(whole, "id"), option(whole, "start")
        listed = option(whole, "modules")
    elif isinstance(whole, TupleOf) and _is_old_spec(whole):
        found, start, listed = whole.items[0], whole.items[1], whole.items[5]
    else:
        return Child(id=None, module=_named(item), modules=None, spec=spec)
    module = _start_module(start)
    return Child(
        id=None if found is None else constant(found),
        module=module,
        modules=_listed(listed, module),
        spec=spec,
        whole=whole,
    )


def _is_old_spec(item: Expression) -> bool:
    return isinstance(item, TupleOf) and len(item.items) == _OLD_SPEC


def _named(item: Expression) -> str:
    match item:
        case TupleOf((first, _)):
            return atom_of(first) or ""
        case _:
            return atom_of(item) or ""


def _start_module(start: Expression | None) -> str:
    match start:
        case TupleOf((module, _, _)):
            return atom_of(module) or ""
        case _:
            return ""


def _listed(listed: Expression | None, module: str) -> tuple[str, ...] | None:
    """Return the `modules` of a specification; the default is the start module."""
    if listed is None:
        return (module,) if module else None
    items = list_items(constant(listed) or 0)
    if items is None:
        return None
    return tuple(each.name for each in items if isinstance(each, Atom))


def _registered(code: ModuleCode, codes: Codes) -> Term | None:
    """Return how the supervisor whose callbacks `code` has is registered.

    Looks for the call that starts it, first in the module itself.
    """
    for where in (code, *(each for each in codes.values() if each is not code)):
        for _, expression in walk_module(where):
            match expression:
                case Call(
                    Constant(Atom("supervisor")),
                    Constant(Atom("start_link")),
                    (name, module, _),
                ) if atom_of(module) == code.name:
                    return _reference(constant(name))
                case Call(
                    Constant(Atom("Elixir.Supervisor" | "Elixir.DynamicSupervisor")),
                    Constant(Atom("start_link")),
                    (module, _, options),
                ) if atom_of(module) == code.name:
                    given = option(options, "name")
                    return constant(given) if given is not None else None
    return None


def _reference(name: Term | None) -> Term | None:
    match name:
        case (Atom("local"), Atom() as local):
            return local
        case _:
            return name


def _inline(code: ModuleCode, codes: Codes) -> Supervisor | Unread | None:
    """Return the supervisor that `start/2` of an Elixir application starts inline."""
    function = code.function("start", 2)
    if function is None:
        return None
    for value in returned(code, function, codes):
        match value:
            case Call(
                Constant(Atom("Elixir.Supervisor")),
                Constant(Atom("start_link")),
                (children, options),
                line,
            ) if atom_of(children) is None:
                read = _children(children, code, codes)
                if isinstance(read, Unread):
                    return read
                name = option(options, "name")
                return Supervisor(
                    module=code.name,
                    name=None if name is None else constant(name),
                    children=read,
                    is_inline=True,
                    line=line,
                )
    return None

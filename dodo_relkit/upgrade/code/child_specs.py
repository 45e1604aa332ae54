"""Whether a child is specified otherwise than before: start, restart, shutdown.

Takes the specifications of two versions as far as their code tells them; what is made
at run time counts as the same. Says nothing of what an upgrade does about it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dodo_relkit.terms.model import Atom, same
from dodo_relkit.upgrade.code.children import Child
from dodo_relkit.upgrade.code.model import (
    Constant,
    Expression,
    ListOf,
    MapOf,
    TupleOf,
    atom_of,
)
from dodo_relkit.upgrade.code.returns import constant, items_of, option

_KEYS = ("start", "restart", "shutdown", "type", "modules", "significant")
_TUPLE_KEYS = ("start", "restart", "shutdown", "type", "modules")
_WORKER_SHUTDOWN = 5000


def is_respecified(old: Child, new: Child) -> bool:
    """Tell whether the two specifications differ for sure, by their code."""
    before, after = _facts(old), _facts(new)
    return any(differs(before[key], after[key]) for key in before.keys() & after.keys())


def starts_otherwise(old: Child, new: Child) -> bool:
    """Tell whether another function starts the child, or with other arguments."""
    before, after = _facts(old).get("start"), _facts(new).get("start")
    return before is not None and after is not None and differs(before, after)


def may_be_temporary(child: Child) -> bool:
    """Tell whether a supervisor may forget the child as soon as it ends.

    `temporary`, or not known (supervisor(3), `terminate_child/2`).
    """
    restart = _facts(child).get("restart")
    name = None if restart is None else atom_of(restart)
    return name not in ("permanent", "transient")


def differs(old: Expression, new: Expression) -> bool:
    """Tell whether two expressions have different values for sure."""
    before, after = constant(old), constant(new)
    if before is not None and after is not None:
        return not same(before, after)
    ones, others = _parts(old), _parts(new)
    if ones is None or others is None:
        return False
    if ones[0] != others[0] or len(ones[1]) != len(others[1]):
        return True
    return any(
        differs(one, other) for one, other in zip(ones[1], others[1], strict=True)
    )


def _parts(expression: Expression) -> tuple[str, tuple[Expression, ...]] | None:
    """Return what kind of data it is, and its parts; None when that is not known."""
    listed = items_of(expression)
    if listed is not None:
        return "list", listed
    match expression:
        case TupleOf(items):
            return "tuple", items
        case Constant(term) if type(term) is tuple:
            return "tuple", tuple(Constant(each) for each in term)
        case MapOf():
            return "map", ()
        case Constant():
            return "datum", ()
        case _:
            return None


def _facts(child: Child) -> Mapping[str, Expression]:
    """Return a specification by key, with the defaults of supervisor(3)."""
    match child.whole:
        case TupleOf(items) if len(items) == len(_TUPLE_KEYS) + 1:
            given = dict(zip(_TUPLE_KEYS, items[1:], strict=True))
        case MapOf(base=None):
            found = ((key, option(child.whole, key)) for key in _KEYS)
            given = {key: value for key, value in found if value is not None}
        case _:
            return {}
    kind = given.setdefault("type", Constant(Atom("worker")))
    if atom_of(kind) == "supervisor":
        given.setdefault("shutdown", Constant(Atom("infinity")))
    elif atom_of(kind) == "worker":
        given.setdefault("shutdown", Constant(_WORKER_SHUTDOWN))
    if child.module:
        given.setdefault("modules", ListOf((Constant(Atom(child.module)),)))
    given.setdefault("restart", Constant(Atom("permanent")))
    given.setdefault("significant", Constant(Atom("false")))
    return given

"""Which clause of a module takes a message, a request or a timeout, and what it does.

A clause for anything may drop what it is given, log it, or look at it. Guards, and
what the clause asks of the state, are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.code.model import (
    Call,
    Clause,
    Constant,
    Expression,
    Match,
    ModuleCode,
    Variable,
    atom_of,
    parts_of,
)
from dodo_relkit.upgrade.review.matching import is_any, may_match
from dodo_relkit.upgrade.review.sent import Sent

_HANDLERS = {
    Kind.GEN_SERVER: {
        "call": ("handle_call", 3),
        "cast": ("handle_cast", 2),
        "info": ("handle_info", 2),
    },
    Kind.GEN_EVENT: {
        "call": ("handle_call", 2),
        "event": ("handle_event", 2),
        "info": ("handle_info", 2),
    },
}
_LOGS = frozenset({
    "logger", "error_logger", "io", "lager", "Elixir.Logger", "Elixir.IO",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A clause that takes events: its patterns for the event and what it carries."""

    event: Expression
    value: Expression
    clause: Clause
    callback: str


class Takes(Enum):
    """What becomes of an event."""

    CLAUSE = "a clause is there for it"
    DROPS = "a clause for anything else passes over it"
    OPEN = "a clause for anything looks at it"
    NOTHING = "no clause takes it"


def heads(code: ModuleCode, kind: Kind) -> Iterator[Head]:
    """Yield the clauses that take messages, requests and timeouts."""
    for word, key in _HANDLERS.get(kind, {}).items():
        function = code.function(*key)
        for clause in function.clauses if function else ():
            yield Head(
                event=Constant(Atom(word)),
                value=clause.patterns[0],
                clause=clause,
                callback=f"{key[0]}/{key[1]}",
            )
    if kind is not Kind.GEN_STATEM:
        return
    for (name, arity), called in code.functions.items():
        if (name, arity) == ("handle_event", 4) or (arity == 3 and name != "init"):
            for clause in called.clauses:
                event, value, *_ = clause.patterns
                yield Head(
                    event=event,
                    value=value,
                    clause=clause,
                    callback=f"{name}/{arity}",
                )


def took(code: ModuleCode, kind: Kind, given: tuple[Head, ...], sent: Sent) -> Takes:
    """Return what becomes of an event in a module with these clauses."""
    found = Takes.NOTHING
    for head in given:
        if not may_match(head.event, sent.event):
            continue
        if not may_match(head.value, sent.value):
            continue
        is_named = not is_any(head.event) and not _is_message(sent.event)
        if not is_any(head.value) or is_named:
            return Takes.CLAUSE
        if found is not Takes.OPEN:
            found = Takes.OPEN if _looks_at(head) else Takes.DROPS
    if found is Takes.NOTHING and kind is not Kind.GEN_STATEM:
        callback = _HANDLERS.get(kind, {}).get(atom_of(sent.event) or "")
        if callback == ("handle_info", 2) and code.function(*callback) is None:
            return Takes.DROPS  # gen_server and gen_event log it
    return found


def _is_message(event: Expression) -> bool:
    """Return whether events of this kind tell nothing but by what they carry."""
    return atom_of(event) in {"info", "cast", "call", "event"}


def _looks_at(head: Head) -> bool:
    """Return whether the clause does more with what it takes than to log it."""
    if head.clause.guards:
        return True
    names = set(_names(head.value)) - {"_"}
    todo = list(head.clause.body)
    while todo:
        each = todo.pop()
        match each:
            case Call(module=module) if atom_of(module) in _LOGS:
                continue
            case Variable(name) if name in names:
                return True
        todo += parts_of(each)
    return False


def _names(pattern: Expression) -> Iterator[str]:
    match pattern:
        case Variable(name):
            yield name
        case Match(left, right):
            yield from _names(left)
            yield from _names(right)

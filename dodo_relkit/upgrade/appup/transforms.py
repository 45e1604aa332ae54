"""The user's own passes over the instructions of an appup, checked after each (AU-05).

A transform is any function of this form; a name for messages comes with it. Knows not
where transforms come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
)
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.expand import expand_short_forms
from dodo_relkit.upgrade.script.instructions import check_instruction

Options = Mapping[str, object]
TransformFunction = Callable[
    [str, str, str, str, Sequence[Term], Options], Iterable[Term]
]
"""`(app, from, to, direction, instructions, options) -> instructions`: `from` and `to`
are versions, `direction` is `up` or `down`; instructions are terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A transform with what the configuration says of it."""

    name: str
    function: TransformFunction
    options: Options = field(default_factory=dict)


def transform(  # noqa: PLR0913, PLR0917 - what a transform is told
    app: str,
    old: str,
    new: str,
    direction: Direction,
    instructions: Iterable[Term],
    transforms: Iterable[Transform],
) -> tuple[Term, ...]:
    """Return the instructions as the transforms leave them, applied in their order.

    `old` and `new` are the versions of the way up; on the way down a transform gets
    them the other way round. Raises Trouble with UP_TRANSFORM for each instruction
    that appup(4) does not have, `restart_new_emulator` not first, `restart_emulator`
    not last.
    """
    start, end = (old, new) if direction is Direction.UP else (new, old)
    script = tuple(instructions)
    for each in transforms:
        made = each.function(app, start, end, direction.value, script, each.options)
        faults = [
            diagnostic(
                Code.UP_TRANSFORM,
                transform=each.name,
                app=app,
                old=start,
                new=end,
                instruction=instruction,
                reason=reason,
            )
            for instruction, reason in _rubbish(made) or _faulty_texts(made)
        ]
        if faults:
            raise Trouble(faults)
        script = tuple(made)
    return script


def is_term(value: object) -> bool:
    """Tell whether a value that a user's function made is an Erlang term."""
    match value:
        case bool():
            return False
        case Atom() | int() | float() | bytes() | str() | BitString() | ExternalFun():
            return True
        case tuple() | list():
            return all(map(is_term, value))
        case Improper():
            return all(map(is_term, value.items)) and is_term(value.tail)
        case Map():
            return all(map(is_term, value.pairs))
    return False


def _rubbish(made: object) -> list[tuple[str, str]]:
    """Return what is no list of terms at all, each with what is wrong."""
    if not isinstance(made, list | tuple):
        return [(repr(made), "it must return a list or tuple of instructions")]
    return [(repr(each), "it is no Erlang term") for each in made if not is_term(each)]


def _faulty_texts(made: Iterable[Term]) -> list[tuple[str, str]]:
    return [(format_term(each), reason) for each, reason in faulty(tuple(made))]


def faulty(script: Sequence[Term]) -> tuple[tuple[Term, str], ...]:
    """Return the instructions that are none of appup(4), each with what is wrong."""
    found = []
    for at, each in enumerate(script):
        try:
            faults = [
                fault.told
                for long in expand_short_forms([each])
                for fault in check_instruction(long)
            ]
        except Trouble as trouble:
            faults = list(trouble.diagnostics)
        found += [(each, _words(fault)) for fault in faults]
        if each is Atom("restart_new_emulator") and at:
            found.append((each, "it must be the first instruction"))
        if each is Atom("restart_emulator") and at + 1 < len(script):
            found.append((each, "it must be the last instruction"))
    return tuple(found)


def _words(fault: Diagnostic) -> str:
    from dodo_relkit.diagnostics import render

    return render(fault).splitlines()[0].split(": ", 1)[1]

"""Which modules the instructions of an appup name, and what they do with them.

Takes instructions in any form of appup(4); judges none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.expand import expand_short_forms


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What one instruction does with one module."""

    module: str
    action: str
    """`update`, `load`, `add` or `delete`."""
    instruction: Term
    """In its long form."""
    advanced: bool = False
    """Whether code_change is called."""
    static: bool = False
    """Whether, on the way down, the code is loaded before code_change is called."""


def touches(instructions: Iterable[Term]) -> tuple[Touch, ...]:
    """Return what the instructions do with modules, in their order.

    A module that is loaded by one instruction and whose state another changes counts as
    updated. Instructions about whole applications or the emulator touch no single
    module: see `restarted`.
    """
    found: list[Touch] = []
    changed: set[str] = set()
    for each in expand_short_forms(instructions):
        now = set(_state_changes(each))
        found = [
            replace(touch, action="update", advanced=True, static=True)
            if touch.module in now and touch.action == "load"
            else touch
            for touch in found
        ]
        changed |= now
        found += [
            replace(touch, action="update", advanced=True)
            if touch.module in changed and touch.action == "load"
            else touch
            for touch in _touch(each)
        ]
    return tuple(found)


def _state_changes(instruction: Term) -> Iterator[str]:
    match instruction:
        case (Atom("code_change"), *_, modules):
            for each in list_items(modules) or ():
                match each:
                    case (Atom(module), _):
                        yield module


def restarted(instructions: Iterable[Term]) -> tuple[tuple[Term, str], ...]:
    """Return the instructions that stop what runs, with what they stop in words."""
    found: list[tuple[Term, str]] = []
    for each in instructions:
        match each:
            case Atom("restart_emulator" | "restart_new_emulator"):
                found.append((each, "the whole node"))
            case (Atom("restart_application"), Atom(app)):
                found.append((each, f"the application {app}"))
            case (
                Atom("apply"),
                (Atom("application"), Atom("stop"), [Atom(app), *_]),
            ):
                found.append((each, f"the application {app}"))
            case (Atom("stop"), modules):
                names = [m.name for m in list_items(modules) or () if type(m) is Atom]
                found.append((each, f"the processes of {', '.join(names)}"))
    return tuple(found)


def stops_children(instructions: Iterable[Term]) -> bool:
    """Return whether an instruction has a supervisor stop a child of its own."""
    for each in instructions:
        match each:
            case (Atom("apply"), (Atom(), Atom("terminate_child"), _)):
                return True
    return False


def word_for(direction: Direction) -> str:
    """Return what goes before the older version: `from` it, or `back to` it."""
    return "from" if direction is Direction.UP else "back to"


def _touch(instruction: Term) -> list[Touch]:
    match instruction:
        case (Atom("update"), Atom(module), *rest):
            return [
                Touch(
                    module=module,
                    action="update",
                    instruction=instruction,
                    advanced=any(_is_advanced(each) for each in rest),
                    static=Atom("static") in [e for e in rest if type(e) is Atom],
                )
            ]
        case (Atom("load_module"), Atom(module), *_):
            return [Touch(module=module, action="load", instruction=instruction)]
        case (Atom("load"), (Atom(module), *_)):
            return [Touch(module=module, action="load", instruction=instruction)]
        case (Atom("add_module"), Atom(module), *_):
            return [Touch(module=module, action="add", instruction=instruction)]
        case (Atom("delete_module"), Atom(module), *_):
            return [Touch(module=module, action="delete", instruction=instruction)]
        case (Atom("remove"), (Atom(module), *_)):
            return [Touch(module=module, action="delete", instruction=instruction)]
        case _:
            return []


def _is_advanced(part: Term) -> bool:
    match part:
        case (Atom("advanced"), _):
            return True
        case _:
            return False

"""What happens to each process while a relup runs, in order, for a person to read.

Takes a script of low-level instructions, as a relup has them for one direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.terms.pretty import format_term


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happens to the processes, or to the code, of one module."""

    step: int
    """The instruction's place in the script, from 1."""
    what: str
    """`suspended`, `code loaded`, `code removed`, `code purged`, `state changed`,
    `resumed`, `stopped`, `started`, `deleted`, `loaded`, `unloaded`,
    `node restarted`, `called`."""
    subject: str
    """The module; of a child its supervisor and id; of `called` the function."""


_MODULES = {
    "suspend": "suspended",
    "resume": "resumed",
    "stop": "stopped",
    "start": "started",
    "purge": "code purged",
}
_CHILDREN = {
    "terminate_child": "stopped",
    "delete_child": "deleted",
    "restart_child": "started",
    "start_child": "started",
}
_APPLICATIONS = {
    "load": "loaded",
    "start": "started",
    "stop": "stopped",
    "unload": "unloaded",
}


def events(script: Iterable[Term]) -> tuple[Event, ...]:
    """Return what happens, in order; instructions that only prepare are left out."""
    return tuple(
        Event(step=step, what=what, subject=subject)
        for step, instruction in enumerate(script, start=1)
        for what, subject in _events(instruction)
    )


def stories(script: Iterable[Term]) -> Mapping[str, tuple[Event, ...]]:
    """Return the events by whom they befall, in the order of the first of each."""
    found: dict[str, list[Event]] = {}
    for event in events(script):
        found.setdefault(event.subject, []).append(event)
    return {subject: tuple(each) for subject, each in found.items()}


def _events(instruction: Term) -> list[tuple[str, str]]:
    match instruction:
        case Atom("restart_emulator" | "restart_new_emulator"):
            return [("node restarted", "the node")]
        case (Atom(name), modules) if name in _MODULES:
            return [(_MODULES[name], module) for module in _names(modules)]
        case (Atom("load"), (Atom(module), _, _)):
            return [("code loaded", module)]
        case (Atom("remove"), (Atom(module), _, _)):
            return [("code removed", module)]
        case (Atom("code_change"), changes) | (Atom("code_change"), Atom(), changes):
            return [("state changed", module) for module in _names(changes)]
        case (Atom("apply"), (Atom(module), Atom(function), arguments)):
            return [_called(module, function, list_items(arguments) or [])]
        case _:
            return []


def _names(items: Term) -> list[str]:
    """Return the modules of a list of modules, or of pairs that begin with one."""
    found = []
    for item in list_items(items) or ():
        match item:
            case Atom(name) | (Atom(name), _):
                found.append(name)
    return found


def _called(module: str, function: str, arguments: list[Term]) -> tuple[str, str]:
    match module, function, arguments:
        case "supervisor" | "Elixir.Supervisor", _, [supervisor, child]:
            if function in _CHILDREN:
                shown = f"{format_term(child)} of {format_term(supervisor)}"
                return _CHILDREN[function], shown
        case "application", _, [Atom(app), *_] if function in _APPLICATIONS:
            return _APPLICATIONS[function], f"the application {app}"
    return "called", f"{module}:{function}/{len(arguments)}"

"""What happens when in the script of a relup: to modules, applications, processes.

Reads low-level instructions in their final order (appup(4)); judges nothing. A moment
is the position of an instruction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.code.calls import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The moments of one script."""

    loaded: Mapping[str, int]
    """When each module is first loaded."""
    removed: Mapping[str, int]
    """When each module is last removed."""
    started: Mapping[str, int]
    """When each application is started."""
    stopped: Mapping[str, int]
    """When each application is stopped."""
    silent: Mapping[str, tuple[tuple[int, int], ...]]
    """From when to when the processes of each module are suspended."""
    ended: Mapping[str, int]
    """When the child of each id, as text, is stopped for good."""

    def is_silent(self, module: str, since: int, until: int) -> bool:
        """Return whether the processes of a module are suspended all the time."""
        spans = self.silent.get(module, ())
        return any(begin <= since and until <= end for begin, end in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that one application has on only one side of the upgrade."""

    app: str
    moment: int
    """When it goes, or comes."""
    point: Point | None = None
    """The function; None for something else."""


Losses: TypeAlias = Mapping[Point, Loss]
"""By the function."""
Side: TypeAlias = Mapping[str, Mapping[str, beam.Chunks]]
"""The modules of applications, by their names."""


def differences(having: Side, lacking: Side, course: Course) -> Losses:
    """Return the functions that only one side exports, where the script touches them.

    Raises Trouble for chunks that cannot be read.
    """
    others = {name: each for app in lacking.values() for name, each in app.items()}
    found: dict[Point, Loss] = {}
    for app, modules in having.items():
        for name, chunks in modules.items():
            moment = course.loaded.get(name, course.removed.get(name))
            if moment is None:
                continue
            other = others.get(name)
            kept = frozenset(beam.exports(other, file=name)) if other else frozenset()
            for function, arity in beam.exports(chunks, file=name):
                if (function, arity) not in kept:
                    point = (name, function, arity)
                    found[point] = Loss(app=app, moment=moment, point=point)
    return found


def read_course(script: Iterable[Term]) -> Course:
    """Return when what happens in a script."""
    loaded: dict[str, int] = {}
    removed: dict[str, int] = {}
    started: dict[str, int] = {}
    stopped: dict[str, int] = {}
    ended: dict[str, int] = {}
    instructions = tuple(script)
    for at, each in enumerate(instructions):
        match each:
            case (Atom("load"), (Atom(module), *_)):
                loaded.setdefault(module, at)
            case (Atom("remove"), (Atom(module), *_)):
                removed[module] = at
            case (Atom("apply"), (Atom("application"), Atom(function), arguments)):
                match list_items(arguments):
                    case [Atom(app), *_] if function == "start":
                        started.setdefault(app, at)
                    case [Atom(app), *_] if function == "stop":
                        stopped.setdefault(app, at)
            case (Atom("apply"), (Atom(), Atom("delete_child"), arguments)):
                match list_items(arguments):
                    case [_, child]:
                        ended.setdefault(format_term(child), at)
    return Course(
        loaded=loaded,
        removed=removed,
        started=started,
        stopped=stopped,
        silent=_silent(instructions),
        ended=ended,
    )


def _silent(instructions: tuple[Term, ...]) -> dict[str, tuple[tuple[int, int], ...]]:
    begun: dict[str, int] = {}
    found: dict[str, list[tuple[int, int]]] = {}
    for at, each in enumerate(instructions):
        match each:
            case (Atom("suspend"), modules):
                for name in _names(modules):
                    begun.setdefault(name, at)
            case (Atom("resume"), modules):
                for name in _names(modules):
                    if name in begun:
                        found.setdefault(name, []).append((begun.pop(name), at))
    for name, at in begun.items():
        found.setdefault(name, []).append((at, len(instructions)))
    return {name: tuple(spans) for name, spans in found.items()}


def _names(modules: Term) -> Iterator[str]:
    """Yield the modules of a list that has them alone, or in pairs with a time."""
    for each in list_items(modules) or ():
        match each:
            case Atom(name) | (Atom(name), _):
                yield name

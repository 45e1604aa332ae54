"""Whose processes wait while an upgrade goes one way: suspended first, resumed last.

Takes who should, and leaves out those whose silence would do more harm than their
speech. Makes no instruction.

release_handler keeps, by module, whom it suspended, and `{resume, [M]}` resumes them
all; sys does not count how often a process was suspended (release_handler_1, sys). So
a process of a module that is updated as well goes on at the end of that update.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.upgrade.appup.awaited import awaited
from dodo_relkit.upgrade.appup.order import Uses, used_first
from dodo_relkit.upgrade.code.calls import Calls, Point, Program, callbacks
from dodo_relkit.upgrade.code.kinds import Kind, callback_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One version, and who calls whom in it."""

    program: Program
    calls: Calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Both versions, as a way sees them."""

    source: Running
    """The one that runs."""
    target: Running
    """The one that is installed."""
    newer: Running
    """The one whose code_change is called, on both ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What one way of an upgrade does to processes, by the modules that they run."""

    updated: frozenset[str] = frozenset()
    """Suspended, changed, resumed."""
    started: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Who is suspended, and who is not although it should be."""

    modules: tuple[str, ...]
    """In the order in which they are suspended: who waits for another, or starts it,
    before it."""
    added: Mapping[str, str]
    """Those among them that nobody asked for, with the reason: who is updated and waits
    for one that is suspended could not be suspended itself."""
    held: frozenset[str]
    """Those that wait for others among them: they must not go on before all do."""
    refused: tuple[tuple[str, str], ...]
    """Modules, each with the reason in words."""


_INIT: Mapping[Kind, tuple[tuple[str, int], ...]] = {
    Kind.GEN_SERVER: (("init", 1), ("handle_continue", 2)),
}
_TERMINATE: Mapping[Kind, tuple[str, int]] = {
    Kind.GEN_STATEM: ("terminate", 3),
    Kind.SPECIAL: ("system_terminate", 4),
}


def quiet(
    wanted: Iterable[str], starters: Uses, versions: Versions, events: Events
) -> Quiet:
    """Return who of `wanted` can be suspended during all of the way.

    `starters`: of those among them that start processes, of which modules.
    """
    source = versions.source
    names = frozenset(wanted)
    speech = {
        name: awaited(source.program, source.calls, callbacks(source.program, name))
        for name in source.program.processes
    }
    known = {name: frozenset(starters.get(name, ())) | speech[name] for name in speech}
    speech = {name: _through(name, speech) for name in speech}
    after = {name: _through(name, known) for name in known}
    added = {
        name: min(called)
        for name in sorted(events.updated - names)
        if (called := speech.get(name, frozenset()) & names)
        and source.program.kind(name) is not Kind.GEN_EVENT
        and not any(name in after[each] for each in called)
    }
    every = names | added.keys()
    refused: dict[str, str] = {}
    for caller, called, when in _waits(every, speech, versions, events):
        for name in sorted(called & every - {caller}):
            refused.setdefault(name, f"{caller} {when}")
    for name in sorted(added.keys() & refused.keys()):
        for each in sorted(speech[name] & every):
            refused.setdefault(each, f"{name} calls it and waits, and {refused[name]}")
    kept = names - refused.keys()
    needed = {name for name in added if speech[name] & kept} - refused.keys()
    silent = kept | needed
    waits = {
        name: tuple(
            sorted({*speech.get(name, ()), *starters.get(name, ())} & silent - {name})
        )
        for name in silent
    }
    return Quiet(
        modules=tuple(reversed(used_first(waits))),
        added={
            name: f"{name} waits for {added[name]}, which is suspended: later it could "
            "not be suspended itself"
            for name in sorted(needed)
        },
        held=frozenset(name for name in silent if speech[name] & silent - {name}),
        refused=tuple(
            sorted((name, refused[name]) for name in refused if name in names)
        ),
    )


def _through(name: str, speech: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return for whom a process waits, also while others wait for these."""
    found: set[str] = set()
    todo = [name]
    while todo:
        more = speech.get(todo.pop(), frozenset()) - found
        found |= more
        todo += more
    return frozenset(found)


def _waits(
    names: frozenset[str],
    speech: Mapping[str, frozenset[str]],
    versions: Versions,
    events: Events,
) -> Iterator[tuple[str, frozenset[str], str]]:
    """Yield who would wait for one that is suspended: caller, called, and when."""
    source, target, newer = versions.source, versions.target, versions.newer
    for name in sorted(events.updated - names):
        yield (
            name,
            speech.get(name, frozenset()),
            "calls it and waits, so it could not be suspended itself",
        )
    for name in sorted(events.updated):
        roots = _of(newer.program, name, callback_of(newer.program.kind(name)))
        yield name, _awaited(newer, roots), "calls it when its code changes"
    for name in sorted(events.started):
        kind = target.program.kind(name)
        roots = _of(target.program, name, *_INIT.get(kind, (("init", 1),)))
        yield name, _awaited(target, roots), "calls it when it starts"
    for name in sorted(events.stopped):
        kind = source.program.kind(name)
        roots = _of(source.program, name, _TERMINATE.get(kind, ("terminate", 2)))
        yield name, _awaited(source, roots), "calls it when it stops"


def _awaited(running: Running, roots: tuple[Point, ...]) -> frozenset[str]:
    return awaited(running.program, running.calls, roots) if roots else frozenset()


def _of(
    program: Program, module: str, *functions: tuple[str, int] | None
) -> tuple[Point, ...]:
    code = program.code.get(module)
    if code is None:
        return ()
    return tuple(
        (module, *each)
        for each in functions
        if each is not None and each in code.functions
    )

"""What an added application calls as it starts, before another one has it.

Reads the code of the added application, and only when its imports name such functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.view import codes_of
from dodo_relkit.upgrade.code.calls import (
    Calls,
    Point,
    Program,
    program_of,
    reached,
    read_calls,
)
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind
from dodo_relkit.upgrade.review.course import Course, Losses
from dodo_relkit.upgrade.review.findings import Finding, notice, severe, words_for
from dodo_relkit.upgrade.script.draft import Direction

_BEGINS = frozenset({"init", "start_link", "start"})
_RUNNING = STATEFUL | {Kind.SUPERVISOR, Kind.APPLICATION}


def review_early(
    app: AppVersion, direction: Direction, course: Course, gained: Losses
) -> Iterator[Finding]:
    """Yield REVIEW_STARTS_EARLY: severe what it calls as it starts, else a notice.

    `gained` are the functions that the other applications get by the upgrade.
    """
    start = course.started.get(app.name)
    if start is None:
        return
    needed = {
        name: frozenset(
            point
            for point in beam.imports(chunks, file=name)
            if point in gained and gained[point].moment > start
        )
        for name, chunks in sorted(app.modules.items())
    }
    if not any(needed.values()):
        return
    program = program_of(app.modules, codes_of(app.modules))
    calls = read_calls(program)
    points = reached(calls, (*_beginnings(program), *_continued(program)))
    for module, lacking in needed.items():
        at_once = lacking & _called(
            calls, (each for each in points if each[0] == module)
        )
        asks = beam.mentions(app.modules[module], "function_exported")
        for some, when in (
            (at_once, "as it starts"),
            (lacking - at_once, "when it is asked to"),
        ):
            tell = severe if some is at_once and not asks else notice
            for other in sorted({gained[point].app for point in some}):
                lacks = sorted(each for each in some if gained[each].app == other)
                yield tell(
                    Code.REVIEW_STARTS_EARLY,
                    Place(),
                    direction=words_for(direction),
                    app=app.name,
                    other=other,
                    lacks=", ".join("{}:{}/{}".format(*each) for each in lacks),
                    caller=module,
                    when=when,
                )


def called_at_start(
    modules: Mapping[str, beam.Chunks], module: str
) -> frozenset[Point]:
    """Return which functions of others a module calls only as processes start.

    As far as its code is known: none where it is not.
    """
    program = program_of(modules, codes_of(modules))
    calls = read_calls(program)
    begun = reached(calls, _beginnings(program))
    others = [
        (name, *key)
        for name in program.code
        for key in beam.exports(modules[name], file=name)
        if key[0] not in _BEGINS
    ]
    running = reached(calls, (*others, *calls.spawned))
    first, later = (
        _called(calls, (each for each in points if each[0] == module))
        for points in (begun, running)
    )
    return first - later


def _beginnings(program: Program) -> list[Point]:
    """Return the functions that run as the processes of the program start."""
    return [
        (name, *key)
        for name, code in program.code.items()
        if program.kind(name) in _RUNNING
        for key in code.functions
        if key[0] in _BEGINS
    ]


def _continued(program: Program) -> list[Point]:
    return [
        (name, *key)
        for name, code in program.code.items()
        for key in code.functions
        if key == ("handle_continue", 2)
    ]


def _called(calls: Calls, points: Iterable[Point]) -> frozenset[Point]:
    """Return the functions outside of the program that these functions call."""
    found: set[Point] = set()
    for point in points:
        found |= calls.inside.get(point, frozenset())
        for call in calls.outside.get(point, ()):
            found.add((call.module, call.name, len(call.arguments)))
    return frozenset(found)

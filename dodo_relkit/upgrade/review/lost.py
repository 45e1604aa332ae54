"""What an application loses before another, that calls it, changes or stops.

Such a call fails until then: the function is not there, or nobody has the name. Reads
the imports of all modules, and code only where they name what is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.upgrade.code.children import Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL, kind_of
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.code.registered import registered_names, speaks_to
from dodo_relkit.upgrade.review.course import Course, Loss, Losses, Side, differences
from dodo_relkit.upgrade.review.early import called_at_start
from dodo_relkit.upgrade.review.findings import (
    Finding,
    Reviewed,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.script.draft import Direction


def review_lost(
    direction: Direction,
    course: Course,
    sides: tuple[Side, Side],
    names: Mapping[str, Loss],
) -> Iterator[Finding]:
    """Yield REVIEW_LOST_EARLY for modules that change after what they call is gone.

    `sides` are what runs before and after, `names` what `lost_names` gives. A notice
    where a module asks whether a function is there, or calls it only as it starts; and
    for functions on the way down, where it is so whenever an application gained one
    that another uses: systools takes applications in one order in both directions.
    """
    source, target = sides
    functions = differences(source, target, course)
    later = {name: each for app in target.values() for name, each in app.items()}
    for app, modules in source.items() if functions or names else ():
        for module, chunks in sorted(modules.items()):
            until = _end(app, module, course)
            used = _used(module, chunks, functions, names)
            if used and module in later:  # what it calls ever after is no moment
                still = _used(module, later[module], functions, names)
                used = {what: used[what] for what in used.keys() - still.keys()}
            found = {
                what: loss
                for what, loss in sorted(used.items())
                if loss.app != app and loss.moment < until
            }
            if not found:
                continue
            since = min(each.moment for each in found.values())
            processes = _processes(modules, module)
            if processes and all(
                course.is_silent(each, since, until) for each in processes
            ):
                continue
            caller = _Caller(
                app=app, module=module, processes=processes, stays=app in target
            )
            yield from _findings(direction, caller, modules, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    """A module that calls what is lost."""

    app: str
    module: str
    processes: tuple[str, ...]
    """The modules whose processes may run it."""
    stays: bool
    """Whether its application is in both releases."""


def _findings(
    direction: Direction,
    caller: _Caller,
    modules: Mapping[str, beam.Chunks],
    found: Mapping[str, Loss],
) -> Iterator[Finding]:
    asks = beam.mentions(modules[caller.module], "function_exported")
    points = {loss.point for loss in found.values() if loss.point is not None}
    at_start = len(points) == len(found) and points <= called_at_start(
        modules, caller.module
    )
    is_usual = direction is Direction.DOWN and len(points) == len(found)
    tell = notice if asks or at_start or is_usual else severe
    by_app: dict[str, list[str]] = {}
    for what, loss in found.items():
        by_app.setdefault(loss.app, []).append(what)
    for loser, lost in by_app.items():
        yield tell(
            Code.REVIEW_LOST_EARLY,
            Place(),
            direction=words_for(direction),
            app=loser,
            lost=", ".join(lost),
            caller=caller.module,
            other=caller.app,
            ends="changes" if caller.stays else "stops",
            processes=", ".join(caller.processes) if caller.stays else "",
        )


def _end(app: str, module: str, course: Course) -> int:
    """Return when the code of a module runs no more; 0 when it is not touched."""
    moments = [course.loaded.get(module, course.removed.get(module))]
    moments.append(course.stopped.get(app))
    return min((each for each in moments if each is not None), default=0)


def _used(
    module: str,
    chunks: beam.Chunks,
    functions: Losses,
    names: Mapping[str, Loss],
) -> dict[str, Loss]:
    """Return in words which of the functions and names a module uses."""
    found = {
        "{}:{}/{}".format(*point): functions[point]
        for point in functions.keys() & frozenset(beam.imports(chunks, file=module))
    }
    sought = [name for name in names if beam.mentions(chunks, name)]
    code = read_code(chunks, file=module) if sought else None
    for name in sought if code is not None else ():
        if code is not None and speaks_to(code, name):
            found[f"the process {name}"] = names[name]
    return found


def _processes(modules: Mapping[str, beam.Chunks], module: str) -> tuple[str, ...]:
    """Return the modules whose processes may run the functions of this one."""
    callers: dict[str, set[str]] = {}
    for name, chunks in modules.items():
        for called, _, _ in beam.imports(chunks, file=name):
            callers.setdefault(called, set()).add(name)
    reached, todo = {module}, [module]
    while todo:
        for each in callers.get(todo.pop(), set()) - reached:
            reached.add(each)
            todo.append(each)
    running = tuple(
        name
        for name in sorted(reached)
        if kind_of(modules[name], None, file=name).kind in STATEFUL
    )
    return (module,) if module in running else running


def lost_names(
    apps: Sequence[Reviewed], direction: Direction, course: Course
) -> dict[str, Loss]:
    """Return the registered names whose processes stop for good in this direction."""
    is_up = direction is Direction.UP
    codes = [(each.old_code, each.new_code)[:: 1 if is_up else -1] for each in apps]
    kept = {
        name for _, after in codes for code in after.values()
        for name in registered_names(code)
    }  # fmt: skip
    found = {}
    for app, (before, _) in zip(apps, codes, strict=True):
        ends = _ends(before, course)
        for code in before.values() if ends else ():
            for name, module in registered_names(code).items():
                if name not in kept and module in ends:
                    found[name] = Loss(app=app.name, moment=ends[module])
    return found


def _ends(codes: Mapping[str, ModuleCode], course: Course) -> dict[str, int]:
    """Return when the processes of modules stop for good."""
    found = {
        name: course.removed[name]
        for name in codes.keys() & course.removed.keys() - course.loaded.keys()
    }
    for code in codes.values() if course.ended else ():
        supervisor = read_supervisor(code, codes)
        if isinstance(supervisor, Supervisor):
            for child in supervisor.children:
                if child.module and child.label in course.ended:
                    found[child.module] = course.ended[child.label]
    return found

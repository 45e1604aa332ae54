"""Which applications cannot run beside each other, as an upgrade has them for a moment.

What is added starts before what is removed stops, and before what changes gives up a
process. Two processes cannot have one registered name, and the code of a module is
there once: what is removed last takes it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.code.registered import may_register, registered_names
from dodo_relkit.upgrade.review.course import Course
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, severe, words_for
from dodo_relkit.upgrade.script.draft import Direction


def review_collisions(
    apps: Sequence[Reviewed],
    direction: Direction,
    course: Course,
    comes: Iterable[AppVersion],
    goes: Sequence[AppVersion],
) -> Iterator[Finding]:
    """Yield REVIEW_TAKEN for each added application and each that has the same.

    `comes` are the applications that are added in this direction, `goes` those that
    are removed, `apps` those that change. One that stays as it is has nothing that an
    added one has, or the release could not start at all.
    """
    for app in comes:
        start = course.started.get(app.name)
        begins = start is not None
        names = _names(app.spec.registered, _codes(app.modules)) if begins else set()
        for other, modules, taken in [
            *_removed(app, names, goes, course),
            *_changing(names, apps, direction),
        ]:
            stop = course.stopped.get(other)
            is_over = stop is not None and start is not None and stop < start
            words = []
            if modules:
                words.append(f"the modules {', '.join(modules)}")
            if taken and not is_over:
                words.append(f"the registered names {', '.join(taken)}")
            if words:
                yield severe(
                    Code.REVIEW_TAKEN,
                    Place(),
                    direction=words_for(direction),
                    app=app.name,
                    other=other,
                    what=" and ".join(words),
                )


_Shared = tuple[str, list[str], list[str]]
"""The name of the other application, the modules and the names of both."""


def _removed(
    app: AppVersion, names: Iterable[str], goes: Iterable[AppVersion], course: Course
) -> Iterator[_Shared]:
    for other in goes:
        modules = [
            name
            for name in sorted(app.modules.keys() & other.modules.keys())
            if course.removed.get(name, -1) > course.loaded.get(name, -1)
        ]
        mine = set(names)
        theirs = _names(other.spec.registered, _codes(other.modules)) if mine else ()
        yield other.name, modules, sorted(mine.intersection(theirs))


def _changing(
    names: Iterable[str], apps: Iterable[Reviewed], direction: Direction
) -> Iterator[_Shared]:
    mine = set(names)
    for app in apps if mine else ():
        old, new = app.upgrade.old.spec.registered, app.upgrade.new.spec.registered
        ends = [(app.old_code, old), (app.new_code, new)]
        (before, told), (after, _) = ends[:: 1 if direction is Direction.UP else -1]
        gone = set(_names(told, before)).difference(_names((), after))
        yield app.name, [], sorted(mine & gone)


def _names(told: Iterable[str], codes: Mapping[str, ModuleCode]) -> set[str]:
    """Return the registered names that the code, or the `.app` file, tells."""
    found = {name for code in codes.values() for name in registered_names(code)}
    return found.union(told)


def _codes(modules: Mapping[str, beam.Chunks]) -> dict[str, ModuleCode]:
    read = {
        name: read_code(chunks, file=name)
        for name, chunks in modules.items()
        if may_register(chunks)
    }
    return {name: code for name, code in read.items() if code is not None}

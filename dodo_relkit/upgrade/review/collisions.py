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
        shared = [
            *_removed(app.modules, names, goes, course),
            *_changing(names, apps, direction),
        ]
        yield from _findings(app.name, "starts", start, shared, direction, course)
    for each in apps if goes else ():
        is_up = direction is Direction.UP
        version = each.upgrade.new if is_up else each.upgrade.old
        codes = (each.new_code, each.old_code)[:: 1 if is_up else -1]
        names = _names((), codes[0]) - _names((), codes[1])
        begins_at = min(
            (course.loaded[name] for name in version.modules if name in course.loaded),
            default=None,
        )
        shared = list(_removed(version.modules, names, goes, course))
        name = each.name
        yield from _findings(name, "changes", begins_at, shared, direction, course)


_Shared = tuple[str, list[str], list[str]]
"""The name of the other application, the modules and the names of both."""


def _findings(  # noqa: PLR0913, PLR0917 - all that is known of one application
    app: str,
    does: str,
    begins: int | None,
    shared: Iterable[_Shared],
    direction: Direction,
    course: Course,
) -> Iterator[Finding]:
    for other, modules, names in shared:
        stop = course.stopped.get(other)
        is_over = begins is None or (stop is not None and stop < begins)
        words = []
        if modules:
            words.append(f"the modules {', '.join(modules)}")
        if names and not is_over:
            words.append(f"the registered names {', '.join(names)}")
        if words:
            yield severe(
                Code.REVIEW_TAKEN,
                Place(),
                direction=words_for(direction),
                app=app,
                does=does,
                other=other,
                what=" and ".join(words),
            )


def _removed(
    mine: Mapping[str, beam.Chunks],
    names: Iterable[str],
    goes: Iterable[AppVersion],
    course: Course,
) -> Iterator[_Shared]:
    own = set(names)
    for other in goes:
        modules = [
            name
            for name in sorted(mine.keys() & other.modules.keys())
            if course.removed.get(name, -1) > course.loaded.get(name, -1)
        ]
        theirs = _names(other.spec.registered, _codes(other.modules)) if own else ()
        yield other.name, modules, sorted(own.intersection(theirs))


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

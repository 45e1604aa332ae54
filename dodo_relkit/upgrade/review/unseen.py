"""Whether children may begin unseen while the module that they run changes.

Looks at the instructions of an appup, by whomever it was written, and at the code of
all applications that call into the one that changes. Who starts children, and why that
matters, is in `appup/starters.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.child_changes import ChildChange, compare_children
from dodo_relkit.upgrade.appup.starters import Starter, read_starts
from dodo_relkit.upgrade.appup.suspensions import Events, Running, Versions, quiet
from dodo_relkit.upgrade.appup.view import SUPERVISING, codes_of
from dodo_relkit.upgrade.code.calls import Program, program_of, read_calls
from dodo_relkit.upgrade.code.kinds import Kind
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, notice, words_for
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted

_ENDS = ("stop", "apply")
"""Instructions that may stop a process that they name."""


def review_starters(
    apps: Sequence[Reviewed], others: Iterable[AppVersion]
) -> Iterator[Finding]:
    """Yield REVIEW_STARTER and UP_STARTER_RUNS.

    The first where an appup could suspend who starts children and does not, the second
    where it could not. `others` are the applications that stay as they are.
    """
    staying = tuple(others)
    for app in apps:
        if any(_is_concerned(app, way) for way in Direction):
            older, newer = _both(app, apps, staying)
            changes = _children(app)
            for way in Direction:
                versions = Versions(
                    source=older if way is Direction.UP else newer,
                    target=newer if way is Direction.UP else older,
                    newer=newer,
                )
                yield from _review_way(app, way, versions, changes)


def _is_concerned(app: Reviewed, way: Direction) -> bool:
    """Tell whether modules change whose processes begin while the node runs."""
    is_up = way is Direction.UP
    program = Program(
        code=app.old_code if is_up else app.new_code,
        kinds=app.old_kinds if is_up else app.new_kinds,
    )
    updated = _updated(app, way)
    return bool(updated and read_starts(program).children & updated)


def _updated(app: Reviewed, way: Direction) -> frozenset[str]:
    """Return the modules whose processes are suspended and changed."""
    if restarted(app.upgrade.instructions(way)):
        return frozenset()
    return frozenset(
        name
        for name, touch in app.touched[way].items()
        if touch.action == "update"
        and name in app.new_kinds
        and app.new_kinds[name].kind is not Kind.SUPERVISOR
    )


def _review_way(
    app: Reviewed,
    way: Direction,
    versions: Versions,
    changes: tuple[ChildChange, ...],
) -> Iterator[Finding]:
    updated = _updated(app, way)
    starts = read_starts(versions.source.program, versions.source.calls)
    gone = {each.stopped(way) for each in changes if each.stop(way)}
    left = [
        each
        for each in starts.of(updated)
        if each.module not in gone and not _is_silent(app, way, each, updated)
    ]
    events = Events(
        updated=updated,
        started=frozenset(each.started(way) for each in changes if each.start(way)),
        stopped=frozenset(gone),
    )
    wanted = [each.module for each in left if not each.reason]
    whose = {each.module: tuple(sorted(each.children & updated)) for each in left}
    refused = dict(quiet(wanted, whose, versions, events).refused)
    for each in left:
        children = ", ".join(sorted(each.children & updated))
        told = {"direction": words_for(way), "children": children}
        reason = each.reason or refused.get(each.module, "")
        if not reason:
            code = versions.source.program.code[each.module]
            place = Place(file=code.file)
            yield notice(Code.REVIEW_STARTER, place, starter=each.module, **told)
            continue
        if each.module:
            reason = f"{each.module} starts them and cannot be suspended: {reason}"
        yield notice(Code.UP_STARTER_RUNS, Place(), **told, reason=reason)


def _is_silent(
    app: Reviewed, way: Direction, starter: Starter, updated: frozenset[str]
) -> bool:
    """Tell whether it is suspended before its children and resumed after them.

    Or whether something stops it before: then it is for the user to start it again.
    """
    script = app.upgrade.instructions(way)
    children = {Atom(name) for name in starter.children & updated}
    about = [at for at, each in enumerate(script) if _is_update(each, children)]
    if not about:
        return False
    before, after = script[: about[0]], script[about[-1] + 1 :]
    name = Atom(starter.module)
    if any(_names(each, _ENDS, name) for each in before):
        return True
    return any(_names(each, ("suspend",), name) for each in before) and any(
        _names(each, ("resume",), name) for each in after
    )


def _is_update(instruction: Term, modules: set[Atom]) -> bool:
    match instruction:
        case (Atom("update" | "load_module"), Atom() as module, *_):
            return module in modules
        case _:
            return False


def _names(instruction: Term, words: tuple[str, ...], name: Atom) -> bool:
    match instruction:
        case (Atom(word), given) if word in words:
            return _has(given, name)
        case _:
            return False


def _has(term: Term, name: Atom) -> bool:
    if type(term) is tuple:
        return any(_has(each, name) for each in term)
    items = list_items(term)
    if items is not None:
        return any(_has(each, name) for each in items)
    return term is name


def _children(app: Reviewed) -> tuple[ChildChange, ...]:
    both = app.old_kinds.keys() & app.new_kinds.keys()
    changed = [each.name for each in app.changes if each.change is Change.CHANGED]
    return compare_children(
        app.old_code,
        app.new_code,
        supervisors=frozenset(
            name
            for name in both
            if {app.old_kinds[name].kind, app.new_kinds[name].kind} & SUPERVISING
        ),
        changed=frozenset(changed),
    ).changes


def _both(
    app: Reviewed, apps: Sequence[Reviewed], staying: Iterable[AppVersion]
) -> tuple[Running, Running]:
    """Return both versions of an application with all that call into it."""
    names = app.old_kinds.keys() | app.new_kinds.keys()
    older = [Program(code=app.old_code, kinds=app.old_kinds)]
    newer = [Program(code=app.new_code, kinds=app.new_kinds)]
    for other in apps:
        if other is not app and _calls_into(other.upgrade.new.modules, names):
            older.append(Program(code=other.old_code, kinds=other.old_kinds))
            newer.append(Program(code=other.new_code, kinds=other.new_kinds))
    for each in staying:
        if _calls_into(each.modules, names):
            same = program_of(each.modules, codes_of(each.modules))
            older.append(same)
            newer.append(same)
    return _joined(older), _joined(newer)


def _calls_into(modules: Mapping[str, beam.Chunks], names: Iterable[str]) -> bool:
    wanted = frozenset(names)
    return any(
        called in wanted
        for name, chunks in modules.items()
        for called, _, _ in beam.imports(chunks, file=name)
    )


def _joined(programs: Sequence[Program]) -> Running:
    program = Program(
        code={name: code for each in programs for name, code in each.code.items()},
        kinds={name: kind for each in programs for name, kind in each.kinds.items()},
    )
    return Running(program=program, calls=read_calls(program))

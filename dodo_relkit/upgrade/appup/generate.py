"""The appup of an application that has none: instructions up and down, with reasons.

Takes two versions of the application, returns values. Knows no release and no file;
the choice for each module is in `choices.py`, what comes before what in `phases.py`
and `relations.py`, children in `child_changes.py`.

    up:    suspend │ what new  │ start │ changed and added │ delete │ stop │ resume
                   │ children  │ them  │ modules, used     │ removed│ lost │
                   │ need      │       │ before user       │        │      │
    down:  the same for the other version, modules from right to left

Instructions name the modules they depend on, so that systools suspends what belongs
together at once and never puts them in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.terms.model import Atom, Term, make_list
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.child_changes import (
    ChildChange,
    ChildChanges,
    compare_children,
)
from dodo_relkit.upgrade.appup.choices import choices
from dodo_relkit.upgrade.appup.phases import Phases, Way, phases
from dodo_relkit.upgrade.appup.relations import Relations, relate
from dodo_relkit.upgrade.appup.renamed import Renamed, renamed
from dodo_relkit.upgrade.appup.restarted import stranded
from dodo_relkit.upgrade.appup.roots import root_change
from dodo_relkit.upgrade.appup.strategies import (
    BRUTAL,
    Choice,
    Purge,
    Strategy,
    instruction,
)
from dodo_relkit.upgrade.appup.view import View, view_of
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user decided; by module, the rest is chosen."""

    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    purge: Purge = BRUTAL
    """Of modules that are not in `purges`."""
    purges: Mapping[str, Purge] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction and why it is there."""

    instruction: Term
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The way between two versions of an application."""

    app: str
    old: str
    new: str
    up: tuple[Step, ...]
    down: tuple[Step, ...]
    notes: tuple[Diagnostic, ...] = ()
    """What a person should look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What both directions are made of."""

    view: View
    children: ChildChanges
    choices: Mapping[str, Choice]
    """Of the modules that have an `update` or `load_module`."""
    relations: Relations
    wishes: Wishes


NO_WISHES = Wishes()
_RESTARTS = frozenset({Strategy.RESTART_APP, Strategy.RESTART_EMULATOR})
_SUSPENDING = frozenset({Strategy.UPDATE_SOFT, Strategy.UPDATE_ADVANCED})


def generate(old: AppVersion, new: AppVersion, wishes: Wishes = NO_WISHES) -> Generated:
    """Return the instructions from `old` to `new` and back, each with its reason.

    Raises Trouble for beams that cannot be read. Notes: UP_CHILDREN_UNREAD,
    UP_CHILD_UNREACHED, UP_KIND_CHANGED, UP_CHILD_LATE, UP_USER_RUNS, UP_RUNS_ON,
    UP_STATE_LOST.
    """
    view = view_of(old, new)
    called = {
        name: names
        for name, names in renamed(view).items()
        if name not in view.switched and name not in wishes.strategies
    }
    children = compare_children(
        view.older.program.code,
        view.newer.program.code,
        supervisors=view.supervisors,
        changed=frozenset(view.changed),
        replaced=view.switched | called.keys(),
    )
    found = {each.module for each in children.changes if each.fate != "respecified"}
    homeless = view.switched - found - children.renewed
    notes = [*children.notes, *(_homeless(view, name) for name in sorted(homeless))]
    asked = set(wishes.strategies.values())
    root = "" if asked & _RESTARTS else root_change(view)
    if root:
        notes.append(_root_changed(view, root))
    whole: Step | None = None
    if Strategy.RESTART_EMULATOR in asked:
        whole = Step(instruction=Atom("restart_emulator"), reason="asked for")
    elif Strategy.RESTART_APP in asked or homeless or root:
        reason = "asked for" if Strategy.RESTART_APP in asked else "no other way found"
        reason = f"the application {root}" if root else reason
        restart: Term = (Atom("restart_application"), Atom(new.name))
        whole = Step(instruction=restart, reason=reason)
    if whole is None:
        notes += [
            _called_otherwise(view, name, called[name], name in found)
            for name in sorted(called.keys() - children.renewed)
        ]
        notes += [_stranded(view, name) for name in stranded(view)]
    steps: dict[Direction, tuple[Step, ...]] = {}
    job = _job(view, children, wishes) if whole is None else None
    for direction in Direction:
        if job is None:
            steps[direction] = (whole,) if whole else ()
            continue
        steps[direction], said = _way(job, direction)
        notes += [each for each in said if each not in notes]
    return Generated(
        app=new.name,
        old=old.vsn,
        new=new.vsn,
        up=steps[Direction.UP],
        down=steps[Direction.DOWN],
        notes=tuple(notes),
    )


def _homeless(view: View, name: str) -> Diagnostic:
    old, new = view.words(name)
    code = view.newer.program.code.get(name)
    return diagnostic(
        Code.UP_KIND_CHANGED,
        Place(file=code.file if code else ""),
        app=view.new.name,
        module=name,
        old=old,
        new=new,
    )


def _root_changed(view: View, change: str) -> Diagnostic:
    return diagnostic(
        Code.UP_STATE_LOST,
        subject=f"the application {view.new.name}",
        change=change,
        consequence="it is stopped, and started again",
    )


def _called_otherwise(
    view: View, name: str, names: Renamed, is_stopped: bool
) -> Diagnostic:
    code = view.newer.program.code.get(name)
    place = Place(file=code.file if code else "")
    old, new = format_term(names.old), format_term(names.new)
    if is_stopped:
        return diagnostic(
            Code.UP_STATE_LOST,
            place,
            subject=f"the process of {name}",
            change=f"was registered as {old} and is as {new}",
            consequence="its child is stopped, and started again",
        )
    return diagnostic(
        Code.UP_RUNS_ON,
        place,
        subject=f"the process of {name}",
        change=f"is registered as {new} in the newer version and as {old} in the older",
        reason="one that runs keeps its name: it is no child that the upgrade reaches",
    )


def _stranded(view: View, name: str) -> Diagnostic:
    return diagnostic(
        Code.UP_RUNS_ON,
        Place(file=view.newer.program.code[name].file),
        subject=f"{name}, whose processes are told to start while the node runs,",
        change="takes other arguments than before",
        reason="those that run are started again with what they were given",
    )


def _job(view: View, children: ChildChanges, wishes: Wishes) -> _Job:
    skipped = {name for name, how in wishes.strategies.items() if how is Strategy.SKIP}
    asked_anew = {each.supervisor for each in children.changes if each.by_update}
    names = frozenset({*view.changed, *asked_anew} - skipped)
    relations = relate(view, names, skipped, children.renewed)
    return _Job(
        view=view,
        children=children,
        choices=choices(view, children, names, relations.spoken, wishes.strategies),
        relations=relations,
        wishes=wishes,
    )


def _way(
    job: _Job, direction: Direction
) -> tuple[tuple[Step, ...], Iterable[Diagnostic]]:
    back = Direction.DOWN if direction is Direction.UP else Direction.UP
    relations = job.relations
    parts = phases(
        Way(
            view=job.view,
            direction=direction,
            changes=job.children.changes,
            below=job.children.below,
            uses=relations.uses[direction],
            used=relations.uses[back],
            names=relations.names[direction],
            named=relations.names[back],
            updated=frozenset(
                name
                for name, choice in job.choices.items()
                if choice.strategy in _SUSPENDING
            ),
            starts=relations.starts[direction],
        )
    )
    steps = tuple(_steps(job, parts, direction))
    return steps, parts.notes


def _steps(job: _Job, parts: Phases, direction: Direction) -> Iterator[Step]:
    is_up = direction is Direction.UP
    order = job.relations.order if is_up else job.relations.order[::-1]
    told_last = job.children.told_last
    order = tuple(sorted(order, key=told_last.__contains__))
    by_part = {
        part: [name for name in order if parts.part(name) == part] for part in range(4)
    }
    for name in parts.suspended:  # one by one: each is listed when the others wait
        silent: Term = (Atom("suspend"), [Atom(name)])
        yield Step(instruction=silent, reason=parts.reasons[name])
    yield from _stopped(parts.stopped_first, direction)
    yield from _code(job, parts, by_part[3], direction)
    yield from _started(parts.started_soonest, direction)
    yield from _code(job, parts, by_part[1], direction)
    yield from _started(parts.started, direction)
    yield from _code(job, parts, by_part[0], direction)
    yield from _stopped(parts.stopped_late, direction)
    yield from _code(job, parts, by_part[2], direction)
    again = sorted(name for name in told_last if parts.part(name) in (1, 3))
    yield from _told_again(again, direction)
    yield from _started(parts.started_late, direction)
    if parts.suspended:
        speaking: Term = make_list(Atom(each) for each in reversed(parts.suspended))
        reason = "all that changes did; until here they were suspended"
        yield Step(instruction=(Atom("resume"), speaking), reason=reason)


def _told_again(supervisors: Iterable[str], direction: Direction) -> Iterator[Step]:
    """Yield what asks supervisors for their specifications a second time."""
    for name in supervisors:
        reason = f"asks {name} again, now that all that specifies its children changed"
        only: Term = [Atom(name)]
        asked: Term = [(Atom(name), [])]
        change = (Atom("code_change"), Atom(direction.value), asked)
        for term in ((Atom("suspend"), only), change, (Atom("resume"), only)):
            yield Step(instruction=term, reason=reason)


_FATES = {
    "gained": "only in the newer version",
    "lost": "only in the older version",
    "replaced": "another process in each version",
}


def _child(change: ChildChange) -> str:
    return f"child {change.child} of {change.supervisor}, {_FATES[change.fate]}"


def _stopped(changes: Iterable[ChildChange], way: Direction) -> Iterator[Step]:
    for each in changes:
        reason = f"{_child(each)}: stopped"
        for term in each.stop(way):
            yield Step(instruction=term, reason=reason)


def _started(changes: Iterable[ChildChange], way: Direction) -> Iterator[Step]:
    for each in changes:
        reason = f"{_child(each)}: started"
        for term in each.start(way):
            yield Step(instruction=term, reason=reason)


def _code(
    job: _Job, parts: Phases, names: Sequence[str], direction: Direction
) -> Iterator[Step]:
    """Yield the instructions for the modules of one part.

    Who is suspended from the first to the last and waits for others that are is only
    loaded, and its state changed beside: `update` would let it go on.
    """
    is_up = direction is Direction.UP
    held = {
        name: job.choices[name]
        for name in names
        if name in parts.held
        and name in job.choices
        and job.choices[name].strategy is Strategy.UPDATE_ADVANCED
    }
    late = {name for name, choice in held.items() if is_up or choice.static}
    yield from _state_changes(sorted(held.keys() - late), direction, held)
    for name in names:
        used = tuple(
            each
            for each in job.relations.together.get(name, ())
            if parts.part(each) == parts.part(name)
            and not {each, name} & job.children.told_last
        )
        named = (make_list(Atom(each) for each in used),) if used else ()
        if name in job.choices:
            choice = job.choices[name]
            if name in held or (
                name in parts.suspended and choice.strategy is Strategy.UPDATE_SOFT
            ):
                choice = replace(choice, strategy=Strategy.LOAD, static=False)
            purge = job.wishes.purges.get(name, job.wishes.purge)
            term = instruction(name, choice, purge, used)
            yield Step(instruction=term, reason=choice.reason)
        elif name in job.view.added:
            word = Atom("add_module" if is_up else "delete_module")
            reason = "only in the newer version"
            yield Step(instruction=(word, Atom(name), *named), reason=reason)
        else:
            word = Atom("delete_module" if is_up else "add_module")
            reason = "only in the older version"
            yield Step(instruction=(word, Atom(name)), reason=reason)
    yield from _state_changes(sorted(late), direction, held)


def _state_changes(
    names: Iterable[str], direction: Direction, choices: Mapping[str, Choice]
) -> Iterator[Step]:
    for name in names:
        changed: Term = [(Atom(name), [])]
        term = (Atom("code_change"), Atom(direction.value), changed)
        yield Step(instruction=term, reason=choices[name].reason)

"""What an upgrade has to start and stop: the children a supervisor gained or lost.

An update of a supervisor only exchanges the specifications of its children; none is
started or stopped by it (supervisor(3), `code_change`). So, with `apply`:

| child       | up, before the code | up, after | down, before | down, after |
|-------------|---------------------|-----------|--------------|-------------|
| gained      |                     | start     | stop, delete |             |
| lost        | stop, delete        |           |              | start       |
| replaced    | stop                | start     | stop         | start       |
| respecified |                     |           |              |             |

Start is `supervisor:restart_child(Name, Id)`: the specification is there already. A
supervisor whose children were handed to it as a list (Elixir's `start/2`) has no code
to be asked: there it is `Supervisor.start_child(Name, Spec)`, and stopped is deleted.
A child is replaced when another module runs it, another kind of process, or one with
another name. It is respecified when another function starts it, with other arguments,
or it restarts otherwise: it goes on, and its supervisor is updated, also one that did
not change, or the next crash would start it as before. Where no update tells the
supervisor, a note does. A `temporary` child that is stopped is forgotten, and known
again after an update. What is below a supervisor that itself starts or stops comes and
goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.terms.model import Atom, Term, same
from dodo_relkit.upgrade.code.child_specs import (
    is_respecified,
    may_be_temporary,
    starts_otherwise,
)
from dodo_relkit.upgrade.code.children import Child, Supervisor, Unread, read_supervisor
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildChange:
    """What became of one child, and the instructions for it."""

    supervisor: str
    child: str
    module: str
    """The module that runs it, in the newer version if it is there."""
    former: str
    """The module that runs it in the older version; empty when it is gained."""
    fate: str
    """`gained`, `lost`, `replaced` or `respecified`."""
    by_update: bool
    """Whether the supervisor must be updated for it to know the specification."""
    up_before: tuple[Term, ...] = ()
    up_after: tuple[Term, ...] = ()
    down_before: tuple[Term, ...] = ()
    down_after: tuple[Term, ...] = ()

    def stop(self, direction: Direction) -> tuple[Term, ...]:
        """Return the instructions that stop it on this way; none if it is not."""
        return self.up_before if direction is Direction.UP else self.down_before

    def start(self, direction: Direction) -> tuple[Term, ...]:
        """Return the instructions that start it on this way; none if it is not."""
        return self.up_after if direction is Direction.UP else self.down_after

    def stopped(self, direction: Direction) -> str:
        """Return the module of the process that is stopped on this way."""
        return self.former if direction is Direction.UP else self.module

    def started(self, direction: Direction) -> str:
        """Return the module of the process that is started on this way."""
        return self.module if direction is Direction.UP else self.former


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildChanges:
    """All that was found in the supervisors of an application."""

    changes: tuple[ChildChange, ...]
    listed: Mapping[str, frozenset[str]]
    """By module: the modules that run the children that list it in `modules`."""
    below: Mapping[str, frozenset[str]]
    """By supervisor: the modules that run what is below it, in either version."""
    renewed: frozenset[str]
    """Supervisors that start or stop, and all that is below them."""
    told_last: frozenset[str]
    """Supervisors whose specifications are made by other modules, too: they must be
    asked when those have changed."""
    notes: tuple[Diagnostic, ...]

    @property
    def exchanged(self) -> frozenset[str]:
        """The modules whose child is replaced by another of the same module."""
        return frozenset(
            each.module
            for each in self.changes
            if each.fate == "replaced" and each.module == each.former
        )


def compare_children(
    old: Mapping[str, ModuleCode],
    new: Mapping[str, ModuleCode],
    *,
    supervisors: frozenset[str],
    changed: frozenset[str],
    replaced: frozenset[str] = frozenset(),
) -> ChildChanges:
    """Return how the children of all supervisors differ between two versions.

    Takes the code of each module of the application. `supervisors`: modules that are
    one, or may start one inline; `changed`: modules that changed; `replaced`: modules
    whose processes must be exchanged. Notes UP_CHILDREN_UNREAD, UP_CHILD_UNREACHED,
    UP_RUNS_ON.
    """
    found: dict[str, tuple[list[ChildChange], list[Diagnostic]]] = {}
    listed: dict[str, set[str]] = {}
    runs: dict[str, set[str]] = {}
    for name in sorted(supervisors & old.keys() & new.keys()):
        before = read_supervisor(old[name], old)
        after = read_supervisor(new[name], new)
        for each in (before, after):
            if isinstance(each, Supervisor):
                _note_listed(each, listed)
        if isinstance(before, Supervisor) and isinstance(after, Supervisor):
            found[name] = _compare(before, after, replaced, new[name].file)
        elif name in changed:
            found[name] = ([], _unread(name, before, after, new[name]))
    for codes in (old, new):
        _note_run(codes, runs)
    below = {name: _below(name, runs) for name in runs}
    renewed = _renewed([each for part, _ in found.values() for each in part], below)
    kept = [part for name, part in found.items() if name not in renewed]
    told = {each.supervisor for part, _ in kept for each in part if each.by_update}
    return ChildChanges(
        changes=tuple(each for changes, _ in kept for each in changes),
        listed={module: frozenset(names) for module, names in listed.items()},
        below=below,
        renewed=renewed,
        told_last=frozenset(
            name for name in told if _is_made_elsewhere(name, old, new)
        ),
        notes=tuple(each for _, notes in kept for each in notes),
    )


def _note_run(codes: Mapping[str, ModuleCode], runs: dict[str, set[str]]) -> None:
    for name, code in codes.items():
        read = read_supervisor(code, codes)
        if isinstance(read, Supervisor):
            names = {child.module for child in read.children}
            runs.setdefault(name, set()).update(names - {""})


def _below(name: str, runs: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        inner = runs.get(todo.pop(), set()) - found
        found |= inner
        todo += inner
    return frozenset(found)


def _renewed(
    changes: Iterable[ChildChange], below: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    moved = [each for each in changes if each.fate != "respecified"]
    tops = {name for each in moved for name in (each.module, each.former)}
    found: frozenset[str] = frozenset().union(
        *(below[name] | {name} for name in tops & below.keys())
    )
    return found


def _is_made_elsewhere(
    name: str, old: Mapping[str, ModuleCode], new: Mapping[str, ModuleCode]
) -> bool:
    """Tell whether the code of other modules changes what the supervisor specifies."""
    return any(
        _says_otherwise(read_supervisor(own, old), read_supervisor(own, new))
        for own in (old[name], new[name])
    )


def _says_otherwise(
    one: Supervisor | Unread | None, other: Supervisor | Unread | None
) -> bool:
    if not isinstance(one, Supervisor) or not isinstance(other, Supervisor):
        return False
    pairs = [*_paired(one.children, other.children), (one.template, other.template)]
    return any(old and new and is_respecified(old, new) for old, new in pairs)


def _note_listed(supervisor: Supervisor, listed: dict[str, set[str]]) -> None:
    for child in supervisor.children:
        for module in child.modules or ():
            listed.setdefault(module, set()).add(child.module)


def _unread(
    name: str,
    before: Supervisor | Unread | None,
    after: Supervisor | Unread | None,
    code: ModuleCode,
) -> list[Diagnostic]:
    reasons = [each for each in (before, after) if isinstance(each, Unread)]
    if not reasons:
        return []
    return [
        diagnostic(
            Code.UP_CHILDREN_UNREAD,
            Place(file=code.file),
            module=name,
            reason=str(reasons[0]),
        )
    ]


def _compare(
    before: Supervisor, after: Supervisor, replaced: frozenset[str], file: str
) -> tuple[list[ChildChange], list[Diagnostic]]:
    changes: list[ChildChange] = []
    notes: list[Diagnostic] = []
    place = Place(file=file, line=after.line)
    for old, new in _paired(before.children, after.children):
        fate = _fate(old, new, replaced)
        if not fate:
            continue
        change = _change(before, after, old, new, fate)
        if fate == "respecified":
            if change.by_update:
                changes.append(change)
            else:
                notes.append(_runs_on(change, place, INLINE))
            continue
        problem = _problem(before, after, old, new)
        if not problem:
            changes.append(change)
            continue
        notes.append(
            diagnostic(
                Code.UP_CHILD_UNREACHED,
                place,
                module=after.module,
                child=change.child,
                what=fate,
                reason=problem,
            )
        )
    old, new = before.template, after.template
    if old and new and _fate(old, new, replaced) == "respecified":
        change = _change(before, after, old, new, "respecified")
        changes.append(change)
        if starts_otherwise(old, new) and not may_be_temporary(new):
            notes.append(_runs_on(change, place, DYNAMIC))
    return changes, notes


INLINE = (
    "no code tells its supervisor, which was given a list: when the child ends it is "
    "started as before"
)
DYNAMIC = (
    "those that run are started again with the arguments they were started with before"
)


def _runs_on(change: ChildChange, place: Place, reason: str) -> Diagnostic:
    return diagnostic(
        Code.UP_RUNS_ON,
        place,
        subject=f"the child {change.child} of {change.supervisor}",
        change="has another specification",
        reason=reason,
    )


def _paired(
    old: tuple[Child, ...], new: tuple[Child, ...]
) -> list[tuple[Child | None, Child | None]]:
    """Return the children side by side, by their ids; those without one by all else."""
    rest = list(old)
    pairs: list[tuple[Child | None, Child | None]] = []
    for child in new:
        twin = next((each for each in rest if _is_same(each, child)), None)
        if twin is not None:
            rest.remove(twin)
        pairs.append((twin, child))
    return [*((each, None) for each in rest), *pairs]


def _is_same(one: Child, other: Child) -> bool:
    if one.id is None or other.id is None:
        return one == other
    return same(one.id, other.id)


def _fate(old: Child | None, new: Child | None, replaced: frozenset[str]) -> str:
    if old is None:
        return "gained"
    if new is None:
        return "lost"
    if old.module != new.module or old.module in replaced:
        return "replaced"
    return "respecified" if is_respecified(old, new) else ""


def _problem(
    before: Supervisor, after: Supervisor, old: Child | None, new: Child | None
) -> str:
    if before.name is None or after.name is None:
        return "the supervisor has no registered name that can be read"
    if not same(before.name, after.name):
        return "the supervisor has another name than before"
    if before.is_inline is not after.is_inline:
        return "the supervisor gets its children in another way than before"
    for child in (old, new):
        if child is not None and child.id is None:
            return "its id cannot be read"
        if child is not None and after.is_inline and child.spec is None:
            return "its specification is made at run time"
    return ""


def _change(
    before: Supervisor,
    after: Supervisor,
    old: Child | None,
    new: Child | None,
    fate: str,
) -> ChildChange:
    shown = next(child for child in (new, old) if child is not None)
    keeps_spec = fate == "replaced" and not after.is_inline
    goes, comes = (None, None) if fate == "respecified" else (old, new)
    return ChildChange(
        supervisor=after.module,
        child=shown.label if shown.id is not None else shown.module or "?",
        module=shown.module,
        former=old.module if old is not None else "",
        fate=fate,
        by_update=not after.is_inline
        and (old is None or new is None or _is_told_anew(old, new)),
        up_before=_stopped(before, goes, keeps_spec),
        up_after=_started(after, comes),
        down_before=_stopped(after, comes, keeps_spec),
        down_after=_started(before, goes),
    )


def _is_told_anew(old: Child, new: Child) -> bool:
    """Tell whether the specification is, or may be, another than before.

    Or is forgotten: `terminate_child/2` of supervisor(3) deletes a temporary child.
    """
    if old.spec is None or new.spec is None:
        return True
    if is_respecified(old, new) or may_be_temporary(old) or may_be_temporary(new):
        return True
    return not same(old.spec, new.spec)


def _stopped(
    supervisor: Supervisor, child: Child | None, keeps_spec: bool
) -> tuple[Term, ...]:
    if child is None:
        return ()
    stop = _apply("supervisor", "terminate_child", supervisor.name, child.id)
    if keeps_spec:
        return (stop,)
    return (stop, _apply("supervisor", "delete_child", supervisor.name, child.id))


def _started(supervisor: Supervisor, child: Child | None) -> tuple[Term, ...]:
    if child is None:
        return ()
    if supervisor.is_inline:
        start = ("Elixir.Supervisor", "start_child", supervisor.name, child.spec)
        return (_apply(*start),)
    return (_apply("supervisor", "restart_child", supervisor.name, child.id),)


def _apply(module: str, function: str, *arguments: Term | None) -> Term:
    given = [each for each in arguments if each is not None]
    return (Atom("apply"), (Atom(module), Atom(function), given))

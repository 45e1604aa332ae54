"""The appup of an application that has none: instructions up and down, with reasons.

Takes two versions of the application, returns values. Knows no release and no file;
order is in `order.py`, the choice for each module in `strategies.py`, children in
`child_changes.py`.

    up:    stop lost children │ changed and added modules │ delete │ start gained
                              │ used before user          │ removed│ children
    down:  the same from right to left, each instruction the other way round

Instructions name the modules they depend on, so that systools suspends what belongs
together at once and never puts them in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Term, make_list
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.child_changes import ChildChanges, compare_children
from dodo_relkit.upgrade.code import ModuleCode
from dodo_relkit.upgrade.kinds import STATEFUL, Kind, ModuleKind, kind_of
from dodo_relkit.upgrade.modules import Change, compare_modules, names_with
from dodo_relkit.upgrade.order import used_first, uses_among
from dodo_relkit.upgrade.read_code import read_code
from dodo_relkit.upgrade.returns import constant, returned
from dodo_relkit.upgrade.strategies import (
    BRUTAL,
    Choice,
    Purge,
    Strategy,
    choose,
    instruction,
)


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
class _Pair:
    """What is done at one place, up and down."""

    up: tuple[Term, ...]
    down: tuple[Term, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Both versions, read."""

    old: AppVersion
    new: AppVersion
    old_code: Mapping[str, ModuleCode]
    new_code: Mapping[str, ModuleCode]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kinds: Mapping[str, tuple[ModuleKind, ModuleKind]]
    """Of the changed modules: in the old and in the new version."""
    supervisors: frozenset[str]
    """Modules of both versions that are a supervisor, or may start one inline."""


NO_WISHES = Wishes()
_SUPERVISING = frozenset({Kind.SUPERVISOR, Kind.APPLICATION})


def generate(old: AppVersion, new: AppVersion, wishes: Wishes = NO_WISHES) -> Generated:
    """Return the instructions from `old` to `new` and back, each with its reason.

    Raises Trouble for beams that cannot be read. Notes: UP_CHILDREN_UNREAD,
    UP_CHILD_UNREACHED, UP_KIND_CHANGED.
    """
    view = _view(old, new)
    switched = _switched(view)
    children = compare_children(
        view.old_code,
        view.new_code,
        supervisors=view.supervisors,
        changed=frozenset(view.changed),
        replaced=switched,
    )
    homeless = switched - {each.module for each in children.changes}
    notes = (*children.notes, *(_homeless(view, name) for name in sorted(homeless)))
    asked = set(wishes.strategies.values())
    if Strategy.RESTART_EMULATOR in asked:
        pairs = [_whole(Atom("restart_emulator"), "asked for")]
    elif Strategy.RESTART_APP in asked or homeless:
        reason = "asked for" if Strategy.RESTART_APP in asked else "no other way found"
        restart: Term = (Atom("restart_application"), Atom(new.name))
        pairs = [_whole(restart, reason)]
    else:
        pairs = list(_pairs(view, children, wishes))
    return Generated(
        app=new.name,
        old=old.vsn,
        new=new.vsn,
        up=tuple(_steps(pairs)),
        down=tuple(_steps([_turned(pair) for pair in reversed(pairs)])),
        notes=notes,
    )


def _view(old: AppVersion, new: AppVersion) -> _View:
    changes = compare_modules(old.modules, new.modules)
    changed = names_with(changes, Change.CHANGED)
    old_code, new_code = _codes(old.modules), _codes(new.modules)
    kinds = {
        name: (
            kind_of(old.modules[name], old_code.get(name), file=name),
            kind_of(new.modules[name], new_code.get(name), file=name),
        )
        for name in names_with(changes, Change.CHANGED, Change.KEPT)
    }
    return _View(
        old=old,
        new=new,
        old_code=old_code,
        new_code=new_code,
        changed=changed,
        added=names_with(changes, Change.ADDED),
        removed=names_with(changes, Change.REMOVED),
        kinds={name: kinds[name] for name in changed},
        supervisors=frozenset(
            name
            for name, both in kinds.items()
            if any(each.kind in _SUPERVISING for each in both)
        ),
    )


def _codes(modules: Mapping[str, beam.Chunks]) -> dict[str, ModuleCode]:
    read = {name: read_code(chunks, file=name) for name, chunks in modules.items()}
    return {name: code for name, code in read.items() if code is not None}


def _switched(view: _View) -> frozenset[str]:
    """Return the modules whose processes cannot go on: they are of another kind now.

    A plain module that becomes a server has no processes yet; one that was a server and
    is none any more has lost them with its child.
    """
    processes = STATEFUL | {Kind.SUPERVISOR}
    return frozenset(
        name
        for name, (old, new) in view.kinds.items()
        if old.kind is not new.kind and old.kind in processes and new.kind in processes
    )


def _homeless(view: _View, name: str) -> Diagnostic:
    old, new = view.kinds[name]
    code = view.new_code.get(name)
    return diagnostic(
        Code.UP_KIND_CHANGED,
        Place(file=code.file if code else ""),
        app=view.new.name,
        module=name,
        old=old.kind.value,
        new=new.kind.value,
    )


def _pairs(view: _View, children: ChildChanges, wishes: Wishes) -> Iterator[_Pair]:
    for each in children.changes:
        if each.up_before or each.down_after:
            reason = f"child {each.child} of {each.supervisor} {each.fate}: stopped"
            yield _Pair(up=each.up_before, down=each.down_after, reason=reason)
    yield from _code_pairs(view, children, wishes)
    yield from _removed_pairs(view)
    for each in children.changes:
        if each.up_after or each.down_before:
            reason = f"child {each.child} of {each.supervisor} {each.fate}: started"
            yield _Pair(up=each.up_after, down=each.down_before, reason=reason)


def _code_pairs(view: _View, children: ChildChanges, wishes: Wishes) -> Iterator[_Pair]:
    skipped = {name for name, how in wishes.strategies.items() if how is Strategy.SKIP}
    asked_anew = {each.supervisor for each in children.changes if each.by_update}
    names = {*view.changed, *view.added, *asked_anew} - skipped
    uses = uses_among(view.new.modules, names)
    for name in used_first(uses):
        if name in view.added:
            yield _added(name, uses[name])
            continue
        if name in view.kinds:
            choice = _choice(view, children, wishes, name, uses[name])
        else:
            choice = Choice(strategy=Strategy.SUPERVISOR, reason="its children changed")
        purge = wishes.purges.get(name, wishes.purge)
        same = (instruction(name, choice.strategy, purge, uses[name]),)
        yield _Pair(up=same, down=same, reason=choice.reason)


def _choice(
    view: _View,
    children: ChildChanges,
    wishes: Wishes,
    name: str,
    uses: tuple[str, ...],
) -> Choice:
    wished = wishes.strategies.get(name)
    if wished is not None:
        return Choice(strategy=wished, reason="asked for")
    old, new = view.kinds[name]
    if old.kind is not new.kind and (new.kind in STATEFUL or old.kind in STATEFUL):
        reason = f"was a {old.kind.value}, is a {new.kind.value}: no process to update"
        return Choice(strategy=Strategy.LOAD, reason=reason)
    others = sorted(children.listed.get(name, frozenset()) - {name})
    return choose(
        new,
        uses_changed=bool(uses),
        listed_by=others[0] if others else "",
        asks_mode=_mode(view.old_code, name) != _mode(view.new_code, name),
    )


def _mode(codes: Mapping[str, ModuleCode], name: str) -> tuple[Term | None, ...]:
    code = codes.get(name)
    function = code.function("callback_mode", 0) if code else None
    if code is None or function is None:
        return ()
    return tuple(constant(each) for each in returned(code, function, codes))


def _added(name: str, uses: tuple[str, ...]) -> _Pair:
    used = (make_list(Atom(each) for each in uses),) if uses else ()
    return _Pair(
        up=((Atom("add_module"), Atom(name), *used),),
        down=((Atom("delete_module"), Atom(name), *used),),
        reason="only in the newer version",
    )


def _removed_pairs(view: _View) -> Iterator[_Pair]:
    """Yield the deletions, users before what they use."""
    order = used_first(uses_among(view.old.modules, view.removed))
    for name in reversed(order):
        yield _Pair(
            up=((Atom("delete_module"), Atom(name)),),
            down=((Atom("add_module"), Atom(name)),),
            reason="only in the older version",
        )


def _whole(instead: Term, reason: str) -> _Pair:
    return _Pair(up=(instead,), down=(instead,), reason=reason)


def _turned(pair: _Pair) -> _Pair:
    words = {": started": ": stopped", ": stopped": ": started"}
    reason = pair.reason
    for ending, other in words.items():
        if pair.reason.endswith(ending):
            reason = pair.reason.removesuffix(ending) + other
    return _Pair(up=pair.down, down=pair.up, reason=reason)


def _steps(pairs: list[_Pair]) -> Iterator[Step]:
    for pair in pairs:
        for each in pair.up:
            yield Step(instruction=each, reason=pair.reason)

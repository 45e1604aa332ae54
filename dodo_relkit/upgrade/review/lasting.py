"""Which modules' processes go on, with other code, when an upgrade is made.

Neither those of applications that restart, nor children that are stopped on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.code.children import Child, Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.findings import Reviewed
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted


def going_on(app: Reviewed, direction: Direction) -> tuple[str, ...]:
    """Return the modules that change and have processes that go on, sorted."""
    script = app.upgrade.instructions(direction)
    if restarted(script):
        return ()
    code = app.old_code if direction is Direction.UP else app.new_code
    stopped = _modules_below(_stopped(script), code)
    return tuple(
        sorted(
            each.name
            for each in app.changes
            if each.change is Change.CHANGED
            and each.name in app.touched[direction]
            and each.name not in stopped
            and app.old_kinds[each.name].kind is app.new_kinds[each.name].kind
            and app.new_kinds[each.name].kind in STATEFUL
        )
    )


def _stopped(script: Iterable[Term]) -> tuple[Term, ...]:
    """Return the ids of the children that instructions stop."""
    found: list[Term] = []
    for each in script:
        match each:
            case (Atom("apply"), (Atom(), Atom("terminate_child"), arguments)):
                found += (list_items(arguments) or ())[1:2]
    return tuple(found)


def _modules_below(
    ids: tuple[Term, ...], codes: Mapping[str, ModuleCode]
) -> frozenset[str]:
    """Return the modules that these children run, and those of their children."""
    if not ids:
        return frozenset()
    trees = {name: _children(code, codes) for name, code in codes.items()}
    found: set[str] = set()
    todo = [
        child for tree in trees.values() for child in tree if child.id in ids
    ]  # fmt: skip
    while todo:
        child = todo.pop()
        new = {child.module, *(child.modules or ())} - found
        found |= new
        todo += [below for name in new for below in trees.get(name, ())]
    return frozenset(found)


def _children(code: ModuleCode, codes: Mapping[str, ModuleCode]) -> tuple[Child, ...]:
    read = read_supervisor(code, codes)
    if not isinstance(read, Supervisor):
        return ()
    return (*read.children, *([read.template] if read.template else []))

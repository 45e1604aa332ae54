"""Which children an upgrade exchanges for those of another module, and so their state.

A child is the one with the same id in both versions. That the process of a module is
exchanged for another of the same module is told where the appup is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import same
from dodo_relkit.upgrade.code.children import Child, Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, notice
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted, stops_children


def review_replaced(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_REPLACED for each child whose state nobody hands over."""
    script = app.upgrade.instructions(Direction.UP)
    if restarted(script) or not stops_children(script):
        return
    for name in sorted(app.old_code.keys() & app.new_code.keys()):
        before = read_supervisor(app.old_code[name], app.old_code)
        after = read_supervisor(app.new_code[name], app.new_code)
        if not isinstance(before, Supervisor) or not isinstance(after, Supervisor):
            continue
        for old in before.children:
            new = next((each for each in after.children if _is_same(old, each)), None)
            if new is None or not _lose_state(app, old, new):
                continue
            yield notice(
                Code.REVIEW_REPLACED,
                Place(file=app.new_code[name].file, line=after.line),
                child=new.label,
                supervisor=name,
                old=old.module,
                new=new.module,
            )


def _is_same(one: Child, other: Child) -> bool:
    return one.id is not None and other.id is not None and same(one.id, other.id)


def _lose_state(app: Reviewed, old: Child, new: Child) -> bool:
    before, after = app.old_kinds.get(old.module), app.new_kinds.get(new.module)
    if before is None or after is None or old.module == new.module:
        return False
    return before.kind in STATEFUL and after.kind in STATEFUL

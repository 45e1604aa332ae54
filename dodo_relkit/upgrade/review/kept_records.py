"""Records and structs that changed and of which older ones are kept outside of a state.

What was put into a table, or is the state of an Agent, stays as it was made: no
instruction of an appup converts it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.calls import Program, reached, read_calls
from dodo_relkit.upgrade.code.kinds import callback_of
from dodo_relkit.upgrade.code.model import ModuleCode, Record, RecordOf
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, notice
from dodo_relkit.upgrade.review.handed_over import Holder, handed_over
from dodo_relkit.upgrade.review.shared import changed_records, difference
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted

_KEEPERS = frozenset(Holder) - {Holder.STATE, Holder.PROCESS, Holder.MESSAGE}

_STORES = frozenset({
    "ets", "dets", "mnesia", "persistent_term", "application", "Elixir.Application",
    "Elixir.Agent",
})  # fmt: skip
"""Modules whose functions read and write what is kept."""


def review_kept(apps: Sequence[Reviewed]) -> Iterator[Finding]:
    """Yield REVIEW_KEPT for each module of the older versions that keeps such data.

    Not where the way up restarts the application, calls a function of the user's (also
    as an Agent does, `{advanced, {Module, Function, Arguments}}`), or calls a
    `code_change` that reads or writes a table: then it is taken for converted.
    """
    changed = [each for app in apps for each in changed_records(app)]
    for app in apps if changed else ():
        if restarted(app.upgrade.up) or _converts(app):
            continue
        for what, before, after in changed:
            for name in sorted(app.old_code):
                yield from _kept(app.old_code[name], what, before, after)


def _kept(
    code: ModuleCode, what: str, before: Record, after: Record
) -> Iterator[Finding]:
    told: set[Holder] = set()
    for function in code.functions.values():
        for value, holder in handed_over(function, has_state=False):
            if holder not in _KEEPERS - told or not _is_one(code, value, before):
                continue
            told.add(holder)
            line = value.line if isinstance(value, RecordOf) else 0
            yield notice(
                Code.REVIEW_KEPT,
                Place(file=code.file, line=line or function.line),
                what=what,
                changes=difference(before, after),
                function=f"{function.name}/{function.arity}",
                module=code.name,
                holder=holder.value,
            )


def _is_one(code: ModuleCode, value: object, record: Record) -> bool:
    """Return whether it is the old record, which a module may know by other fields."""
    if not isinstance(value, RecordOf) or value.name != record.name:
        return False
    if value.is_struct:
        return record.name not in code.records
    known = code.records.get(record.name)
    return known is not None and known.fields == record.fields


def _converts(app: Reviewed) -> bool:
    program = Program(code=app.new_code, kinds=app.new_kinds)
    points = []
    for touch in app.touched[Direction.UP].values():
        callback = callback_of(program.kind(touch.module))
        if touch.advanced and callback is None:  # an Agent calls the function in it
            return True
        if touch.advanced and callback is not None:
            points.append((touch.module, *callback))
    for each in app.upgrade.up:
        match each:
            case (Atom("apply"), (Atom(module), Atom(), _)) if module in app.new_code:
                return True
    calls = read_calls(program) if points else None
    return calls is not None and any(
        call.module in _STORES
        for point in reached(calls, points)
        for call in calls.outside.get(point, ())
    )

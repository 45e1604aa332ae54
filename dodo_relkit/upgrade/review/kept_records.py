"""Records and structs that changed and of which older ones are kept by somebody.

What was put into a table, or is the state of an Agent, stays as it was made: no
instruction of an appup converts it by itself. Nor what the callbacks of a process put
into its state, unless its `code_change` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.code.calls import Program, reached, read_calls
from dodo_relkit.upgrade.code.kinds import STATEFUL, CodeChange, callback_of
from dodo_relkit.upgrade.code.model import ModuleCode, Record, RecordOf
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, notice
from dodo_relkit.upgrade.review.handed_over import Holder, handed_over
from dodo_relkit.upgrade.review.put_in_state import put_in_state
from dodo_relkit.upgrade.review.shapes import Shape, state_shapes
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

    A state is left to REVIEW_STATE when `init` makes such a record already, and to a
    `code_change` that is written and called. What else is kept is not told where the
    way up calls a function of the user's (also as an Agent does, `{advanced, {Module,
    Function, Arguments}}`), or a `code_change` that reads or writes a table: then it is
    taken for converted. Nothing is told where the application restarts.
    """
    changed = [each for app in apps for each in changed_records(app)]
    for app in apps if changed else ():
        if restarted(app.upgrade.up):
            continue
        is_converted = _converts(app)
        for what, before, after in changed:
            for name in sorted(app.old_code):
                if not is_converted:
                    yield from _kept(app.old_code[name], what, before, after)
                yield from _in_state(app, name, what, before, after)


def _in_state(
    app: Reviewed, name: str, what: str, before: Record, after: Record
) -> Iterator[Finding]:
    """Yield REVIEW_KEPT for the first record that a callback puts into the state."""
    kind, now = app.old_kinds[name].kind, app.new_kinds.get(name)
    touch = app.touched[Direction.UP].get(name)
    if kind not in STATEFUL or now is None or now.kind is not kind or _applies(app):
        return
    is_called = touch is not None and touch.advanced
    if is_called and now.code_change is CodeChange.WRITTEN:
        return
    code = app.old_code[name]
    known = set(_names(state_shapes(code, kind, app.old_code)))
    if before.name in known:
        return
    for where, function, value in put_in_state(code, kind, app.old_code):
        if _is_one(where, value, before):
            yield notice(
                Code.REVIEW_KEPT,
                Place(file=where.file, line=value.line or function.line),
                what=what,
                changes=difference(before, after),
                function=f"{function.name}/{function.arity}",
                module=name,
                holder=Holder.STATE.value,
            )
            return


def _names(shapes: Iterable[Shape]) -> Iterator[str]:
    for each in shapes:
        yield each.name
        yield from _names(each.kept)


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
    if _applies(app):
        return True
    calls = read_calls(program) if points else None
    return calls is not None and any(
        call.module in _STORES
        for point in reached(calls, points)
        for call in calls.outside.get(point, ())
    )


def _applies(app: Reviewed) -> bool:
    """Return whether the way up calls a function of the user's."""
    for each in app.upgrade.up:
        match each:
            case (Atom("apply"), (Atom(module), Atom(), _)) if module in app.new_code:
                return True
    return False

"""Records and structs that changed, and modules that keep to their old fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.code.model import ModuleCode, Record, RecordOf, walk_module
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, severe
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import restarted


def review_shared(
    apps: Sequence[Reviewed], others: Sequence[AppVersion]
) -> Iterator[Finding]:
    """Yield REVIEW_SHARED for modules that keep the old fields of what changed."""
    changed = [(app, *each) for app in apps for each in changed_records(app)]
    left_out = [
        (name, app.new_code[name])
        for app in apps
        for name in sorted(app.new_code.keys() & app.old_code.keys())
        if name not in app.touched[Direction.UP] and not restarted(app.upgrade.up)
    ]
    names = {before.name for _, _, before, _ in changed}
    for other in others:
        for name, chunks in sorted(other.modules.items()):
            if not any(beam.mentions(chunks, each) for each in names):
                continue
            code = read_code(chunks, file=name)
            if code is not None:
                left_out.append((name, code))
    for app, what, before, after in changed:
        for user, code in left_out:
            line = _use(code, before)
            if line is not None and user != before.name:
                yield severe(
                    Code.REVIEW_SHARED,
                    Place(file=code.file, line=line),
                    what=what,
                    changes=difference(before, after),
                    user=user,
                    app=app.name,
                )


def changed_records(app: Reviewed) -> Iterator[tuple[str, Record, Record]]:
    """Yield the records and structs that have other fields now, each once."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for name in sorted(app.old_code.keys() & app.new_code.keys()):
        old, new = app.old_code[name], app.new_code[name]
        pairs = [
            (f"the record #{record}", before, new.records[record])
            for record, before in old.records.items()
            if record in new.records
        ]
        if old.struct is not None and new.struct is not None:
            shown = f"the struct %{name.removeprefix('Elixir.')}{{}}"
            pairs.append((shown, old.struct, new.struct))
        for what, before, after in pairs:
            key = (before.name, before.fields)
            if before.fields != after.fields and key not in seen:
                seen.add(key)
                yield what, before, after


def _use(code: ModuleCode, record: Record) -> int | None:
    """Return the line in which the module uses the old record or struct, or None.

    Of a record it must know the old fields. Of a struct it must build one, or name a
    field: a pattern for the struct alone fits both versions.
    """
    is_struct = record.name not in code.records
    if not is_struct and code.records[record.name].fields != record.fields:
        return None
    for function, each in walk_module(code):
        match each:
            case RecordOf(name, fields) if name == record.name:
                if each.is_struct is is_struct and (fields or not is_struct):
                    return each.line or function.line
    return None


def difference(before: Record, after: Record) -> str:
    """Return which fields came and went, in words."""
    gone = [each for each in before.fields if each not in after.fields]
    new = [each for each in after.fields if each not in before.fields]
    parts = [f"+{each}" for each in new] + [f"-{each}" for each in gone]
    return ", ".join(parts) or "the order of its fields"

"""Whether the code that runs then takes what is under way while the code changes.

A timer that the running version started goes off in the other one. Requests of other
processes are compared by the clauses that take them. What a message does to the state
is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.upgrade.code.calls import Calls, Program, reached, read_calls
from dodo_relkit.upgrade.code.kinds import Kind, callback_of
from dodo_relkit.upgrade.code.model import (
    Call,
    Clause,
    Expression,
    Match,
    ModuleCode,
    TupleOf,
    atom_of,
    parts_of,
)
from dodo_relkit.upgrade.review.findings import (
    Finding,
    Reviewed,
    notice,
    severe,
    words_for,
)
from dodo_relkit.upgrade.review.lasting import going_on
from dodo_relkit.upgrade.review.matching import form_words, is_any, may_match
from dodo_relkit.upgrade.review.sent import How, Sent, sent_to_itself
from dodo_relkit.upgrade.review.taken import Head, Takes, heads, took
from dodo_relkit.upgrade.script.draft import Direction

_CANCELS = frozenset({"cancel_timer", "cancel"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A module in one version."""

    program: Program
    calls: Calls
    code: ModuleCode
    kind: Kind
    heads: tuple[Head, ...]
    sent: tuple[Sent, ...]


def review_messages(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_MESSAGE for timers, messages and requests of the other form."""
    programs = [
        Program(code=app.old_code, kinds=app.old_kinds),
        Program(code=app.new_code, kinds=app.new_kinds),
    ]
    calls = [read_calls(each) for each in programs]
    for direction in Direction:
        for name in going_on(app, direction):
            if any(name not in each.code for each in programs):
                continue
            old, new = (
                _version(program, called, name)
                for program, called in zip(programs, calls, strict=True)
            )
            source, target = (old, new) if direction is Direction.UP else (new, old)
            advanced = app.touched[direction][name].advanced
            yield from _review_sent(direction, source, target, new, advanced=advanced)
            yield from _review_requests(direction, source, target)


def _version(program: Program, calls: Calls, name: str) -> _Version:
    code, kind = program.code[name], program.kind(name)
    return _Version(
        program=program,
        calls=calls,
        code=code,
        kind=kind,
        heads=tuple(heads(code, kind)),
        sent=sent_to_itself(program, calls, name),
    )


def _review_sent(
    direction: Direction,
    source: _Version,
    target: _Version,
    newer: _Version,
    *,
    advanced: bool,
) -> Iterator[Finding]:
    """Look at what a process sends itself before and gets after the change."""
    told: set[str] = set()
    arranged = advanced and _arranges(newer)
    for each in sorted(source.sent, key=lambda each: each.in_init_only):
        form = form_words(each.value)
        if form == "_" or form in told or _took(source, each) is not Takes.CLAUSE:
            continue
        takes = _took(target, each)
        if takes in {Takes.CLAUSE, Takes.OPEN} or arranged:
            continue
        if each.how is How.NOW and each.in_init_only:
            continue
        if takes is Takes.DROPS and not _goes_on_otherwise(source, target, each):
            continue
        told.add(form)
        tell = severe if _is_surely_there(each) else notice
        yield tell(
            Code.REVIEW_MESSAGE,
            Place(file=source.program.code[each.point[0]].file, line=each.line),
            direction=words_for(direction),
            module=source.code.name,
            forms=f"`{form}`",
            sent=f"which they sent themselves before, {each.how.value}",
            what=f"no clause of {_callback(source, each)} takes it: they crash"
            if takes is Takes.NOTHING
            else "the code that runs then passes over it: what it does again and "
            "again ends",
        )  # fmt: skip


def _took(version: _Version, sent: Sent) -> Takes:
    return took(version.code, version.kind, version.heads, sent)


def _goes_on_otherwise(source: _Version, target: _Version, sent: Sent) -> bool:
    """Return whether the same function sends in the target what the source does not.

    When nothing is sent in its place, it is right that it ends.
    """
    return any(
        other.point == sent.point
        and other.how is sent.how
        and not any(_alike(other, each) for each in source.sent)
        for other in target.sent
    ) and not any(_alike(sent, other) for other in target.sent)


def _alike(one: Sent, other: Sent) -> bool:
    return may_match(one.event, other.event) and may_match(one.value, other.value)


def _is_surely_there(sent: Sent) -> bool:
    """Return whether it is under way most of the time.

    That is a timer, or a message that the clause that takes it sends again. What only
    init sends may have come long ago.
    """
    if sent.in_init_only:
        return sent.how is How.INTERVAL
    patterns = sent.clause.patterns
    return sent.how is not How.NOW or (
        bool(patterns)
        and not is_any(patterns[0])
        and may_match(patterns[0], sent.value)
    )


def _arranges(version: _Version) -> bool:
    """Return whether code_change cancels timers or sends something itself."""
    callback = callback_of(version.kind)
    if callback is None:
        return False
    points = reached(version.calls, [(version.code.name, *callback)])
    if any(each.point in points for each in version.sent):
        return True
    return any(
        each.name in _CANCELS
        or each.name == "!"
        or each.name.startswith(("send", "start_timer"))
        for point in points
        for each in version.calls.outside.get(point, ())
    )


def _callback(version: _Version, sent: Sent) -> str:
    for head in version.heads:
        if may_match(head.event, sent.event) and may_match(head.value, sent.value):
            return head.callback
    return "the callbacks"


def _review_requests(
    direction: Direction, source: _Version, target: _Version
) -> Iterator[Finding]:
    """Look at what others ask and tell, of which the target has another form."""
    forms = dict.fromkeys(
        (head.callback, form_words(head.value))
        for head in source.heads
        if _is_request(head.event)
        and _tag(head.value)
        and not _is_taken(target.heads, head)
        and (
            any(
                _tag(other.value) == _tag(head.value)
                and may_match(head.event, other.event)
                for other in target.heads
            )
            or _is_asked_otherwise(source, target, head)
        )
    )
    if not forms:
        return
    callbacks = " and ".join(dict.fromkeys(callback for callback, _ in forms))
    function = source.code.function("init", 1)
    yield notice(
        Code.REVIEW_MESSAGE,
        Place(file=source.code.file, line=function.line if function else 0),
        direction=words_for(direction),
        module=source.code.name,
        forms=", ".join(f"`{form}`" for _, form in forms),
        sent="from who asked before, or is not in the upgrade",
        what=f"no clause of {callbacks} takes that then: they crash",
    )


def _is_request(event: Expression) -> bool:
    match event:
        case TupleOf((tag, _)):
            return atom_of(tag) == "call"
        case _:
            return atom_of(event) in {"call", "cast", "event"}


def _tag(value: Expression) -> str:
    """Return the name of a request: an atom, or the first in a tuple."""
    match value:
        case TupleOf((first, *_)):
            return atom_of(first) or ""
        case Match(left, right):
            return _tag(left) or _tag(right)
        case _:
            return atom_of(value) or ""


def _is_taken(heads: Iterable[Head], wanted: Head) -> bool:
    return any(
        may_match(head.event, wanted.event) and may_match(head.value, wanted.value)
        for head in heads
    )


def _is_asked_otherwise(source: _Version, target: _Version, head: Head) -> bool:
    """Return whether a function that asks for this is in the target too.

    It asks for something else there, that the source does not know.
    """
    known = [one for one in source.heads if may_match(one.event, head.event)]
    for key, function in source.code.functions.items():
        other = target.code.functions.get(key)
        if other is None or other == function:
            continue
        before = _asked(function.clauses)
        after = _asked(other.clauses)
        if any(may_match(head.value, each) for each in before) and any(
            not any(may_match(one.value, each) for one in known) for each in after
        ):
            return True
    return False


def _asked(clauses: Iterable[Clause]) -> tuple[Expression, ...]:
    """Return what the clauses call and cast that is no mere variable."""
    todo = [part for clause in clauses for part in clause.body]
    found = []
    while todo:
        each = todo.pop()
        match each:
            case Call(module, function, (_, request, *_)) if (
                module is not None and atom_of(function) in {"call", "cast", "notify"}
            ):
                if _tag(request):
                    found.append(request)
        todo += parts_of(each)
    return tuple(found)

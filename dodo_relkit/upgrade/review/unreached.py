"""Which processes of a module release_handler cannot suspend when the module changes.

It finds the processes of a module by the `modules` of child specifications, so it
passes over a child that lists another module than it runs, and over all that `spawn`
and its like started. What the functions are that a process runs is in `code/calls.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.graphs import condense
from dodo_relkit.terms.model import Atom, Map, Term, list_items
from dodo_relkit.upgrade.code.calls import (
    Calls,
    Point,
    Program,
    constant_atom,
    reached,
    read_calls,
)
from dodo_relkit.upgrade.code.children import Child, Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind
from dodo_relkit.upgrade.code.model import Choice, clause_parts, walk
from dodo_relkit.upgrade.modules import Change
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, notice, severe
from dodo_relkit.upgrade.script.draft import Direction

_STARTS = {
    (module, name, arity): arity - 3
    for module in ("gen_server", "gen_statem")
    for name in ("start", "start_link", "start_monitor")
    for arity in (3, 4)
} | {
    ("Elixir.GenServer", name, arity): 0
    for name in ("start", "start_link")
    for arity in (2, 3)
}
"""What starts a process of a behaviour, with the argument that is its module."""

_TAKEN_OVER = frozenset({"enter_loop", "hibernate"})
"""Functions of OTP that never come back to who calls them."""

_WAITS = frozenset({
    ("gen_tcp", "accept"), ("gen_tcp", "recv"), ("ssl", "transport_accept"),
    ("ssl", "recv"), ("gen_udp", "recv"), ("timer", "sleep"), ("socket", "accept"),
    ("socket", "recv"), ("Elixir.Process", "sleep"), ("io", "get_line"),
})  # fmt: skip


def review_unreached(app: Reviewed) -> Iterator[Finding]:
    """Yield REVIEW_NOT_FOUND for children, REVIEW_SPAWNED for processes in no tree."""
    changed = {
        each.name for each in app.changes if each.change is Change.CHANGED
    } & app.touched[Direction.UP].keys()
    if changed:
        yield from _review_listed(app, changed)
        yield from _review_spawned(app, changed)


def _review_listed(app: Reviewed, changed: set[str]) -> Iterator[Finding]:
    program = Program(code=app.new_code, kinds=app.new_kinds)
    calls = read_calls(program)
    for name, code in app.new_code.items():
        if app.new_kinds[name].kind not in {Kind.SUPERVISOR, Kind.APPLICATION}:
            continue
        supervisor = read_supervisor(code, app.new_code)
        if not isinstance(supervisor, Supervisor):
            continue
        template = [supervisor.template] if supervisor.template else []
        for child in (*supervisor.children, *template):
            for runs in sorted(_runs(child, program, calls) & changed):
                listed = child.modules
                if listed is None or runs in listed:
                    continue
                yield severe(
                    Code.REVIEW_NOT_FOUND,
                    Place(file=code.file, line=supervisor.line),
                    child=child.label,
                    supervisor=name,
                    module=runs,
                    listed=listed or "nothing",
                )


def _runs(child: Child, program: Program, calls: Calls) -> frozenset[str]:
    """Return the module whose callbacks the process of a child runs; empty if unsure.

    The one that its start function hands to gen_server or the like, which may be deep
    below; when that is not seen, the module of the start function.
    """
    start = _start_of(child.spec)
    found: set[str] = set()
    for point in reached(calls, [start]) if start else ():
        for call in calls.outside.get(point, ()):
            at = _STARTS.get((call.module, call.name, len(call.arguments)))
            if at is not None:
                found.add(constant_atom(call.arguments[at], call.bindings))
    if not found:
        found = {child.module} if program.kind(child.module) in STATEFUL else set()
    return frozenset(found) - {""} if len(found) == 1 else frozenset()


def _start_of(spec: Term | None) -> Point | None:
    """Return the function that a child specification names."""
    match spec:
        case Map(pairs):
            starts = [value for key, value in pairs if key is Atom("start")]
        case (_, given, _, _, _, _):
            starts = [given]
        case _:
            return None
    match starts:
        case [(Atom(module), Atom(name), arguments)]:
            items = list_items(arguments)
            return None if items is None else (module, name, len(items))
        case _:
            return None


def _review_spawned(app: Reviewed, changed: set[str]) -> Iterator[Finding]:
    """Look at the older version: its processes are there when the code changes.

    They are killed by `make_permanent`, which purges what an upgrade could not
    (release_handler, `brutal_purge/1`). One finding for a module.
    """
    program = Program(code=app.old_code, kinds=app.old_kinds)
    calls = read_calls(program)
    roots = [root for root in sorted(calls.spawned) if root[0] in app.old_code]
    staying = _staying(program, calls) if roots else frozenset()
    told: set[str] = set()
    for root in roots:
        points = reached(calls, [root])
        outside = [each for point in points for each in calls.outside.get(point, ())]
        is_special = program.kind(root[0]) is Kind.SPECIAL
        if is_special or any(call.name in _TAKEN_OVER for call in outside):
            continue
        lasting = points & staying | {p for p in (root,) if _receives(p, program)}
        for point in sorted(lasting):
            module, name, arity = point
            if module not in changed or module in told:
                continue
            told.add(module)
            code = app.old_code[module]
            function = code.function(name, arity)
            yield notice(
                Code.REVIEW_SPAWNED,
                Place(file=code.file, line=function.line if function else 0),
                function=f"{name}/{arity}",
                module=module,
            )


def _staying(program: Program, calls: Calls) -> frozenset[Point]:
    """Return the functions that call themselves, also by others of their module, and
    wait in between: those in which a process may be for ever.
    """
    points = {_text(point): point for point in {*calls.inside, *_called(calls)}}
    graph = {
        text: tuple(
            sorted(_text(p) for p in calls.inside.get(point, ()) if p[0] == point[0])
        )
        for text, point in sorted(points.items())
    }
    found: set[Point] = set()
    for part in condense(graph):
        loop = [points[text] for text in part]
        if len(loop) == 1 and part[0] not in graph[part[0]]:
            continue
        waits = any(_receives(point, program) for point in loop) or any(
            (call.module, call.name) in _WAITS
            for point in reached(calls, loop)
            for call in calls.outside.get(point, ())
        )
        if waits:
            found |= set(loop)
    return frozenset(found)


def _called(calls: Calls) -> Iterator[Point]:
    for called in calls.inside.values():
        yield from called


def _text(point: Point) -> str:
    return f"{point[0]}:{point[1]}/{point[2]}"


def _receives(point: Point, program: Program) -> bool:
    code = program.code.get(point[0])
    function = code.function(*point[1:]) if code else None
    return any(
        isinstance(each, Choice) and each.word == "receive"
        for clause in (function.clauses if function else ())
        for part in clause_parts(clause)
        for each in walk(part)
    )

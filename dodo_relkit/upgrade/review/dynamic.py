"""Which children make every upgrade fail since they say `dynamic` and run no gen_event.

Before release_handler suspends a process it lists those of all applications with the
modules they run. A worker whose specification has `modules => dynamic` it asks; a
gen_event manager answers, a gen_server or gen_statem does not, and when the time is up
the upgrade fails (`get_modules_failed` of release_handler_1). Which module changes
makes no difference, nor does the application that the child belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Map, Term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.code.children import Child, Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import Kind, kind_of
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, severe
from dodo_relkit.upgrade.script.draft import Direction

_SILENT = frozenset({Kind.GEN_SERVER, Kind.GEN_STATEM})


def review_dynamic(
    apps: Sequence[Reviewed], others: Iterable[AppVersion]
) -> Iterator[Finding]:
    """Yield REVIEW_DYNAMIC for the children that cannot say which modules they run.

    On the way up the specifications of the older versions count, on the way down those
    of the newer. `others` are the applications that stay as they are.
    """
    seen: set[tuple[str, str]] = set()
    for supervisor, child, file in _dynamic(apps, others):
        if (supervisor.module, child.label) in seen:
            continue
        seen.add((supervisor.module, child.label))
        yield severe(
            Code.REVIEW_DYNAMIC,
            Place(file=file, line=supervisor.line),
            child=child.label,
            supervisor=supervisor.module,
            module=child.module,
        )


def _dynamic(
    apps: Sequence[Reviewed], others: Iterable[AppVersion]
) -> Iterator[tuple[Supervisor, Child, str]]:
    ways = [way for way in Direction if any(_suspends(app, way) for app in apps)]
    for app in apps:
        if Direction.UP in ways:
            yield from _silent(app.upgrade.old.modules, app.old_code)
        if Direction.DOWN in ways:
            yield from _silent(app.upgrade.new.modules, app.new_code)
    for other in others if ways else ():
        some = {n: each for n, each in other.modules.items() if _may_say_it(each)}
        read = {name: read_code(each) for name, each in some.items()}
        codes = {name: code for name, code in read.items() if code is not None}
        yield from _silent(other.modules, codes)


def _suspends(app: Reviewed, direction: Direction) -> bool:
    """Return whether release_handler looks for processes."""
    if any(each.action == "update" for each in app.touched[direction].values()):
        return True
    return any(
        type(each) is tuple and each[:1] in {(Atom("suspend"),), (Atom("stop"),)}
        for each in app.upgrade.instructions(direction)
    )


def _silent(
    modules: Mapping[str, beam.Chunks], codes: Mapping[str, ModuleCode]
) -> Iterator[tuple[Supervisor, Child, str]]:
    for name in sorted(codes):
        if not _may_say_it(modules[name]):
            continue
        supervisor = read_supervisor(codes[name], codes)
        if not isinstance(supervisor, Supervisor):
            continue
        template = [supervisor.template] if supervisor.template else []
        for child in (*supervisor.children, *template):
            is_ours = child.module in modules and _is_dynamic(child.spec)
            if is_ours and kind_of(modules[child.module]).kind in _SILENT:
                yield supervisor, child, codes[name].file


def _may_say_it(chunks: beam.Chunks) -> bool:
    """Return whether the module may start such a child, which is soon told."""
    if not {("init", 1), ("start", 2)}.intersection(beam.exports(chunks)):
        return False
    return beam.mentions(chunks, "dynamic")


def _is_dynamic(spec: Term | None) -> bool:
    match spec:
        case Map(pairs):
            return (Atom("modules"), Atom("dynamic")) in pairs
        case (_, _, _, _, _, Atom("dynamic")):
            return True
        case _:
            return False

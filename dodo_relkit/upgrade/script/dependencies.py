"""The pass that turns instructions about modules into suspending, loading, resuming.

Modules of which one depends on the other, directly or through others, make a group,
and a group is dealt with at the place of its first instruction:

    up      suspend   load, last first   code_change                resume
    down    suspend   code_change, of dynamic modules   load, first first
            code_change, of static modules   resume

Inside a group a module stands before those it depends on, modules that depend on each
other stand together, and where that leaves a choice, the order of the script counts.
systools leaves such a choice to the order of its hash tables, which is not the same
in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.graphs import condense_topmost_first, weak_components
from dodo_relkit.terms.model import Atom, Term, list_items, make_string
from dodo_relkit.upgrade.script.draft import Apps, Direction, Draft, Journey
from dodo_relkit.upgrade.script.expand import BRUTAL, DEFAULT, STATIC
from dodo_relkit.upgrade.script.faults import Fault, stop_on_faults
from dodo_relkit.upgrade.script.instructions import arguments, instruction_name

ABOUT_MODULES = frozenset({"update", "load_module", "delete_module"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What happens to one module."""

    module: str
    depends_on: tuple[str, ...]
    loading: tuple[Term, ...]
    """The load instruction, or those that remove the module."""
    fetched: bool
    """Whether object code is needed."""
    timeout: Term | None = None
    """None when no process is suspended."""
    static: bool = False
    extra: tuple[Term, ...] = ()
    """The argument of code_change, when there is one."""


def order_modules(draft: Draft, journey: Journey) -> Draft:
    """Replace instructions about modules by low-level ones, group by group.

    Before: `update` with seven arguments, `load_module` with four, `delete_module`
    with two, all other instructions low-level. After: low-level instructions only,
    and a load_object_code for each module that is loaded. Raises `ScriptTrouble`
    (RK725, RK726, RK727).
    """
    steps = [_step(each) for each in draft.after if _is_about_module(each)]
    stop_on_faults(_check_dependencies(steps, journey))
    groups = _groups(steps)
    before = list(draft.before)
    after: list[Term] = []
    done: set[str] = set()
    for each in draft.after:
        if not _is_about_module(each):
            after.append(each)
            continue
        module = _step(each).module
        if module not in done:
            group = groups[module]
            before += _fetch(group, journey.new)
            after += _perform(group, journey.direction)
            done.update(step.module for step in group)
    return Draft(before=tuple(before), after=tuple(after))


def _is_about_module(instruction: Term) -> bool:
    return type(instruction) is tuple and instruction_name(instruction) in ABOUT_MODULES


def _step(instruction: Term) -> _Step:
    name, (module, *rest) = instruction_name(instruction), arguments(instruction)
    depends_on = tuple(
        each.name for each in list_items(rest[-1]) or () if type(each) is Atom
    )
    match name, rest:
        case "update", [kind, timeout, change, pre, post, _]:
            return _Step(
                module=_name(module),
                depends_on=depends_on,
                loading=((Atom("load"), (module, pre, post)),),
                fetched=True,
                timeout=timeout,
                static=kind is STATIC,
                extra=(change[1],) if type(change) is tuple else (),
            )
        case "load_module", [pre, post, _]:
            return _Step(
                module=_name(module),
                depends_on=depends_on,
                loading=((Atom("load"), (module, pre, post)),),
                fetched=True,
            )
        case _:
            remove: Term = (Atom("remove"), (module, BRUTAL, BRUTAL))
            return _Step(
                module=_name(module),
                depends_on=depends_on,
                loading=(remove, (Atom("purge"), [module])),
                fetched=False,
            )


def _name(module: Term) -> str:
    return module.name if isinstance(module, Atom) else ""


def _check_dependencies(steps: Sequence[_Step], journey: Journey) -> Iterable[Fault]:
    """Give RK727 for modules with several instructions, RK726 for unknown ones."""
    seen: set[str] = set()
    for step in steps:
        if step.module in seen:
            reason: Term = (Atom("muldef_module"), Atom(step.module))
            old, new = _home(step.module, journey.old), _home(step.module, journey.new)
            if old == new:
                old = ""  # it goes nowhere
            twice = Code.MODULE_INSTRUCTED_TWICE
            told = diagnostic(twice, module=step.module, old=old, new=new)
            yield Fault(reason=reason, told=told)
        seen.add(step.module)
    for step in steps:
        for name in step.depends_on:
            if name not in seen:
                told = diagnostic(Code.DEPENDENCY_UNKNOWN, module=name, by=step.module)
                yield Fault(reason=(Atom("undef_module"), Atom(name)), told=told)


def _home(module: str, apps: Apps) -> str:
    """Return the application that has a module; empty when none has it."""
    return next((app.name for app in apps if module in app.modules), "")


def _groups(steps: Sequence[_Step]) -> dict[str, list[_Step]]:
    """Return the ordered group of each module."""
    graph = {step.module: step.depends_on for step in steps}
    by_name = {step.module: step for step in steps}
    groups = {}
    for names in weak_components(graph):
        part = {name: graph[name] for name in names}
        group = [
            by_name[name]
            for component in condense_topmost_first(part)
            for name in component
        ]
        groups.update(dict.fromkeys(names, group))
    return groups


def _fetch(group: Iterable[_Step], apps: Apps) -> list[Term]:
    """Return a load_object_code for each module that is loaded."""
    found: list[Term] = []
    faults = []
    for step in group:
        if not step.fetched:
            continue
        app = next((app for app in apps if step.module in app.modules), None)
        if app is None:
            faults.append(_nowhere(step.module, apps))
            continue
        modules: Term = [Atom(step.module)]
        code: Term = (Atom(app.name), make_string(app.vsn), modules)
        found.append((Atom("load_object_code"), code))
    stop_on_faults(faults)
    return found


def _nowhere(module: str, apps: Apps) -> Fault:
    from difflib import get_close_matches

    known = [name for app in apps for name in app.modules]
    near = "".join(get_close_matches(module, known, n=1))
    told = diagnostic(Code.MODULE_NOWHERE, module=module, near=near)
    return Fault(reason=(Atom("no_such_module"), Atom(module)), told=told)


def _perform(group: Sequence[_Step], direction: Direction) -> list[Term]:
    """Return what is done to a group, from suspending to resuming."""
    suspended = [step for step in group if step.timeout is not None]
    if direction is Direction.UP:
        middle = [*_load(group[::-1]), *_change("up", group)]
    else:
        middle = [
            *_change("down", [step for step in group if not step.static]),
            *_load(group),
            *_change("down", [step for step in group if step.static]),
        ]
    if not suspended:
        return middle
    suspend: list[Term] = [_suspend(step) for step in suspended]
    resume: list[Term] = [Atom(step.module) for step in reversed(suspended)]
    return [(Atom("suspend"), suspend), *middle, (Atom("resume"), resume)]


def _suspend(step: _Step) -> Term:
    module = Atom(step.module)
    if step.timeout is None or step.timeout is DEFAULT:
        return module
    return (module, step.timeout)


def _load(group: Iterable[_Step]) -> list[Term]:
    return [each for step in group for each in step.loading]


def _change(mode: str, group: Iterable[_Step]) -> list[Term]:
    changed: list[Term] = [
        (Atom(step.module), extra) for step in group for extra in step.extra
    ]
    return [(Atom("code_change"), Atom(mode), changed)] if changed else []

"""The pass that replaces instructions about applications by those about modules."""

from __future__ import annotations

from collections.abc import Iterable

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.draft import Apps, Draft, Journey, UpgradeApp, find_app
from dodo_relkit.upgrade.script.expand import BRUTAL
from dodo_relkit.upgrade.script.faults import Fault, stop_on_faults

APPLICATION = Atom("application")


def expand_applications(draft: Draft, journey: Journey) -> Draft:
    """Write out what adding, removing and restarting an application means.

    Before: any sound instructions. After: none about applications; a module to add
    is `{load_module, Module, brutal_purge, brutal_purge, DependsOn}`. Raises
    `ScriptTrouble` (RK722, RK723).
    """
    after: list[Term] = []
    for each in draft.after:
        after += _expand(each, journey)
    return Draft(before=draft.before, after=tuple(after))


def _expand(instruction: Term, journey: Journey) -> Iterable[Term]:
    if type(instruction) is not tuple:
        return [instruction]
    match instruction:
        case (Atom("add_application"), Atom(name), Atom(start_type)):
            app = _require(journey.new, name, instruction, "installed")
            return _added(app, start_type)
        case (Atom("remove_application"), Atom(name)):
            _require_gone(journey.new, name)
            app = _require(journey.old, name, instruction, "running")
            return [*_stopped(app), _call(Atom("unload"), [Atom(name)])]
        case (Atom("restart_application"), Atom(name)):
            old = _require(journey.old, name, instruction, "running")
            new = _require(journey.new, name, instruction, "installed")
            return [*_stopped(old), *_added(new, new.start_type)]
        case (Atom("add_module"), module, depends_on):
            return [(Atom("load_module"), module, BRUTAL, BRUTAL, depends_on)]
        case _:
            return [instruction]


def _added(app: UpgradeApp, start_type: str) -> list[Term]:
    load_module = Atom("load_module")
    loads: list[Term] = [
        (load_module, Atom(module), BRUTAL, BRUTAL, []) for module in app.modules
    ]
    match start_type:
        case "none":
            return loads
        case "load":
            return [*loads, _call(Atom("load"), [Atom(app.name)])]
        case _:
            start: list[Term] = [Atom(app.name), Atom(start_type)]
            return [*loads, _call(Atom("start"), start)]


def _stopped(app: UpgradeApp) -> list[Term]:
    modules = [Atom(module) for module in app.modules]
    remove = Atom("remove")
    return [
        _call(Atom("stop"), [Atom(app.name)]),
        *((remove, (module, BRUTAL, BRUTAL)) for module in modules),
        (Atom("purge"), list(modules)),
    ]


def _call(function: Term, arguments: Term) -> Term:
    return (Atom("apply"), (APPLICATION, function, arguments))


def _require(apps: Apps, name: str, instruction: Term, when: str) -> UpgradeApp:
    from difflib import get_close_matches

    app = find_app(apps, name)
    if app is not None:
        return app
    told = diagnostic(
        Code.INSTRUCTED_APP_UNKNOWN,
        instruction=format_term(instruction),
        app=name,
        when=when,
        near="".join(get_close_matches(name, [each.name for each in apps], n=1)),
    )
    fault = Fault(reason=(Atom("no_such_application"), Atom(name)), told=told)
    stop_on_faults([fault])
    raise AssertionError(fault)


def _require_gone(apps: Apps, name: str) -> None:
    if find_app(apps, name) is None:
        return
    reason: Term = (Atom("removed_application_present"), Atom(name))
    told = diagnostic(Code.REMOVED_APP_STAYS, app=name)
    stop_on_faults([Fault(reason=reason, told=told)])

"""Random upgrade instructions, mostly sound, for applications made up here."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from dodo_relkit.terms.model import (
    Atom,
    Improper,
    Term,
    list_items,
    make_list,
    make_string,
)
from dodo_relkit.terms.pretty import format_term

MODULES = {app: [f"{app}{number}" for number in range(1, 5)] for app in "abc"}
"""The modules of each application, in both versions; one more is in one version."""

never = st.just(False)
rarely = st.integers(0, 29).map(lambda drawn: drawn == 0)
Fault = st.SearchStrategy[bool]

ODD: tuple[Term, ...] = (
    1,
    1.5,
    Atom("odd"),
    "text",
    [],
    (),
    [Atom("a1"), 7],
    Improper((Atom("a1"),), Atom("a2")),
    b"bytes",
    (Atom("a1"), 1),
    (Atom("a1"), Atom("f"), []),
)


def atoms(names: Iterable[str]) -> Term:
    return [Atom(name) for name in names]


@st.composite
def low_level(draw: st.DrawFn, app: str, vsn: str) -> list[Term]:
    """Low-level instructions that belong together."""
    modules = draw(st.lists(st.sampled_from(MODULES[app]), min_size=1, unique=True))
    names = atoms(modules)
    module, purge = names[0], Atom(draw(st.sampled_from(PURGES)))  # type: ignore[index]
    call: Term = (Atom("m"), Atom("f"), draw(st.sampled_from(([], "\x01", "ab"))))
    kinds: list[list[Term]] = [
        [(Atom("suspend"), names), (Atom("resume"), names)],
        [
            (Atom("suspend"), [(module, 5), *modules_after(names)]),
            (Atom("code_change"), Atom(draw(st.sampled_from(("up", "down")))), []),
            (Atom("code_change"), [(module, make_list([1]))]),
            (Atom("resume"), names),
        ],
        [(Atom("stop"), names), (Atom("start"), names)],
        [
            (Atom("load"), (module, purge, purge)),
            (Atom("load_object_code"), (Atom(app), make_string(vsn), names)),
        ],
        [(Atom("remove"), (module, purge, purge)), (Atom("purge"), names)],
        [(Atom("apply"), call)],
        [(Atom("sync_nodes"), 1, call), (Atom("sync_nodes"), Atom("i"), names)],
        [Atom("restart_new_emulator")],
        [Atom("restart_emulator")],
        [[(Atom("purge"), names), Atom("restart")]],
    ]
    return draw(st.sampled_from(kinds))


PURGES = ("soft_purge", "brutal_purge")


def modules_after(names: Term) -> list[Term]:
    return (list_items(names) or [])[1:]


@st.composite
def about_module(draw: st.DrawFn, module: str, others: list[str], fault: Fault) -> Term:
    """An instruction about a module, in any form, that depends on some of others."""
    depends = atoms(draw(st.lists(st.sampled_from(others), max_size=2, unique=True)))
    pre, post = (Atom(draw(st.sampled_from(PURGES))) for _ in "12")
    advanced: Term = (Atom("advanced"), draw(st.sampled_from(([], "x", Atom("e")))))
    change = draw(st.sampled_from((Atom("soft"), advanced)))
    timeout = draw(st.sampled_from((Atom("default"), Atom("infinity"), 300)))
    kind = Atom(draw(st.sampled_from(("static", "dynamic"))))
    name = Atom(module)
    update, load = Atom("update"), Atom("load_module")
    forms: list[tuple[Term, ...]] = [
        (update, name, change, depends),
        (update, name, depends),
        (update, name, change, pre, post, depends),
        (update, name, timeout, change, pre, post, depends),
        (update, name, kind, timeout, change, pre, post, depends),
        (load, name, depends),
        (load, name, pre, post, depends),
        (Atom("add_module"), name, depends),
        (Atom("delete_module"), name, depends),
        (update, name),
        (update, name, Atom("supervisor")),
        (update, name, change),
        (load, name),
        (Atom("add_module"), name),
        (Atom("delete_module"), name),
    ]
    drawn = draw(st.sampled_from(forms))
    if draw(fault):
        at = draw(st.integers(1, len(drawn) - 1))
        drawn = (*drawn[:at], draw(st.sampled_from(ODD)), *drawn[at + 1 :])
    return drawn


@st.composite
def scripts(draw: st.DrawFn, app: str, vsn: str, fault: Fault) -> list[Term]:
    """What an appup may say for one version."""
    modules = draw(st.lists(st.sampled_from(MODULES[app]), unique=True))
    script: list[Term] = []
    for module in modules:
        script.append(draw(about_module(module, modules, fault)))
        if draw(st.integers(0, 5)) == 0:
            script += draw(low_level(app, vsn))
    applications: list[Term] = [
        (Atom("restart_application"), Atom(app)),
        (Atom("add_application"), Atom("c")),
        (Atom("add_application"), Atom("a"), Atom("load")),
        (Atom("remove_application"), Atom("b")),
    ]
    if draw(rarely) or (not script and draw(st.booleans())):
        script.append(draw(st.sampled_from(applications)))
    if draw(fault):
        script.append(draw(st.sampled_from((*ODD, *applications, Atom("nonsense")))))
    if draw(fault):
        script = draw(st.permutations(script))
    if draw(fault):
        script = script[1:]
    if draw(rarely) or draw(fault):
        at = draw(st.integers(0, len(script))) if draw(fault) else 0
        script.insert(at, Atom("point_of_no_return"))
    return script


def has_choice(script: Iterable[Term]) -> bool:
    """Tell whether the order of modules that depend on each other leaves a choice."""
    depends = {}
    for each in script:
        if type(each) is tuple and each and len(each) > 1:
            last = list_items(each[-1]) or []
            names = [name.name for name in last if isinstance(name, Atom)]
            if isinstance(each[1], Atom):
                depends[each[1].name] = names
    reach = {name: reachable(name, depends) for name in depends}
    both = {
        name: near | {other for other in reach if name in reach[other]}
        for name, near in reach.items()
    }
    return any(
        near != reachable(name, {each: [*both[each]] for each in both}) | {name}
        for name, near in both.items()
    )


def reachable(start: str, graph: dict[str, list[str]]) -> set[str]:
    found = {start}
    left = [start]
    while left:
        for near in graph.get(left.pop(), []):
            if near not in found:
                found.add(near)
                left.append(near)
    return found


def settled(script: Iterable[Term]) -> list[Term]:
    """Sort what has no order where there is a choice, so that two may be compared."""
    whole: list[Term] = []
    run: list[Term] = []
    for each in script:
        name = each[0] if type(each) is tuple and each else each
        if name in SORTED_RUNS:
            run.append(_sorted_inside(each) if name is OBJECT_CODE else each)
            continue
        whole += sorted(run, key=format_term)
        run = []
        whole.append(_sorted_inside(each) if name in SORTED_INSIDE else each)
    return [*whole, *sorted(run, key=format_term)]


OBJECT_CODE = Atom("load_object_code")
SORTED_RUNS = [Atom(name) for name in ("load", "remove", "purge")] + [OBJECT_CODE]
SORTED_INSIDE = [Atom(name) for name in ("suspend", "resume", "code_change")]


def _sorted_inside(instruction: Term) -> Term:
    assert type(instruction) is tuple
    last = instruction[-1]
    if type(last) is tuple:
        return (*instruction[:-1], (*last[:-1], _in_order(last[-1])))
    return (*instruction[:-1], _in_order(last))


def _in_order(term: Term) -> Term:
    return sorted(list_items(term) or [], key=format_term)

"""Upgrades of releases given as values: what changed, and scripts reworked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, render
from dodo_relkit.edge.otp import find_otp_root, read_target
from dodo_relkit.formats.appup import Appup, load_appup
from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.release.model import App, Release
from dodo_relkit.terms.model import Atom, Term, list_items, make_list
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.diff import compare
from dodo_relkit.upgrade.script.draft import Direction, Journey, Script, UpgradeApp
from dodo_relkit.upgrade.script.instructions import check_instruction
from dodo_relkit.upgrade.script.passes import translate
from dodo_relkit.upgrade.script.relup import (
    Baseline,
    RelupJob,
    RelupResult,
    Way,
    make_relup,
)
from tests.apps import OTP, made_up_app

BASE = [
    RelApp(name="gone", vsn="1"),
    RelApp(name="same", vsn="1", start_type="load"),
    RelApp(name="moved", vsn="1"),
    RelApp(name="other", vsn="2", start_type="none"),
]
TOP = [
    RelApp(name="moved", vsn="1.1", start_type="temporary"),
    RelApp(name="new", vsn="1"),
    RelApp(name="other", vsn="1", start_type="none"),
    RelApp(name="same", vsn="1"),
    RelApp(name="last", vsn="1", start_type="load"),
]


def rel(vsn: str, apps: list[RelApp], erts: str = "13") -> Rel:
    return Rel(name="r", vsn=vsn, erts_vsn=erts, apps=tuple(apps))


def test_what_changed() -> None:
    changes = compare(rel("1", BASE), rel("2", TOP, erts="14"))
    assert [each.name for each in changes.added] == ["new", "last"]
    assert [each.name for each in changes.removed] == ["gone"]
    assert [each.name for each in changes.changed] == ["moved", "other"]
    assert [each.name for each in changes.kept] == ["same"]
    assert changes.erts_changed
    assert not compare(rel("1", BASE), rel("2", TOP)).erts_changed


def test_back_is_the_other_way_round() -> None:
    there = compare(rel("1", BASE), rel("2", TOP))
    back = compare(rel("2", TOP), rel("1", BASE))
    assert (there.added, there.removed) == (back.removed, back.added)
    assert {each.name for each in there.kept} == {each.name for each in back.kept}


def release(vsn: str, apps: list[App]) -> Release:
    whole = [*OTP, *apps]
    entries = [RelApp(name=app.spec.name, vsn=app.spec.vsn) for app in whole]
    return Release(rel=rel(vsn, entries), apps={app.spec.name: app for app in whole})


def app(name: str, vsn: str, *modules: str) -> App:
    made = made_up_app(name, ["kernel"], vsn=vsn)
    return replace(made, spec=replace(made.spec, modules=modules))


APPUP = '{"2",[{"1",[{update,m}]}],[{"1",[{update,m}]}]}'
SCRIPT = """
    [{load_object_code,{a,"2",[m]}}, point_of_no_return, {suspend,[m]},
     {load,{m,brutal_purge,brutal_purge}}, {resume,[m]}]
"""
Rework = Callable[[Script, Way], Iterable[Term]]


def upgrade(rework: Rework | None = None) -> RelupResult:
    job = RelupJob(
        top=release("2", [app("a", "2", "m")]),
        target=read_target(find_otp_root(True)),
        appup_of=lambda _: (load_appup(parse_term(APPUP), "a.appup"), "a.appup"),
        rework=rework,
    )
    base = release("1", [app("a", "1", "m")])
    return make_relup(job, [Baseline(release=base)], [Baseline(release=base)])


def test_releases_as_values() -> None:
    made = upgrade()
    assert make_list(made.relup.ups[0].script) == parse_term(SCRIPT)
    assert made.warnings == ()


def test_rework() -> None:
    ways = []
    hello = parse_term("{apply,{m,hello,[]}}")

    def greet(script: Script, way: Way) -> Iterable[Term]:
        ways.append(way)
        return [*script, hello] if way.direction is Direction.UP else script

    made = upgrade(greet)
    assert made.relup.ups[0].script == (*upgrade().relup.ups[0].script, hello)
    assert made.relup.downs == upgrade().relup.downs
    assert ways == [
        Way(direction=direction, base_vsn="1", top_vsn="2") for direction in Direction
    ]


REFUSED = {
    "[]": [Code.NO_POINT_OF_NO_RETURN],
    "[point_of_no_return,point_of_no_return]": [Code.NO_RETURN_TWICE],
    "[point_of_no_return,{load_module,m}]": [Code.SCRIPT_NOT_LOW_LEVEL],
    "[point_of_no_return,{load_module,m,soft_purge,soft_purge,[]}]": [
        Code.SCRIPT_NOT_LOW_LEVEL
    ],
    "[point_of_no_return,{suspend,[m]}]": [Code.SUSPENDED_NOT_RESUMED],
    "[{suspend,[m]},point_of_no_return,{resume,[m]}]": [
        Code.BEFORE_NO_RETURN,
        Code.RESUMED_NOT_SUSPENDED,
    ],
    "[point_of_no_return,{load,{m,soft_purge,soft_purge}}]": [Code.NO_OBJECT_CODE],
    "[restart_new_emulator,restart_emulator,point_of_no_return]": [
        Code.BEFORE_NO_RETURN
    ],
    "[point_of_no_return,nonsense,{purge,m},mnesia_backup]": [
        Code.INSTRUCTION_UNKNOWN,
        Code.INSTRUCTION_ARGUMENT,
        Code.MNESIA_BACKUP,
    ],
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_rework(text: str) -> None:
    changed = list_items(parse_term(text)) or []
    with pytest.raises(Trouble) as raised:
        upgrade(lambda *_: changed)
    assert [each.code for each in raised.value.diagnostics] == REFUSED[text]


@pytest.mark.parametrize(
    "text",
    [
        "[point_of_no_return]",
        "[restart_new_emulator,point_of_no_return]",
        "[point_of_no_return,restart_new_emulator]",
        "[{apply,{m,f,[]}},point_of_no_return,{code_change,up,[{m,x}]}]",
    ],
)
def test_allowed_rework(text: str) -> None:
    changed = list_items(parse_term(text)) or []
    made = upgrade(lambda *_: changed)
    assert made.relup.downs[0].script == tuple(changed)


@pytest.mark.parametrize("order", ["a b c d", "a c b d", "a d c b", "d c a b"])
def test_order_of_the_script_is_kept(order: str) -> None:
    """b and c, on which a depends, may come in any order; d depends on nothing."""
    apps = [UpgradeApp(name="x", vsn="1", start_type="load", modules=tuple("abcd"))]
    names = order.split()
    script: list[Term] = [
        (Atom("update"), Atom(name), [Atom("b"), Atom("c")] if name == "a" else [])
        for name in names
    ]
    journey = Journey(direction=Direction.DOWN, old=apps, new=apps)
    suspended = [
        each[1]
        for each in translate([script], journey)
        if type(each) is tuple and each[0] is Atom("suspend")
    ]
    group = [Atom("a"), *(Atom(name) for name in names if name in "bc")]
    alone = [Atom("d")]
    # where the group's first instruction stands, all of the group stands
    assert suspended == ([alone, group] if names[0] == "d" else [group, alone])


WORDS = {
    "{updat,m}": "Did you mean `update`?",
    "{update}": "`update` has one of the forms: {update, _}, {update, _, _}, {",
    "{restart_emulator}": "`restart_emulator` has one of the forms: restart_emulator.",
    "17": "17 is no upgrade instruction",
    "{purge,m}": "m in the instruction {purge,m} is not a list",
}


@pytest.mark.parametrize("text", WORDS)
def test_words(text: str) -> None:
    (fault,) = check_instruction(parse_term(text))
    assert WORDS[text] in render(fault.told)


def test_a_release_without_sasl() -> None:
    whole = release("1", [])
    apps = {name: app for name, app in whole.apps.items() if name != "sasl"}
    bare = replace(whole, apps=apps)
    with pytest.raises(Trouble, match="RK709"):
        make_relup(
            RelupJob(
                top=bare, target=read_target(find_otp_root(True)), appup_of=no_appup
            ),
            [],
            [],
        )


def no_appup(given: App) -> tuple[Appup, str]:
    raise AssertionError(given)

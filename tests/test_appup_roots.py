"""Processes of another name, and trees of another top, on a live node, case by case.

The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import render
from dodo_relkit.upgrade.appup.generate import Wishes
from dodo_relkit.upgrade.appup.strategies import Strategy
from tests.live_cases import OK, versions
from tests.live_upgrade import Built, Live, between, erlang_version, instructions
from tests.upgrade_sources import application, child, server, supervisor


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def called(name: str, to: str, app: str) -> dict[str, str]:
    """A tree with a server of this name, and a client that calls it by it."""
    text = server("1").replace("{local, ?MODULE}", name)
    get = f"\n-export([get/0]).\nget() -> gen_server:call({to}, get)."
    return {f"{app}_sup": supervisor(child(f"{app}_srv")), f"{app}_srv": text + get}


def test_another_name(tmp_path, live):
    """The process that runs would keep the old one: it is exchanged, and that told."""
    old, new = versions(
        tmp_path,
        "sh",
        called("{local, ?MODULE}", "?MODULE", "sh"),
        called("{global, sh_store}", "{global, sh_store}", "sh"),
    )
    way = between(old, new)
    steps = [
        "{apply,{supervisor,terminate_child,[sh_sup,sh_srv]}}",
        "{load_module,sh_srv}",
        "{apply,{supervisor,restart_child,[sh_sup,sh_srv]}}",
    ]
    assert instructions(way.up) == instructions(way.down) == steps
    (note,) = way.notes
    assert note.code is Code.UP_STATE_LOST
    assert "was registered as sh_srv and is as {global,sh_store}" in render(note)
    live.start(old)
    for go, to in ((live.up, new), (live.down, old)) * 2:
        assert go(to) == OK
        assert live.ask("sh_srv:get()") == "1"
    live.stop(old)


def test_another_name_that_nobody_can_follow(tmp_path):
    """Its supervisor has no name; what the user asked for is done without a word."""
    apart = called("{local, si_store}", "si_store", "si")
    trees = [called("{local, ?MODULE}", "?MODULE", "si"), apart]
    for tree in trees:
        tree["si_sup"] = tree["si_sup"].replace("{local, ?MODULE}, ", "")
    old, new = versions(tmp_path, "si", *trees)
    way = between(old, new)
    assert [note.code for note in way.notes] == [
        Code.UP_CHILD_UNREACHED,
        Code.UP_RUNS_ON,
    ]
    assert instructions(way.up) == ["{load_module,si_srv}"]
    way = between(old, new, Wishes(strategies={"si_srv": Strategy.UPDATE_SOFT}))
    assert Code.UP_RUNS_ON not in [note.code for note in way.notes]
    assert instructions(way.up) == ["{update,si_srv,soft}"]


def test_who_registers_itself_is_left_alone(tmp_path):
    """Two names, or one that its code changes, are the code's business."""
    again = "\n-export([again/0]).\nagain() -> register(sj_store, self())."
    trees = [
        called("{local, ?MODULE}", "?MODULE", "sj"),
        called("{local, sj_store}", "sj_store", "sj"),
    ]
    trees[1]["sj_srv"] += again
    old, new = versions(tmp_path, "sj", *trees)
    way = between(old, new)
    assert way.notes == ()
    assert instructions(way.up) == ["{load_module,sj_srv}"]


def told(live: Live, built: Built) -> None:
    """Tell the node what the `.app` file says, as install_release does first.

    The version stays: `upgrade_app` asks the node for it.
    """
    file = f"{built.directory}/ebin/{built.name}.app"
    live.ask(
        f'{{ok, [{{application, A, Keys}}]}} = file:consult("{file}"),'
        " {ok, Vsn} = application:get_key(A, vsn),"
        " Said = {application, A, lists:keystore(vsn, 1, Keys, {vsn, Vsn})},"
        " application_controller:change_application_data([Said], [])"
    )


ROOTS = {
    "library": {"NAME_m": "-export([n/0]).\nn() -> library."},
    "tree": {
        "NAME_m": "-export([n/0]).\nn() -> gen_server:call(NAME_srv, get).",
        "NAME_app": application("NAME_sup"),
        "NAME_sup": supervisor(child("NAME_srv")),
        "NAME_srv": server("tree"),
    },
    "other": {
        "NAME_m": "-export([n/0]).\nn() -> gen_server:call(NAME_two, get).",
        "NAME_app": application("NAME_top"),
        "NAME_top": supervisor(child("NAME_two")),
        "NAME_two": server("other"),
    },
}


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [("sl", "library", "tree"), ("sm", "tree", "library"), ("sn", "tree", "other")],
)
def test_another_root(tmp_path, live, name, one, two):
    """Only a start of the application makes it: it is restarted, and that told."""
    built = [
        erlang_version(
            tmp_path,
            name,
            vsn,
            {key.replace("NAME", name): text.replace("NAME", name)
             for key, text in ROOTS[which].items()},
            "" if which == "library" else f"{name}_app",
        )
        for vsn, which in (("1", one), ("2", two))
    ]  # fmt: skip
    old, new = built
    way = between(old, new)
    restart = [f"{{restart_application,{name}}}"]
    assert instructions(way.up) == instructions(way.down) == restart
    assert [note.code for note in way.notes] == [Code.UP_STATE_LOST]
    live.start(old)
    assert live.ask(f"{name}_m:n()") == one
    for go, to, answer in ((live.up, new, two), (live.down, old, one)) * 2:
        told(live, to)
        assert go(to) == OK
        assert live.ask(f"{name}_m:n()") == answer
        running = f"[{name} || {{{name}, _, _}} <- application:which_applications()]"
        assert live.ask(running) == f"[{name}]"
    live.stop(old)


def test_the_same_root_behind_another_function(tmp_path):
    """`start/2` is followed to the supervisor that it starts."""
    text = application("so_sup").replace("so_sup:start_link()", "so_sup:run()")
    sup = supervisor(child("so_srv"))
    run = "\n-export([run/0]).\nrun() -> start_link()."
    tree = {"so_srv": server("1")}
    old, new = versions(
        tmp_path,
        "so",
        {**tree, "so_sup": sup},
        {**tree, "so_sup": sup + run, "so_app": text},
    )
    way = between(old, new)
    assert way.notes == ()
    assert not any("restart" in each for each in instructions(way.up))

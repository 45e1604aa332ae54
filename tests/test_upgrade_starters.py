"""Who starts processes while they change is silent meanwhile: why, and under load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.live_relups import relups
from tests.live_upgrade import (
    Built,
    Live,
    between,
    erlang_version,
    instructions,
    write_appup,
)
from tests.starting_apps import BOTH_WAYS, LOAD, conn, door, tree
from tests.upgrade_sources import child, code_change, server, supervisor

OK = "{ok,[]}"
PAUSE = "receive after 40 -> ok end"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A node of this file's own, with the load on it."""
    node = Live()
    directory = tmp_path_factory.mktemp("load")
    built = erlang_version(directory, "load", "1", {"load": LOAD})
    node.ask(f'true = code:add_patha("{built.directory}/ebin")')
    yield node
    node.close()


def versions(tmp_path, name, old: dict[str, str], new: dict[str, str]) -> list[Built]:
    """Compile two versions of an application that starts NAME_app."""
    return [
        erlang_version(tmp_path, name, vsn, sources, f"{name}_app")
        for vsn, sources in (("1", old), ("2", new))
    ]


def without_silence(way):
    """The same without the first that suspends and the last that resumes."""
    return replace(way, up=way.up[1:-1], down=way.down[1:-1])


def under_load(live: Live, name: str, old: Built, new: Built) -> tuple[int, int]:
    """Go up and down with clients; return how many answers they got, who got none."""
    live.ask(f"put(load, load:start({name}_door, 4))")
    for change in (live.up, live.down):
        live.ask(PAUSE)
        live.ask("[P ! nap || {P, _} <- element(1, get(load))]")
        live.ask(PAUSE)
        assert change(new if change == live.up else old) == OK
        live.ask(PAUSE)
    served, lost = live.ask("load:stop(get(load))").strip("{}").split(",")
    return int(served), int(lost)


def counting(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Both versions of an application whose connections change their state."""
    opened = f"{name}_conn_sup:open()"
    always = {**tree(name), f"{name}_door": door(opened)}
    return (
        {**always, f"{name}_conn": conn("N")},
        {**always, f"{name}_conn": conn("{s, N}", BOTH_WAYS)},
    )


def test_the_starter_is_suspended_first_and_resumed_last(tmp_path, live):
    """The door did not change; it opens connections by a function of the supervisor."""
    old, new = versions(tmp_path, "sa", *counting("sa"))
    way = between(old, new)
    assert instructions(way.up) == [
        "{suspend,[sa_door]}",
        "{update,sa_conn,{advanced,[]}}",
        "{resume,[sa_door]}",
    ]
    assert instructions(way.down) == instructions(way.up)
    assert way.up[0].reason == (
        "sa_door starts processes of sa_conn: none begins unseen meanwhile"
    )
    up, down = relups(live, old, new, way)
    assert up == [
        '{load_object_code,{sa,"2",[sa_conn]}}',
        "point_of_no_return",
        "{suspend,[sa_door]}",
        "{suspend,[sa_conn]}",
        "{load,{sa_conn,brutal_purge,brutal_purge}}",
        "{code_change,up,[{sa_conn,[]}]}",
        "{resume,[sa_conn]}",
        "{resume,[sa_door]}",
    ]
    assert (down[2], down[-1]) == (up[2], up[-1])
    live.start(old)
    for _ in range(3):
        served, lost = under_load(live, "sa", old, new)
        assert lost == 0
        assert served > 50
    live.stop(old)


def test_without_that_connections_are_lost(tmp_path, live):
    """While a busy connection is waited for, others begin: they keep the old state."""
    old, new = versions(tmp_path, "sb", *counting("sb"))
    write_appup(new, [without_silence(between(old, new))])
    live.start(old)
    _, lost = under_load(live, "sb", old, new)
    assert lost > 0
    live.stop(old)


def test_a_starter_that_changes_too(tmp_path, live):
    """What is updated goes on after its own group, so that it is put into this one."""
    opened = "sc_conn_sup:open()"
    before, after = counting("sc")
    own = code_change("code_change({down, _}, {s, N}, _) -> {ok, N};"
                      "code_change(_, N, _) -> {ok, {s, N}}.")  # fmt: skip
    before["sc_door"] = door(opened, "7")
    after["sc_door"] = door(opened, "{s, 7}", own)
    old, new = versions(tmp_path, "sc", before, after)
    way = between(old, new)
    assert instructions(way.up) == [
        "{suspend,[sc_door]}",
        "{update,sc_conn,{advanced,[]}}",
        "{update,sc_door,{advanced,[]},[sc_conn]}",
        "{resume,[sc_door]}",
    ]
    up, down = relups(live, old, new, way)
    assert up[2:4] + up[-3:] == [
        "{suspend,[sc_door]}",
        "{suspend,[sc_door,sc_conn]}",
        "{code_change,up,[{sc_door,[]},{sc_conn,[]}]}",
        "{resume,[sc_conn,sc_door]}",
        "{resume,[sc_door]}",
    ]
    assert down[2:4] == up[2:4]
    assert down[-2:] == up[-2:]
    live.start(old)
    served, lost = under_load(live, "sc", old, new)
    assert lost == 0
    assert served > 50
    assert live.ask("gen_server:call(sc_door, get)") == "7"
    live.stop(old)


AUDIT = """
    -export([start_link/0, note/0]).
    -behaviour(gen_server). -export([init/1, handle_call/3, handle_cast/2]).
    start_link() -> timer:sleep(400),
        gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
    note() -> gen_server:call(?MODULE, note, infinity).
    init(_) -> {ok, 0}.
    handle_call(note, _, N) -> {reply, ok, N + 1}.
    handle_cast(_, N) -> {noreply, N}.
"""
"""A server that takes its time to start."""


def audited(name: str, helper: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """The connections of the newer version call a child that only it has.

    With `helper` both the child and the connections use a module that changes.
    """
    before, after = counting(name)
    before["NAME_words"] = f"-export([note/0]). note() -> {helper or 'ok'}."
    after["NAME_words"] = "-export([note/0]). note() -> NAME_audit:note()."
    after["NAME_audit"] = AUDIT
    if helper:
        fmt = "-export([f/0]). f() -> {}."
        before["NAME_fmt"], after["NAME_fmt"] = fmt.format(1), fmt.format(2)
        after["NAME_audit"] = AUDIT.replace("ok, N + 1", f"ok, N + {helper}")
        after["NAME_words"] = (
            "-export([note/0]). note() -> _ = NAME_fmt:f(), NAME_audit:note()."
        )
    for each in (before, after):
        each["NAME_conn"] = each.pop(f"{name}_conn").replace(
            "{reply, N + 1", "NAME_words:note(), {reply, N + 1"
        )
    after.update(tree(name, child(f"{name}_audit")))
    return tuple(
        {key.replace("NAME", name): text.replace("NAME", name)
         for key, text in each.items()}
        for each in (before, after)
    )  # fmt: skip


def test_a_gained_child_runs_before_and_after_code_that_calls_it(tmp_path, live):
    old, new = versions(tmp_path, "sd", *audited("sd"))
    way = between(old, new)
    assert instructions(way.up) == [
        "{suspend,[sd_door]}",
        "{add_module,sd_audit}",
        "{update,sd_sup,supervisor}",
        "{apply,{supervisor,restart_child,[sd_sup,sd_audit]}}",
        "{load_module,sd_words}",
        "{update,sd_conn,{advanced,[]},[sd_words]}",
        "{resume,[sd_door]}",
    ]
    assert instructions(way.down) == [
        "{suspend,[sd_door]}",
        "{update,sd_conn,{advanced,[]},[sd_words]}",
        "{load_module,sd_words}",
        "{update,sd_sup,supervisor}",
        "{apply,{supervisor,terminate_child,[sd_sup,sd_audit]}}",
        "{apply,{supervisor,delete_child,[sd_sup,sd_audit]}}",
        "{delete_module,sd_audit}",
        "{resume,[sd_door]}",
    ]
    for script in relups(live, old, new, way):
        started = next(at for at, each in enumerate(script) if "_child" in each)
        loaded = script.index("{load,{sd_words,brutal_purge,brutal_purge}}")
        is_up = "restart_child" in script[started]
        assert (started < loaded) is is_up
    live.start(old)
    served, lost = under_load(live, "sd", old, new)
    assert lost == 0
    assert served > 50
    live.stop(old)


def test_started_after_all_code_its_callers_fail(tmp_path, live):
    """Why it is not: for as long as it starts, who calls it finds nobody."""
    old, new = versions(tmp_path, "se", *audited("se"))
    way = between(old, new)
    start = next(each for each in way.up if "restart" in str(each.instruction))
    up = [each for each in way.up if each is not start]
    write_appup(new, [replace(way, up=(*up[:-1], start, up[-1]))])
    live.start(old)
    _, lost = under_load(live, "se", old, new)
    assert lost > 0
    live.stop(old)


def test_who_uses_what_a_gained_child_needs_is_suspended(tmp_path, live):
    """sf_fmt changes; sf_audit needs it to start, connections use it in words."""
    old, new = versions(tmp_path, "sf", *audited("sf", "sf_fmt:f()"))
    way = between(old, new)
    assert instructions(way.up) == [
        "{suspend,[sf_door]}",
        "{suspend,[sf_conn]}",
        "{load_module,sf_fmt}",
        "{add_module,sf_audit,[sf_fmt]}",
        "{update,sf_sup,supervisor}",
        "{apply,{supervisor,restart_child,[sf_sup,sf_audit]}}",
        "{load_module,sf_words}",
        "{update,sf_conn,{advanced,[]},[sf_words]}",
        "{resume,[sf_conn,sf_door]}",
    ]
    assert way.up[1].reason == "sf_conn uses sf_fmt, which changes before it"
    assert instructions(way.down) == [
        "{suspend,[sf_door]}",
        "{suspend,[sf_conn]}",
        "{apply,{supervisor,terminate_child,[sf_sup,sf_audit]}}",
        "{apply,{supervisor,delete_child,[sf_sup,sf_audit]}}",
        "{update,sf_conn,{advanced,[]},[sf_words]}",
        "{load_module,sf_words,[sf_audit,sf_fmt]}",
        "{update,sf_sup,supervisor}",
        "{delete_module,sf_audit,[sf_fmt]}",
        "{load_module,sf_fmt}",
        "{resume,[sf_conn,sf_door]}",
    ]
    relups(live, old, new, way)
    live.start(old)
    served, lost = under_load(live, "sf", old, new)
    assert lost == 0
    assert served > 50
    live.stop(old)


def test_a_gained_supervisor_has_the_modules_of_its_children(tmp_path, live):
    """It only names them; on the way down they are there until it has stopped."""
    before, after = counting("sh")
    below = supervisor(child("sh_a"))
    after |= {
        **tree("sh", child("sh_more", more=", type => supervisor")),
        "sh_more": below,
        "sh_a": server("sh_b:n()"),
        "sh_b": "-export([n/0]). n() -> 5.",
    }
    old, new = versions(tmp_path, "sh", before, after)
    way = between(old, new)
    start = "{apply,{supervisor,restart_child,[sh_sup,sh_more]}}"
    assert instructions(way.up) == [
        "{suspend,[sh_door]}",
        "{add_module,sh_b}",
        "{add_module,sh_a,[sh_b]}",
        "{add_module,sh_more}",
        "{update,sh_sup,supervisor}",
        start,
        "{update,sh_conn,{advanced,[]}}",
        "{resume,[sh_door]}",
    ]
    assert instructions(way.down)[-6:] == [
        "{apply,{supervisor,terminate_child,[sh_sup,sh_more]}}",
        "{apply,{supervisor,delete_child,[sh_sup,sh_more]}}",
        "{delete_module,sh_more}",
        "{delete_module,sh_a,[sh_b]}",
        "{delete_module,sh_b}",
        "{resume,[sh_door]}",
    ]
    relups(live, old, new, way)
    live.start(old)
    assert live.up(new) == OK
    assert live.ask("gen_server:call(sh_a, get)") == "5"
    assert live.down(old) == OK
    assert live.ask("whereis(sh_a)") == "undefined"
    live.stop(old)


def test_a_lost_child_stays_until_nobody_calls_it(tmp_path, live):
    """And the other way round: versions 1 and 2 changed places."""
    own = code_change(
        "code_change({down, _}, N, _) -> {ok, {s, N}};"
        "code_change(_, {s, N}, _) -> {ok, N}."
    )
    before, after = audited("sg")
    after["sg_conn"] = after["sg_conn"].replace(BOTH_WAYS, "")
    before["sg_conn"] += own
    old, new = versions(tmp_path, "sg", after, before)
    way = between(old, new)
    assert instructions(way.up)[-5:] == [
        "{update,sg_conn,{advanced,[]},[sg_words]}",
        "{apply,{supervisor,terminate_child,[sg_sup,sg_audit]}}",
        "{apply,{supervisor,delete_child,[sg_sup,sg_audit]}}",
        "{delete_module,sg_audit}",
        "{resume,[sg_door]}",
    ]
    assert instructions(way.down)[:4] == [
        "{suspend,[sg_door]}",
        "{add_module,sg_audit}",
        "{update,sg_sup,supervisor}",
        "{apply,{supervisor,restart_child,[sg_sup,sg_audit]}}",
    ]
    relups(live, old, new, way)
    live.start(old)
    served, lost = under_load(live, "sg", old, new)
    assert lost == 0
    assert served > 50
    live.stop(old)

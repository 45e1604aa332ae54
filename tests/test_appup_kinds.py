"""Modules that become another kind of process on a live node, case by case.

The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import render
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.generate import Generated, Step
from tests.live_cases import OK, up_and_down, versions
from tests.live_upgrade import (
    Live,
    between,
    instructions,
    write_appup,
)
from tests.upgrade_sources import (
    child,
    code_change,
    server,
    supervisor,
)


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def given(old, new, up: str, down: str | None = None) -> Generated:
    """Write an appup with these instructions as a user would."""
    ways = [
        tuple(Step(instruction=each, reason="") for each in parse_term(f"[{text}]."))
        for text in (up, up if down is None else down)
    ]
    way = Generated(
        app=new.name, old=old.version.vsn, new=new.version.vsn, up=ways[0], down=ways[1]
    )
    write_appup(new, [way])
    return way


def test_plain_module_becomes_a_supervisor(tmp_path, live):
    """Row 6: it has no process before; the child that is one comes with the update
    of the supervisor above, and is stopped before its code goes."""
    plain = "-export([n/0]). n() -> 1."
    inner = supervisor(child("ae_srv"))
    typed = child("ae_in", more=", type => supervisor")
    old, new = versions(
        tmp_path,
        "ae",
        {"ae_sup": supervisor(), "ae_in": plain},
        {"ae_sup": supervisor(typed), "ae_in": inner, "ae_srv": server("5")},
    )
    way = between(old, new)
    assert way.notes == ()
    live.start(old)
    running = "[whereis(N) =/= undefined || N <- [ae_in, ae_srv]]"
    up_and_down(live, old, new, running, "[false,false]", "[true,true]")
    assert live.ask("ae_in:n()") == "1"


STATIC = (
    "{{update, {}, static, 8000, {{advanced, []}}, brutal_purge, brutal_purge, []}}"
)


def test_static_calls_the_older_code_change_on_the_way_down(tmp_path, live):
    """Row 9: `static` in an appup of the user: the older version knows the way back,
    for the newer has no clause for it."""
    up = code_change("code_change(_, {s, N}, _) -> {ok, {s, N, new}}.")
    back = code_change("code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}}.")
    tree = {"ag_sup": supervisor(child("ag_srv"))}
    old, new = versions(
        tmp_path,
        "ag",
        {**tree, "ag_srv": server("{s, 1}", back)},
        {**tree, "ag_srv": server("{s, 1, x}", up)},
    )
    given(old, new, STATIC.format("ag_srv"))
    live.start(old)
    asked = "gen_server:call(ag_srv, get)"
    up_and_down(live, old, new, asked, "{s,1}", "{s,1,new}")


def test_server_becomes_a_plain_module(tmp_path, live):
    """Row 6, the other way: its child is lost with it."""
    plain = "-export([n/0]). n() -> 2."
    old, new = versions(
        tmp_path,
        "aj",
        {"aj_sup": supervisor(child("aj_m")), "aj_m": server("1")},
        {"aj_sup": supervisor(), "aj_m": plain},
    )
    way = between(old, new)
    assert "{load_module,aj_m}" in instructions(way.up)
    live.start(old)
    asked = "{whereis(aj_m) =/= undefined, erlang:function_exported(aj_m, n, 0)}"
    up_and_down(live, old, new, asked, "{true,false}", "{false,true}")
    assert live.ask("gen_server:call(aj_m, get)") == "1"


def test_kind_change_that_nobody_can_follow(tmp_path, live):
    """Row 6 where the children are made at run time: the application is restarted, and
    the note says so, for the state of all its servers is lost."""
    unread = (
        supervisor("made(N) || N <- [ak_srv, ak_two]")
        + """
    made(N) -> #{id => N, start => {N, start_link, []}}.
    """
    )
    statem = """
    -behaviour(gen_statem).
    -export([start_link/0, init/1, callback_mode/0, handle_event/4]).
    start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
    init([]) -> {ok, on, 2}.
    callback_mode() -> handle_event_function.
    handle_event({call, F}, get, _, D) -> {keep_state_and_data, [{reply, F, D}]}.
    """
    tree = {"ak_sup": unread, "ak_two": server("1")}
    old, new = versions(
        tmp_path, "ak", {**tree, "ak_srv": server("1")}, {**tree, "ak_srv": statem}
    )
    way = between(old, new)
    assert (
        instructions(way.up) == instructions(way.down) == ["{restart_application,ak}"]
    )
    assert [note.code for note in way.notes] == [Code.UP_KIND_CHANGED]
    live.start(old)
    live.ask("gen_server:call(ak_two, {put, 7})")
    assert live.up(new) == OK
    assert live.ask("[gen_statem:call(ak_srv, get), gen_server:call(ak_two, get)]") == (
        "[2,1]"
    )
    assert live.down(old) == OK
    assert live.ask("gen_server:call(ak_srv, get)") == "1"


def test_callback_mode_there_and_back(tmp_path, live):
    """Row 9. gen_statem asks for the mode right after code_change. On the way down that
    is still the newer code, unless the appup says `static`: with it the data stay, and
    each version is called in its own mode; without, the older one in the newer's."""
    text = """
    -behaviour(gen_statem).
    -export([start_link/0, init/1, callback_mode/0, handle_event/4, on/3]).
    -export([code_change/4]).
    start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
    init([]) -> {ok, on, 1}.
    callback_mode() -> MODE.
    handle_event({call, F}, get, _, D) -> {keep_state_and_data, [{reply, F, {e, D}}]}.
    on({call, F}, {put, D}, _) -> {keep_state, D, [{reply, F, ok}]};
    on({call, F}, get, D) -> {keep_state_and_data, [{reply, F, {s, D}}]}.
    code_change(_, S, D, _) -> {ok, S, D}.
    """
    tree = {"al_sup": supervisor(child("al_sm"))}
    old, new = versions(
        tmp_path,
        "al",
        {**tree, "al_sm": text.replace("MODE", "state_functions")},
        {**tree, "al_sm": text.replace("MODE", "handle_event_function")},
    )
    live.start(old)
    live.ask("gen_statem:call(al_sm, {put, 7})")
    asked = "gen_statem:call(al_sm, get)"
    given(old, new, STATIC.format("al_sm"))
    up_and_down(live, old, new, asked, "{s,7}", "{e,7}")
    given(old, new, "{update, al_sm, {advanced, []}}")
    assert live.up(new) == OK
    assert live.down(old) == OK
    assert live.ask(asked) == "{e,7}"


def test_server_becomes_a_supervisor(tmp_path, live):
    """Row 6 under the same id: the specification (its type) changes before the child
    starts again, and what it starts is loaded before, for an embedded node."""
    old, new = versions(
        tmp_path,
        "af",
        {"af_sup": supervisor(child("af_in")), "af_in": server("1")},
        {
            "af_sup": supervisor(child("af_in", more=", type => supervisor")),
            "af_in": supervisor(child("af_srv")),
            "af_srv": server("5"),
        },
    )
    way = between(old, new)
    stop = "{apply,{supervisor,terminate_child,[af_sup,af_in]}}"
    start = "{apply,{supervisor,restart_child,[af_sup,af_in]}}"
    assert instructions(way.up) == [
        stop,
        "{load_module,af_in}",
        "{add_module,af_srv}",
        "{update,af_sup,supervisor}",
        start,
    ]
    assert instructions(way.down) == [
        stop,
        "{update,af_sup,supervisor}",
        "{load_module,af_in}",
        start,
        "{delete_module,af_srv}",
    ]
    live.start(old)
    running = "[whereis(N) =/= undefined || N <- [af_in, af_srv]]"
    up_and_down(live, old, new, running, "[true,false]", "[true,true]")


DYNAMIC = """
-behaviour(supervisor).
-export([start_link/0, init/1]).
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
init([]) ->
    Spec = #{id => conn, start => {am_srv, start_link, []}, restart => temporary},
    {ok, {#{strategy => simple_one_for_one}, [Spec]}}.
"""


def test_a_supervisor_gets_dynamic_children(tmp_path, live):
    """With an update the supervisor crashes at the next call, for it holds its children
    otherwise: it is exchanged, as a process that becomes one of another kind."""
    tree = {"am_sup": supervisor(child("am_in", more=", type => supervisor"))}
    tree["am_srv"] = server("1")
    old, new = versions(
        tmp_path,
        "am",
        {**tree, "am_in": supervisor(child("am_srv"))},
        {**tree, "am_in": DYNAMIC},
    )
    way = between(old, new)
    assert way.notes == ()
    exchange = [
        "{apply,{supervisor,terminate_child,[am_sup,am_in]}}",
        "{load_module,am_in}",
        "{apply,{supervisor,restart_child,[am_sup,am_in]}}",
    ]
    assert instructions(way.up) == instructions(way.down) == exchange
    live.start(old)
    asked = "{supervisor:count_children(am_in), is_pid(whereis(am_srv))}"
    before, after = (
        f"{{[{{specs,1}},{{active,{n}}},{{supervisors,0}},{{workers,{n}}}],{runs}}}"
        for n, runs in ((1, "true"), (0, "false"))
    )
    up_and_down(live, old, new, asked, before, after)
    given(old, new, "{update, am_in, supervisor}")
    assert live.up(new) == OK
    crashes = live.ask("catch supervisor:which_children(am_in)")
    assert "{function_clause,[{supervisor,dyn_fold," in crashes


def test_a_top_supervisor_gets_dynamic_children(tmp_path, live):
    """Nobody above that could exchange it: the application is restarted, and said."""
    old, new = versions(
        tmp_path,
        "an",
        {"an_sup": supervisor(child("an_srv")), "an_srv": server("1")},
        {"an_sup": DYNAMIC.replace("am_", "an_"), "an_srv": server("1")},
    )
    way = between(old, new)
    assert instructions(way.up) == ["{restart_application,an}"]
    (note,) = way.notes
    assert note.code is Code.UP_KIND_CHANGED
    assert "was a supervisor and is a supervisor of dynamic children" in render(note)

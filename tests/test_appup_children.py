"""Children and purges of an upgrade on a live node, case by case.

The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.appup.generate import Wishes
from dodo_relkit.upgrade.appup.strategies import Purge, PurgeMethod
from dodo_relkit.upgrade.review.findings import AppUpgrade
from dodo_relkit.upgrade.review.review import review
from tests.live_cases import OK, up_and_down, versions
from tests.live_upgrade import Live, between, instructions
from tests.upgrade_sources import child, code_change, server, supervisor


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def found(old, new, way):
    """Review what was generated; return the diagnostics."""
    upgrade = AppUpgrade(
        old=old.version,
        new=new.version,
        up=tuple(step.instruction for step in way.up),
        down=tuple(step.instruction for step in way.down),
    )
    return [each.diagnostic for each in review([upgrade])]


def named(name: str, *children: str) -> str:
    """A supervisor registered in this way."""
    return supervisor(*children).replace("{local, ?MODULE}", name)


@pytest.mark.parametrize(
    ("app", "name", "reference"),
    [
        ("ba", "{local, ba_name}", "ba_name"),
        ("bb", "{global, {bb, 1}}", "{global,{bb,1}}"),
        ("bc", "{via, global, bc_name}", "{via,global,bc_name}"),
    ],
)
def test_supervisor_behind_a_name(tmp_path, live, app, name, reference):
    """Children with an id unlike their module, of both forms, a worker and a
    supervisor, gained and lost by a supervisor registered elsewhere or otherwise."""
    srv, two, inner = f"{app}_srv", f"{app}_two", f"{app}_in"
    start = f"{{{two}, start_link, []}}, permanent, 5000, worker, [{two}]"
    lost = f"{{{{old, {two}}}, {start}}}"
    gained = child(inner, "{id, 1}", ", type => supervisor")
    keeps = child(srv, '"text"')
    old, new = versions(
        tmp_path,
        app,
        {f"{app}_sup": named(name, keeps, lost), srv: server("1"), two: server("2")},
        {
            f"{app}_sup": named(name, keeps, gained),
            srv: server("1"),
            two: server("2"),
            inner: supervisor(),
        },
    )
    way = between(old, new)
    steps = instructions(way.up)
    assert f"{{update,{app}_sup,supervisor}}" in steps
    assert sorted(each for each in steps if each.startswith("{apply")) == [
        f"{{apply,{{supervisor,delete_child,[{reference},{{old,{two}}}]}}}}",
        f"{{apply,{{supervisor,restart_child,[{reference},{{id,1}}]}}}}",
        f"{{apply,{{supervisor,terminate_child,[{reference},{{old,{two}}}]}}}}",
    ]
    assert way.notes == ()
    live.start(old)
    live.ask(f"gen_server:call({srv}, {{put, 7}})")
    running = f"{{I, P, _, _}} <- supervisor:which_children({reference}), is_pid(P)"
    ids = f'lists:sort([case I of "text" -> text; _ -> I end || {running}])'
    up_and_down(
        live,
        old,
        new,
        ids,
        f"[text,{{old,{two}}}]",
        "[text,{id,1}]",
    )
    assert live.ask(f"gen_server:call({srv}, get)") == "7"
    live.stop(old)


@pytest.mark.parametrize("method", PurgeMethod)
def test_funs_held_across_a_purge(tmp_path, live, method):
    """Row 15. The review says it, and the node shows it: right after the upgrade, with
    either purge, both funs that version 1 made are bad. Who has one lives on (code(3):
    since ERTS 9 a fun does not keep a process in old code); on the way down the code
    they belong to is back."""
    name = f"be_{method.name.lower()}"
    keeps = f"""
    init([]) ->
        ets:new({name}, [named_table, public]),
        ets:insert({name}, {{f, fun() -> VALUE end}}),
        {{ok, fun() -> VALUE end}}.
    """
    called = (
        "[try F() catch error:{badfun, _} -> bad end || {f, F} <- ets:lookup(%s, f)]"
    )
    text = server("0", get="try S() catch error:{badfun, _} -> bad end")
    text = text.replace("init([]) -> {ok, 0}.", keeps)
    tree = {f"{name}_sup": supervisor(child(f"{name}_srv"))}
    old, new = versions(
        tmp_path,
        name,
        *({**tree, f"{name}_srv": text.replace("VALUE", n)} for n in "12"),
    )
    way = between(old, new, Wishes(purge=Purge(before=method, after=method)))
    held = [each for each in found(old, new, way) if each.code is Code.REVIEW_HELD_FUN]
    assert [each.facts["holder"] for each in held] == [
        "is put into an ETS table",
        "is part of the state",
    ]
    live.start(old)
    pid = live.ask(f"whereis({name}_srv)")
    asked = f"{{gen_server:call({name}_srv, get), {called % name}}}"
    up_and_down(live, old, new, asked, "{1,[1]}", "{bad,[bad]}")
    assert live.ask(f"whereis({name}_srv)") == pid


def test_a_soft_purge_refuses_the_next_upgrade(tmp_path, live):
    """A process lingers in the code of version 1: 2 leaves it, 3 would have to take it
    away, and is refused before anything was done. When it is gone, 3 is installed.
    (What `bin/<name>` says then: `test_upgrade_commands.py`.)"""
    waits = "-export([wait/0, n/0]). wait() -> receive stop -> {} end. n() -> {}."
    tree = {"bf_sup": supervisor(child("bf_srv"))}
    first, second, third = versions(
        tmp_path,
        "bf",
        *(
            {
                **tree,
                "bf_m": waits.replace("{}", n),
                "bf_srv": server("1", get=f"{{S,{n}}}"),
            }
            for n in "123"
        ),
    )
    soft = Purge(before=PurgeMethod.SOFT, after=PurgeMethod.SOFT)
    for old, new in ((first, second), (second, third)):
        between(old, new, Wishes(purges={"bf_m": soft}))
    live.start(first)
    live.ask("gen_server:call(bf_srv, {put, 7})")
    live.ask("register(bf_wait, spawn(bf_m, wait, []))")
    assert live.up(second) == "{ok,[{bf_m,soft_purge}]}"
    asked = "{gen_server:call(bf_srv, get), bf_m:n(), whereis(bf_wait) =/= undefined}"
    assert live.ask(asked) == "{{7,2},2,true}"
    assert live.up(third) == "{error,{old_processes,bf_m}}"
    assert live.ask(asked) == "{{7,2},2,true}"
    live.ask(
        "monitor(process, bf_wait), bf_wait ! stop,"
        " receive {'DOWN', _, _, _, _} -> ok end"
    )
    assert live.up(third) == OK
    assert live.ask(asked) == "{{7,3},3,false}"


def test_a_brutal_purge_takes_who_lingers(tmp_path, live):
    """The same with the default: the second upgrade kills it, and goes on."""
    waits = "-export([wait/0, n/0]). wait() -> receive stop -> {} end. n() -> {}."
    tree = {"bg_sup": supervisor(child("bg_srv")), "bg_srv": server("1")}
    first, second, third = versions(
        tmp_path, "bg", *({**tree, "bg_m": waits.replace("{}", n)} for n in "123")
    )
    for old, new in ((first, second), (second, third)):
        between(old, new)
    live.start(first)
    live.ask("gen_server:call(bg_srv, {put, 7})")
    live.ask("register(bg_wait, spawn(bg_m, wait, []))")
    assert live.up(second) == "{ok,[{bg_m,brutal_purge}]}"
    assert live.ask("whereis(bg_wait) =/= undefined") == "true"
    assert live.up(third) == OK
    assert live.ask("whereis(bg_wait)") == "undefined"
    assert live.ask("{gen_server:call(bg_srv, get), bg_m:n()}") == "{7,3}"


OWN = code_change(
    "code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}};"
    "code_change(_, {s, N}, _) -> {ok, {s, N, new}}."
)


def test_server_whose_child_says_dynamic(tmp_path, live):
    """Row 13. Only a gen_event manager answers when release_handler asks which modules
    it runs; a gen_server does not, and any upgrade that suspends a process fails."""
    tree = {"bd_sup": supervisor(child("bd_srv", more=", modules => dynamic"))}
    old, new = versions(
        tmp_path,
        "bd",
        {**tree, "bd_srv": server("{s, 1}")},
        {**tree, "bd_srv": server("{s, 1, x}", OWN)},
    )
    way = between(old, new)
    (one,) = found(old, new, way)
    assert (one.code, one.facts["child"]) == (Code.REVIEW_DYNAMIC, "bd_srv")
    live.start(old)
    assert "get_modules_failed" in live.up(new)
    live.stop(old)  # or it would fail the upgrades of other applications as well


def test_the_older_form_says_dynamic_too(tmp_path):
    spec = "{id, {bj_srv, start_link, []}, permanent, 5000, worker, dynamic}"
    tree = {"bj_sup": supervisor(spec)}
    old, new = versions(
        tmp_path,
        "bj",
        {**tree, "bj_srv": server("{s, 1}")},
        {**tree, "bj_srv": server("{s, 1, x}", OWN)},
    )
    (one,) = found(old, new, between(old, new))
    assert (one.code, one.facts["child"]) == (Code.REVIEW_DYNAMIC, "id")


def test_dynamic_harms_no_upgrade_that_suspends_nobody(tmp_path, live):
    """The same child, and one module loaded: nobody is asked."""
    tree = {
        "bh_sup": supervisor(child("bh_srv", more=", modules => dynamic")),
        "bh_srv": server("1"),
    }
    plain = "-export([n/0]). n() -> {}."
    old, new = versions(
        tmp_path, "bh", *({**tree, "bh_m": plain.replace("{}", n)} for n in "12")
    )
    assert found(old, new, between(old, new)) == []
    live.start(old)
    live.ask("gen_server:call(bh_srv, {put, 7})")
    asked = "{gen_server:call(bh_srv, get), bh_m:n()}"
    up_and_down(live, old, new, asked, "{7,1}", "{7,2}")
    live.stop(old)


def test_dynamic_is_right_for_gen_event(tmp_path, live):
    """A manager that the child starts itself, while another server is updated."""
    manager = """
    -behaviour(gen_event).
    -export([start_link/0, init/1, handle_event/2, handle_call/2]).
    start_link() ->
        {ok, Pid} = gen_event:start_link({local, ?MODULE}),
        ok = gen_event:add_handler(Pid, ?MODULE, 1),
        {ok, Pid}.
    init(S) -> {ok, S}.
    handle_event(_, S) -> {ok, S}.
    handle_call({put, N}, _) -> {ok, ok, N};
    handle_call(get, S) -> {ok, S, S}.
    """
    dynamic = child("bi_ev", more=", modules => dynamic")
    tree = {"bi_sup": supervisor(dynamic, child("bi_srv")), "bi_ev": manager}
    old, new = versions(
        tmp_path,
        "bi",
        {**tree, "bi_srv": server("{s, 1}")},
        {**tree, "bi_srv": server("{s, 1, x}", OWN)},
    )
    assert found(old, new, between(old, new)) == []
    live.start(old)
    live.ask("gen_event:call(bi_ev, bi_ev, {put, 7})")
    asked = "{gen_event:call(bi_ev, bi_ev, get), gen_server:call(bi_srv, get)}"
    up_and_down(live, old, new, asked, "{7,{s,1}}", "{7,{s,1,new}}")

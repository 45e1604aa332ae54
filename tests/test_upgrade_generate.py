"""The generated appup: which instructions, why, and a live node that follows them."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.appup.build import build_appup, exact_pattern, explain_appup
from dodo_relkit.upgrade.appup.generate import Wishes, generate
from dodo_relkit.upgrade.appup.strategies import Purge, PurgeMethod, Strategy
from tests.live_upgrade import (
    Live,
    between,
    erlang_version,
    instructions,
    write_appup,
)
from tests.upgrade_sources import (
    DEFAULT,
    application,
    child,
    code_change,
    server,
    supervisor,
)

OK = "{ok,[]}"


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def versions(tmp_path, name, *each):
    """Compile the versions 1, 2, … of an application that starts NAME_sup."""
    return [
        erlang_version(
            tmp_path,
            name,
            str(number),
            {f"{name}_app": application(f"{name}_sup"), **sources},
            f"{name}_app",
        )
        for number, sources in enumerate(each, start=1)
    ]


def test_plain_modules_used_before_user(tmp_path, live):
    """pa_top calls pa_mid calls pa_low; each is loaded after those it calls."""
    low = "-export([n/0]). n() -> {}."
    mid = "-export([n/0]). n() -> {{{}, pa_low:n()}}."
    top = "-export([n/0]). n() -> {{{}, pa_mid:n()}}."
    old, new = versions(
        tmp_path,
        "pa",
        {
            "pa_sup": supervisor(),
            "pa_low": low.replace("{}", "1"),
            "pa_mid": mid.format(1),
            "pa_top": top.format(1),
        },
        {
            "pa_sup": supervisor(),
            "pa_low": low.replace("{}", "2"),
            "pa_mid": mid.format(2),
            "pa_top": top.format(2),
        },
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{load_module,pa_low}",
        "{load_module,pa_mid,[pa_low]}",
        "{load_module,pa_top,[pa_mid]}",
    ]
    assert instructions(way.down) == instructions(way.up)[::-1]
    assert way.notes == ()
    live.start(old)
    assert live.ask("pa_top:n()") == "{1,{1,1}}"
    assert live.up(new) == OK
    assert live.ask("pa_top:n()") == "{2,{2,2}}"
    assert live.down(old) == OK
    assert live.ask("pa_top:n()") == "{1,{1,1}}"


def test_server_with_code_change_of_its_own(tmp_path, live):
    own = code_change(
        "code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}};"
        "code_change(_, {s, N}, _) -> {ok, {s, N, new}}."
    )
    old, new = versions(
        tmp_path,
        "ga",
        {"ga_sup": supervisor(child("ga_srv")), "ga_srv": server("{s, 0}")},
        {"ga_sup": supervisor(child("ga_srv")), "ga_srv": server("{s, 0, x}", own)},
    )
    way = between(old, new)
    assert instructions(way.up) == ["{update,ga_srv,{advanced,[]}}"]
    assert instructions(way.down) == ["{update,ga_srv,{advanced,[]}}"]
    assert way.up[0].reason == "gen_server whose code_change is written by the user"
    live.start(old)
    live.ask("gen_server:call(ga_srv, {put, {s, 7}})")
    pid = live.ask("whereis(ga_srv)")
    assert live.up(new) == OK
    assert live.ask("gen_server:call(ga_srv, get)") == "{s,7,new}"
    assert live.down(old) == OK
    assert live.ask("gen_server:call(ga_srv, get)") == "{s,7}"
    assert live.ask("whereis(ga_srv)") == pid


@pytest.mark.parametrize("more", [(), (DEFAULT,)], ids=["none", "default"])
def test_server_without_code_change_of_its_own_is_loaded(tmp_path, live, more):
    """It is not suspended: asking a server that has no code_change to change code
    fails, and asking one that gives its state back changes nothing."""
    name = "gb" if more else "gc"
    old, new = versions(
        tmp_path,
        name,
        {
            f"{name}_sup": supervisor(child(f"{name}_srv")),
            f"{name}_srv": server("1", *more),
        },
        {
            f"{name}_sup": supervisor(child(f"{name}_srv")),
            f"{name}_srv": server("1", *more, get="{new, S}"),
        },
    )
    way = between(old, new)
    assert instructions(way.up) == [f"{{load_module,{name}_srv}}"]
    live.start(old)
    live.ask(f"gen_server:call({name}_srv, {{put, 7}})")
    pid = live.ask(f"whereis({name}_srv)")
    assert live.up(new) == OK
    assert live.ask(f"gen_server:call({name}_srv, get)") == "{new,7}"
    assert live.down(old) == OK
    assert live.ask(f"gen_server:call({name}_srv, get)") == "7"
    assert live.ask(f"whereis({name}_srv)") == pid


def test_advanced_update_without_code_change_fails(tmp_path, live):
    """Why such a server is not updated: what release_handler does if told to."""
    old, new = versions(
        tmp_path,
        "gd",
        {"gd_sup": supervisor(child("gd_srv")), "gd_srv": server("1")},
        {"gd_sup": supervisor(child("gd_srv")), "gd_srv": server("2")},
    )
    wishes = Wishes(strategies={"gd_srv": Strategy.UPDATE_ADVANCED})
    way = between(old, new, wishes)
    assert instructions(way.up) == ["{update,gd_srv,{advanced,[]}}"]
    live.start(old)
    assert "code_change_failed" in live.up(new)


def test_server_is_suspended_while_what_it_uses_changes(tmp_path, live):
    old, new = versions(
        tmp_path,
        "ge",
        {
            "ge_sup": supervisor(child("ge_srv")),
            "ge_srv": server("1", get="{old, ge_lib:n(S)}"),
            "ge_lib": "-export([n/1]). n(S) -> {old, S}.",
        },
        {
            "ge_sup": supervisor(child("ge_srv")),
            "ge_srv": server("1", get="{new, ge_lib:m(S), ge_more:n()}"),
            "ge_lib": "-export([m/1]). m(S) -> {new, S}.",
            "ge_more": "-export([n/0]). n() -> ge_lib:m(0).",
        },
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{load_module,ge_lib}",
        "{add_module,ge_more,[ge_lib]}",
        "{update,ge_srv,soft,[ge_lib,ge_more]}",
    ]
    assert instructions(way.down) == [
        "{update,ge_srv,soft,[ge_lib,ge_more]}",
        "{delete_module,ge_more,[ge_lib]}",
        "{load_module,ge_lib}",
    ]
    live.start(old)
    live.ask("gen_server:call(ge_srv, {put, 7})")
    assert live.up(new) == OK
    assert live.ask("gen_server:call(ge_srv, get)") == "{new,{new,7},{new,0}}"
    assert live.down(old) == OK
    assert live.ask("gen_server:call(ge_srv, get)") == "{old,{old,7}}"
    assert live.ask("code:is_loaded(ge_more)") == "false"


STATEM = """
    -behaviour(gen_statem).
    -export([start_link/0, init/1, callback_mode/0, handle_event/4, open/3]).
    start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
"""


def statem(data: str, mode: str, *more: str) -> str:
    """A gen_statem with one state, which answers with its data and its mode."""
    answer = "{keep_state_and_data, [{reply, F, {MODE, D}}]}"
    return STATEM + "\n".join([
        f"init([]) -> {{ok, open, {data}}}.",
        f"callback_mode() -> {mode}.",
        f"handle_event({{call, F}}, get, _, D) -> {answer.replace('MODE', 'event')}.",
        f"open({{call, F}}, get, D) -> {answer.replace('MODE', 'state')}.",
        *more,
    ])  # fmt: skip


def test_gen_statem_with_code_change(tmp_path, live):
    own = code_change(
        "code_change({down, _}, S, {d, N, _}, _) -> {ok, S, {d, N}};"
        "code_change(_, S, {d, N}, _) -> {ok, S, {d, N, new}}.",
        4,
    )
    tree = {"gf_sup": supervisor(child("gf_sm"))}
    old, new = versions(
        tmp_path,
        "gf",
        {**tree, "gf_sm": statem("{d, 1}", "state_functions")},
        {**tree, "gf_sm": statem("{d, 1, x}", "state_functions", own)},
    )
    way = between(old, new)
    assert instructions(way.up) == ["{update,gf_sm,{advanced,[]}}"]
    live.start(old)
    assert live.up(new) == OK
    assert live.ask("gen_statem:call(gf_sm, get)") == "{state,{d,1,new}}"
    assert live.down(old) == OK
    assert live.ask("gen_statem:call(gf_sm, get)") == "{state,{d,1}}"


def test_gen_statem_whose_callback_mode_changes(tmp_path, live):
    """It is asked for its mode after code_change and never else, so the default one
    is called too; on the way down when the older code is there already."""
    keeps = code_change("code_change(_, S, D, _) -> {ok, S, D}.", 4)
    tree = {"gg_sup": supervisor(child("gg_sm"))}
    old, new = versions(
        tmp_path,
        "gg",
        {**tree, "gg_sm": statem("1", "state_functions", keeps)},
        {**tree, "gg_sm": statem("1", "handle_event_function", keeps)},
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{update,gg_sm,static,default,{advanced,[]},brutal_purge,brutal_purge,[]}"
    ]
    live.start(old)
    assert live.ask("gen_statem:call(gg_sm, get)") == "{state,1}"
    assert live.up(new) == OK
    assert live.ask("gen_statem:call(gg_sm, get)") == "{event,1}"
    assert live.down(old) == OK
    assert live.ask("gen_statem:call(gg_sm, get)") == "{state,1}"


def test_gen_event_handler(tmp_path, live):
    manager = """
    -export([start_link/0]).
    start_link() ->
        {ok, Pid} = gen_event:start_link({local, gh_man}),
        ok = gen_event:add_handler(Pid, gh_ev, []),
        {ok, Pid}.
    """
    handler = """
    -behaviour(gen_event).
    -export([init/1, handle_event/2, handle_call/2]).
    init([]) -> {{ok, {}}}.
    handle_event(_, S) -> {{ok, S}}.
    handle_call(get, S) -> {{ok, S, S}}.
    """
    own = code_change(
        "code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}};"
        "code_change(_, {s, N}, _) -> {ok, {s, N, new}}."
    )
    tree = {
        "gh_sup": supervisor(child("gh_man", more=", modules => dynamic")),
        "gh_man": manager,
    }
    old, new = versions(
        tmp_path,
        "gh",
        {**tree, "gh_ev": handler.format("{s, 1}")},
        {**tree, "gh_ev": handler.format("{s, 1, x}") + own},
    )
    way = between(old, new)
    assert instructions(way.up) == ["{update,gh_ev,{advanced,[]}}"]
    live.start(old)
    assert live.up(new) == OK
    assert live.ask("gen_event:call(gh_man, gh_ev, get)") == "{s,1,new}"
    assert live.down(old) == OK
    assert live.ask("gen_event:call(gh_man, gh_ev, get)") == "{s,1}"


SPECIAL = """
    -export([start_link/0, init/1, loop/2, system_continue/3, system_terminate/4]).
    -export([system_code_change/4]).
    start_link() -> proc_lib:start_link(?MODULE, init, [self()]).
    init(Parent) ->
        register(?MODULE, self()),
        proc_lib:init_ack(Parent, {ok, self()}),
        loop(Parent, 1).
    loop(Parent, S) ->
        receive
            {system, From, Request} ->
                sys:handle_system_msg(Request, From, Parent, ?MODULE, [], S);
            {get, From} ->
                From ! {ANSWER, gj_lib:n(), S},
                loop(Parent, S)
        end.
    system_continue(Parent, _, S) -> loop(Parent, S).
    system_terminate(Reason, _, _, _) -> exit(Reason).
"""


def special(answer: str, change: str) -> str:
    return SPECIAL.replace("ANSWER", answer) + f"system_code_change{change}."


def test_special_process_and_the_modules_it_lists(tmp_path, live):
    """It calls its loop from inside: only resumed it runs the new code. gj_lib is a
    plain module that the child lists, so the process is suspended for it too."""
    listed = child("gj_pro", more=", modules => [gj_pro, gj_lib]")
    lib = "-export([n/0]). n() -> {}."
    old, new = versions(
        tmp_path,
        "gj",
        {
            "gj_sup": supervisor(listed),
            "gj_pro": special("old", "(S, _, _, _) -> {ok, S}"),
            "gj_lib": lib.replace("{}", "1"),
        },
        {
            "gj_sup": supervisor(listed),
            "gj_pro": special(
                "new",
                "(S, gj_pro, {down, _}, _) -> {ok, S - 10};"
                "system_code_change(S, gj_pro, _, _) -> {ok, S + 10}",
            ),
            "gj_lib": lib.replace("{}", "2"),
        },
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{update,gj_lib,soft}",
        "{update,gj_pro,{advanced,[]},[gj_lib]}",
    ]
    ask = "gj_pro ! {get, self()}, receive {_, _, _} = M -> M after 5000 -> none end"
    live.start(old)
    assert live.ask(ask) == "{old,1,1}"
    assert live.up(new) == OK
    assert live.ask(ask) == "{new,2,11}"
    assert live.ask("code:soft_purge(gj_pro)") == "true"
    assert live.down(old) == OK
    assert live.ask(ask) == "{old,1,1}"


def test_children_gained_lost_and_renamed(tmp_path, live):
    """gk_was is renamed gk_now under the same id; one child is lost, one gained."""
    old, new = versions(
        tmp_path,
        "gk",
        {
            "gk_sup": supervisor(
                child("gk_keep"), child("gk_was", "same"), child("gk_lost")
            ),
            **dict.fromkeys(("gk_keep", "gk_was", "gk_lost"), server("1")),
        },
        {
            "gk_sup": supervisor(
                child("gk_keep"), child("gk_now", "same"), child("gk_gain")
            ),
            **dict.fromkeys(("gk_keep", "gk_now", "gk_gain"), server("1")),
        },
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{apply,{supervisor,terminate_child,[gk_sup,same]}}",
        "{add_module,gk_gain}",
        "{add_module,gk_now}",
        "{update,gk_sup,supervisor}",
        "{apply,{supervisor,restart_child,[gk_sup,same]}}",
        "{apply,{supervisor,restart_child,[gk_sup,gk_gain]}}",
        "{delete_module,gk_was}",
        "{apply,{supervisor,terminate_child,[gk_sup,gk_lost]}}",
        "{apply,{supervisor,delete_child,[gk_sup,gk_lost]}}",
        "{delete_module,gk_lost}",
    ]
    assert instructions(way.down) == [
        "{apply,{supervisor,terminate_child,[gk_sup,same]}}",
        "{add_module,gk_lost}",
        "{add_module,gk_was}",
        "{update,gk_sup,supervisor}",
        "{apply,{supervisor,restart_child,[gk_sup,gk_lost]}}",
        "{apply,{supervisor,restart_child,[gk_sup,same]}}",
        "{delete_module,gk_now}",
        "{apply,{supervisor,terminate_child,[gk_sup,gk_gain]}}",
        "{apply,{supervisor,delete_child,[gk_sup,gk_gain]}}",
        "{delete_module,gk_gain}",
    ]
    running = (
        "lists:sort([N || N <- [gk_keep, gk_was, gk_now, gk_lost, gk_gain],"
        " whereis(N) =/= undefined])"
    )
    specs = "lists:sort([Id || {Id, _, _, _} <- supervisor:which_children(gk_sup)])"
    live.start(old)
    live.ask("gen_server:call(gk_keep, {put, 7})")
    for _ in range(2):
        assert live.up(new) == OK
        assert live.ask(running) == "[gk_gain,gk_keep,gk_now]"
        assert live.ask(specs) == "[gk_gain,gk_keep,same]"
        assert live.down(old) == OK
        assert live.ask(running) == "[gk_keep,gk_lost,gk_was]"
        assert live.ask(specs) == "[gk_keep,gk_lost,same]"
    assert live.ask("gen_server:call(gk_keep, get)") == "7"


def test_module_that_changes_kind_is_stopped_and_started(tmp_path, live):
    tree = {"gl_sup": supervisor(child("gl_srv"))}
    old, new = versions(
        tmp_path,
        "gl",
        {**tree, "gl_srv": server("1")},
        {**tree, "gl_srv": statem("2", "state_functions")},
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{apply,{supervisor,terminate_child,[gl_sup,gl_srv]}}",
        "{load_module,gl_srv}",
        "{apply,{supervisor,restart_child,[gl_sup,gl_srv]}}",
    ]
    live.start(old)
    assert live.up(new) == OK
    assert live.ask("gen_statem:call(gl_srv, get)") == "{state,2}"
    assert live.down(old) == OK
    assert live.ask("gen_server:call(gl_srv, get)") == "1"


def test_kind_change_without_a_readable_supervisor_restarts(tmp_path):
    old, new = (
        erlang_version(tmp_path, "gm", vsn, {"gm_srv": text}).version
        for vsn, text in (("1", server("1")), ("2", statem("2", "state_functions")))
    )
    way = generate(old, new)
    assert instructions(way.up) == ["{restart_application,gm}"]
    assert [note.code for note in way.notes] == [Code.UP_KIND_CHANGED]


def test_plain_becomes_server_and_back(tmp_path, live):
    """No process runs it before; the child that does is gained with it."""
    plain = "-export([n/0]). n() -> 1."
    old, new = versions(
        tmp_path,
        "gn",
        {"gn_sup": supervisor(), "gn_srv": plain},
        {"gn_sup": supervisor(child("gn_srv")), "gn_srv": server("5")},
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{load_module,gn_srv}",
        "{update,gn_sup,supervisor}",
        "{apply,{supervisor,restart_child,[gn_sup,gn_srv]}}",
    ]
    live.start(old)
    assert live.up(new) == OK
    assert live.ask("gen_server:call(gn_srv, get)") == "5"
    assert live.down(old) == OK
    assert live.ask("{whereis(gn_srv), gn_srv:n()}") == "{undefined,1}"


@pytest.mark.parametrize("method", PurgeMethod)
def test_purge_method(tmp_path, live, method):
    """A process in old code lives on after a soft purge, and dies of a brutal one."""
    name = f"go_{method.name.lower()}"
    waits = """
    -export([wait/0]).
    wait() -> receive stop -> {} end.
    """
    old, new = versions(
        tmp_path,
        name,
        {f"{name}_sup": supervisor(), f"{name}_m": waits.replace("{}", "1")},
        {f"{name}_sup": supervisor(), f"{name}_m": waits.replace("{}", "2")},
    )
    wishes = Wishes(purges={f"{name}_m": Purge(before=method, after=method)})
    way = between(old, new, wishes)
    soft = method is PurgeMethod.SOFT
    assert instructions(way.up) == [
        f"{{load_module,{name}_m,soft_purge,soft_purge,[]}}"
        if soft
        else f"{{load_module,{name}_m}}"
    ]
    live.start(old)
    live.ask(f"register({name}, spawn({name}_m, wait, []))")
    answer = live.up(new)
    assert answer == f"{{ok,[{{{name}_m,{method.value}}}]}}"
    live.ask(f"code:{'soft_purge' if soft else 'purge'}({name}_m)")
    assert live.ask(f"whereis({name}) =/= undefined") == str(soft).lower()


def test_several_versions_in_one_appup(tmp_path, live):
    """1 and 1.0.1 take the same way to 3 and share an entry; 2 has its own."""
    tree = {"gp_sup": supervisor(child("gp_srv"))}
    plain = "-export([n/0]). n() -> 0."
    sources = [("1.0", server("1")), ("1.0.1", server("1") + "%% same\n"),
               ("2", server("2")), ("3", server("1", get="{new, S}"))]  # fmt: skip
    first, second, third, new = (
        erlang_version(
            tmp_path,
            "gp",
            vsn,
            {
                "gp_app": application("gp_sup"),
                **tree,
                "gp_srv": text,
                **({"gp_more": plain} if vsn != "2" else {}),
            },
            "gp_app",
        )
        for vsn, text in sources
    )
    ways = [generate(each.version, new.version) for each in (first, second, third)]
    appup = build_appup(ways)
    shared = rb"^(?:1\.0|1\.0\.1)$"
    assert [entry.pattern for entry in appup.up] == [shared, "2"]
    assert [entry.pattern for entry in appup.down] == [shared, "2"]
    write_appup(new, ways)
    for old in (first, second):
        live.start(old)
        assert live.up(new) == OK
        assert live.ask("gen_server:call(gp_srv, get)") == "{new,1}"
        assert live.down(old) == OK
        live.stop(old)


def test_pattern_means_just_its_versions(live):
    assert exact_pattern(["1.0"]) == "1.0"
    pattern = exact_pattern(["1.0", "1.0.1", "1.0+x"])
    for vsn, fits in (("1.0.1", 1), ("1.0+x", 1), ("1x0", 0), ("1.0.10", 0)):
        found = live.ask(
            f'case re:run("{vsn}", <<"{pattern.decode()}">>, [{{capture, first}}])'
            f' of {{match, [{{0, L}}]}} when L =:= length("{vsn}") -> 1; _ -> 0 end'
            .replace("\\", "\\\\")
        )  # fmt: skip
        assert found == str(fits)


def test_wishes_and_words(tmp_path, live):
    tree = {"gq_sup": supervisor(child("gq_srv"))}
    old, new = versions(
        tmp_path, "gq", {**tree, "gq_srv": server("1")}, {**tree, "gq_srv": server("2")}
    )

    def up(**strategies):
        wishes = Wishes(strategies=strategies)
        return instructions(generate(old.version, new.version, wishes).up)

    assert up(gq_srv=Strategy.SKIP) == []
    assert up(gq_srv=Strategy.UPDATE_SOFT) == ["{update,gq_srv,soft}"]
    assert up(gq_srv=Strategy.RESTART_APP) == ["{restart_application,gq}"]
    assert up(gq_srv=Strategy.RESTART_EMULATOR) == ["restart_emulator"]
    soft = Wishes(
        strategies={"gq_srv": Strategy.SUPERVISOR},
        purge=Purge(before=PurgeMethod.SOFT, after=PurgeMethod.BRUTAL),
    )
    assert instructions(generate(old.version, new.version, soft).up) == [
        "{update,gq_srv,static,default,{advanced,[]},soft_purge,brutal_purge,[]}"
    ]
    text = explain_appup([generate(old.version, new.version)])
    path = tmp_path / "explained.appup"
    path.write_text(text)
    assert live.ask(f'element(2, file:consult("{path}"))') == (
        "[{[50],[{[49],[{load_module,gq_srv}]}],[{[49],[{load_module,gq_srv}]}]}]"
    )
    assert "code_change of its own: its state stays as it is" in text


def test_nothing_changed(tmp_path):
    old, new = (
        erlang_version(tmp_path, "gr", vsn, {"gr_m": "-export([f/0]). f() -> 1."})
        for vsn in "12"
    )
    way = generate(old.version, new.version)
    assert (way.up, way.down, way.notes) == ((), (), ())


def test_children_that_depend_on_run_time_are_told(tmp_path):
    unread = """
    -behaviour(supervisor). -export([start_link/0, init/1]).
    start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
    init(_) -> {ok, {{one_for_one, 1, VALUE}, [#{id => N, start => {N, s, []}}
                                               || N <- nodes()]}}.
    """
    old, new = (
        erlang_version(tmp_path, "gs", v, {"gs_sup": unread.replace("VALUE", v)})
        for v in "12"
    )
    way = generate(old.version, new.version)
    assert instructions(way.up) == ["{update,gs_sup,supervisor}"]
    (note,) = way.notes
    assert note.code is Code.UP_CHILDREN_UNREAD
    assert note.place.file.endswith("gs_sup.erl")

"""RK779: what is under way while the code changes, and the other version takes not."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import elixir_versions
from tests.test_upgrade_review import erlang, upgrade
from tests.upgrade_sources import child, code_change, supervisor

SEVERE, NOTICE = Danger.SEVERE, Danger.NOTICE
UP, DOWN = "on the way up", "on the way down"
CALL = "handle_call(get, _, S) -> {reply, S, S}."
CAST = "handle_cast(_, S) -> {noreply, S}."


def srv(init="ok", info="", *more, call=CALL, cast=CAST) -> str:
    """A server; `init` is what it does first."""
    head = """
    -behaviour(gen_server).
    -compile(nowarn_unused_function).
    -export([start_link/0, get/0, init/1, handle_call/3, handle_cast/2]).
    start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
    """
    has_get = any("get() ->" in each for each in more)
    get = "" if has_get else "get() -> gen_server:call(?MODULE, get)."
    export = "-export([handle_info/2])." if info else ""
    return "\n".join([
        head, export, get, f"init([]) -> {init}, {{ok, 0}}.", call, cast, info, *more
    ])  # fmt: skip


def told(findings):
    return [
        (each.danger, each.diagnostic.facts["direction"])
        for each in findings
        if each.diagnostic.code is Code.REVIEW_MESSAGE
    ]


def both(tmp_path, before, after, **how):
    return told(erlang(tmp_path, {"srv": before}, {"srv": after}, **how))


def loop(send: str, message: str, pattern: str = "", rest: str = "") -> str:
    """A server that sends itself a message again and again."""
    again = send.replace("MSG", message)
    info = f"handle_info({pattern or message}, S) -> {again}, {{noreply, S + 1}}{rest}."
    return srv(again, info)


SENDS = {
    "send_after": "erlang:send_after(99, self(), MSG)",
    "named": "erlang:send_after(99, ?MODULE, MSG)",
    "timer": "timer:send_after(99, MSG)",
    "to": "timer:send_after(99, self(), MSG)",
    "interval": "timer:send_interval(99, MSG)",
    "bang": "self() ! MSG",
    "send": "erlang:send(self(), MSG)",
}


@pytest.mark.parametrize("name", SENDS)
def test_a_loop_whose_message_changes(tmp_path, name):
    old, new = loop(SENDS[name], "tick"), loop(SENDS[name], "{tick, 1}", "{tick, _}")
    assert both(tmp_path, old, new) == [(SEVERE, UP), (SEVERE, DOWN)]
    assert both(tmp_path / "same", old, old + "\n-a(b).\n") == []
    wide = new.replace("handle_info({tick", "handle_info(tick, S) -> {noreply, S};"
                       "\nhandle_info({tick")  # fmt: skip
    assert both(tmp_path / "wide", old, wide) == [(SEVERE, DOWN)]


def test_a_loop_that_ends_unseen(tmp_path):
    rest = ";\nhandle_info(_, S) -> {noreply, S}"
    logged = ';\nhandle_info(M, S) -> logger:error("~p", [M]), {noreply, S}'
    asked = ";\nhandle_info(M, S) -> {noreply, other(M, S)}"
    for at, (end, severe) in enumerate(((rest, 2), (logged, 2), (asked, 0))):
        other = "other(_, S) -> S.\n" if end is asked else ""
        old, new = (
            loop(SENDS["timer"], each, rest=end) + f"\n{other}"
            for each in ("tick", "poll")
        )
        assert len(both(tmp_path / str(at), old, new)) == severe


def test_a_loop_that_is_gone(tmp_path):
    """It is right that what nobody sends any more is passed over."""
    end = ";\nhandle_info(_, S) -> {noreply, S}"
    old = loop(SENDS["timer"], "tick", rest=end)
    new = srv("ok", "handle_info(_, S) -> {noreply, S}.")
    assert both(tmp_path, old, new) == []
    crash = srv("ok", "handle_info(other, S) -> {noreply, S}.")
    assert both(tmp_path / "crash", old, crash) == [(SEVERE, UP)]


def test_what_init_alone_sends(tmp_path):
    """A message came long ago; a timer may go off yet."""
    info = "handle_info(setup, S) -> {noreply, S}."
    none = srv("ok", "handle_info(other, S) -> {noreply, S}.")
    assert both(tmp_path, srv("self() ! setup", info), none) == []
    sent = srv("erlang:send_after(0, self(), setup)", info)
    assert both(tmp_path / "zero", sent, none) == []
    sent = srv("erlang:send_after(999, self(), setup)", info)
    assert both(tmp_path / "timer", sent, none) == [(NOTICE, UP)]


def test_what_others_send_and_are_sent(tmp_path):
    """Neither a function that clients call, nor one that another process runs."""
    info = "handle_info(tick, S) -> {noreply, S}."
    none = srv("ok", "handle_info(other, S) -> {noreply, S}.")
    client = srv(
        "ok", info, "-export([f/0]). f() -> erlang:send_after(9, self(), tick)."
    )
    assert both(tmp_path, client, none) == []
    spawned = srv("spawn(fun() -> erlang:send_after(9, self(), tick) end)", info)
    assert both(tmp_path / "spawned", spawned, none) == []
    away = srv("erlang:send_after(9, whereis(x), tick)", info)
    assert both(tmp_path / "away", away, none) == []


def test_a_code_change_that_cancels(tmp_path):
    old = loop(SENDS["timer"], "tick")
    new = loop(SENDS["timer"], "poll")
    cancels = (
        new
        + "\n"
        + code_change("code_change(_, S, _) -> timer:cancel(S), {ok, S + 1}.")
    )
    update = "{update, srv, {advanced, []}}"
    assert both(tmp_path, old, cancels, up=update) == []
    assert len(both(tmp_path / "loaded", old, new)) == 2


def test_a_child_that_is_exchanged(tmp_path):
    sup = supervisor(child("srv", "one"))
    old = {"sup": sup, "srv": loop(SENDS["timer"], "tick")}
    new = {"sup": sup, "srv": loop(SENDS["timer"], "poll")}
    exchange = (
        "{apply, {supervisor, terminate_child, [sup, one]}}, {load_module, srv},"
        " {apply, {supervisor, restart_child, [sup, one]}}"
    )
    assert told(erlang(tmp_path, old, new, up=exchange)) == []
    assert len(told(erlang(tmp_path / "kept", old, new))) == 2


STATEM = """
-behaviour(gen_statem).
-export([init/1, callback_mode/0, handle_event/4]).
callback_mode() -> handle_event_function.
init([]) -> {{ok, shut, 0, [{{state_timeout, 999, {what}}}]}}.
handle_event(state_timeout, {taken}, _, D) ->
    {{keep_state, D + {n}, [{{state_timeout, 999, {what}}}]}};
handle_event(info, M, _, D) -> {{keep_state, {{M, D}}}}.
"""


def test_a_timeout_of_a_gen_statem(tmp_path):
    old = STATEM.format(what="open", taken="open", n=1)
    new = STATEM.format(what="opens", taken="opens", n=1)
    assert both(tmp_path, old, new) == [(SEVERE, UP), (SEVERE, DOWN)]
    same = STATEM.format(what="open", taken="open", n=2)
    assert both(tmp_path / "same", old, same) == []
    wide = STATEM.format(what="opens", taken="_", n=1)
    assert both(tmp_path / "wide", old, wide) == [(SEVERE, DOWN)]


def test_requests_of_another_form(tmp_path):
    old = srv(cast="handle_cast(hit, S) -> {noreply, S}.")
    other = srv(
        "ok", "", "get() -> gen_server:call(?MODULE, {get, []}).",
        call="handle_call({get, _}, _, S) -> {reply, S, S}.",
        cast="handle_cast({hit, _}, S) -> {noreply, S}.",
    )  # fmt: skip
    found = erlang(tmp_path, {"srv": old}, {"srv": other})
    assert told(found) == [(NOTICE, UP), (NOTICE, DOWN)]
    assert found[0].diagnostic.facts["forms"] == "`get`, `hit`"
    renamed = srv(
        "ok", "", "get() -> gen_server:call(?MODULE, fetch).",
        call="handle_call(fetch, _, S) -> {reply, S, S}.",
    )  # fmt: skip
    assert both(tmp_path / "renamed", srv(), renamed) == [(NOTICE, UP), (NOTICE, DOWN)]


def test_requests_that_are_added_or_still_taken(tmp_path):
    more = srv(call=f"handle_call(more, _, S) -> {{reply, S, S}};\n{CALL}")
    assert both(tmp_path, srv(), more) == []
    wide = srv(call=f"{CALL[:-1]};\nhandle_call(_, _, S) -> {{reply, no, S}}.")
    form = srv(call="handle_call({get, _}, _, S) -> {reply, S, S}.")
    assert both(tmp_path / "wide", wide, form) == [(NOTICE, UP)]


ELIXIR = """
defmodule E.Loop do
  use GenServer
  def init(_), do: (schedule(); {:ok, 1})
  def handle_info(MSG, s), do: (schedule(); {:noreply, s})
  def handle_info(other, s), do: (Logger.info("#{inspect(other)}"); {:noreply, s})
  defp schedule, do: Process.send_after(self(), MSG, 99)
end
defmodule E.Crash do
  use GenServer
  def init(_), do: (send(self(), MSG); {:ok, 1})
  def handle_info(MSG, s) do
    send(self(), MSG)
    {:noreply, s}
  end
end
defmodule E.Asks do
  use GenServer
  def init(_), do: {:ok, 1}
  def ask(pid), do: GenServer.call(pid, MSG)
  def handle_call(MSG, _, s), do: {:reply, s, s}
end
defmodule E.Fine do
  use GenServer
  def init(_), do: (Process.send_after(self(), MSG, 99); {:ok, 1})
  def handle_info({:poll, _}, s), do: {:noreply, s}
  def handle_info(:tick, s), do: {:noreply, s}
  def handle_call(:get, _, s), do: {:reply, MSG, s}
end
"""


def test_elixir(tmp_path):
    texts = {
        "1": "require Logger\n" + ELIXIR.replace("MSG", ":tick"),
        "2": "require Logger\n" + ELIXIR.replace("MSG", "{:poll, 1}"),
    }
    found = review([upgrade(*elixir_versions(tmp_path, "e", texts))])
    about = [
        (each.diagnostic.facts["module"], each.danger)
        for each in found
        if each.diagnostic.code is Code.REVIEW_MESSAGE
    ]
    assert sorted(about, key=str) == [
        *[("Elixir.E.Asks", NOTICE)] * 2,
        *[("Elixir.E.Crash", SEVERE)] * 2,
        *[("Elixir.E.Loop", SEVERE)] * 2,
    ]

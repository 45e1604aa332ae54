"""RK795: what `init/1` and `start/2` do now, and a process that goes on never did."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import Live, between, elixir_versions, erlang_version
from tests.test_upgrade_review import erlang, upgrade
from tests.upgrade_sources import application, child, code_change, server, supervisor

SEVERE, NOTICE = Danger.SEVERE, Danger.NOTICE
UP, DOWN = "on the way up", "on the way down"
MAKES = "ets:new(cache, [named_table, public])"
READS = "begin ets:lookup(cache, a), S end"


def srv(does: str = "ok", get: str = "S", *more: str) -> str:
    """A server whose init does this first."""
    text = server("1", *more, get=get)
    return text.replace("init([]) ->", f"init([]) -> {does},")


def told(findings):
    return [
        (each.danger, each.diagnostic.facts["direction"])
        for each in findings
        if each.diagnostic.code is Code.REVIEW_FIRST_START
    ]


def both(tmp_path, before, after, **how):
    return told(erlang(tmp_path, {"srv": before}, {"srv": after}, **how))


def test_a_table_that_init_makes_now(tmp_path):
    found = erlang(tmp_path, {"srv": srv()}, {"srv": srv(MAKES, READS)})
    assert told(found) == [(SEVERE, UP)]
    assert found[0].diagnostic.facts["used"] == ", and handle_call/3 of srv uses it"
    unread = both(tmp_path / "unread", srv(), srv(MAKES))
    assert unread == [(NOTICE, UP)]
    back = both(tmp_path / "back", srv(MAKES, READS), srv())
    assert back == [(NOTICE, DOWN)]
    same = both(tmp_path / "same", srv(MAKES, READS), srv(MAKES, READS) + "\n-a(b).\n")
    assert same == []
    asks = "case ets:whereis(cache) of undefined -> S; T -> ets:lookup(T, a) end"
    asked = both(tmp_path / "asked", srv(), srv(MAKES, asks))
    assert asked == [(NOTICE, UP)]


def test_a_table_that_is_made_otherwise(tmp_path):
    changes = code_change(f"code_change(_, S, _) -> {MAKES}, {{ok, S}}.")
    after = srv(MAKES, READS, changes)
    update = "{update, srv, {advanced, []}}"
    assert both(tmp_path, srv(), after, up=update) == []
    assert both(tmp_path / "load", srv(), after, up="{load_module, srv}") == [
        (SEVERE, UP)
    ]
    applied = "{load_module, srv}, {apply, {ets, new, [cache, [named_table]]}}"
    assert both(tmp_path / "apply", srv(), srv(MAKES, READS), up=applied) == []
    made = srv(MAKES, READS, f"-export([make/0]). \nmake() -> {MAKES}.")
    applied = "{load_module, srv}, {apply, {srv, make, []}}"
    assert both(tmp_path / "own", srv(), made, up=applied) == []
    lazy = srv(MAKES, f"begin {MAKES}, S end")
    assert both(tmp_path / "lazy", srv(), lazy) == []


def test_a_table_that_was_another_ones(tmp_path):
    old = {"one": srv(MAKES), "two": srv()}
    new = {"one": srv(), "two": srv(MAKES, READS)}
    assert told(erlang(tmp_path, old, new)) == []


def test_a_table_of_a_child_that_begins(tmp_path):
    old = {"sup": supervisor(child("one")), "one": srv()}
    new = {
        "sup": supervisor(child("two"), child("one")),
        "one": srv("ok", READS),
        "two": srv(MAKES),
    }
    assert told(erlang(tmp_path, old, new)) == []


def test_a_child_or_application_that_restarts(tmp_path):
    sup = supervisor(child("srv", "one"))
    old, new = {"sup": sup, "srv": srv()}, {"sup": sup, "srv": srv(MAKES, READS)}
    exchange = (
        "{apply, {supervisor, terminate_child, [sup, one]}}, {load_module, srv},"
        " {apply, {supervisor, restart_child, [sup, one]}}"
    )
    assert told(erlang(tmp_path, old, new, up=exchange)) == []
    restart = "{restart_application, m}"
    assert told(erlang(tmp_path / "app", old, new, up=restart)) == []


TERM = "persistent_term:put(key, {})"
GETS = "persistent_term:get(key)"


def test_a_persistent_term(tmp_path):
    new = srv(TERM.format(1), GETS)
    assert both(tmp_path, srv(), new) == [(SEVERE, UP)]
    safe = srv(TERM.format(1), "persistent_term:get(key, 0)")
    assert both(tmp_path / "safe", srv(), safe) == [(NOTICE, UP)]
    one, two = (srv(TERM.format(each), GETS) for each in ("{1}", "{1, 2}"))
    assert both(tmp_path / "shape", one, two) == [(SEVERE, UP), (SEVERE, DOWN)]
    one, two = (srv(TERM.format(each), GETS) for each in ("1", "2"))
    assert both(tmp_path / "value", one, two) == []


@pytest.mark.parametrize(
    "does",
    [
        "pg:join(group, self())",
        "process_flag(trap_exit, true)",
        "register(other, self())",
        "gen_event:add_handler(logs, srv, [])",
        "ranch:start_listener(http, 1, ranch_tcp, #{}, srv, [])",
    ],
)
def test_what_a_person_should_look_at(tmp_path, does):
    assert both(tmp_path, srv(), srv(does)) == [(NOTICE, UP)]
    same = both(tmp_path / "same", srv(does), srv(does) + "\n-a(b).\n")
    assert same == []


def test_start_of_an_application(tmp_path):
    top = application("sup")
    more = top.replace("start(_, _) ->", f"start(_, _) -> {MAKES},")
    rest = {"sup": supervisor(child("srv"))}
    old = {"top": top, "srv": srv(), **rest}
    new = {"top": more, "srv": srv("ok", READS), **rest}
    found = erlang(tmp_path, old, new)
    assert told(found) == [(SEVERE, UP)]
    assert found[0].diagnostic.facts["function"] == "start/2"
    kept = erlang(tmp_path / "kept", {**old, "top": more}, new)
    assert told(kept) == []


def test_the_process_crashes_as_told(tmp_path):
    top = {"top": application("sup"), "sup": supervisor(child("srv"))}
    old = erlang_version(tmp_path, "m", "1", {**top, "srv": srv()}, "top")
    new = erlang_version(tmp_path, "m", "2", {**top, "srv": srv(MAKES, READS)}, "top")
    between(old, new)
    live = Live()
    try:
        live.start(old)
        assert live.ask("gen_server:call(srv, get)") == "1"
        live.up(new)
        assert "badarg" in live.ask("catch gen_server:call(srv, get)")
    finally:
        live.close()


ELIXIR = """
defmodule F.App do
  use Application
  def start(_, _) do
    APP
    Supervisor.start_link([F.Reads, F.Flag, F.Fine], strategy: :one_for_one)
  end
  def stop(_), do: VSN
end
defmodule F.Reads do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: {:ok, VSN}
  def handle_call(:get, _, s), do: (READ; {:reply, s, s})
end
defmodule F.Flag do
  use GenServer
  def init(_), do: (FLAG; {:ok, VSN})
end
defmodule F.Fine do
  use GenServer
  def init(_), do: (Process.flag(:trap_exit, true); {:ok, VSN})
end
"""


def test_elixir(tmp_path):
    new = {
        "APP": ":ets.new(:cache, [:named_table, :public])",
        "READ": ":ets.insert(:cache, {1, s})",
        "FLAG": "Registry.register(F.Registry, :topic, [])",
    }
    first = second = ELIXIR
    for word, text in new.items():
        first, second = first.replace(word, ":ok"), second.replace(word, text)
    texts = {"1": first.replace("VSN", "1"), "2": second.replace("VSN", "2")}
    versions = elixir_versions(
        tmp_path, "f", texts, dict.fromkeys("12", "Elixir.F.App")
    )
    found = review([upgrade(*versions)])
    about = [
        (each.diagnostic.facts["module"], each.danger)
        for each in found
        if each.diagnostic.code is Code.REVIEW_FIRST_START
    ]
    assert about == [("Elixir.F.App", SEVERE), ("Elixir.F.Flag", NOTICE)]

"""RK778: what `init/1` of a supervisor cannot do again in the supervisor that runs."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import Live, between, elixir_versions, erlang_version
from tests.test_upgrade_review import erlang, upgrade
from tests.upgrade_sources import application, child, server

SEVERE, NOTICE = Danger.SEVERE, Danger.NOTICE
UP, DOWN = "on the way up", "on the way down"

SUP = """
-behaviour(supervisor).
-export([start_link/0, init/1]).
start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, {given}).
init({taken}) ->
    {does}
    {{ok, {{#{{intensity => {n}}}, [{children}]}}}}.
{more}
"""


def sup(n, given="[]", taken="", does="", more="") -> str:
    taken = taken or given.replace("=>", ":=")
    return SUP.format(
        n=n, given=given, taken=taken, does=does, more=more, children=child("srv")
    )


def told(findings):
    return [
        (each.danger, each.diagnostic.facts["direction"])
        for each in findings
        if each.diagnostic.code is Code.REVIEW_SUPERVISOR_INIT
    ]


def between_supervisors(tmp_path, before: str, after: str):
    return erlang(
        tmp_path,
        {"sup": before, "srv": server("1")},
        {"sup": after, "srv": server("1")},
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [("[]", "{5, 10}"), ("#{a => 1}", "{5, 10}"), ("five", "six"), ("[]", "[1]")],
)
def test_an_argument_that_no_clause_takes(tmp_path, before, after):
    found = between_supervisors(tmp_path, sup(1, before), sup(2, after))
    assert told(found) == [(SEVERE, UP), (SEVERE, DOWN)]
    assert before.replace("#{a => 1}", "a map") in found[0].diagnostic.facts["what"]
    assert found[0].diagnostic.place.line


@pytest.mark.parametrize("taken", ["_", "[] ; x", "Arg", "X = Y"])
def test_an_argument_that_a_clause_takes(tmp_path, taken):
    heads = taken.split(" ; ")
    more = "-export([other/0]). other() -> 1." if len(heads) == 1 else ""
    after = sup(2, "{5, 10}", heads[0], more=more)
    back = sup(1, "[]", "_")
    assert told(between_supervisors(tmp_path, back, after)) == []


def test_an_argument_made_at_run_time(tmp_path):
    given = "application:get_env(m, a)"
    found = between_supervisors(tmp_path, sup(1, given, "[]"), sup(2, given, "{_, _}"))
    assert told(found) == []


ONCE = {
    "table": "ets:new(cache, [named_table, public]),",
    "name": "register(top, self()),",
    "deep": "make(),",
    "loop": "lists:foreach(fun(_) -> ets:new(a, [named_table]) end, [1]),",
    "process": "gen_server:start_link(srv, [], []),",
    "listener": "ranch:start_listener(http, ranch_tcp, #{}, srv, []),",
}
DEEP = "make() -> ets:new(cache, [named_table])."
AGAIN = {
    "asked": "case ets:whereis(cache) of undefined -> ets:new(cache, [named_table]);"
    " _ -> ok end,",
    "caught": "catch ets:new(cache, [named_table]),",
    "tried": "try ets:new(cache, [named_table]) catch error:_ -> ok end,",
    "nameless": "ets:new(cache, []),",
    "term": "persistent_term:put(cache, 1),",
}


@pytest.mark.parametrize("name", ONCE)
def test_what_cannot_be_done_twice(tmp_path, name):
    more = DEEP if name == "deep" else ""
    found = between_supervisors(
        tmp_path, sup(1, does=ONCE[name], more=more), sup(2, does=ONCE[name], more=more)
    )
    assert told(found) == [(SEVERE, UP), (SEVERE, DOWN)]


@pytest.mark.parametrize("name", ONCE)
def test_what_only_the_newer_version_does(tmp_path, name):
    """It works once; who goes back and up again meets what is left."""
    more = DEEP if name == "deep" else ""
    found = between_supervisors(tmp_path, sup(1), sup(2, does=ONCE[name], more=more))
    assert told(found) == [(NOTICE, UP)]
    found = between_supervisors(
        tmp_path / "back", sup(1, does=ONCE[name], more=more), sup(2)
    )
    assert told(found) == [(SEVERE, DOWN)]


@pytest.mark.parametrize("name", AGAIN)
def test_what_can_be_done_again(tmp_path, name):
    found = between_supervisors(
        tmp_path, sup(1, does=AGAIN[name]), sup(2, does=AGAIN[name])
    )
    assert told(found) == []


def test_a_supervisor_that_is_only_loaded(tmp_path):
    found = erlang(
        tmp_path,
        {"sup": sup(1), "srv": server("1")},
        {"sup": sup(2, "{5, 10}"), "srv": server("1")},
        up="{load_module, sup}",
    )
    assert told(found) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (sup(1), sup(2, "{5, 10}")),
        (sup(1, does=ONCE["table"]), sup(2, does=ONCE["table"])),
    ],
)
def test_the_upgrade_fails_as_told(tmp_path, before, after):
    top = {"top": application("sup"), "srv": server("1")}
    old = erlang_version(tmp_path, "m", "1", {**top, "sup": before}, "top")
    new = erlang_version(tmp_path, "m", "2", {**top, "sup": after}, "top")
    between(old, new)
    live = Live()
    try:
        live.start(old)
        assert "code_change_failed" in live.up(new)
    finally:
        live.close()


ELIXIR = """
defmodule T.Arg do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, ARG, name: __MODULE__)
  def init(ARG), do: Supervisor.init([], strategy: :one_for_one, max_restarts: VSN)
end
defmodule T.Table do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, :ok, name: __MODULE__)
  def init(:ok) do
    :ets.new(:cache, [:named_table, :public])
    Supervisor.init([], strategy: :one_for_one, max_restarts: VSN)
  end
end
defmodule T.Dynamic do
  use DynamicSupervisor
  def start_link(_), do: DynamicSupervisor.start_link(__MODULE__, :ok)
  def init(:ok) do
    {:ok, _} = Agent.start_link(fn -> VSN end)
    DynamicSupervisor.init(strategy: :one_for_one)
  end
end
defmodule T.Fine do
  use Supervisor
  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)
  def init(_) do
    if :ets.whereis(:fine) == :undefined, do: :ets.new(:fine, [:named_table])
    children = [%{id: :task, start: {Task, :start_link, [fn -> run() end]}}]
    Supervisor.init(children, strategy: :one_for_one, max_restarts: VSN)
  end
  defp run, do: :ets.new(:own, [:named_table])
end
"""


def test_elixir(tmp_path):
    texts = {
        str(vsn): ELIXIR.replace("VSN", str(vsn)).replace("ARG", arg)
        for vsn, arg in ((1, "[]"), (2, "{:new, 1}"))
    }
    found = review([upgrade(*elixir_versions(tmp_path, "t", texts))])
    about = [
        each.diagnostic.facts["module"]
        for each in found
        if each.diagnostic.code is Code.REVIEW_SUPERVISOR_INIT
    ]
    assert sorted(about) == [
        *["Elixir.T.Arg"] * 2,
        *["Elixir.T.Dynamic"] * 2,
        *["Elixir.T.Table"] * 2,
    ]

"""The review of records and structs that are kept in tables: which are told of."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.review.findings import AppUpgrade, Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_cases import OK, versions
from tests.live_upgrade import Live, between, elixir_versions, erlang_version
from tests.test_upgrade_review import parsed
from tests.upgrade_sources import child, code_change, supervisor

OWNER = """
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).
-record(item, {%s}).
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init([]) -> ets:new(kr_items, [named_table, public, {keypos, 2}]), {ok, 1}.
handle_call({add, N}, _, S) -> {reply, add(N), S};
handle_call({get, N}, _, S) -> {reply, show(ets:lookup(kr_items, N)), S}.
handle_cast(_, S) -> {noreply, S}.
"""
SHOW = {
    "name, n = 0": "show([#item{n = N}]) -> N.",
    "name, n = 0, colour = red": "show([#item{n = N, colour = C}]) -> {N, C}.",
}
OLD, NEW = SHOW
CONVERTS = code_change("""
code_change({down, _}, S, _) ->
    [ets:insert(kr_items, {item, K, N}) || {item, K, N, _} <- ets:tab2list(kr_items)],
    {ok, S};
code_change(_, S, _) ->
    grow(ets:tab2list(kr_items)),
    {ok, S}.
grow(Items) -> [ets:insert(kr_items, {item, K, N, red}) || {item, K, N} <- Items].
""")


def owner(fields: str, add: str, *more: str) -> str:
    """Return a server that keeps records of these fields in a table."""
    return "\n".join([OWNER % fields, f"add(N) -> {add}.", SHOW[fields], *more])


def told(old, new, up: str | None = None):
    """Return the findings about what is kept."""
    way = generate(old.version, new.version)
    script = tuple(step.instruction for step in way.up) if up is None else parsed(up)
    upgrade = AppUpgrade(old=old.version, new=new.version, up=script, down=script)
    return [
        each for each in review([upgrade]) if each.diagnostic.code is Code.REVIEW_KEPT
    ]


INSERT = "ets:insert(kr_items, #item{name = N})"
ADD = {
    INSERT: "is put into an ETS table",
    "R = #item{name = N}, ets:insert_new(kr_items, [R])": "is put into an ETS table",
    "R = #item{name = N}, put(N, {1, R#item{n = 1}})": "is put into the process dictio",
    "dets:insert(kr_items, #item{name = N})": "is put into a Dets table",
    "mnesia:dirty_write(#item{name = N})": "is put into a Mnesia table",
    "persistent_term:put(N, #item{name = N})": "is put into persistent_term",
    "ets:insert(kr_items, {item, N, element(2, #item{name = N})})": "",
    "ets:lookup(kr_items, #item{name = N})": "",
    "N ! #item{name = N}": "",
}


@pytest.mark.parametrize("add", ADD)
def test_who_keeps_a_record(tmp_path, add):
    old, new = (
        erlang_version(tmp_path, "kr", vsn, {"kr_srv": owner(fields, add)})
        for vsn, fields in (("1", OLD), ("2", NEW))
    )
    found = told(old, new)
    assert len(found) == bool(ADD[add])
    for each in found:
        facts = each.diagnostic.facts
        assert each.danger is Danger.NOTICE
        assert facts["holder"].startswith(ADD[add])
        assert (facts["what"], facts["changes"]) == ("the record #item", "+colour")
        assert facts["function"] == "add/1"
        assert each.diagnostic.place.line


def test_a_record_that_stays_as_it_is(tmp_path):
    """And one of the same name whose fields this module does not know."""
    other = "-export([f/0]).\n-record(item, {%s}).\nf() -> #item{}."
    old, new = (
        erlang_version(
            tmp_path,
            "kr",
            vsn,
            {"kr_srv": owner(OLD, add), "kr_other": other % fields},
        )
        for vsn, fields, add in (
            ("1", "a", INSERT),
            ("2", "a, b", INSERT.replace("#item{", "#item{n = 1, ")),
        )
    )
    assert told(old, new) == []


@pytest.mark.parametrize(
    ("up", "times"),
    [
        ("{update, kr_srv, {advanced, []}}", 0),
        ("{update, kr_srv, soft}", 1),
        ("{update, kr_srv, soft}, {apply, {kr_srv, grow, []}}", 0),
        ("{update, kr_srv, soft}, {apply, {ets, tab2list, [kr_items]}}", 1),
        ("{restart_application, kr}", 0),
    ],
)
def test_who_converts_it(tmp_path, up, times):
    """The code_change is there in each case; what counts is whether it is called."""
    old, new = (
        erlang_version(tmp_path, "kr", vsn, {"kr_srv": owner(fields, INSERT, *more)})
        for vsn, fields, more in (("1", OLD, ()), ("2", NEW, (CONVERTS,)))
    )
    assert len(told(old, new, up)) == times


def test_a_live_node(tmp_path):
    """What was kept is lost for the newer code, unless code_change converts it."""
    trees = [
        {"kr_sup": supervisor(child("kr_srv")), "kr_srv": owner(fields, INSERT, *more)}
        for fields, more in ((OLD, ()), (NEW, ()), (NEW, (CONVERTS,)))
    ]
    old, unfit, fit = versions(tmp_path, "kr", *trees)
    asked = "catch gen_server:call(kr_srv, {get, a})"
    live = Live()
    try:
        live.start(old)
        live.ask("gen_server:call(kr_srv, {add, a})")
        between(old, fit)
        assert told(old, fit) == []
        assert live.up(fit) == OK
        assert live.ask(asked) == "{0,red}"
        assert live.down(old) == OK
        assert live.ask(asked) == "0"
        between(old, unfit)
        assert len(told(old, unfit)) == 1
        assert live.up(unfit).startswith("{ok,")
        assert "function_clause" in live.ask(asked)
    finally:
        live.close()


ELIXIR = """
defmodule K.Item do
  defstruct [FIELDS]
end
defmodule K.Table do
  def add(n), do: :ets.insert(:items, {n, %K.Item{name: n}})
end
defmodule K.Grow do
  def grow(%K.Item{} = item), do: :persistent_term.put(:item, %{item | name: 1})
  def keep(%K.Item{} = item), do: Process.put(:item, item)
end
defmodule K.Agent do
  def start_link(_), do: Agent.start_link(fn -> %K.Item{name: 1} end, name: __MODULE__)
  def rename(n), do: Agent.update(__MODULE__, fn item -> %{item | name: n} end)
end
defmodule K.Reads do
  def names, do: for {_, %K.Item{name: n}} <- :ets.tab2list(:items), do: n
  def all, do: Agent.get(K.Agent, fn %K.Item{name: n} -> %K.Item{name: n} end)
end
defmodule K.Steady do
  defstruct [:a]
  def add(n), do: :ets.insert(:items, {n, %K.Steady{a: n}})
end
"""


GROW = "{update, 'Elixir.K.Agent', {advanced, {'Elixir.K.Grow', grow, []}}}"


def test_structs(tmp_path):
    """Also as the state of an Agent; not where one is only read, or is as before."""
    sources = {
        vsn: ELIXIR.replace("FIELDS", fields)
        for vsn, fields in (("1", ":name"), ("2", ":name, :colour"))
    }
    built = elixir_versions(tmp_path, "k", sources)
    found = [each.diagnostic.facts for each in told(*built)]
    assert {each["what"] for each in found} == {"the struct %K.Item{}"}
    assert [(each["module"], each["holder"]) for each in found] == [
        ("Elixir.K.Agent", "is the state of an Agent"),
        ("Elixir.K.Grow", "is put into persistent_term"),
        ("Elixir.K.Grow", "is put into the process dictionary"),
        ("Elixir.K.Table", "is put into an ETS table"),
    ]
    assert told(*built, GROW) == []

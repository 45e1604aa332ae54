"""The review of states: who made them, who takes them as they are, what is none."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import elixir_versions
from tests.test_upgrade_review import codes, erlang, upgrade
from tests.upgrade_sources import code_change, server

RECORDS = """
-compile(nowarn_unused_function).
-record(s, {a, b = 0}).
-record(u, {%s}).
make() -> #s{a = 1}.
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("#s{a = 1}", "(#s{})#s{a = 2}", 0),
        ("#s{a = 1}", "(make())#s{a = 2}", 0),
        ("#s{a = 1}", "begin S = #s{}, S#s{a = 2} end", 0),
        ("#s{a = #u{}}", "(#s{a = #u{}})#s{b = 2}", 0),
        ("#s{a = 1}", "(#s{a = #u{}})#s{a = 2}", 0),
        ("#s{a = 1}", "(#s{})#s{a = #u{}}", 2),
        ("#s{a = 1}", "(#s{a = #u{}})#s{b = 2}", 2),
    ],
)
def test_what_an_update_starts_from_is_no_part(tmp_path, before, after, told):
    trees = [{"srv": server(each) + RECORDS % "n"} for each in (before, after)]
    assert codes(erlang(tmp_path, *trees)) == [Code.REVIEW_STATE] * told


BOTH = """
-behaviour(gen_server).
-export([start_link/0, start_sup/0, init/1, handle_call/3, handle_cast/2]).
start_sup() -> supervisor:start_link({local, both_sup}, ?MODULE, sup).
start_link() -> gen_server:start_link({local, both}, ?MODULE, [], []).
init(sup) -> {ok, {FLAGS, [#{id => both, start => {?MODULE, start_link, []}}]}};
init([]) -> {ok, STATE}.
handle_call(get, _, S) -> {reply, S, S}.
handle_cast(_, S) -> {noreply, S}.
"""


@pytest.mark.parametrize("flags", ["#{strategy => one_for_all}", "{one_for_one, 1, 5}"])
def test_children_of_a_supervisor_are_no_state(tmp_path, flags):
    """The module is a supervisor and a server; what is a state is judged as ever."""
    change = code_change(
        "code_change({down, _}, {s, _}, _) -> {ok, s};"
        "code_change(_, s, _) -> {ok, {s, 1}}."
    )
    source = BOTH.replace("FLAGS", flags)
    old, new = (source.replace("STATE", each) for each in ("s", "{s, 1}"))
    assert erlang(tmp_path / "good", {"both": old}, {"both": new + change}) == ()
    found = erlang(tmp_path / "bad", {"both": old}, {"both": new})
    assert codes(found) == [Code.REVIEW_STATE] * 2
    assert found[0].diagnostic.facts["before"] == "an atom"


TAKES = """
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init([]) -> {ok, %s}.
handle_call({put, X}, _, %s) -> {reply, ok, X};
handle_call({put, X}, _, %s) -> {reply, ok, X}.
handle_cast(_, S) -> {noreply, S}.
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("undefined", "#{}", 0),
        ("{s, 1}", "{s, 1, 2}", 0),
        ("#{a => 1}", "{s, 1}", 0),
        ("undefined", "{s, 1}", 0),
    ],
)
def test_callbacks_for_the_states_of_both(tmp_path, before, after, told):
    old, new = ({"srv": TAKES % (each, before, after)} for each in (before, after))
    old["srv"], new["srv"] = (
        text.replace("=> 1}, _", ":= 1}, _").replace("=> 1}) ->", ":= 1}) ->")
        for text in (old["srv"], new["srv"])
    )
    assert codes(erlang(tmp_path, old, new)) == [Code.REVIEW_STATE] * told


@pytest.mark.parametrize(
    ("before", "first", "after"),
    [
        ("undefined", "none", "#{}"),
        ("{s, 1}", "{t, 1}", "{s, 1, 2}"),
        ("{s, 1}", "S", "{s, 1, 2}"),
    ],
)
def test_callbacks_for_another_state(tmp_path, before, first, after):
    old, new = ({"srv": TAKES % (each, first, "_")} for each in (before, after))
    assert codes(erlang(tmp_path, old, new)) == [Code.REVIEW_STATE] * 2


SERVED = server("st:new()", get="st:value(S)")
MAKER = """
-export([new/0, value/1]).
-record(st, {%s}).
new() -> #st{v = 1}.
value(#st{v = V}) -> V%s.
"""


def test_state_that_another_module_makes(tmp_path):
    """The server does not change, but what it holds must."""
    old = {"srv": SERVED, "st": MAKER % ("v", "")}
    new = {"srv": SERVED, "st": MAKER % ("v, w", "")}
    found = erlang(tmp_path / "grown", old, new)
    assert codes(found) == [Code.REVIEW_STATE] * 2
    facts = found[0].diagnostic.facts
    assert (facts["module"], facts["before"], facts["after"]) == (
        "srv", "#st{v}", "#st{v, w}"
    )  # fmt: skip
    assert "did not change" in facts["reason"]
    assert found[0].danger is Danger.SEVERE
    same = {**old, "st": MAKER % ("v", " + 1")}
    assert erlang(tmp_path / "same", old, same) == ()


def test_state_that_another_module_makes_and_somebody_sees_to(tmp_path):
    old = {"srv": SERVED, "st": MAKER % ("v", "")}
    both = "; value({st, V}) -> V; value({st, V, _}) -> V"
    takes = {"srv": SERVED, "st": MAKER % ("v, w", both)}
    found = erlang(tmp_path / "takes", old, takes)
    assert [each.diagnostic.facts["direction"] for each in found] == ["on the way down"]
    new = {"srv": SERVED, "st": MAKER % ("v, w", "")}
    again = "{restart_application, m}"
    assert erlang(tmp_path / "again", old, new, up=again, asked=True) == ()
    written = code_change(
        "code_change({down, _}, {st, V, _}, _) -> {ok, {st, V}};"
        "code_change(_, {st, V}, _) -> {ok, {st, V, 0}}."
    )
    changes = {"srv": SERVED + written, "st": MAKER % ("v, w", "")}
    assert erlang(tmp_path / "changes", old, changes) == ()


ELIXIR = """
defmodule M.St do
  defstruct [FIELDS]
  def new, do: %__MODULE__{v: 1}
  def value(%__MODULE__{v: v}), do: v + ADDED
end
defmodule M.Srv do
  use GenServer
  def init(_), do: {:ok, M.St.new()}
  def handle_call(:get, _, s), do: {:reply, M.St.value(s), s}
end
"""


@pytest.mark.parametrize(("fields", "told"), [(":v, :w", 2), (":v", 0)])
def test_struct_that_another_module_makes(tmp_path, fields, told):
    sources = {
        vsn: ELIXIR.replace("FIELDS", each).replace("ADDED", vsn)
        for vsn, each in (("1", ":v"), ("2", fields))
    }
    found = review([upgrade(*elixir_versions(tmp_path, "m", sources))])
    assert codes(found) == [Code.REVIEW_STATE] * told
    assert all(each.diagnostic.facts["module"] == "Elixir.M.Srv" for each in found)


SPECIAL = """
-export([start_link/0, init/1, loop/3, system_continue/3, system_terminate/4]).
-export([system_code_change/4]).
-record(s, {a, b}).
start_link() -> proc_lib:start_link(?MODULE, init, [self()]).
init(P) -> proc_lib:init_ack({ok, self()}), FIRST.
loop(P, D, S) ->
    receive
        {system, F, R} -> sys:handle_system_msg(R, F, P, ?MODULE, D, S);
        {add, N} -> ?MODULE:loop(P, D, NEXT)
    end.
system_continue(P, D, S) -> loop(P, D, S).
system_terminate(R, _, _, _) -> exit(R).
system_code_change(CHANGE.
"""
KEEPS = "S, _, _, _) -> {ok, S}"
CHANGES = """{A, _}, _, {down, _}, _) -> {ok, A};
system_code_change(A, _, _, _) -> {ok, {A, 0}}"""


@pytest.mark.parametrize(
    ("before", "after", "change", "told"),
    [
        (("loop(P, [], 7)", "S + N"), ("loop(P, [], {7, 0})", "S"), KEEPS, 2),
        (("S = 7, loop(P, [], S)", "S"), ("S = [1], loop(P, [], S)", "S"), KEEPS, 2),
        (("loop(P, [], 7)", "S"), ("loop(P, [], {7, 0})", "S"), CHANGES, 0),
        (("loop(P, [], 7)", "S"), ("loop(P, [], 8)", "S"), KEEPS, 0),
        (("loop(P, [], 7)", "{S, N}"), ("loop(P, [], {7, 0})", "S"), KEEPS, 0),
        (("loop(P, [], #s{})", "S"), ("loop(P, [], #s{})", "S#s{a = N}"), KEEPS, 0),
        (("loop(P, [], node())", "S"), ("loop(P, [], {7, 0})", "S"), KEEPS, 0),
    ],
)
def test_state_of_a_special_process(tmp_path, before, after, change, told):
    trees = [
        {
            "srv": SPECIAL.replace("FIRST", first)
            .replace("NEXT", then)
            .replace("CHANGE", change)
        }
        for first, then in (before, after)
    ]
    found = erlang(tmp_path, *trees)
    assert codes(found) == [Code.REVIEW_STATE] * told
    for each in found:
        assert each.diagnostic.facts["callback"] == "system_code_change/4"

"""Processes that are called by their registered names: no import tells who uses whom.

Which test has what is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import render
from tests.live_cases import OK, versions
from tests.live_upgrade import (
    ELIXIR,
    Live,
    between,
    elixir_versions,
    erlang_version,
    instructions,
)
from tests.upgrade_sources import child, server, supervisor

LOAD = """
    -export([start/1, stop/1]).
    start(Name) -> spawn_monitor(fun() -> exit({done, calls(Name, 0)}) end).
    stop({Pid, Ref}) -> Pid ! stop, receive {'DOWN', Ref, _, _, Why} -> Why end.
    calls(Name, N) ->
        receive stop -> N
        after 0 -> gen_server:call(Name, get), calls(Name, N + 1)
        end.
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A node of this file's own, with the load on it."""
    node = Live()
    directory = tmp_path_factory.mktemp("load")
    built = erlang_version(directory, "load", "1", {"load": LOAD})
    node.ask(f'true = code:add_patha("{built.directory}/ebin")')
    yield node
    node.close()


def speaking(tmp_path, name: str, words: str, *more: str):
    """Two versions in which NAME_a speaks to NAME_b, with other words in each.

    `words` has `WORD` where the word stands; NAME_b takes only that of its version.
    """
    tree = {f"{name}_sup": supervisor(child(f"{name}_a"), child(f"{name}_b"))}
    made = []
    for word in ("one", "two"):
        own = server("1", *more).replace("handle_cast(_", f"handle_cast({word}")
        own = own.replace(
            "handle_call(get", f"handle_call({word}, _, S) -> {{reply, {word}, S}};\n"
            "    handle_call(get"
        )  # fmt: skip
        asks = server("1", get=words.replace("WORD", word))
        made.append({**tree, f"{name}_a": asks, f"{name}_b": own})
    return versions(tmp_path, name, *made)


def under_calls(live, name: str, old, new) -> None:
    """Go up and down, while somebody calls NAME_a: nobody fails or restarts."""
    live.start(old)
    pids = f"[whereis({name}_a), whereis({name}_b)]"
    before = live.ask(pids)
    for change, built in ((live.up, new), (live.down, old)) * 5:
        live.ask(f"put(load, load:start({name}_a)), timer:sleep(5)")
        assert change(built) == OK
        assert live.ask("timer:sleep(5), load:stop(get(load))").startswith("{done,")
    assert live.ask(pids) == before
    live.stop(old)


def test_who_is_called_by_name_changes_before_its_caller(tmp_path, live):
    old, new = speaking(tmp_path, "nb", "gen_server:call(nb_b, WORD)")
    way = between(old, new)
    assert instructions(way.up) == ["{load_module,nb_b}", "{update,nb_a,soft,[nb_b]}"]
    assert instructions(way.down) == instructions(way.up)[::-1]
    under_calls(live, "nb", old, new)


def test_a_call_through_a_module_that_stays(tmp_path, live):
    """The call stands in a plain module, with the word that it is given."""
    old, new = speaking(tmp_path, "nc", "nc_say:it(WORD)")
    for each in (old, new):
        said = {"nc_say": "-export([it/1]). it(W) -> gen_server:call(nc_b, W)."}
        more = erlang_version(tmp_path / each.version.vsn, "nc", "x", said)
        each.version.modules.update(more.version.modules)
        (more.directory / "ebin/nc_say.beam").rename(
            each.directory / "ebin/nc_say.beam"
        )
    way = between(old, new)
    assert instructions(way.up) == ["{load_module,nc_b}", "{update,nc_a,soft,[nc_b]}"]
    under_calls(live, "nc", old, new)


@pytest.mark.parametrize(
    "words", ["gen_server:cast(nd_b, WORD)", "nd_b ! {'$gen_cast', WORD}"]
)
def test_who_is_only_told_something_changes_before_too(tmp_path, words):
    """Nobody waits, so nobody is suspended for it."""
    old, new = speaking(tmp_path, "nd", words)
    way = between(old, new)
    assert instructions(way.up) == ["{load_module,nd_b}", "{load_module,nd_a}"]
    assert instructions(way.down) == instructions(way.up)[::-1]


def test_servers_that_call_each_other_are_not_suspended_at_once(tmp_path, live):
    """The second would wait for the first until its call fails."""
    tree = {"ne_sup": supervisor(child("ne_a"), child("ne_b"))}
    own = "-export([code_change/3]).\ncode_change(_, S, _) -> {ok, S + 0}."
    a = server("{0}", own, get="gen_server:call(ne_b, {put, S})")
    b = server("{0}", own, get="gen_server:call(ne_a, {put, S})")
    old, new = versions(
        tmp_path,
        "ne",
        *(
            {**tree, "ne_a": a.replace("{0}", n), "ne_b": b.replace("{0}", n)}
            for n in "12"
        ),
    )
    way = between(old, new)
    assert instructions(way.up) == [
        "{update,ne_a,{advanced,[]}}",
        "{update,ne_b,{advanced,[]}}",
    ]
    under_calls(live, "ne", old, new)


def test_a_user_that_must_answer_is_told(tmp_path):
    """nf_b moves, so it stops for a moment; nf_a uses it, and nf_c calls nf_a when it
    starts: suspended, nf_a would hold up the upgrade."""
    init = "gen_server:call(nf_a, get)"
    a = server("1", get="gen_server:call(nf_b, get)")
    old, new = versions(
        tmp_path,
        "nf",
        {
            "nf_sup": supervisor(child("nf_a"), child("nf_b")),
            "nf_a": a,
            "nf_b": server("1"),
        },
        {
            "nf_sup": supervisor(
                child("nf_a"), child("nf_box", more=", type => supervisor")
            ),
            "nf_box": supervisor(child("nf_b"), child("nf_c")),
            "nf_a": a,
            "nf_b": server("1"),
            "nf_c": server(init),
        },
    )
    way = between(old, new)
    assert instructions(way.up)[0].startswith("{apply,")
    assert instructions(way.down)[0] == "{suspend,[nf_a]}"
    (note,) = way.notes
    assert note.code is Code.UP_USER_RUNS
    assert render(note).splitlines()[0] == (
        "RK794 notice: on the way up, nf_a uses nf_b, which stops, and it cannot be "
        "suspended meanwhile: nf_c calls it when it starts"
    )


ASKS = """
defmodule Ng.App do
  use Application
  def start(_, _), do: Ng.Sup.start_link([])
end
defmodule Ng.Sup do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    children = [{Registry, keys: :unique, name: Ng.Reg}, Ng.Asker, Ng.Store, Ng.Via]
    Supervisor.init(children, strategy: :one_for_one)
  end
end
defmodule Ng.Asker do
  use GenServer
  @via {:via, Registry, {Ng.Reg, :via}}
  def start_link(_), do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call(:get, _, n) do
    {:reply, {GenServer.call(Ng.Store, WORD), GenServer.call(@via, WORD)}, n}
  end
end
defmodule Ng.Store do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call(WORD, _, n), do: {:reply, WORD, n}
end
defmodule Ng.Via do
  use GenServer
  def start_link(_) do
    GenServer.start_link(__MODULE__, 1, name: {:via, Registry, {Ng.Reg, :via}})
  end
  def init(n), do: {:ok, n}
  def handle_call(WORD, _, n), do: {:reply, WORD, n}
end
"""


def test_elixir_modules_and_names_of_a_registry(tmp_path, live):
    texts = {"1": ASKS.replace("WORD", ":one"), "2": ASKS.replace("WORD", ":two")}
    app = "Elixir.Ng.App"
    old, new = elixir_versions(tmp_path, "ng", texts, {"1": app, "2": app})
    way = between(old, new)
    assert instructions(way.up) == [
        "{load_module,'Elixir.Ng.Store'}",
        "{load_module,'Elixir.Ng.Via'}",
        "{update,'Elixir.Ng.Asker',soft,['Elixir.Ng.Store','Elixir.Ng.Via']}",
    ]
    assert instructions(way.down) == instructions(way.up)[::-1]
    live.start(old, ELIXIR / "elixir/ebin", ELIXIR / "logger/ebin")
    calls = "element(2, gen_server:call('Elixir.Ng.Asker', get))"
    for change, built, word in ((live.up, new, "two"), (live.down, old, "one")) * 5:
        live.ask("put(load, load:start('Elixir.Ng.Asker')), timer:sleep(5)")
        assert change(built) == OK
        assert live.ask("timer:sleep(5), load:stop(get(load))").startswith("{done,")
        assert live.ask(calls) == word
    live.stop(old)

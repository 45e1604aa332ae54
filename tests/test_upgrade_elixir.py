"""Generated appups of Elixir applications, on a live node, up and down."""

from __future__ import annotations

import pytest

from dodo_relkit.upgrade.appup.build import build_appup
from tests.live_upgrade import ELIXIR, Live, between, elixir_versions, instructions

OK = "{ok,[]}"

SERVERS = """
defmodule E.Keep do
  use GenServer
  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)
  def init(arg), do: {:ok, arg}
  def handle_call(:get, _, s), do: {:reply, {VSN, s}, s}
  def handle_call({:put, s}, _, _), do: {:reply, :ok, s}
end
defmodule E.Sup do
  use Supervisor
  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)
  def init(_), do: Supervisor.init([INNER], strategy: :one_for_one)
end
defmodule E.Pool do
  use DynamicSupervisor
  def start_link(_), do: DynamicSupervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: DynamicSupervisor.init(strategy: :one_for_one, max_restarts: VSN)
end
"""
AGENT = """
defmodule NAME do
  use Agent
  def start_link(arg), do: Agent.start_link(fn -> arg end, name: __MODULE__)
end
"""
STATE_1 = """
defmodule E.State do
  use GenServer
  defstruct n: 0
  def start_link(_), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: {:ok, %__MODULE__{n: 7}}
  def handle_call(:get, _, s), do: {:reply, s, s}
end
"""
STATE_2 = """
defmodule E.State do
  use GenServer
  defstruct n: 0, m: 0
  def start_link(_), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: {:ok, %__MODULE__{n: 7, m: 1}}
  def handle_call(:get, _, s), do: {:reply, s, s}
  def code_change({:down, _}, s, _), do: {:ok, Map.delete(s, :m)}
  def code_change(_, s, _), do: {:ok, Map.put(s, :m, 1)}
end
"""


def application(*children: str) -> str:
    return f"""
defmodule E.App do
  use Application
  def start(_, _) do
    children = [{", ".join(children)}]
    Supervisor.start_link(children, strategy: :one_for_one, name: E.Top)
  end
end
"""


def version(vsn: str, inner: str, *parts: str) -> str:
    return SERVERS.replace("VSN", vsn).replace("INNER", inner) + "".join(parts)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Both versions: a child of each supervisor is lost, another gained."""
    root = tmp_path_factory.mktemp("elixir")
    always = ("{E.Keep, 1}", "E.State", "E.Sup", "E.Pool")
    agents = [AGENT.replace("NAME", f"E.{name}") for name in ("Old", "OldIn")]
    later = [AGENT.replace("NAME", f"E.{name}") for name in ("New", "NewIn")]
    sources = {
        "1": version("1", "{E.OldIn, 1}", STATE_1, application(*always, "{E.Old, 1}"),
                     *agents),
        "2": version("2", "{E.NewIn, 2}", STATE_2, application(*always, "{E.New, 2}"),
                     *later),
    }  # fmt: skip
    return elixir_versions(
        root, "e", sources, {"1": "Elixir.E.App", "2": "Elixir.E.App"}
    )


def test_up_and_down(built):
    old, new = built
    way = between(old, new)
    assert way.notes == ()
    assert instructions(way.up) == [
        "{add_module,'Elixir.E.New'}",
        "{add_module,'Elixir.E.NewIn'}",
        "{update,'Elixir.E.Sup',supervisor}",
        "{apply,{'Elixir.Supervisor',start_child,['Elixir.E.Top',{'Elixir.E.New',2}]}}",
        "{apply,{supervisor,restart_child,['Elixir.E.Sup','Elixir.E.NewIn']}}",
        "{load_module,'Elixir.E.App'}",
        "{load_module,'Elixir.E.Keep'}",
        "{update,'Elixir.E.Pool',supervisor}",
        "{update,'Elixir.E.State',{advanced,[]}}",
        "{apply,{supervisor,terminate_child,['Elixir.E.Top','Elixir.E.Old']}}",
        "{apply,{supervisor,delete_child,['Elixir.E.Top','Elixir.E.Old']}}",
        "{apply,{supervisor,terminate_child,['Elixir.E.Sup','Elixir.E.OldIn']}}",
        "{apply,{supervisor,delete_child,['Elixir.E.Sup','Elixir.E.OldIn']}}",
        "{delete_module,'Elixir.E.OldIn'}",
        "{delete_module,'Elixir.E.Old'}",
    ]
    assert instructions(way.down)[3:5] == [
        "{apply,{'Elixir.Supervisor',start_child,['Elixir.E.Top',{'Elixir.E.Old',1}]}}",
        "{apply,{supervisor,restart_child,['Elixir.E.Sup','Elixir.E.OldIn']}}",
    ]
    assert build_appup([way]).down[0].instructions[-1] == way.down[-1].instruction
    children = (
        "lists:sort([Id || S <- ['Elixir.E.Top', 'Elixir.E.Sup'],"
        " {Id, P, _, _} <- supervisor:which_children(S), is_pid(P)])"
    )
    always = "'Elixir.E.Keep'"
    live = Live()
    try:
        live.start(old, ELIXIR / "elixir" / "ebin")
        live.ask("gen_server:call('Elixir.E.Keep', {put, kept})")
        pids = "[whereis('Elixir.E.Keep'), whereis('Elixir.E.State')]"
        before = live.ask(pids)
        first = live.ask(children)
        for _ in range(2):
            assert live.up(new) == OK
            assert live.ask("gen_server:call('Elixir.E.Keep', get)") == "{2,kept}"
            state = "maps:remove('__struct__', gen_server:call('Elixir.E.State', get))"
            assert live.ask(state) in {"#{m => 1,n => 7}", "#{n => 7,m => 1}"}
            now = live.ask(children)
            assert "'Elixir.E.New'" in now
            assert "'Elixir.E.NewIn'" in now
            assert "'Elixir.E.Old" not in now
            assert always in now
            assert live.down(old) == OK
            assert live.ask("gen_server:call('Elixir.E.Keep', get)") == "{1,kept}"
            assert live.ask(state) == "#{n => 7}"
            assert live.ask(children) == first
        assert live.ask(pids) == before
    finally:
        live.close()

"""Upgrades of Elixir applications on a live node, case by case.

The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.live_cases import up_and_down
from tests.live_upgrade import (
    ELIXIR,
    Built,
    Live,
    between,
    elixir_versions,
    instructions,
)
from tests.nodes import booted, build, copy_sample, unpack

APP = """
defmodule X.App do
  use Application
  def start(_, _), do: X.Sup.start_link([])
end
defmodule X.Sup do
  use Supervisor
  def start_link(_) do
    Supervisor.start_link(__MODULE__, [], name: {:via, :global, X.Name})
  end
  def init(_), do: Supervisor.init([CHILDREN], strategy: :one_for_one)
end
"""
BUSY = """
defmodule X.Busy do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call(:get, _, n), do: {:reply, ANSWER, n}
  def handle_info({:wait, from}, n) do
    send(from, :waiting)
    receive do: ({:go, more} -> {:noreply, n + more})
  end
end
"""
SAME = """
defmodule X.Same do
  @moduledoc "MODULE"
  LINES
  @doc "FUNCTION"
  def same(x), do: {x, &is_atom/1}
end
defmodule X.Literal do
  def text, do: {:text, "TEXT"}
end
"""
WORKER = """
defmodule X.NAME do
  use Agent
  def start_link(arg), do: Agent.start_link(fn -> arg end, name: __MODULE__)
end
"""


def source(answer: str, text: str, lines: str, children: str, *workers: str) -> str:
    """Return one version of the application."""
    named = [WORKER.replace("NAME", each) for each in workers]
    same = SAME.replace("MODULE", text).replace("FUNCTION", text)
    return "".join([
        APP.replace("CHILDREN", children),
        BUSY.replace("ANSWER", answer),
        same.replace("LINES", lines).replace("TEXT", text),
        *named,
    ])  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """Return both versions. A child is lost, one gained under an id of its own."""
    sources = {
        "1": source("n", "one", "", "X.Busy, {X.Old, 1}", "Old"),
        "2": source(
            "{:new, n}",
            "two",
            "\n# moved\n\n",
            "X.Busy, Supervisor.child_spec({X.New, 2}, id: {:id, 2})",
            "New",
        ),
    }
    root = tmp_path_factory.mktemp("elixir")
    return elixir_versions(root, "x", sources, dict.fromkeys("12", "Elixir.X.App"))


@pytest.fixture
def live() -> Live:
    node = Live()
    node.ask(f'code:add_patha("{ELIXIR}/elixir/ebin")')
    yield node
    node.close()


def test_the_instructions(built: list[Built]) -> None:
    """Row 1: X.Busy has the code_change of `use GenServer` and is only loaded. Row 3:
    X.Same has another documentation, other lines and another debug information, and
    no instruction; X.Literal has another literal."""
    old, new = built
    chunks = [each.version.modules["Elixir.X.Same"] for each in built]
    for each in ("Docs", "Dbgi", "Line"):
        assert chunks[0][each] != chunks[1][each]
    chunks = [each.version.modules["Elixir.X.Literal"] for each in built]
    assert chunks[0]["Code"] == chunks[1]["Code"]
    way = between(old, new)
    assert way.notes == ()
    name = "{via,global,'Elixir.X.Name'}"
    steps = [re.sub(r"\n *", "", each) for each in instructions(way.up)]
    assert sorted(steps) == [
        "{add_module,'Elixir.X.New'}",
        f"{{apply,{{supervisor,delete_child,[{name},'Elixir.X.Old']}}}}",
        f"{{apply,{{supervisor,restart_child,[{name},{{id,2}}]}}}}",
        f"{{apply,{{supervisor,terminate_child,[{name},'Elixir.X.Old']}}}}",
        "{delete_module,'Elixir.X.Old'}",
        "{load_module,'Elixir.X.Busy'}",
        "{load_module,'Elixir.X.Literal'}",
        "{update,'Elixir.X.Sup',supervisor}",
    ]


def test_children_behind_a_name(built: list[Built], live: Live) -> None:
    old, new = built
    between(old, new)
    live.start(old)
    same = "erlang:check_old_code('Elixir.X.Same')"
    text = "element(2, 'Elixir.X.Literal':text())"
    children = "supervisor:which_children({via, global, 'Elixir.X.Name'})"
    ids = f"[I || {{I, P, _, _}} <- {children}, is_pid(P)]"
    pid = live.ask("whereis('Elixir.X.Busy')")
    up_and_down(
        live,
        old,
        new,
        f"{{lists:sort({ids}), {text}, {same}}}",
        "{['Elixir.X.Busy','Elixir.X.Old'],<<111,110,101>>,false}",
        "{['Elixir.X.Busy',{id,2}],<<116,119,111>>,false}",
    )
    assert live.ask("whereis('Elixir.X.Busy')") == pid


def test_a_busy_server_is_not_suspended(built: list[Built], live: Live) -> None:
    """Row 1: it cannot be suspended while it waits, and need not be."""
    old, new = built
    way = between(old, new)
    load = "{load_module,'Elixir.X.Busy'}"
    assert load in instructions(way.up)
    assert load in instructions(way.down)
    live.start(old)
    busy, lingers = "'Elixir.X.Busy'", "{ok,[{'Elixir.X.Busy',brutal_purge}]}"
    waits = f"{busy} ! {{wait, self()}}, receive waiting -> ok end"
    live.ask(waits)
    assert live.up(new) == lingers
    live.ask(f"{busy} ! {{go, 2}}")
    assert live.ask(f"gen_server:call({busy}, get)") == "{new,3}"
    live.ask(waits)
    assert live.down(old) == lingers
    live.ask(f"{busy} ! {{go, 4}}")
    assert live.ask(f"gen_server:call({busy}, get)") == "7"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample: 1.0.0 needs eex, 2.0.0 needs logger instead."""
    project = copy_sample("upgrade_elixir", tmp_path_factory.mktemp("station"))
    mix = project / "mix.exs"
    uses = 'extra_applications: if(@major == "1", do: [:eex], else: [:logger])'
    text, times = re.subn(r"\[mod: (.*)\]", rf"[mod: \1, {uses}]", mix.read_text())
    assert times == 1
    mix.write_text(text)
    for version in "12":
        build(project, STATION=version)
    return project / "_build/prod/rel"


def test_applications_added_and_removed(station: Path, tmp_path: Path) -> None:
    root = unpack(station / "station-1.0.0.tar.gz", tmp_path / "node")
    shutil.copy(station / "station-2.0.0.tar.gz", root / "releases")
    running = (
        "IO.inspect(for {n, _, _} <- Application.started_applications(),"
        " n in [:eex, :logger], do: n)"
    )
    both = "IO.inspect({Code.ensure_loaded?(EEx), Code.ensure_loaded?(Logger)})"
    with booted(root, "station") as node:

        def first(code: str) -> str:
            return node.ask(code).splitlines()[0]

        assert first("IO.inspect(Station.Log.add(4))") == ":ok"
        for _ in range(2):
            assert first(running) == "[:eex]"
            assert first(both) == "{true, false}"
            assert node.command("upgrade", "2.0.0").returncode == 0
            assert first(running) == "[:logger]"
            assert first(both) == "{false, true}"
            assert first("IO.inspect(Station.Log.report())") == "{:v2, [4], 4}"
            assert node.command("downgrade", "1.0.0").returncode == 0
        assert first(running) == "[:eex]"
        assert first("IO.inspect(Station.Log.report())") == "{:v1, [4]}"

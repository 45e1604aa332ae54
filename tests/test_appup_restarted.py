"""Dynamic children whose arguments change: what a generated appup says of them.

On a live node, case by case. The table of all cases is at the head of
`test_appup_live.py`; what stands in specifications is in `test_appup_specs.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import render
from dodo_relkit.upgrade.appup.generate import generate
from tests.live_cases import OK, versions
from tests.live_upgrade import ELIXIR, Live, between, elixir_versions


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    node.ask(f'code:add_patha("{ELIXIR}/elixir/ebin")')
    yield node
    node.close()


DIALS = """
-behaviour(supervisor).
-export([start_link/0, init/1, add/1]).
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
add(N) -> supervisor:start_child(?MODULE, [GIVEN]).
init([]) ->
    Spec = #{id => c, start => {NAME_w, start_link, []}, restart => KIND},
    {ok, {#{strategy => simple_one_for_one}, [Spec]}}.
"""
DIAL = """
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).
start_link(A) -> gen_server:start_link(?MODULE, A, []).
init(TAKEN) -> {ok, N}.
handle_call(_, _, S) -> {reply, S, S}.
handle_cast(_, S) -> {noreply, S}.
"""


@pytest.mark.parametrize(
    ("given", "taken", "kind", "told"),
    [
        ("#{n => N}", "#{n := N}", "permanent", 1),
        ("{n, N}", "{n, N}", "transient", 1),
        ("#{n => N}", "#{n := N}", "temporary", 0),
        ("N", "{_, N}", "permanent", 0),
        ("{n, N}", "M = N", "permanent", 0),
    ],
)
def test_dynamic_children_of_other_arguments(tmp_path, given, taken, kind, told):
    """Who runs is started again with what it was given, which the new code may not
    take; not told where nobody gives another form, or what was given is taken still."""

    def tree(given: str, taken: str) -> dict[str, str]:
        dials = DIALS.replace("GIVEN", given).replace("KIND", kind)
        return {
            "sp_sup": dials.replace("NAME", "sp"),
            "sp_w": DIAL.replace("TAKEN", taken),
        }

    old, new = versions(tmp_path, "sp", tree("N", "N"), tree(given, taken))
    way = between(old, new)
    assert [note.code for note in way.notes] == [Code.UP_RUNS_ON] * told
    back = generate(new.version, old.version)
    assert [note.code for note in back.notes] == [Code.UP_RUNS_ON] * told
    for note in way.notes:
        assert "sp_w, whose processes are told to start" in render(note)


def test_dynamic_children_that_crash_after_the_upgrade(tmp_path, live):
    """Why: their supervisor ends with them."""
    trees = [
        {
            "sq_sup": DIALS.replace("GIVEN", given)
            .replace("KIND", "permanent")
            .replace("NAME", "sq"),
            "sq_w": DIAL.replace("TAKEN", taken),
        }
        for given, taken in (("N", "N"), ("#{n => N}", "#{n := N}"))
    ]
    old, new = versions(tmp_path, "sq", *trees)
    between(old, new)
    live.start(old)
    live.ask("{ok, _} = sq_sup:add(1)")
    assert live.up(new) == OK
    ended = (
        "(fun() -> R = monitor(process, sq_sup),"
        " [{_, P, _, _}] = supervisor:which_children(sq_sup), exit(P, kill),"
        " receive {'DOWN', R, _, _, Why} -> Why after 60000 -> lives end end)()"
    )
    assert live.ask(ended) == "shutdown"
    live.stop(old)


DYNAMIC = """
defmodule SR.App do
  use Application
  def start(_, _) do
    Supervisor.start_link([{DynamicSupervisor, name: SR.All}], strategy: :one_for_one)
  end
end
defmodule SR.W do
  use GenServerUSE
  def add(id), do: DynamicSupervisor.start_child(SR.All, {__MODULE__, GIVEN})
  def start_link(arg), do: GenServer.start_link(__MODULE__, arg)
  def init(TAKEN), do: {:ok, id}
end
"""


def test_dynamic_children_of_elixir(tmp_path):
    """The same of a `DynamicSupervisor`, by the child_spec of their module."""

    def text(given: str, taken: str, use: str = "") -> str:
        found = DYNAMIC.replace("GIVEN", given).replace("TAKEN", taken)
        return found.replace("GenServerUSE", f"GenServer{use}")

    temporary = ", restart: :temporary"
    sources = {
        "1": text("id", "id"),
        "2": text("%{id: id}", "%{id: id}"),
        "3": text("id", "id", temporary),
        "4": text("%{id: id}", "%{id: id}", temporary),
    }
    mods = dict.fromkeys(sources, "Elixir.SR.App")
    first, second, third, fourth = elixir_versions(tmp_path, "sr", sources, mods)
    assert [note.code for note in between(first, second).notes] == [Code.UP_RUNS_ON]
    assert between(third, fourth).notes == ()

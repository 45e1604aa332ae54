"""The review of what a code_change waits for while others are suspended."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.review.findings import AppUpgrade
from dodo_relkit.upgrade.review.review import review, severe_ones
from dodo_relkit.upgrade.script.draft import Direction
from tests.live_cases import OK, versions
from tests.live_upgrade import Live, between, elixir_versions, erlang_version
from tests.test_upgrade_review import parsed
from tests.upgrade_sources import child, code_change, server, supervisor

GROWS = code_change("code_change(_, S, _) -> {ok, {S, ASKED}}.")
ASK = "-export([ask/0]).\nask() -> gen_server:call(?MODULE, get)."
TOGETHER = "{suspend, [sa, sb]}, {code_change, up, [{sa, []}, {sb, []}]}"
APART = "{suspend, [sa]}, {code_change, up, [{sa, []}]}, {resume, [sa]}"
TIMED = "{suspend, [{sb, 5000}, sa]}, {code_change, [{sa, []}]}"
RESUMED = f"{{suspend, [sb]}}, {{resume, [sb]}}, {APART}"
CASES = [
    ("sb:ask()", TOGETHER, ["sb"]),
    ("gen_server:call(sb, get)", TOGETHER, ["sb"]),
    ("gen_server:call(sb, get)", TIMED, ["sb"]),
    ("ask()", APART, ["itself"]),
    ("sb:ask()", APART, []),
    ("sb:ask()", RESUMED, []),
    ("gen_server:cast(sb, get)", TOGETHER, []),
    ("sys:get_state(other)", TOGETHER, []),
]


def told(old, new, script: str):
    """Return whom a code_change waits for on the way up."""
    way = generate(old.version, new.version)
    up, down = (
        tuple(step.instruction for step in steps) for steps in (way.up, way.down)
    )
    upgrade = AppUpgrade(old=old.version, new=new.version, up=up, down=down)
    found = severe_ones(review([upgrade], scripts={Direction.UP: parsed(script)}))
    return [
        each.diagnostic.facts["awaited"]
        for each in found
        if each.diagnostic.code is Code.REVIEW_STATE_CALL
    ]


@pytest.mark.parametrize(("asked", "script", "waits"), CASES)
def test_who_is_waited_for(tmp_path, asked, script, waits):
    grows = GROWS.replace("ASKED", asked)
    old, new = (
        erlang_version(
            tmp_path, "s", vsn, {"sa": server(vsn, ASK, *more), "sb": server(vsn, ASK)}
        )
        for vsn, more in (("1", ()), ("2", (grows,)))
    )
    assert told(old, new, script) == waits


def test_a_live_node(tmp_path):
    """It is so: the call of the code_change times out, and the upgrade fails."""
    tree = {"sc_sup": supervisor(child("sb"), child("sa"))}
    asks, other = (
        GROWS.replace("ASKED", each) for each in ("gen_server:call(sb, get, 300)", "1")
    )
    old, new = versions(
        tmp_path,
        "sc",
        {**tree, "sa": server("1"), "sb": server("1", ASK)},
        {**tree, "sa": server("1", asks), "sb": server("2", ASK, other)},
    )
    live = Live()
    try:
        live.start(old)
        assert told(old, new, TOGETHER) == ["sb"]
        between(old, new)
        assert live.up(new) != OK
    finally:
        live.close()


ELIXIR = """
defmodule S.A do
  use GenServer
  def init(_), do: {:ok, 1}
  def code_change(_, s, _), do: {:ok, {s, ASKED, VSN}}
end
defmodule S.B do
  use GenServer
  def init(_), do: {:ok, VSN}
  def ask, do: GenServer.call(__MODULE__, :ask)
  def tell, do: GenServer.cast(__MODULE__, :tell)
  def handle_call(:ask, _, s), do: {:reply, s, s}
end
"""


@pytest.mark.parametrize(
    ("asked", "waits"), [("S.B.ask()", ["Elixir.S.B"]), ("S.B.tell()", [])]
)
def test_elixir(tmp_path, asked, waits):
    sources = {
        vsn: ELIXIR.replace("VSN", vsn).replace("ASKED", asked) for vsn in ("1", "2")
    }
    both = "['Elixir.S.A', 'Elixir.S.B']"
    script = f"{{suspend, {both}}}, {{code_change, up, [{{'Elixir.S.A', []}}]}}"
    assert told(*elixir_versions(tmp_path, "s", sources), script) == waits

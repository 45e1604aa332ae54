"""The review of children that another module runs in the other version."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import elixir_versions
from tests.test_upgrade_review import codes, erlang, upgrade
from tests.upgrade_sources import application, child, server, supervisor


def tree(module: str, name: str = "", source: str = "") -> dict[str, str]:
    return {
        "m_app": application("sup"),
        "sup": supervisor(child(module, name), child("other")),
        "other": server("1"),
        module: source or server("1"),
    }


def test_a_server_whose_module_has_another_name(tmp_path):
    found = erlang(tmp_path, tree("srv"), tree("store", "srv"))
    assert codes(found) == [Code.REVIEW_REPLACED]
    assert found[0].danger is Danger.NOTICE
    facts = found[0].diagnostic.facts
    assert (facts["child"], facts["old"], facts["new"]) == ("srv", "srv", "store")
    assert facts["supervisor"] == "sup"
    assert found[0].diagnostic.place.file.endswith("sup.erl")


@pytest.mark.parametrize(
    ("after", "up"),
    [
        (tree("store"), None),
        (tree("srv", source=server("2")), None),
        (tree("store", "srv", supervisor(child("srv"))), None),
        (tree("store", "srv"), "{restart_application, m}"),
    ],
)
def test_nothing_to_hand_over(tmp_path, after, up):
    """Another child, the same module, no server any more, or all starts anew."""
    found = erlang(tmp_path, tree("srv"), after, up=up, asked=True)
    assert Code.REVIEW_REPLACED not in codes(found)


ELIXIR = """
defmodule M.Sup do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    Supervisor.init([%{id: :one, start: {THE, :start_link, [1]}}],
      strategy: :one_for_one)
  end
end
defmodule THE do
  use GenServer
  def start_link(a), do: GenServer.start_link(__MODULE__, a)
  def init(_), do: {:ok, 1}
  def version, do: VSN
end
"""


@pytest.mark.parametrize(("module", "told"), [("M.Store", 1), ("M.Srv", 0)])
def test_a_server_of_elixir(tmp_path, module, told):
    sources = {
        vsn: ELIXIR.replace("THE", each).replace("VSN", vsn)
        for vsn, each in (("1", "M.Srv"), ("2", module))
    }
    found = review([upgrade(*elixir_versions(tmp_path, "m", sources))])
    assert codes(found) == [Code.REVIEW_REPLACED] * told

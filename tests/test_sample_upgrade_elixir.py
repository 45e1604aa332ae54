"""The sample `upgrade_elixir` goes from v1 to v2 and back and keeps its state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import Node, booted, build, copy_sample, doit, unpack

TARBALLS = "_build/prod/rel"
CHILDREN = "for {id, _, _, _} <- Supervisor.which_children(Station.Supervisor), do: id"
PROTOCOL = "Station.Degrees.impl_for(%{__struct__: Station.Fahrenheit})"
FAHRENHEIT = "Station.Log.add(struct(Station.Fahrenheit, degrees: 14))"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project of which 1.0.0 and, with an upgrade from it, 2.0.0 was built.

    Nothing is found in the upgrade that one would have to look at.
    """
    project = copy_sample("upgrade_elixir", tmp_path_factory.mktemp("upgrade_elixir"))
    build(project, STATION="1")
    done = doit(project, "release", STATION="2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "RK7" not in done.stdout + done.stderr
    return project


@pytest.fixture
def node(built: Path, tmp_path: Path) -> Iterator[Node]:
    """Return version 1 as it runs, with the tarball of the other beside it."""
    root = unpack(built / TARBALLS / "station-1.0.0.tar.gz", tmp_path / "station")
    tarball = "station-2.0.0.tar.gz"
    (root / "releases" / tarball).hardlink_to(built / TARBALLS / tarball)
    with booted(root, "station") as running:
        yield running


def value(node: Node, code: str) -> str:
    """Return what the node says that this Elixir code is."""
    return node.ask(f"IO.inspect({code})").splitlines()[0]


def change_to(node: Node, command: str, version: str) -> None:
    """Change the version of the running node."""
    done = node.command(command, version)
    assert done.returncode == 0, done.stdout + done.stderr


def test_up_and_down(node: Node) -> None:
    assert value(node, "Station.Log.add(4)") == ":ok"
    log = value(node, "Process.whereis(Station.Log)")
    assert value(node, "Station.Log.report()") == "{:v1, [4]}"
    assert value(node, "Process.whereis(Station.Frost)") == "nil"

    change_to(node, "upgrade", "2.0.0")
    assert value(node, "Station.Log.report()") == "{:v2, [4], 4}"
    assert value(node, f"Enum.sort({CHILDREN})") == "[Station.Frost, Station.Log]"
    assert value(node, PROTOCOL) == "Station.Degrees.Station.Fahrenheit"
    assert value(node, FAHRENHEIT) == ":ok"
    assert value(node, "Station.Log.report()") == "{:v2, [-10, 4], -10}"
    assert value(node, "Station.Frost.count()") == "1"

    change_to(node, "downgrade", "1.0.0")
    assert value(node, "Station.Log.report()") == "{:v1, [-10, 4]}"
    assert value(node, CHILDREN) == "[Station.Log]"
    assert value(node, "Process.whereis(Station.Frost)") == "nil"
    assert value(node, "Code.ensure_loaded?(Station.Frost)") == "false"
    assert value(node, PROTOCOL) == "nil"
    assert value(node, "Process.whereis(Station.Log)") == log


def test_up_again_the_new_child_starts_afresh(node: Node) -> None:
    assert value(node, "Station.Log.add(-5)") == ":ok"
    for _ in range(2):
        change_to(node, "upgrade", "2.0.0")
        assert value(node, "Station.Frost.count()") == "0"
        assert value(node, "Station.Log.add(-7)") == ":ok"
        assert value(node, "Station.Frost.count()") == "1"
        change_to(node, "downgrade", "1.0.0")
    assert value(node, "Station.Log.report()") == "{:v1, [-7, -7, -5]}"

"""umbrella_elixir: mix, two applications, a protocol consolidated over both."""

from __future__ import annotations

import pytest

from tests.nodes import booted, build, copy_sample, unpack


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = copy_sample("umbrella_elixir", tmp_path_factory.mktemp("umbrella"))
    build(project)
    return project


def test_boots_and_answers_with_consolidated_protocols(built, tmp_path):
    root = unpack(built / "_build/prod/rel/shapes-0.2.0.tar.gz", tmp_path / "shapes")
    with booted(root, "shapes") as node:
        report = node.ask("IO.inspect(ShapesWeb.report())")
        assert report.splitlines()[0] == "{9, 12, true}"
        history = node.ask("IO.puts(Enum.join(ShapesCore.History.all(), ~s( )))")
        assert history.splitlines()[0] == "12 9"
        where = node.ask("IO.puts(:code.which(ShapesCore.Area))").splitlines()[0]
        assert "consolidated" in where
        assert where.startswith(str(root))
        known = node.ask("IO.inspect(Protocol.consolidated?(Enumerable))")
        assert known.splitlines()[0] == "true"


def test_elixir_itself_is_in_the_release(built):
    names = {path.name.split("-")[0] for path in (built / LIB).iterdir()}
    assert {"elixir", "logger", "shapes_core", "shapes_web", "kernel"} <= names


LIB = "_build/prod/rel/shapes/lib"

"""Consolidated protocols of an Elixir umbrella, over an upgrade of a live node (PC-03).

`release_handler` alone installs it here: what reloads protocols is the relup's own.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.script.checks import NO_RETURN, RESTART, RESTART_NEW
from dodo_relkit.upgrade.script.instructions import instruction_name
from dodo_relkit.upgrade.script.protocols import ProtocolChanges, with_protocols
from tests.nodes import Node, booted, build, copy_sample, unpack

DONE = ("load", "remove", "purge")
"""What the instructions of applications come to here."""

MORE = """
defimpl ShapesCore.Area, for: Atom do
  def of(_), do: 41
end

defprotocol ShapesWeb.Showable do
  def show(thing)
end

defimpl ShapesWeb.Showable, for: Integer do
  def show(number), do: "number #{number}"
end
"""


def edit(path: Path, pattern: str, new: str) -> None:
    """Replace what the pattern finds, which must be there once."""
    text, times = re.subn(pattern, lambda _: new, path.read_text())
    assert times == 1, path
    path.write_text(text)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory with 0.2.0 and 0.3.0 of the release.

    In 0.3.0 shapes_web implements the protocol of shapes_core, which stays as it is,
    for atoms, and has a protocol of its own.
    """
    project = copy_sample("umbrella_elixir", tmp_path_factory.mktemp("protocols"))
    build(project)
    circle = project / "apps/shapes_web/lib/circle.ex"
    circle.write_text(circle.read_text() + MORE)
    edit(project / "apps/shapes_web/mix.exs", r'"0\.2\.0"', '"0.3.0"')
    edit(
        project / "dodo.py",
        r'version="0\.2\.0"',
        'version="0.3.0", upgrade_from=["0.2.0"]',
    )
    build(project)
    return project / "_build/prod/rel"


def code(function: str, module: str) -> Term:
    """Return the instruction that calls a function of `code` on a module."""
    return (Atom("apply"), (Atom("code"), Atom(function), [Atom(module)]))


def test_the_relup_reloads_what_changed_and_no_more(output: Path) -> None:
    path = output / "shapes/releases/0.3.0/relup"
    match consult_one(path.read_bytes(), str(path)):
        case (_, [(_, [], up)], [(_, [], down)]):
            pass
        case other:
            raise AssertionError(other)
    area, showable = "Elixir.ShapesCore.Area", "Elixir.ShapesWeb.Showable"
    assert code("load_file", area) in up
    assert code("load_file", showable) in up
    assert code("load_file", area) in down
    assert code("delete", showable) in down
    for script in (up, down):
        assert code("load_file", "Elixir.Enumerable") not in script
        done = [at for at, each in enumerate(script) if instruction_name(each) in DONE]
        assert done
        assert script.index(code("load_file", area)) > max(done)


def test_a_live_node_has_the_protocols_of_its_release(
    output: Path, tmp_path: Path
) -> None:
    root = unpack(output / "shapes-0.2.0.tar.gz", tmp_path / "node")
    tarball = output / "shapes-0.3.0.tar.gz"
    (root / "releases" / tarball.name).write_bytes(tarball.read_bytes())
    of_atom = "IO.inspect(ShapesCore.Area.impl_for(:point))"
    place = f"IO.inspect(Path.relative_to(:code.which(ShapesCore.Area), '{root}'))"
    shown = "IO.inspect(:code.which(ShapesWeb.Showable) |> is_list())"
    is_one = "&(Path.basename(&1) == ~s(consolidated))"
    paths = f"IO.inspect(Enum.count(:code.get_path(), {is_one}))"

    def first(node: Node, asked: str) -> str:
        return node.ask(asked).splitlines()[0]

    def install(node: Node, vsn: str) -> None:
        asked = f"IO.inspect(:release_handler.install_release('{vsn}'))"
        assert first(node, asked).startswith("{:ok,")
        asked = f"IO.inspect(:release_handler.make_permanent('{vsn}'))"
        assert first(node, asked) == ":ok"

    with booted(root, "shapes") as node:
        area = "consolidated/Elixir.ShapesCore.Area.beam"
        report = "IO.inspect(ShapesWeb.report())"
        assert first(node, of_atom) == "nil"
        assert first(node, report) == "{9, 12, true}"
        unpacking = "IO.inspect(:release_handler.unpack_release('shapes-0.3.0'))"
        assert first(node, unpacking) == "{:ok, '0.3.0'}"
        install(node, "0.3.0")
        assert first(node, of_atom) == "ShapesCore.Area.Atom"
        assert first(node, place) == f'"releases/0.3.0/{area}"'
        assert first(node, shown) == "true"
        assert first(node, paths) == "1"
        assert first(node, report) == "{9, 12, true}"
        install(node, "0.2.0")
        assert first(node, of_atom) == "nil"
        assert first(node, place) == f'"releases/0.2.0/{area}"'
        assert first(node, shown) == "false"
        assert first(node, paths) == "1"
        history = "IO.puts(Enum.join(ShapesCore.History.all(), ~s( )))"
        assert first(node, history) == "12 9 12 9"


def changes(*load: str) -> ProtocolChanges:
    """Return the change of two releases that have protocols."""
    return ProtocolChanges(
        old_directory="releases/1/consolidated",
        new_directory="releases/2/consolidated",
        load=load,
        unload=(),
    )


def test_a_protocol_that_an_application_loads_is_consolidated_again() -> None:
    """As `restart_application` does: it loads all modules, from its own directory."""
    kept = (Atom("Elixir.P"), Atom("brutal_purge"), Atom("brutal_purge"))
    script = (NO_RETURN, (Atom("load"), kept))
    new = {"Elixir.P": {}, "Elixir.Q": {}}
    made = with_protocols(script, changes(), new)
    assert made[:2] == script
    assert code("load_file", "Elixir.P") in made
    assert code("load_file", "Elixir.Q") not in made


@pytest.mark.parametrize("restart", [RESTART, RESTART_NEW])
def test_a_restart_finds_its_protocols_by_itself(restart: Atom) -> None:
    script = (restart, NO_RETURN)
    assert with_protocols(script, changes("Elixir.P"), {"Elixir.P": {}}) == script

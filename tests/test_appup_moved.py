"""Modules that an upgrade moves from one application of a release to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nodes import booted
from tests.test_appup_releases import APPUPS, DODO, build, go, node_of
from tests.test_appup_releases import write as write_app
from tests.upgrade_sources import application, child, code_change, server, supervisor

LIBRARY = {"one": "-export([f/0]).\nf() -> 1."}
PLAIN = "-export([f/0]).\nf() -> {}."
GROWS = code_change(
    "code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}};"
    "code_change(_, {s, N}, _) -> {ok, {s, N, new}}."
)
TREE = {"web_app": application("web_sup"), "web_sup": supervisor(child("srv"))}
ASKED = "{srv:get(), util:f(), erlang:check_old_code(srv)}."


def write_moved(project: Path) -> None:
    """srv and util move from web to base, which starts first; both change."""
    (project / "dodo.py").write_text(DODO)
    get = "-export([get/0]).\nget() -> gen_server:call(?MODULE, get)."
    older = {"srv": server("{s, 1}", get), "util": PLAIN.format("one")}
    newer = {"srv": server("{s, 1, x}", get, GROWS), "util": PLAIN.format("two")}
    for vsn, base, web in (
        ("1.0", LIBRARY, {**TREE, **older}),
        ("1.1", {**LIBRARY, **newer}, TREE),
    ):
        write_app(project / f"lib-{vsn}", "web", vsn, web)
        folder = write_app(project / f"lib-{vsn}", "base", vsn, base)
        file = folder / "ebin/base.app"
        file.write_text(file.read_text().replace("{mod,{base_app,[]}}", "{env,[]}"))


def build_both(project: Path, expect: int = 0, **settings: object) -> str:
    """Build both releases; return what was said of the second."""
    said = ""
    for vsn in ("1.0", "1.1"):
        said = build(
            project,
            f"{vsn}.0",
            expect=0 if vsn == "1.0" else expect,
            applications=["base", "web", "sasl"],
            lib_dirs=[f"lib-{vsn}"],
            upgrade_from=[] if vsn == "1.0" else ["1.0.0"],
            **({} if vsn == "1.0" else settings),
        )
    return said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    write_moved(made)
    return made


def test_a_server_that_moves_keeps_its_process_and_its_state(project, tmp_path):
    build_both(project)
    web, base = (
        (project / APPUPS / f"{each}.appup").read_text() for each in ("web", "base")
    )
    assert "srv" not in web
    assert base.count("{update,srv,") == base.count("{load_module,util") == 2
    assert "add_module" not in base
    assert "delete_module" not in base
    root = node_of(project, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        pid = node.ask("whereis(srv).")
        assert node.ask(ASKED) == "{{s,1},one,false}"
        go(node, "upgrade", "1.1.0")
        assert node.ask(ASKED) == "{{s,1,new},two,false}"
        go(node, "downgrade", "1.0.0")
        assert node.ask(ASKED) == "{{s,1},one,false}"
        assert node.ask("whereis(srv).") == pid


def test_with_an_appup_of_ones_own_the_other_is_told_to_pass_over(project):
    """Nothing is taken for granted then; and the message says what to set."""
    file = project / "rel/appups/base/1.1.appup"
    file.parent.mkdir(parents=True)
    both = "{load_module, srv}, {load_module, util}"
    file.write_text(f'{{"1.1", [{{"1.0", [{both}]}}], [{{"1.0", []}}]}}.')
    said = build_both(project, expect=1)
    for name in ("srv", "util"):
        assert f"RK727 error: there are two instructions for the module {name}" in said
    assert "It goes from web to base: say it in the appup of base alone" in said
    assert "for a generated one set `upgrade_strategies` to skip" in said
    skips = {"srv": "skip", "util": "skip"}
    said = build_both(project, upgrade_strategies=skips)
    assert "RK727" not in said
    web = (project / APPUPS / "web.appup").read_text()
    assert "srv" not in web
    assert "util" not in web

"""Whole releases on a live node: what is not about one module of one application.

Applications added, removed and of other tools; what is only in `priv` or configuration;
stripped baselines. The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dodo_relkit.formats.app import load_app
from dodo_relkit.terms.model import Atom
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import consult_one
from tests.doit_projects import run
from tests.live_upgrade import ELIXIR, erlang_version
from tests.nodes import Node, booted, unpack
from tests.oracle import otp_root, the_oracle
from tests.upgrade_sources import application, child, code_change, server, supervisor

DODO = """
import json
from pathlib import Path
from dodo_relkit import Relkit, release

settings = json.loads(Path("settings.json").read_text())
relkit = Relkit(
    default_release="shop",
    lib_dirs=settings.pop("lib_dirs"),
    releases=[release("shop", cookie="bV8nXq2LrT0zKe5w", **settings)],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""
OUTPUT = Path("_build/default/rel")
APPUPS = Path("_build/default/relkit/shop/upgrade/appups")
OWN = code_change(
    "code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}};"
    "code_change(_, {s, N}, _) -> {ok, {s, N, new}}."
)
CONFIGURED = """
    -export([config_change/3]).
    config_change(Changed, New, Removed) ->
        persistent_term:put(conf, {Changed, New, Removed}).
"""


def tree(name: str, state: str, *more: str, extra: str = "") -> dict[str, str]:
    """Return an application that runs one server."""
    return {
        f"{name}_app": application(f"{name}_sup") + extra,
        f"{name}_sup": supervisor(child(f"{name}_srv")),
        f"{name}_srv": server(state, *more),
    }


def write(libraries: Path, name: str, vsn: str, sources: dict[str, str]) -> Path:
    """Compile an application; return its directory."""
    built = erlang_version(libraries, name, vsn, sources, f"{name}_app")
    return built.directory


def older_copy(ebin: Path, libraries: Path, name: str, vsn: str, older: str) -> None:
    """Copy an application of another tool as if it were of an older version."""
    copy = libraries / f"{name}-{older}"
    shutil.copytree(ebin, copy / "ebin")
    file = copy / f"ebin/{name}.app"
    text = file.read_text()
    assert f'"{vsn}"' in text
    file.write_text(text.replace(f'"{vsn}"', f'"{older}"'))
    (copy / f"ebin/{name}.appup").unlink(missing_ok=True)


def build(project: Path, vsn: str, *, expect: int = 0, **settings: object) -> str:
    """Build a version of the release; return what was said."""
    written = {"version": vsn, "include_erts": False, "tar": True, **settings}
    (project / "settings.json").write_text(json.dumps(written))
    done = run(project, "release", expect=expect)
    return done.stdout + done.stderr


def version_of(ebin: Path, name: str) -> str:
    """Return the version of an installed application."""
    term = consult_one((ebin / f"{name}.app").read_bytes(), name)
    return load_app(term, file="", name=name).vsn


def node_of(project: Path, directory: Path, *others: str) -> Path:
    """Unpack version 1 and put the tarballs of others beside it."""
    root = unpack(project / OUTPUT / "shop-1.0.0.tar.gz", directory)
    for vsn in others:
        name = f"shop-{vsn}.tar.gz"
        shutil.copy(project / OUTPUT / name, root / "releases")
    return root


def go(node: Node, command: str, vsn: str) -> None:
    """Upgrade or downgrade."""
    done = node.command(command, vsn)
    assert done.returncode == 0, done.stdout + done.stderr


TFTP = next((otp_root() / "lib").glob("tftp-*")) / "ebin"
EEX = ELIXIR / "eex" / "ebin"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project of which 1.0.0 and 1.1.0 were built.

    web: its server's state changes. conf: priv and configuration, and no module. gone
    and more: applications lost and gained. tftp and eex: in 1.0.0 of an older version.
    """
    project = tmp_path_factory.mktemp("shop") / "project"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    for vsn, greeting in (("1.0", "one"), ("1.1", "two")):
        libraries = project / f"lib-{vsn}"
        is_new = vsn == "1.1"
        state = ("{s, 1, x}", OWN) if is_new else ("{s, 1}",)
        write(libraries, "web", vsn, tree("web", *state))
        conf = write(libraries, "conf", vsn, tree("conf", "1", extra=CONFIGURED))
        (conf / "priv").mkdir()
        (conf / "priv/text").write_text(greeting)
        (project / f"{vsn}.config").write_text(
            f"[{{conf, [{{greeting, {greeting}}}, {{{greeting}, 1}}]}}].\n"
        )
        name = "more" if is_new else "gone"
        write(libraries, name, "1.0", tree(name, "1"))
    earlier = project / "lib-1.0"
    older_copy(TFTP, earlier, "tftp", version_of(TFTP, "tftp"), "1.0.1")
    older_copy(EEX, earlier, "eex", version_of(EEX, "eex"), "1.0.1")
    always = ["web", "conf", "tftp", "eex", "sasl"]
    build(
        project,
        "1.0.0",
        applications=[*always, "gone"],
        lib_dirs=["lib-1.0", str(ELIXIR)],
        sys_config="1.0.config",
    )
    listing = [sorted(ebin.iterdir()) for ebin in (TFTP, EEX)]
    build(
        project,
        "1.1.0",
        applications=[*always, "more"],
        lib_dirs=["lib-1.1", str(ELIXIR)],
        sys_config="1.1.config",
        upgrade_from=["1.0.0"],
    )
    assert [sorted(ebin.iterdir()) for ebin in (TFTP, EEX)] == listing
    return project


RUNNING = """
for({name, _, vsn} <- Application.started_applications(),
    name in [:web, :conf, :gone, :more, :tftp, :eex], do: {name, to_string(vsn)})
|> Enum.sort()
"""
CONF = """
{File.read!(Path.join(:code.priv_dir(:conf), "text")),
 Enum.sort(Application.get_all_env(:conf)), :persistent_term.get(:conf, nil)}
"""
SERVERS = "for n <- [:web_srv, :conf_srv, :gone_srv, :more_srv], do: Process.whereis(n)"


def value(node: Node, code: str) -> str:
    """Return what the node says that this Elixir code is."""
    return node.ask(f"IO.inspect(({code}), width: 500)").splitlines()[0]


def test_the_instructions(shop: Path) -> None:
    """Row 10: for conf none. Row 11: OTP's own appup for tftp; none is made for it, and
    nothing is written into the directories of OTP and Elixir (the fixture looks)."""
    made = {each.name: each.read_text() for each in (shop / APPUPS).iterdir()}
    assert sorted(made) == ["conf.appup", "eex.appup", "web.appup"]
    for name in ("conf", "eex"):
        (text,) = [line for line in made[f"{name}.appup"].split("\n\n") if line.strip()]
        appup = consult_one(text.encode(), name)
        assert [[script for _, script in way] for way in appup[1:]] == [[[]], [[]]]
    relup = consult_one((shop / OUTPUT / "shop/releases/1.1.0/relup").read_bytes(), "")
    _, [(_, _, up)], [(_, _, down)] = relup
    for script, start, stop in ((up, "more", "gone"), (down, "gone", "more")):
        calls = [
            format_term(each)
            for each in script
            if type(each) is tuple and each[0] is Atom("apply")
        ]
        assert calls == [
            f"{{apply,{{application,start,[{start},permanent]}}}}",
            "{apply,{application,stop,[tftp]}}",
            "{apply,{application,start,[tftp,permanent]}}",
            f"{{apply,{{application,stop,[{stop}]}}}}",
            f"{{apply,{{application,unload,[{stop}]}}}}",
        ]
        assert not any("conf" in format_term(each) for each in script)


def test_the_review_tells_of_restarts_that_came_with_otp(shop: Path) -> None:
    """RK793, a notice: nobody of the project can write other instructions for tftp."""
    found = (shop / "_build/default/relkit/shop/upgrade/review.txt").read_text()
    vsn = version_of(TFTP, "tftp")
    for way in ("up", "down"):
        said = f"on the way {way}, the upgrade restarts the application tftp: the appup"
        assert f"RK793 notice: {said} that came with tftp {vsn} says so" in found
    assert found.count("RK793") == 2
    assert "SEVERE" not in found
    assert "RK774" not in found  # nothing waits for a restart


def test_a_live_node(shop: Path, tmp_path: Path) -> None:
    """Applications come and go, and the others keep what they know."""
    tftp, eex = version_of(TFTP, "tftp"), version_of(EEX, "eex")
    old = '[conf: "1.0", eex: "1.0.1", gone: "1.0", tftp: "1.0.1", web: "1.0"]'
    new = f'[conf: "1.1", eex: "{eex}", more: "1.0", tftp: "{tftp}", web: "1.1"]'
    root = node_of(shop, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        node.ask(":ok = :gen_server.call(:web_srv, {:put, {:s, 7}})")
        node.ask(":ok = :gen_server.call(:conf_srv, {:put, 8})")
        web, conf, gone, none = value(node, SERVERS)[1:-1].split(", ")
        assert none == "nil"
        assert value(node, RUNNING) == old
        assert value(node, CONF) == '{"one", [greeting: :one, one: 1], nil}'
        go(node, "upgrade", "1.1.0")
        assert value(node, RUNNING) == new
        assert value(node, CONF) == (
            '{"two", [greeting: :two, two: 1], {[greeting: :two], [two: 1], [:one]}}'
        )
        assert value(node, SERVERS).startswith(f"[{web}, {conf}, nil, #PID<")
        assert value(node, ":gen_server.call(:web_srv, :get)") == "{:s, 7, :new}"
        go(node, "downgrade", "1.0.0")
        assert value(node, RUNNING) == old
        assert value(node, CONF) == (
            '{"one", [greeting: :one, one: 1], {[greeting: :one], [one: 1], [:two]}}'
        )
        servers = value(node, SERVERS)
        assert servers.startswith(f"[{web}, {conf}, #PID<")
        assert servers.endswith(", nil]")
        assert gone not in servers  # it was stopped with its application
        assert value(node, ":gen_server.call(:web_srv, :get)") == "{:s, 7}"
        assert value(node, ":gen_server.call(:conf_srv, :get)") == "8"


def stripped_baseline(project: Path, *kept: str) -> dict[str, object]:
    """Build 1.0.0 from stripped beams; return the settings for 1.1.0."""
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    for vsn, state in (("1.0", ("{s, 1}",)), ("1.1", ("{s, 1, x}", OWN))):
        write(project / f"lib-{vsn}", "web", vsn, tree("web", *state))
    files = (project / "lib-1.0").glob("*/ebin/*.beam")
    listed = ", ".join(f'"{file}"' for file in files)
    chunks = ", ".join(f'"{each}"' for each in kept)
    the_oracle().ask(
        f"[{{ok, _}} = beam_lib:strip(F, [{chunks}]) || F <- [{listed}]], ok"
    )
    settings = {"applications": ["web", "sasl"]}
    build(project, "1.0.0", lib_dirs=["lib-1.0"], **settings)
    return {**settings, "lib_dirs": ["lib-1.1"], "upgrade_from": ["1.0.0"]}


def test_a_baseline_without_attributes_is_refused(tmp_path: Path) -> None:
    """Row 12. release_handler needs them, and would crash on the way back."""
    project = tmp_path / "project"
    settings = stripped_baseline(project)
    said = build(project, "1.1.0", expect=1, **settings)
    assert "RK743 error: web 1.0 has no attributes in web_srv" in said
    assert not (project / OUTPUT / "shop-1.1.0.tar.gz").exists()


def test_a_baseline_without_debug_information(tmp_path: Path) -> None:
    """Row 12. What is left is enough to choose the instructions, not for the review."""
    project = tmp_path / "project"
    settings = stripped_baseline(project, "Attr")
    said = build(project, "1.1.0", **settings)
    assert "RK812 warning" in said
    assert "RK761 notice: whether the state of web_srv changes" in said
    root = node_of(project, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        node.ask("gen_server:call(web_srv, {put, {s, 7}}).")
        go(node, "upgrade", "1.1.0")
        assert node.ask("gen_server:call(web_srv, get).") == "{s,7,new}"
        go(node, "downgrade", "1.0.0")
        assert node.ask("gen_server:call(web_srv, get).") == "{s,7}"

"""`doit relkit …`, the TOML door, and what a run in which nothing changed imports."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doit_projects import (
    DOIT,
    SETTINGS,
    build,
    copy_project,
    output,
    run,
    set_settings,
)
from tests.test_incremental import CHANGES


@pytest.fixture
def project(built_project: Path, tmp_path: Path) -> Path:
    copy = copy_project(built_project, tmp_path)
    build(copy)
    return copy


@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_the_plan_tells_what_the_next_run_does(
    project: Path, change: Callable[[Path], None]
) -> None:
    """What `run` says runs, what `skip` says does not, and no task runs without."""
    assert "nothing to do" in run(project, "relkit", "plan").stdout
    change(project)
    planned = json.loads(run(project, "relkit", "plan", "--format=json").stdout)
    said: dict[str, set[str]] = {"run": set(), "may run": set(), "skip": set()}
    for each in planned:
        said[each["verdict"]].add(each["task"].rpartition(":")[2])
        assert bool(each["reasons"]) == (each["verdict"] != "skip")
    ran = build(project)
    assert said["run"] <= ran
    assert ran <= said["run"] | said["may run"]
    assert not ran & said["skip"]


def test_why_names_settings_and_files(project: Path) -> None:
    def why(artifact: str) -> str:
        return run(project, "relkit", "why", f"release:web:dev:{artifact}").stdout

    assert "nothing it depends on has changed" in why("boot")
    set_settings(project, no_dot_erlang=True)
    assert "setting no_dot_erlang is now True, was False" in why("script")
    set_settings(project, cookie="anotherlongcookie")
    assert "setting cookie changed" in why("vm.args")
    assert "anotherlongcookie" not in why("vm.args")
    start = output(project) / "bin/web"
    start.write_text("changed")
    assert "_build/dev/rel/web/bin/web was changed since" in why("start_script")
    (project / "lib/web/ebin/web_two.beam").unlink()
    assert "lib/web/ebin/web_two.beam was removed" in why("lib")
    assert "lib/web/ebin/web_two.beam was removed" in why("scan")
    shutil.copy(project / "lib/web/ebin/web_one.beam", project / "lib/web/ebin/x.beam")
    assert "lib/web/ebin/x.beam is new" in why("scan")
    assert (
        "it has not run yet"
        in run(project, "relkit", "why", "release:web:prod:scan").stdout
    )


def test_why_tells_of_an_application(project: Path) -> None:
    said = run(project, "relkit", "why", "store").stdout
    assert "store in web:dev" in said
    assert "needed by web" in said
    said = run(project, "relkit", "why", "nothing", expect=1).stderr
    assert re.search(r"RK3\d\d", said)
    shutil.rmtree(project / "_build")
    assert "RK553" in run(project, "relkit", "why", "store", expect=1).stderr
    assert "web:dev" in run(project, "relkit", "graph", "apps", expect=1).stderr


def parse_dot(text: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Return nodes and edges; fail at what is not of the form we promise."""
    name = r'"((?:[^"\\]|\\.)*)"'
    lines = text.strip().split("\n")
    assert re.fullmatch(rf"digraph {name} \{{", lines[0])
    assert lines[-1] == "}"
    nodes, edges = set(), set()
    for line in lines[1:-1]:
        if line.strip() == "rankdir=LR;":
            continue
        found = re.fullmatch(rf"  {name}(?: -> {name})?(?: \[.*\])?;", line)
        assert found, line
        if found[2] is None:
            nodes.add(found[1])
        else:
            edges.add((found[1], found[2]))
    return nodes, edges


def test_graphs_in_every_form(project: Path) -> None:
    def graph(*words: str) -> str:
        return run(project, "relkit", *words).stdout

    nodes, edges = parse_dot(graph("graph"))
    task = "release:web:dev:"
    assert {f"{task}scan", f"{task}tar"} <= nodes
    assert {(f"{task}scan", f"{task}plan"), (f"{task}script", f"{task}boot")} <= edges
    assert {end for pair in edges for end in pair} <= nodes
    drawn = json.loads(graph("graph", "tasks", "--format=json"))
    assert {(e["from"], e["to"]) for e in drawn["edges"]} == edges
    assert graph("--format", "json", "graph", "tasks") == graph(
        "graph", "tasks", "--format", "json"
    )
    nodes, edges = parse_dot(graph("graph", "apps", "--format=dot"))
    assert nodes == {"kernel", "stdlib", "sasl", "web", "store"}
    assert ("web", "store") in edges
    assert "web -> kernel, stdlib, store" in graph("graph", "apps").split("\n")
    assert graph("graph", "tasks", "--format=mermaid").startswith("graph LR\n")
    for wrong in (
        ["graph", "--format=png"],
        ["graph", "cats"],
        ["plan", "--format=dot"],
        ["plan", "nothing"],
        ["graph", "apps", "nothing"],
        ["why"],
        ["dance"],
        [],
    ):
        assert run(project, "relkit", *wrong, expect=3).stderr.startswith("ERROR: ")
    assert "release:web:prod:boot" in graph("plan", "release:*:prod:boot")


def test_nobody_has_to_read_all(project: Path) -> None:
    for words in ("graph tasks", "plan", "graph apps"):
        done = subprocess.run(
            ["sh", "-c", f'"{DOIT}" relkit {words} | head -n 1'],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1


def test_help_lists_the_commands() -> None:
    said = subprocess.run(
        [DOIT, "help", "relkit"], capture_output=True, text=True, check=True
    ).stdout
    for word in ("init", "plan", "why", "graph", "--format"):
        assert word in said


APP_SRC = (
    '{{application,{0},[{{description,""}},{{vsn,"0.1.0"}},{{registered,[]}},'
    "{{applications,[kernel,stdlib]}}]}}.\n"
)


def write_app_source(folder: Path, name: str) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / f"src/{name}.app.src").write_text(APP_SRC.format(name))
    (folder / f"src/{name}.erl").write_text(f"-module({name}).\n")


@pytest.mark.parametrize("kind", ["erlc", "erlc apps", "rebar3", "rebar3 apps", "mix"])
def test_what_init_writes_builds(tmp_path: Path, kind: str) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    tool, _, several = kind.partition(" ")
    if tool == "mix":
        (project / "mix.exs").write_text(
            "defmodule Mine.MixProject do\n  use Mix.Project\n  def project do\n"
            '    [app: :mine, version: "0.1.0"]\n  end\nend\n'
        )
        (project / "lib").mkdir()
        (project / "lib/mine.ex").write_text("defmodule Mine do\nend\n")
    elif several:
        write_app_source(project / "apps/one", "one")
        write_app_source(project / "apps/two", "two")
    else:
        write_app_source(project, "mine")
    if tool == "rebar3":
        (project / "rebar.config").write_text("{erl_opts, [debug_info]}.\n")
    assert "wrote dodo.py" in run(project, "relkit", "init").stdout
    assert f"compile={tool}(" in (project / "dodo.py").read_text()
    name = "my_project" if several else "mine"
    run(project, HOME=str(tmp_path))
    assert (project / f"_build/dev/rel/{name}/bin/{name}").is_file()
    said = run(project, "relkit", "init", expect=1).stderr
    assert "RK554" in said
    run(project, "relkit", "init", "--force")
    assert "_build/" in (project / ".gitignore").read_text().split("\n")


def test_init_knows_gleam(tmp_path: Path) -> None:
    (tmp_path / "gleam.toml").write_text('name = "shiny"\nversion = "1.0.0"\n')
    run(tmp_path, "relkit", "init")
    said = (tmp_path / "dodo.py").read_text()
    assert "compile=gleam()" in said
    assert 'current_version("shiny")' in said
    done = run(tmp_path, expect=1, PATH=f"{Path(sys.executable).parent}")
    assert "RK551" in done.stdout + done.stderr


TABLES = """
{top}default_release = "web"
lib_dirs = ["lib"]
[{table}environment.dev]
[{table}environment.prod]
cookie = "longenoughtoguess"
[{table}release.web]
version = "1.0.0"
applications = ["web", "sasl"]
include_erts = false
cookie = "averylongcookie"
"""


@pytest.mark.parametrize("file", ["relkit.toml", "pyproject.toml"])
def test_toml_is_enough(built_project: Path, tmp_path: Path, file: str) -> None:
    shutil.copytree(built_project / "lib", tmp_path / "lib")
    loader = '[tool.doit]\nloader = "relkit"\n'
    (tmp_path / "pyproject.toml").write_text(loader)
    if file == "pyproject.toml":
        top, table = "[tool.relkit]\n", "tool.relkit."
    else:
        top = table = loader = ""
    text = loader + TABLES.format(top=top, table=table)
    (tmp_path / file).write_text(text)
    assert "release:web:prod" in run(tmp_path, "list").stdout
    assert "tar" in build(tmp_path, "release")
    assert build(tmp_path) == set()
    assert "tar" in build(tmp_path, "release", "--env=prod")
    assert output(tmp_path, "prod").is_dir()
    assert "nothing to do" in run(tmp_path, "relkit", "plan").stdout
    run(tmp_path, "clean", "release:*")
    assert not (tmp_path / "_build").exists()
    (tmp_path / file).write_text(text.replace("include_erts", "include_ertz"))
    said = run(tmp_path, "list", expect=3).stderr
    assert "RK201" in said
    assert f"{file}:" in said
    assert f"{table}release.web.include_ertz" in said
    (tmp_path / file).write_text(loader)
    assert "RK2" in run(tmp_path, "list", expect=3).stderr


LOADED = """
import sys
from doit.doit_cmd import DoitMain
code = DoitMain().run(["release"])
print("LOADED", *sorted(sys.modules))
sys.exit(code)
"""

HEAVY = re.compile(
    r"networkx|jinja2|erlang|dodo_relkit\.(terms|formats|upgrade)(\..*)?"
    r"|dodo_relkit\.(release\.(resolve|closure|order|checks|boot|plan)"
    r"|artifacts\.(makers|start_script|templating)|target|graphs"
    r"|edge\.(steps|scan|archive|stage|trees))"
)


def test_when_nothing_changed_nothing_heavy_is_imported(project: Path) -> None:
    assert SETTINGS["tar"]
    loaded = loaded_modules(project)
    assert "dodo_relkit.edge.tasks" in loaded
    heavy = [name for name in loaded if HEAVY.fullmatch(name)]
    assert heavy == []
    # The same look at a run that does something finds them.
    (output(project) / "releases/1.0.0/vm.args").unlink()
    loaded = loaded_modules(project)
    assert [name for name in loaded if HEAVY.fullmatch(name)]


def loaded_modules(project: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "RELKIT_ENV": "", "MIX_ENV": ""},
    )
    return done.stdout.partition("LOADED")[2].split()

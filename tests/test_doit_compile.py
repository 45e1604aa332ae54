"""Compiling and releasing in one call of doit, and tasks of the user around it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.doit_projects import (
    build,
    compile_module,
    files,
    members,
    output,
    run,
    write_app,
    write_project,
)

DODO = """
from dodo_relkit import Relkit, erlc, release

relkit = Relkit(
    releases=[release("one", version="1.0", applications=["one"], include_erts=False)],
    compile=erlc(app="apps/*"),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""


def write_sources(project: Path, name: str, uses: tuple[str, ...] = ()) -> Path:
    """Write the .app.src of an application; return the directory of its sources."""
    sources = project / "apps" / name / "src"
    sources.mkdir(parents=True)
    applications = ",".join(["kernel", "stdlib", *uses])
    (sources / f"{name}.app.src").write_text(
        f'{{application,{name},[{{description,""}},{{vsn,"1"}},{{registered,[]}},'
        f"{{applications,[{applications}]}}]}}.\n"
    )
    return sources


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a built project: `one` needs two's behaviour, header and transform."""
    project = tmp_path_factory.mktemp("template") / "project"
    one = write_sources(project, "one", ("two",))
    two = write_sources(project, "two")
    (two.parent / "include").mkdir()
    (two.parent / "include/two.hrl").write_text("-define(ANSWER, 1).\n")
    (one / "one.erl").write_text(
        "-module(one).\n-behaviour(two).\n-compile({parse_transform, two_transform}).\n"
        '-include_lib("two/include/two.hrl").\n-export([answer/0]).\n'
        "answer() -> ?ANSWER.\n"
    )
    (one / "one_more.erl").write_text("-module(one_more).\n")
    (two / "two.erl").write_text("-module(two).\n-callback answer() -> integer().\n")
    (two / "two_transform.erl").write_text(
        "-module(two_transform).\n-export([parse_transform/2]).\n"
        "parse_transform(Forms, _) -> Forms.\n"
    )
    (project / "dodo.py").write_text(DODO)
    run(project)
    return project


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(template, copy, symlinks=True)
    # Object files name the place of their source, so let all be made at this one.
    (copy / ".doit.sqlite").unlink()
    run(copy)
    return copy


def release(project: Path) -> Path:
    return project / "_build/default/rel/one"


def beams(directory: Path) -> set[str]:
    return {path.stem for path in directory.rglob("*.beam")}


def test_behaviours_headers_and_transforms_of_other_applications(project: Path) -> None:
    assert beams(release(project)) == {
        "one",
        "one_more",
        "two",
        "two_transform",
    }
    done = run(project)
    assert ".  " not in done.stdout


def test_only_a_changed_module_is_restaged(project: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in release(project).rglob("*.*")}
    header = project / "apps/two/include/two.hrl"
    header.write_text("-define(ANSWER, 2).\n")
    assert build(project) == {"lib", "tar"}
    after = {path: path.stat().st_mtime_ns for path in release(project).rglob("*.*")}
    moved = {
        path.name for path in after if after[path] != before[path] and path.is_file()
    }
    assert moved == {"one.beam", "two.hrl"}


def test_a_new_source_and_a_deleted_one_are_seen_in_the_same_run(project: Path) -> None:
    sources = project / "apps/one/src"
    (sources / "one_new.erl").write_text("-module(one_new).\n")
    (sources / "one_more.erl").unlink()
    assert {"scan", "plan", "lib", "script", "boot", "tar"} <= build(project)
    assert beams(release(project)) == beams(project / "apps") >= {"one_new"}
    assert "one_more" not in beams(project / "apps")
    assert b"one_new" in (release(project) / "lib/one-1/ebin/one.app").read_bytes()


def test_a_compile_error_touches_nothing(project: Path) -> None:
    (project / "apps/one/src/one.erl").write_text("-module(one).\nanswer() -> .\n")
    (project / "apps/two/src/two.erl").write_text("-module(two).\n-export([]).\n")
    before = files(project / "apps") | files(release(project))
    done = run(project, expect=1)
    assert "RK551" in done.stderr + done.stdout
    assert "one.erl:2:" in done.stderr
    assert files(project / "apps") | files(release(project)) == before


def test_an_editor_lock_is_no_source(project: Path) -> None:
    (project / "apps/one/src/.#one.erl").symlink_to("me@host.1:2")
    assert build(project) == set()


def test_an_application_that_goes_takes_its_beams_along(project: Path) -> None:
    (project / "apps/one/src/one.erl").write_text("-module(one).\n")
    app = project / "apps/one/src/one.app.src"
    app.write_text(app.read_text().replace(",two", ""))
    shutil.rmtree(project / "apps/two/src")
    build(project)
    assert beams(project / "apps/two") == set()
    assert beams(release(project)) == {"one", "one_more"}


def test_clean_removes_what_erlc_made(project: Path) -> None:
    run(project, "clean")
    assert not (project / "_build").exists()
    assert not list((project / "apps").rglob("*.beam"))
    assert (project / "apps/one/src/one.erl").exists()


MAKE = """
import json, pathlib, shutil, subprocess
wanted = json.loads(pathlib.Path("wanted.json").read_text())
uses = "".join("," + each for each in wanted if each != "web")
for name, modules in wanted.items():
    ebin = pathlib.Path("lib", name, "ebin")
    ebin.mkdir(parents=True, exist_ok=True)
    for beam in ebin.glob("*.beam"):
        beam.unlink()
    for module in modules:
        shutil.copy(pathlib.Path("objects", module + ".beam"), ebin)
    app = (
        '{application,%s,[{description,""},{vsn,"1.0"},{registered,[]},{modules,[%s]},'
        '{applications,[kernel,stdlib%s]}]}.'
    ) % (name, ",".join(modules), uses if name == "web" else "")
    (ebin / (name + ".app")).write_text(app)
"""


def test_what_a_task_of_the_user_makes_is_seen_in_the_same_run(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    shutil.rmtree(project / "lib")
    (project / "objects").mkdir()
    (project / "ebin").mkdir()
    for module in ("m_one", "m_two", "m_new", "m_extra"):
        compile_module(project, module, 1)
        shutil.move(project / "ebin" / f"{module}.beam", project / "objects")
    (project / "make.py").write_text(MAKE)

    def want(**modules: list[str]) -> set[str]:
        (project / "wanted.json").write_text(json.dumps(modules))
        build(project)
        return beams(output(project) / "lib")

    assert want(web=["m_one", "m_two"]) == {"m_one", "m_two"}
    assert want(web=["m_one", "m_new"]) == {"m_one", "m_new"}
    assert want(web=["m_one"], extra=["m_extra"]) == {"m_one", "m_extra"}
    assert want(web=["m_one"]) == {"m_one"}
    assert not any("extra" in name for name in members(project))


USER_TASKS = """
def task_image():
    return {
        "actions": ["echo %(path)s %(sha256)s %(version)s %(size)s > image.txt"],
        "getargs": {
            key: ("release:web:dev:tar", key)
            for key in ("path", "sha256", "version", "size")
        },
        # getargs alone: doit would look at the results of the last run.
        "task_dep": ["release:web:dev:tar"],
    }

def task_ship():
    return {
        "actions": ["cp %(dependencies)s shipped.tgz"],
        "file_dep": [relkit.profile("web:dev").tarball],
        "targets": ["shipped.tgz"],
    }

def task_write_args():
    return {
        "actions": ["echo '-name web@host' > made.args"],
        "targets": ["made.args"],
        "uptodate": [True],
    }

def task_release():
    for task in relkit.tasks():
        if task["basename"] == "release:web:dev" and task["name"] == "sys.config":
            task["file_dep"] = [*task["file_dep"], "features.json"]
        yield task
"""


def test_tasks_of_the_user_before_and_after(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", vm_args="made.args", cookie=None)
    dodo = project / "dodo.py"
    dodo.write_text(dodo.read_text() + USER_TASKS)
    (project / "features.json").write_text("{}")
    run(project, "image", "ship")
    tarball = project / "_build/dev/rel/web-1.0.0.tar.gz"
    path, sha256, version, size = (project / "image.txt").read_text().split()
    assert (path, version) == ("_build/dev/rel/web-1.0.0.tar.gz", "1.0.0")
    assert int(size) == tarball.stat().st_size
    assert (
        sha256
        in subprocess.run(
            ["sha256sum", tarball], capture_output=True, text=True, check=True
        ).stdout
    )
    assert (project / "shipped.tgz").read_bytes() == tarball.read_bytes()
    assert members(project)["releases/1.0.0/vm.args"].startswith(b"-name web@host")
    said = run(project, "image", "ship").stdout
    assert "-- image" in said
    assert "-- ship" in said
    compile_module(project / "lib/web", "web_one", 77)
    said = run(project, "image", "ship").stdout
    assert ".  image" in said
    assert ".  ship" in said
    assert (project / "shipped.tgz").read_bytes() == tarball.read_bytes()
    (project / "features.json").write_text('{"new": true}')
    assert build(project) == {"sys.config"}


TWO = """
from dodo_relkit import Relkit, erlc, release

first = Relkit(
    releases=[release("web", version="1", applications=["web"], include_erts=False)],
    lib_dirs=["lib"],
    compile=erlc(app="own"),
)
second = Relkit(
    basename="tools",
    releases=[
        release("store", version="2", applications=["store"], include_erts=False)
    ],
    lib_dirs=["lib"],
    compile=erlc(app="own"),
)
DOIT_CONFIG = first.doit_config()
task_release = first.task_creator()

def task_tools():
    yield from second.tasks()
"""


def test_two_configurations_in_one_dodo(tmp_path: Path) -> None:
    write_app(tmp_path, "web", uses=("store",))
    write_app(tmp_path, "store")
    (tmp_path / "own/src").mkdir(parents=True)
    (tmp_path / "own/src/own.erl").write_text("-module(own).\n")
    (tmp_path / "dodo.py").write_text(TWO)
    build(tmp_path)
    assert not (tmp_path / "_build/default/rel/store").exists()
    run(tmp_path, "tools")
    assert (tmp_path / "_build/default/rel/store/releases/2/start.boot").is_file()
    assert "tools:store:default" in run(tmp_path, "list").stdout

"""doit's own commands on our tasks, and the choice of what is built."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.doit_projects import (
    build,
    compile_module,
    files,
    members,
    output,
    run,
    set_settings,
    write_project,
)

ARTIFACTS = {
    "scan",
    "plan",
    "rel",
    "script",
    "boot",
    "start_clean",
    "no_dot_erlang",
    "sys.config",
    "vm.args",
    "start_script",
    "RELEASES",
    "start_erl.data",
    "lib",
    "erts",
    "consolidated",
    "tar",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which nothing has been built."""
    return write_project(tmp_path_factory.mktemp("template") / "project")


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    copy = tmp_path / "project"
    shutil.copytree(template, copy)
    return copy


def below(directory: Path) -> set[str]:
    """Return all that is below a directory."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def test_doit_alone_builds_the_default_release_only(project: Path) -> None:
    assert build(project, "--verbosity=1") == ARTIFACTS
    assert output(project, "dev").is_dir()
    assert not output(project, "prod").exists()


def test_lists_groups_and_every_artifact(project: Path) -> None:
    listed = run(project, "list").stdout.split("\n")
    assert [line.split()[0] for line in listed if line] == [
        "make",
        "release",
        "release:web:dev",
        "release:web:prod",
    ]
    build(project)
    lines = [
        line.split() for line in run(project, "list", "--all", "-s").stdout.split("\n")
    ]
    status = {line[1]: line[0] for line in lines if line}
    for artifact in ARTIFACTS:
        assert status[f"release:web:dev:{artifact}"] == "U"
        assert status[f"release:web:prod:{artifact}"] == "R"
    compile_module(project / "lib/web", "web_one", 111)
    lines = [
        line.split() for line in run(project, "list", "--all", "-s").stdout.split("\n")
    ]
    assert [
        line[1] for line in lines if line and line[0] == "R" and ":dev:" in line[1]
    ] == ["release:web:dev:lib"]


def test_info_tells_status_reasons_and_files(project: Path) -> None:
    (project / "vm.args").write_text("-name a@b\n")
    set_settings(project, vm_args="vm.args")
    said = run(project, "info", "release:web:dev:vm.args", expect=1).stdout
    assert "status     : error" in said or "status     : run" in said
    build(project)
    said = run(project, "info", "release:web:dev:vm.args").stdout
    assert "status     : up-to-date" in said
    assert " - vm.args\n" in said
    assert " - _build/dev/rel/web/releases/1.0.0/vm.args" in said
    (project / "vm.args").write_text("-name c@d\n")
    said = run(project, "info", "release:web:dev:vm.args", expect=1).stdout
    assert "status     : run" in said
    assert "changed" in said
    assert "vm.args" in said.partition("changed")[2]


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["release", "--env=prod"], {}, "prod"),
        (["release", "--env=prod", "--name=web"], {}, "prod"),
        (["env=prod"], {}, "prod"),
        (["release", "env=prod", "name=web"], {}, "prod"),
        (["release"], {"RELKIT_ENV": "prod"}, "prod"),
        (["release"], {"MIX_ENV": "prod"}, "prod"),
        (["release"], {"MIX_ENV": "prod", "RELKIT_ENV": "dev"}, "dev"),
        (["release", "--env=dev"], {"RELKIT_ENV": "prod"}, "dev"),
        (["release:*:prod"], {}, "prod"),
        (["release:web:prod"], {"RELKIT_ENV": "dev"}, "prod"),
        (["release:web:prod:tar"], {}, "prod"),
    ],
)
def test_what_is_built_can_be_said_in_many_ways(
    template: Path, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    # With the graph of tasks it needs no build.
    words = [word for word in arguments if "=" not in word and ":" in word]
    options = [word for word in arguments if word.startswith("--")]
    if options:
        found = run(template, "-n", "0", *arguments, **environment).stdout
    else:
        variables = [word for word in arguments if "=" in word]
        found = run(
            template, "relkit", *variables, "plan", *words, **environment
        ).stdout
    assert f"release:web:{expected}:plan" in found
    other = {"dev": "prod", "prod": "dev"}[expected]
    assert f"release:web:{other}:plan" not in found
    shutil.rmtree(template / "_build", ignore_errors=True)
    (template / ".doit.sqlite").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["release", "--env=prd"], {}, "RK207", "`prod`"),
        (["env=nope"], {}, "RK207", "nope"),
        (["list"], {"RELKIT_ENV": "nope"}, "RK207", "$RELKIT_ENV"),
        (["release", "--name=wob"], {}, "RK206", "`web`"),
        (["relkit", "name=wob", "plan"], {}, "RK206", "`web`"),
    ],
)
def test_unknown_names_are_named(
    template: Path,
    arguments: list[str],
    environment: dict[str, str],
    code: str,
    words: str,
) -> None:
    said = run(template, *arguments, expect=3, **environment).stderr
    assert code in said
    assert words in said


@pytest.mark.parametrize(
    "options", [["-n", "2"], ["-n", "2", "-P", "thread"]], ids=["process", "thread"]
)
def test_parallel_gives_the_same(
    project: Path, tmp_path: Path, options: list[str]
) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(project, alone)
    build(alone, "release:*:*")
    ran = run(project, *options, "release:*:*").stdout
    assert ran.count(".  release:") == 2 * len(ARTIFACTS)
    for environment in ("dev", "prod"):
        assert files(output(project, environment)) == files(output(alone, environment))
        assert members(project, environment) == members(alone, environment)
    assert build(project, *options, "release:*:*") == set()


def test_json_is_json_also_with_warnings(project: Path) -> None:
    done = run(project, "-r", "json", "release")
    assert "RK" in done.stderr + done.stdout
    tasks = {task["name"]: task["result"] for task in json.loads(done.stdout)["tasks"]}
    assert tasks["release:web:dev:tar"] == "success"
    done = run(project, "-r", "json", "release")
    tasks = {task["name"]: task["result"] for task in json.loads(done.stdout)["tasks"]}
    assert tasks["release:web:dev:tar"] == "up-to-date"


def test_json_is_json_also_when_a_compiler_speaks(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/noisy.app.src").write_text(
        '{application,noisy,[{description,""},{vsn,"1"},{registered,[]},'
        "{applications,[kernel,stdlib]}]}.\n"
    )
    (tmp_path / "src/noisy.erl").write_text("-module(noisy).\nunused() -> ok.\n")
    (tmp_path / "dodo.py").write_text(
        "from dodo_relkit import Relkit, erlc, release\n"
        "relkit = Relkit(compile=erlc(), releases=[release('noisy', "
        "applications=['noisy'], include_erts=False)])\n"
        "DOIT_CONFIG = relkit.doit_config()\n"
        "task_release = relkit.task_creator()\n"
    )
    done = run(tmp_path, "-r", "json")
    assert "unused" in done.stderr
    assert all(task["result"] == "success" for task in json.loads(done.stdout)["tasks"])


def test_clean_removes_all_that_was_made_and_nothing_else(project: Path) -> None:
    before = below(project) - {".doit.sqlite"}
    build(project)
    foreign = output(project) / "lib/web-1.0/ebin/mine.txt"
    foreign.write_text("mine")
    built = below(project)
    said = run(project, "clean", "-n").stdout
    assert "removing _build/dev/rel/web/bin/web\n" in said
    assert "mine.txt" not in said
    assert below(project) == built
    run(project, "clean")
    assert below(project) - before == {
        ".doit.sqlite",
        *(
            "/".join(str(foreign.relative_to(project)).split("/")[:n])
            for n in range(1, 9)
        ),
    }
    assert build(project) == ARTIFACTS
    foreign.unlink()
    run(project, "clean")
    assert below(project) - before == {".doit.sqlite"}


def test_clean_of_one_profile_or_task_leaves_the_others(project: Path) -> None:
    build(project, "release:*:*")
    prod = files(output(project, "prod"))
    run(project, "clean", "release:web:dev:boot")
    assert not (output(project) / "releases/1.0.0/start.boot").exists()
    assert (output(project) / "releases/1.0.0/start.script").exists()
    assert build(project) == {"boot"}
    run(project, "clean", "release:web:dev")
    assert not output(project).exists()
    assert files(output(project, "prod")) == prod
    assert build(project, "release:web:prod") == set()
    run(project, "clean", "release:*")
    assert not (project / "_build").exists()


def test_clean_in_dev_mode_goes_through_no_link(project: Path) -> None:
    set_settings(project, dev_mode=True, tar=None)
    applications = files(project / "lib")
    assert "tar" not in build(project)
    assert (output(project) / "lib/web-1.0").is_symlink()
    run(project, "clean")
    assert not (project / "_build").exists()
    assert files(project / "lib") == applications


def test_clean_removes_earlier_versions_and_what_settings_took_away(
    project: Path,
) -> None:
    build(project)
    set_settings(project, version="1.0.1")
    build(project)
    assert (output(project) / "releases/1.0.0/start.boot").exists()
    set_settings(project, tar=False, dev_mode=True)
    build(project)
    assert (project / "_build/dev/rel/web-1.0.1.tar.gz").exists()
    run(project, "clean")
    assert not (project / "_build").exists()


def test_forget_makes_all_run_again_and_change_nothing(project: Path) -> None:
    build(project)
    before = {path: path.stat().st_mtime_ns for path in output(project).rglob("*")}
    run(project, "forget", "release:web:dev")
    assert build(project) == ARTIFACTS
    assert {
        path: path.stat().st_mtime_ns for path in output(project).rglob("*")
    } == before


def test_works_from_below_and_from_elsewhere(project: Path, tmp_path: Path) -> None:
    place = tmp_path / "with späce"
    project.rename(place)
    assert build(place / "lib/web", "-k") == ARTIFACTS
    assert build(place / "lib/web", "-k", "release") == set()
    assert build(tmp_path, "-f", str(place / "dodo.py"), "release") == set()
    assert build(place, LC_ALL="C") == set()
    assert sorted(os.listdir(tmp_path)) == [place.name]

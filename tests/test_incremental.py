"""What runs after a change: exactly what must, and the release is right afterwards."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doit_projects import (
    build,
    compile_module,
    copy_project,
    members,
    output,
    set_settings,
    write_app,
)


@pytest.fixture
def project(built_project: Path, tmp_path: Path) -> Path:
    """Return a copy of the built project, times and all."""
    copy = copy_project(built_project, tmp_path)
    # A copy has other inodes and times of change, so what was remembered of files is
    # not true any more: let it be learned again.
    build(copy)
    assert build(copy) == set()
    return copy


def all_files(project: Path) -> dict[str, tuple[int, int]]:
    """Return time and inode of each file of the release and our own files."""
    return {
        str(path.relative_to(project)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in sorted((project / "_build").rglob("*"))
    }


def test_nothing_changed_nothing_runs_and_nothing_is_touched(project: Path) -> None:
    before = all_files(project)
    assert build(project) == set()
    assert all_files(project) == before
    assert len(before) > 40


def change_module(project: Path) -> None:
    compile_module(project / "lib/web", "web_one", 111)


def touch_module(project: Path) -> None:
    os.utime(project / "lib/web/ebin/web_one.beam")


def add_module(project: Path) -> None:
    write_app(
        project,
        "web",
        uses=("store",),
        modules={"web_one": 1, "web_two": 2, "web_three": 3},
    )


def delete_module(project: Path) -> None:
    (project / "lib/web/ebin/web_two.beam").unlink()
    write_app(project, "web", uses=("store",), modules={"web_one": 1})


def add_unlisted_beam(project: Path) -> None:
    compile_module(project / "lib/web", "web_extra", 1)


def add_priv(project: Path) -> None:
    (project / "lib/web/priv").mkdir()
    (project / "lib/web/priv/page.html").write_text("hello")


def change_unused_app(project: Path) -> None:
    compile_module(project / "lib/other", "other_one", 5)


def change_env(project: Path) -> None:
    write_app(project, "web", uses=("store",), env="{port,80}")


def add_dependency(project: Path) -> None:
    write_app(project, "web", uses=("store", "other"))


def remove_dependency(project: Path) -> None:
    write_app(project, "web", uses=())


def upgrade_app(project: Path) -> None:
    write_app(project, "store", vsn="1.1")


def move_app(project: Path) -> None:
    (project / "more/place").mkdir(parents=True)
    (project / "lib/store").rename(project / "more/place/store")


def change_cookie(project: Path) -> None:
    set_settings(project, cookie="anotherlongcookie")


def change_version(project: Path) -> None:
    set_settings(project, version="1.0.1")


def change_start_type(project: Path) -> None:
    set_settings(project, applications=[["web", "transient"], "sasl"])


def change_dot_erlang(project: Path) -> None:
    set_settings(project, no_dot_erlang=True)


def change_level(project: Path) -> None:
    set_settings(project, compression_level=1)


def include_src(project: Path) -> None:
    (project / "lib/web/src").mkdir()
    (project / "lib/web/src/web_one.erl").write_text("-module(web_one).\n")
    set_settings(project, include_src=True)


def include_erts(project: Path) -> None:
    set_settings(project, include_erts=True, include_system_libs=False)


def edit_by_hand(project: Path) -> None:
    path = output(project) / "releases/1.0.0/sys.config"
    path.write_bytes(path.read_bytes() + b"%% by hand\n")


def delete_output(project: Path) -> None:
    (output(project) / "releases/1.0.0/start.boot").unlink()


def delete_staged(project: Path) -> None:
    (output(project) / "lib/web-1.0/ebin/web_one.beam").unlink()


PLANNED = {"rel", "script", "boot", "start_clean", "no_dot_erlang", "RELEASES"}
BOOTS = {"script", "boot", "start_clean", "no_dot_erlang"}
IDENTITY = {"sys.config", "vm.args", "start_script", "start_erl.data"}
TEMPLATES = {"sys.config", "vm.args"}

CHANGES: list[tuple[Callable[[Path], None], set[str]]] = [
    (change_module, {"lib", "tar"}),
    (touch_module, {"lib"}),
    (add_module, {"scan", "plan", "lib", "tar"} | BOOTS),
    (delete_module, {"scan", "plan", "lib", "tar"} | BOOTS),
    (add_unlisted_beam, {"scan", "plan", "lib", "tar"}),
    (add_priv, {"lib", "tar"}),
    (change_unused_app, set()),
    (change_env, {"scan", "plan", "lib", "tar"} | BOOTS),
    (add_dependency, {"scan", "plan", "lib", "tar"} | PLANNED),
    (remove_dependency, {"scan", "plan", "lib", "tar"} | PLANNED),
    (upgrade_app, {"scan", "plan", "lib", "tar"} | PLANNED),
    (move_app, {"scan", "plan", "lib"}),
    (change_cookie, {"vm.args", "tar"}),
    (change_version, {"plan", "tar", "erts", "consolidated"} | PLANNED | IDENTITY),
    (change_start_type, {"plan", "tar"} | PLANNED),
    (change_dot_erlang, {"script", "boot", "tar"}),
    (change_level, {"tar"}),
    (include_src, {"lib", "tar"} | TEMPLATES),
    (
        include_erts,
        {"scan", "plan", "erts", "tar", "start_script"} | TEMPLATES,
    ),
    (edit_by_hand, {"sys.config"}),
    (delete_output, {"boot"}),
    (delete_staged, {"lib"}),
]


@pytest.mark.parametrize(
    ("change", "expected"), CHANGES, ids=[change.__name__ for change, _ in CHANGES]
)
def test_what_a_change_makes_run(
    project: Path, change: Callable[[Path], None], expected: set[str], tmp_path: Path
) -> None:
    change(project)
    ran = build(project)
    assert ran == expected
    assert build(project) == set()
    assert_same_as_built_afresh(project, tmp_path)


def assert_same_as_built_afresh(project: Path, tmp_path: Path) -> None:
    """What was built step by step is what a build from nothing gives."""
    fresh = tmp_path / "fresh"
    shutil.copytree(project, fresh, ignore=shutil.ignore_patterns("_build", ".doit*"))
    build(fresh)
    assert members(project) == members(fresh)
    assert tree(project) == tree(fresh)


def tree(project: Path) -> dict[str, bytes]:
    """Return the release directory but for what older versions left there."""
    root = output(project)
    vsn = json.loads((project / "settings.json").read_text())["version"]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
        and not (path.match("releases/*/*") and vsn not in path.parts)
        and not (path.match("releases/web-*.rel") and vsn not in path.name)
    }

"""What fails or is killed leaves the last good output; the next run is right."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doit_projects import (
    DOIT,
    build,
    compile_module,
    copy_project,
    files,
    members,
    output,
    run,
    set_settings,
    write_app,
    write_project,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has been built once."""
    project = write_project(tmp_path_factory.mktemp("template") / "project")
    (project / "vm.args").write_text("-name web@host\n")
    (project / "sys.config").write_text("[{web, [{port, 1}]}].\n")
    set_settings(project, vm_args="vm.args", sys_config="sys.config", cookie=None)
    build(project)
    return project


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    return copy_project(template, tmp_path)


def break_app_file(project: Path) -> None:
    (project / "lib/web/ebin/web.app").write_text("{application, web, [")


def drop_dependency(project: Path) -> None:
    shutil.rmtree(project / "lib/store")


def drop_beam(project: Path) -> None:
    (project / "lib/store/ebin/store_one.beam").unlink()


def break_sys_config(project: Path) -> None:
    (project / "sys.config").write_text("[{web, [{port, 1}]}\n")


def break_template(project: Path) -> None:
    (project / "vm.args").write_text("-name <%= nobody %>\n")


def drop_vm_args(project: Path) -> None:
    (project / "vm.args").unlink()


def drop_sys_config(project: Path) -> None:
    (project / "sys.config").unlink()


def want_otp_that_is_not_there(project: Path) -> None:
    set_settings(project, include_erts="nowhere")


def want_rel_that_is_not_there(project: Path) -> None:
    set_settings(project, version=None, applications=None, rel="my.rel")


def misspell_setting(project: Path) -> None:
    set_settings(project, include_ertz=True)


def write_version_as_number(project: Path) -> None:
    set_settings(project, version=1)


def put_directory_in_the_way(project: Path) -> None:
    boot = output(project) / "releases/1.0.0/start.boot"
    boot.unlink()
    boot.mkdir()
    (boot / "file").touch()


def warn_and_be_strict(project: Path) -> None:
    set_settings(project, warnings_as_errors=True)  # RK301: more/* has nothing


BREAKS: list[tuple[Callable[[Path], None], str]] = [
    (break_app_file, "RK101"),
    (drop_dependency, "RK360"),
    (drop_beam, "RK340"),
    (break_sys_config, "RK101"),
    (break_template, "RK"),
    (drop_vm_args, "RK552"),
    (drop_sys_config, "RK552"),
    (want_otp_that_is_not_there, "RK401"),
    (want_rel_that_is_not_there, "RK552"),
    (misspell_setting, "RK201"),
    (write_version_as_number, "RK203"),
    (put_directory_in_the_way, "RK602"),
    (warn_and_be_strict, "RK346"),
]


@pytest.mark.parametrize(
    ("break_it", "code"), BREAKS, ids=[b.__name__ for b, _ in BREAKS]
)
def test_failure_says_its_code_and_leaves_what_was_good(
    project: Path, break_it: Callable[[Path], None], code: str
) -> None:
    good = files(output(project))
    archive = members(project)
    break_it(project)
    done = subprocess.run(
        [DOIT, "release"], cwd=project, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode in (1, 3), said
    assert "Traceback" not in said
    assert code in said
    now = files(output(project))
    now.pop("releases/1.0.0/start.boot/file", None)
    if break_it is put_directory_in_the_way:
        good.pop("releases/1.0.0/start.boot")
    assert now == good
    assert members(project) == archive
    # And again, the same: what failed is not taken for done.
    run(project, "release", expect=done.returncode)


def test_a_release_without_sasl_is_told_and_stops_nothing(project: Path) -> None:
    write_app(project, "spare", lib="more/lib")
    set_settings(project, cookie="qX3vT8mZ1nR5kW9bL2dF", vm_args=None)
    set_settings(project, applications=["web"], warnings_as_errors=True)
    assert "RK342 notice" in run(project, "release").stderr
    assert "RK342" not in run(project, "release").stderr


def change_everything(project: Path) -> None:
    """Change a module, the dependencies, the configuration and the version."""
    compile_module(project / "lib/web", "web_one", 222)
    write_app(project, "web", uses=("store", "other"), env="{a,1}")
    (project / "sys.config").write_text("[{web, [{port, 2}]}].\n")
    set_settings(project, include_erts=True, include_system_libs=False)


MOMENTS = {
    "scan": "catalog.json",
    "plan": "plan/apps.json",
    "boot": "made/boot.json",
    "lib": "lib-manifest.json",
    "erts": "erts-manifest.json",
    "tar": "segments",
}
"""The file of our own whose change shows that a task is at work."""


@pytest.fixture(scope="module")
def changed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project with all changes, built from nothing."""
    fresh = tmp_path_factory.mktemp("changed") / "project"
    shutil.copytree(template, fresh, ignore=shutil.ignore_patterns("_build", ".doit*"))
    change_everything(fresh)
    build(fresh)
    return fresh


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_anywhere_the_next_run_is_right(
    template: Path, changed: Path, tmp_path: Path, moment: str
) -> None:
    old = members(template)
    watched = Path("_build/dev/relkit/web", MOMENTS[moment])
    for attempt in range(5):
        project = tmp_path / f"project{attempt}"
        shutil.copytree(template, project, symlinks=True)
        shutil.rmtree(project / "lib")
        shutil.copytree(changed / "lib", project / "lib")
        for name in ("settings.json", "sys.config"):
            shutil.copy(changed / name, project / name)
        if is_killed_when_changed(project, project / watched):
            break
    else:
        pytest.fail("it always ended before it could be killed")
    assert members(project) in (old, members(changed))
    for name, content in files(output(project)).items():
        assert content in whole_contents(template, changed, name), name
    build(project)
    assert build(project) == set()
    assert members(project) == members(changed)
    assert files(output(project)) == files(output(changed))


def whole_contents(template: Path, changed: Path, name: str) -> list[bytes]:
    """Return what a file of the release may hold before and after the change."""
    places = [output(template) / name, output(changed) / name]
    return [path.read_bytes() for path in places if path.is_file()]


def is_killed_when_changed(project: Path, path: Path) -> bool:
    """Run doit, kill it as soon as `path` is not as it was; return whether it died."""
    before = look(path)
    process = subprocess.Popen(
        [DOIT, "release"],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and look(path) == before:
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def look(path: Path) -> object:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    names = sorted(os.listdir(path)) if path.is_dir() else []
    return status.st_mtime_ns, status.st_ino, names

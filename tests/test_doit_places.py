"""Where output goes, from which OTP, in which mode, and after a change of version."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.doit_projects import (
    build,
    compile_module,
    copy_project,
    files,
    members,
    output,
    run,
    set_settings,
    write_app,
)


@pytest.fixture
def project(built_project: Path, tmp_path: Path) -> Path:
    return copy_project(built_project, tmp_path)


@pytest.fixture(scope="module")
def second_otp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an OTP with another version of the run-time system."""
    erl = Path(shutil.which("erl") or "").resolve()
    root = erl.parent.parent
    copy = tmp_path_factory.mktemp("otp") / "otp"
    (copy / "lib").mkdir(parents=True)
    for name in ("kernel", "stdlib", "sasl"):
        found = next((root / "lib").glob(f"{name}-*"))
        shutil.copytree(found / "ebin", copy / "lib" / found.name / "ebin")
    erts = next(root.glob("erts-*"))
    shutil.copytree(erts / "bin", copy / f"{erts.name}.99" / "bin")
    for boot in root.glob("releases/*/start_clean.boot"):
        place = copy / boot.relative_to(root)
        place.parent.mkdir(parents=True)
        shutil.copy(boot, place)
    return copy


def fresh(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the project that is built from nothing."""
    copy = tmp_path / "fresh"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("_build", ".doit*"))
    build(copy)
    return copy


def assert_as_fresh(project: Path, tmp_path: Path) -> None:
    other = fresh(project, tmp_path)
    assert files(output(project)) == files(output(other))
    assert build(project) == set()


def erts_of(project: Path) -> set[str]:
    return {path.name for path in output(project).glob("erts-*")}


def test_include_erts_on_other_and_off(
    project: Path, second_otp: Path, tmp_path: Path
) -> None:
    set_settings(project, include_erts=True, include_system_libs=False)
    build(project)
    (own,) = erts_of(project)
    set_settings(project, include_erts=str(second_otp))
    build(project)
    assert erts_of(project) == {f"{own}.99"}
    assert not [name for name in members(project) if name.startswith(f"{own}/")]
    start = (output(project) / "releases/start_erl.data").read_text()
    assert start.split() == [f"{own.removeprefix('erts-')}.99", "1.0.0"]
    assert_as_fresh(project, tmp_path)
    set_settings(project, include_erts=False)
    build(project)
    assert erts_of(project) == set()
    assert not [name for name in members(project) if name.startswith("erts-")]
    assert_as_fresh(project, tmp_path)


def test_dev_mode_on_and_off(project: Path, tmp_path: Path) -> None:
    applications = files(project / "lib")
    copies = files(output(project))
    place = output(project) / "lib/web-1.0"
    set_settings(project, dev_mode=True)
    build(project)
    assert place.is_symlink()
    assert place.resolve() == project / "lib/web"
    assert_as_fresh(project, tmp_path)
    set_settings(project, dev_mode=False)
    build(project)
    assert not place.is_symlink()
    assert files(output(project)).keys() == copies.keys()
    assert_as_fresh(project, tmp_path)
    assert files(project / "lib") == applications


def test_a_tarball_of_dev_mode_follows_the_modules(project: Path) -> None:
    set_settings(project, dev_mode=True, tar=True)
    build(project)
    compile_module(project / "lib/web", "web_one", 4711)
    assert build(project) == {"lib", "tar"}
    beam = (project / "lib/web/ebin/web_one.beam").read_bytes()
    assert members(project)["lib/web-1.0/ebin/web_one.beam"] == beam


def test_environments_lie_side_by_side(project: Path) -> None:
    dev = files(output(project))
    build(project, "release", "--env=prod")
    assert files(output(project)) == dev
    prod = files(output(project, "prod"))
    assert prod.keys() == dev.keys()
    assert prod["releases/1.0.0/vm.args"] != dev["releases/1.0.0/vm.args"]
    compile_module(project / "lib/web", "web_one", 12)
    build(project)
    assert files(output(project, "prod")) == prod


@pytest.mark.parametrize("where", ["out/{environment}/{release}", "/absolute"])
def test_output_elsewhere(project: Path, tmp_path: Path, where: str) -> None:
    if where == "/absolute":
        where = str(tmp_path / "with späce" / "{environment}" / "{release}")
    set_settings(project, output_dir=where)
    build(project)
    place = Path(where.format(environment="dev", release="web"))
    there, before = files(project / place), files(output(project))
    mark = "releases/.built-here"  # the way from there to our own directory
    assert there.pop(mark) != before.pop(mark)
    assert there == before
    assert (project / place).with_name("web-1.0.0.tar.gz").is_file()
    assert build(project) == set()
    # What lies where the output was is none of ours any more.
    shutil.rmtree(project / "_build/dev/rel")
    run(project, "clean", "release:*")
    assert not (project / place).exists()
    assert not (project / "_build").exists()


def test_two_profiles_must_not_share_a_tarball(project: Path) -> None:
    set_settings(project, output_dir="out/{release}/{environment}")
    said = run(project, "list", expect=3).stderr
    assert "RK211" in said
    assert "out/web/web.tar.gz" in said


CURRENT = """
from dodo_relkit import Relkit, current_version, release

relkit = Relkit(
    releases=[
        release("web", version=current_version("web"), applications=["web", "sasl"],
                include_erts=True, include_system_libs=False, cookie="averylongcookie"),
    ],
    lib_dirs=["lib"],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""


def test_a_new_version_leaves_the_old_one_whole(
    tmp_path: Path, second_otp: Path
) -> None:
    project = tmp_path / "project"
    write_app(project, "web", uses=("store",))
    write_app(project, "store")
    (project / "dodo.py").write_text(CURRENT)
    build(project)
    root = project / "_build/default/rel/web"
    old = files(root)
    assert "releases/1.0/start.boot" in old
    write_app(project, "web", vsn="1.1", uses=("store",))
    (project / "dodo.py").write_text(
        CURRENT.replace("include_erts=True", f"include_erts={str(second_otp)!r}")
    )
    build(project)
    now = files(root)
    kept = {name for name in old if name.startswith(("releases/1.0/", "lib/", "erts-"))}
    assert kept <= {name for name in now if now[name] == old.get(name)}
    assert "releases/1.1/start.boot" in now
    with tarfile.open(root.with_name("web.tar.gz")) as archive:
        names = archive.getnames()
    assert "releases/1.1/start.boot" in names
    assert not [n for n in names if n.startswith(("releases/1.0/", "lib/web-1.0/"))]
    assert len({n.split("/")[0] for n in names if n.startswith("erts-")}) == 1
    assert sorted(path.name for path in root.parent.glob("*.tar.gz")) == [
        "web-1.0.tar.gz",
        "web-1.1.tar.gz",
        "web.tar.gz",
    ]
    # Whoever removes the old release's directory gives up what only it needs.
    shutil.rmtree(root / "releases/1.0")
    (root / "releases/web-1.0.rel").unlink()
    write_app(project, "web", vsn="1.2", uses=("store",))
    build(project)
    assert not (root / "lib/web-1.0").exists()
    assert (root / "lib/web-1.1").exists()
    assert len(list(root.glob("erts-*"))) == 1
    run(project, "clean")
    assert not (project / "_build").exists()


def test_source_date_epoch_is_the_time_of_all_members(
    project: Path, tmp_path: Path
) -> None:
    shutil.rmtree(project / "_build")
    build(project, SOURCE_DATE_EPOCH="1000000000")
    with tarfile.open(output(project).with_name("web.tar.gz")) as archive:
        assert {member.mtime for member in archive.getmembers()} == {1000000000}
    shutil.rmtree(project / "_build")
    said = run(project, "release", expect=1, SOURCE_DATE_EPOCH="yesterday")
    assert "RK609" in said.stdout + said.stderr


def test_spaces_and_other_letters_in_all_paths(project: Path, tmp_path: Path) -> None:
    place = tmp_path / "späce und ü"
    project.rename(place)
    (place / "lib").rename(place / "bücher and more")
    dodo = place / "dodo.py"
    dodo.write_text(dodo.read_text().replace('"lib"', '"bücher and more"'))
    build(place, LC_ALL="C")
    assert build(place) == set()
    said = subprocess.run(
        [output(place) / "bin/web", "version"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert "1.0.0" in said.stdout, said

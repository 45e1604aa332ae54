"""What an upgrade brings and a node would not use: told when the upgrade is built."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from dodo_relkit.formats.beam import read_chunks
from tests.doit_projects import (
    build,
    output,
    run,
    set_settings,
    write_app,
    write_project,
)
from tests.nodes import booted, unpack
from tests.oracle import the_oracle

COOKIE = "bV8nXq2LrT0zKe5w"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project built as 1.0.0; web has a file in priv, and a header."""
    project = write_project(tmp_path_factory.mktemp("first") / "project", cookie=COOKIE)
    for name, text in (("priv/page", "old\n"), ("include/web.hrl", "-define(A, 1).\n")):
        (project / "lib/web" / name).parent.mkdir()
        (project / "lib/web" / name).write_text(text)
    write_app(project, "web", uses=("store",), env="{shade,red}")
    run(project, "release")
    return project


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Path:
    """Return a copy of that project, whose next version is 1.1.0."""
    project = Path(shutil.copytree(first, tmp_path / "project", symlinks=True))
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    return project


def tarball(project: Path, vsn: str = "1.0.0") -> Path:
    return output(project).with_name(f"web-{vsn}.tar.gz")


def kinds(project: Path, tmp_path: Path) -> dict[str, str]:
    """Return 1.0.0 in each way to say it."""
    directory = unpack(tarball(project), tmp_path / "unpacked")
    elsewhere = str(shutil.copy(tarball(project), tmp_path / "elsewhere.tgz"))
    return {"version": "1.0.0", "directory": str(directory), "tarball": elsewhere}


def said(project: Path, expect: int = 0) -> str:
    done = run(project, "release", expect=expect)
    return done.stdout + done.stderr


# The same version of an application


@pytest.mark.parametrize("kind", ["version", "directory", "tarball"])
def test_files_in_priv(project: Path, tmp_path: Path, kind: str) -> None:
    given = kinds(project, tmp_path)[kind]
    set_settings(project, upgrade_from=[given])
    assert "RK830" not in said(project)
    (project / "lib/web/priv/page").write_text("new\n")
    (project / "lib/web/priv/more").write_text("more\n")
    words = said(project)
    assert "RK830 warning: web 1.0 of " in words
    assert "has other files in priv: priv/more, priv/page\n" in words
    write_app(project, "web", vsn="1.1", uses=("store",), env="{shade,red}")
    assert "RK830" not in said(project)


@pytest.mark.parametrize("kind", ["version", "directory", "tarball"])
def test_code(project: Path, tmp_path: Path, kind: str) -> None:
    set_settings(project, upgrade_from=[kinds(project, tmp_path)[kind]])
    changed = {"web_one": 8, "web_two": 2}
    write_app(project, "web", uses=("store",), env="{shade,red}", modules=changed)
    assert "RK740 error: web 1.0 is not the web 1.0 of " in said(project, expect=1)


def test_a_directory_in_which_a_baseline_was_replaced(
    project: Path, tmp_path: Path
) -> None:
    root = Path(kinds(project, tmp_path)["directory"])
    set_settings(project, upgrade_from=[str(root)])
    change(project, "web_one")
    assert "RK830" not in said(project)
    assert build(project) == set()
    (root / "lib/store-1.0/priv").mkdir()
    (root / "lib/store-1.0/priv/new").write_text("new\n")
    assert "RK830 warning: store 1.0 of " in said(project)
    assert build(project) == set()


def test_a_header_changes_nothing_at_run_time(project: Path) -> None:
    (project / "lib/web/include/web.hrl").write_text("-define(A, 2).\n")
    words = said(project)
    assert "RK7" not in words
    assert "RK8" not in words


def test_what_a_node_makes_of_it(project: Path, tmp_path: Path) -> None:
    """The environment in the `.app` file arrives; a file in `priv` does not."""
    set_settings(project, include_erts=True)
    old = output(project)
    shutil.rmtree(old)
    set_settings(project, version="1.0.0", upgrade_from=[])
    build(project)
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    write_app(project, "web", uses=("store",), env="{shade,blue}")
    (project / "lib/web/priv/page").write_text("new\n")
    words = said(project)
    assert "RK830 warning" in words
    assert "RK740" not in words
    root = unpack(tarball(project), tmp_path / "node")
    with booted(root, "web") as node:
        shade = "application:get_env(web, shade)."
        page = 'file:read_file(code:priv_dir(web) ++ "/page").'
        assert node.ask(shade) == "{ok,red}"
        new = shutil.copy(tarball(project, "1.1.0"), root / "releases")
        assert Path(new).is_file()
        unpacked = 'release_handler:unpack_release("web-1.1.0").'
        assert node.ask(unpacked) == '{ok,"1.1.0"}'
        installed = 'release_handler:install_release("1.1.0").'
        assert node.ask(installed) == '{ok,"1.0.0",[]}'
        assert node.ask(shade) == "{ok,blue}"
        assert node.ask(page) == '{ok,<<"old\\n">>}'


def test_an_output_directory_that_was_built_over(project: Path) -> None:
    tarball(project).unlink()
    words = said(project)
    assert "RK831 warning: _build/dev/rel/web has store, web as they are now" in words
    write_app(project, "web", vsn="1.1", uses=("store",), env="{shade,red}")
    assert "has store as they are now: whether they changed since 1.0.0" in said(
        project
    )


def test_links_are_told_as_links_only(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", dev_mode=True, tar=False)
    build(project)
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    words = said(project)
    assert "RK813 warning" in words
    assert "RK831" not in words


# The same version of the release


def test_a_version_that_was_released_before(project: Path, tmp_path: Path) -> None:
    given = kinds(project, tmp_path)["tarball"]
    set_settings(project, version="1.0.0", upgrade_from=[given])
    words = said(project, expect=1)
    assert (
        f"RK807 error: {given} is version 1.0.0 of web, which is being built" in words
    )
    set_settings(project, upgrade_from=["latest"])
    words = said(project, expect=1)
    assert "RK802 error: _build/dev/rel/web has no version of web but" in words
    assert "Raise the version of the release if 1.0.0 was delivered before" in words


# Stripped code


def strip(directory: Path, pattern: str) -> None:
    """Have OTP strip the object files."""
    code = f'{{ok, _}} = beam_lib:strip_files(filelib:wildcard("{pattern}")), halt().'
    subprocess.run(["erl", "-noshell", "-eval", code], cwd=directory, check=True)


@pytest.fixture
def stripped(project: Path, tmp_path: Path) -> Path:
    """Return the project, coming from a release in which web_one was stripped."""
    root = unpack(tarball(project), tmp_path / "stripped")
    strip(root, "lib/web-1.0/ebin/web_one.beam")
    beam = root / "lib/web-1.0/ebin/web_one.beam"
    assert "Attr" not in read_chunks(beam.read_bytes())
    set_settings(project, upgrade_from=[str(root)])
    return project


def change(project: Path, *modules: str) -> None:
    """Write web 1.1, in which these modules do something else."""
    answers = {"web_one": 1, "web_two": 2} | dict.fromkeys(modules, 9)
    write_app(project, "web", vsn="1.1", uses=("store",), modules=answers)


def test_release_handler_cannot_open_a_stripped_module(
    stripped: Path, tmp_path: Path
) -> None:
    ebin = str(tmp_path / "stripped/lib/web-1.0/ebin").encode()
    crashed = the_oracle().ask(
        "begin application:load(sasl), code:add_patha(binary_to_list(In)),"
        " R = [element(1, (catch {ok, release_handler_1:get_current_vsn(M)}))"
        " || M <- [web_one, web_two]], code:del_path(binary_to_list(In)), R end",
        ebin,
    )
    assert [str(each.value, "utf-8") for each in crashed] == ["EXIT", "ok"]


def test_a_stripped_module_that_is_loaded_stops_the_build(stripped: Path) -> None:
    change(stripped, "web_one")
    words = said(stripped, expect=1)
    assert "RK743 error: web 1.0 has no attributes in web_one" in words
    assert "RK812 warning: " in words
    assert "has no debug information in web (web_one)\n" in words
    assert not (output(stripped) / "releases/1.1.0/relup").exists()
    set_settings(stripped, upgrade_strategies={"web": "restart_emulator"})
    assert "RK743" not in said(stripped)


def test_a_stripped_module_that_stays_is_none_of_it(stripped: Path) -> None:
    change(stripped, "web_two")
    words = said(stripped)
    assert "RK743" not in words
    assert "has no debug information in web (web_one)\n" in words


def test_a_new_version_that_is_stripped(project: Path) -> None:
    change(project, "web_one", "web_two")
    strip(project, "lib/web/ebin/web_two.beam")
    assert "RK743 error: web 1.1 has no attributes in web_two" in said(
        project, expect=1
    )


def test_an_object_file_of_another_module(project: Path) -> None:
    change(project, "web_one")
    ebin = project / "lib/web/ebin"
    shutil.copy(ebin / "web_two.beam", ebin / "web_one.beam")
    words = said(project, expect=1)
    assert "RK135 error: the BEAM file holds the module web_two, but" in words


# Baselines that are used no more


def test_what_was_unpacked_and_is_wanted_no_more(project: Path, tmp_path: Path) -> None:
    unpacked = project / "_build/dev/relkit/web/upgrade/baselines"
    change(project, "web_one")
    build(project)
    (one,) = unpacked.iterdir()
    directory = unpack(tarball(project), tmp_path / "again")
    again = tmp_path / "again.tar.gz"
    with tarfile.open(again, "w:gz") as archive:
        archive.add(directory, ".")
    set_settings(project, upgrade_from=[str(again)])
    build(project)
    (other,) = unpacked.iterdir()
    assert other != one
    assert (other / "contents.json").is_file()
    run(project, "clean", "release:*")
    assert not unpacked.exists()


def test_what_was_unpacked_and_is_removed_by_hand(project: Path) -> None:
    change(project, "web_one")
    build(project)
    shutil.rmtree(project / "_build/dev/relkit/web/upgrade/baselines")
    change(project, "web_two")
    build(project)
    assert "RK603" not in said(project)


def test_what_an_upgrade_made_goes_when_it_is_wanted_no_more(project: Path) -> None:
    change(project, "web_one")
    build(project)
    set_settings(project, upgrade_from=[])
    run(project, "clean", "release:*")
    left = [path for path in (project / "_build").rglob("*") if path.is_file()]
    assert [path.name for path in left] == []


# Appups of the user's


def test_an_entry_that_means_no_version_is_told(project: Path) -> None:
    change(project, "web_one")
    mine = project / "rel/appups/web/1.1.appup"
    mine.parent.mkdir(parents=True)
    entry = '{"1.0",[{load_module,web_one}]}'
    mine.write_text(f'{{"1.1",[{{<<"1.0">>}},{entry}],[{entry}]}}.\n')
    words = said(project)
    assert 'RK703 warning: the entry {<<"1.0">>} fits no version' in words
    assert "--> rel/appups/web/1.1.appup" in words


# Where the release is built


DEFAULT = "_build/{environment}/rel/{release}"


@pytest.mark.parametrize("where", [DEFAULT, "out/{environment}/{release}", "/abs"])
def test_a_build_output_is_not_upgraded(
    project: Path, tmp_path: Path, where: str
) -> None:
    if where == "/abs":
        where = str(tmp_path / "elsewhere/{environment}/{release}")
    set_settings(project, output_dir=where, upgrade_from=[])
    build(project)
    place = project / where.format(environment="dev", release="web")
    assert asked(place) == (2, True)
    copy = shutil.copytree(place, place.with_name("copy"), symlinks=True)
    assert asked(copy) == (1, False)
    if not where.startswith("/"):
        moved = project.rename(tmp_path / "moved")
        assert asked(moved / place.relative_to(project)) == (2, True)


def asked(root: Path) -> tuple[int, bool]:
    """Return the exit code of an upgrade there, and whether it is the build output."""
    done = subprocess.run(
        [root / "bin/web", "upgrade", "1.1.0"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "RELEASE_TMP": str(root.parent / "tmp")},
    )
    return done.returncode, "is where the release was built" in done.stderr

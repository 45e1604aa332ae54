"""The upgrade commands of the start script, on live nodes made with OTP's systools."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.nodes import build, unpack
from tests.oracle import otp_root
from tests.start_release import (
    SHELLS,
    Release,
    command_lines,
    erts_version,
    is_running,
    own_epmd,
    tree,
    version_of,
)
from tests.upgrade_release import Versions, make_versions

STATE = "counter:state()"
GREETING = "application:get_env(counter, greeting)"


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> Versions:
    return make_versions(tmp_path_factory.mktemp("versions") / "all")


@pytest.fixture
def release(versions, tmp_path) -> Iterator[Release]:
    """Version 0.1.0 in a directory with a space in its name."""
    made = versions.install(tmp_path / "a node")
    made.environment |= {
        "RELEASE_TMP": str(tmp_path / "run time"),
        "REPLACE_OS_VARS": "true",
        "GREETING": "hello",
    }
    with own_epmd(made):
        yield made


@pytest.fixture
def node(release) -> Iterator[Release]:
    """The same, running, with one request counted."""
    with release.started():
        assert release.ok("rpc", "counter:bump()") == "1"
        yield release


@pytest.fixture(scope="module")
def shared(versions, tmp_path_factory) -> Iterator[Release]:
    """A running node for tests that must not change anything."""
    top = tmp_path_factory.mktemp("shared")
    made = versions.install(top / "node")
    made.environment |= {"RELEASE_TMP": str(top / "run")}
    with own_epmd(made), made.started():
        yield made


def put(versions: Versions, release: Release, vsn: str, **changes: str | None) -> Path:
    """Put the tarball of a version where the commands look for it."""
    named = {name.replace("__", "/"): text for name, text in changes.items()}
    return versions.tarball(release.root / f"releases/demo-{vsn}.tar.gz", vsn, named)


def refused(release: Release, status: int, *arguments: str, **more: str) -> str:
    """Return what a command complains of, which ends with this exit code."""
    done = release.run(*arguments, **more)
    assert (done.returncode, done.stdout) == (status, ""), done.stdout + done.stderr
    return done.stderr


def left_over(release: Release) -> list[str]:
    return [str(path) for path in release.root.rglob("*.upgrade*")]


# --- What they are for -----------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_up_and_down_with_the_state_kept(versions, node, shell):
    node = replace(node, shell=SHELLS[shell])
    process = node.ok("pid")
    put(versions, node, "0.2.0")
    said = node.ok("upgrade", "0.2.0")
    assert said == "version 0.2.0 runs (before: 0.1.0) and is permanent"
    assert node.ok("rpc", STATE) == '{"2.0",{"2.0",1}}'
    assert node.ok("versions") == "  0.1.0 old\n* 0.2.0 permanent"
    assert node.ok("rpc", "counter:bump()") == "2"
    said = node.ok("downgrade", "0.1.0")
    assert said == "version 0.1.0 runs (before: 0.2.0) and is permanent"
    assert node.ok("rpc", STATE).startswith('{"1.0",')
    assert node.ok("rpc", "counter:bump()") == "3"
    assert node.ok("versions") == "* 0.1.0 permanent\n  0.2.0 old"
    assert node.ok("uninstall", "0.2.0") == "version 0.2.0 is gone"
    assert node.ok("versions") == "* 0.1.0 permanent"
    assert not list(node.root.glob("*/*2.0"))
    assert (node.root / f"lib/stdlib-{version_of('stdlib')}").exists()
    assert node.ok("pid") == process
    assert left_over(node) == []


def test_step_by_step(versions, release):
    tarball = versions.tarball(release.root.parent / "some name.tar.gz", "0.2.0")
    with release.started():
        assert release.ok("unpack", str(tarball)) == "version 0.2.0 is unpacked"
        assert "is unpacked already" in refused(release, 2, "unpack", str(tarball))
        assert release.ok("versions") == "* 0.1.0 permanent\n  0.2.0 unpacked"
        said = release.ok("install", "0.2.0", "--no-permanent")
        assert said.startswith("version 0.2.0 runs (before: 0.1.0) until")
        assert release.ok("versions") == "  0.1.0 permanent\n* 0.2.0 current"
        assert "runs already" in refused(release, 2, "install", "0.2.0")
        assert "0.2.0 runs\n" in refused(release, 2, "uninstall", "0.2.0")
        assert "is permanent" in refused(release, 2, "uninstall", "0.1.0")
    with release.started():
        assert release.ok("rpc", STATE) == '{"1.0",{"1.0",0}}'
        assert release.ok("versions") == "* 0.1.0 permanent\n  0.2.0 unpacked"
        release.ok("install", "--no-permanent", "0.2.0")
        assert "0.1.0 does not run" in refused(release, 2, "commit", "0.1.0")
        assert release.ok("commit") == "version 0.2.0 is permanent"
        assert release.ok("commit", "0.2.0") == "version 0.2.0 is permanent already"
    assert release.ok("version") == "demo 0.2.0"
    with release.started():
        assert release.ok("rpc", STATE) == '{"2.0",{"2.0",0}}'
        assert release.ok("versions") == "  0.1.0 old\n* 0.2.0 permanent"
    assert release.ok("versions") == "  0.1.0\n* 0.2.0"
    assert tarball.exists()


def test_the_configuration_is_applied(versions, node):
    """With the variables of the node, not of whoever upgrades it."""
    put(versions, node, "0.2.0")
    template = (versions.root / "releases/0.2.0/sys.config").read_text()
    other = {"REPLACE_OS_VARS": "", "GREETING": "other", "LC_ALL": "C"}
    node.ok("upgrade", "0.2.0", **other)
    assert node.ok("rpc", GREETING) == '{ok,"hello 0.2.0"}'
    told = '{[{greeting,"hello 0.2.0"}],[],[]}'
    assert node.ok("rpc", "persistent_term:get(counter)") == told
    assert (node.root / "releases/0.2.0/sys.config").read_text() == template
    # `restart` reads the configuration anew; what it reads has the values in it.
    node.ok("restart")
    deadline = time.monotonic() + 20
    while node.run("rpc", STATE).stdout != '{"2.0",{"2.0",0}}\n':
        assert time.monotonic() < deadline
    assert node.ok("rpc", GREETING) == '{ok,"hello 0.2.0"}'
    node.ok("downgrade", "0.1.0")
    assert node.ok("rpc", GREETING) == '{ok,"hello 0.1.0"}'


def test_variables_the_node_does_not_have_come_from_the_caller(versions, node):
    text = '[{counter, [{greeting, "${GREETING} ${BRAND_NEW}"}]}].'
    put(versions, node, "0.2.0", **{"releases__0.2.0__sys.config": text})
    node.ok("upgrade", "0.2.0", BRAND_NEW='a "é"', GREETING="other")
    assert node.ok("rpc", GREETING) == '{ok,"hello a \\"é\\""}'


def test_a_tarball_of_systools(versions, node, tmp_path):
    """A full one, OTP's applications included; unpack what is not there, no more."""
    own = tmp_path / "0.2.0"
    own.mkdir()
    ours = ("vm.args", "no_dot_erlang.boot")
    for name in ("demo.rel", "relup", "sys.config", "start.boot", *ours):
        shutil.copy(versions.root / "releases/0.2.0" / name, own / name)
    files = ", ".join(f'{{"{name}", "releases/0.2.0/{name}"}}' for name in ours)
    path = f'{{path, ["{versions.root}/lib/*/ebin"]}}, {{extra_files, [{files}]}}'
    call = f'{{ok, _, _}} = systools:make_tar("demo", [silent, {path}]), halt().'
    subprocess.run(["erl", "-noinput", "-eval", call], check=True, cwd=own)
    (node.root / "releases/0.2.0").mkdir()
    shutil.copy(own / "demo.tar.gz", node.root / "releases/0.2.0/demo.tar.gz")
    node.ok("upgrade", "0.2.0")
    assert node.ok("rpc", STATE) == '{"2.0",{"2.0",1}}'
    assert (node.root / f"lib/stdlib-{version_of('stdlib')}").is_symlink()


def test_other_files_come_along_and_replace_nothing(versions, node):
    ours = (node.root / "bin/demo").read_text()
    newer = ours + "# newer\n"
    put(
        versions,
        node,
        "0.2.0",
        etc__new="new",
        bin__demo=newer,
        releases__start_erl__data="1 2",
        **{"releases/start_erl.data": "1 2", "releases/RELEASES": "[]."},
    )
    node.ok("upgrade", "0.2.0", "--no-permanent")
    assert (node.root / "etc/new").read_text() == "new"
    assert (node.root / "bin/demo").read_text() == ours
    node.ok("commit")
    assert (node.root / "bin/demo").read_text() == newer
    assert os.access(node.root / "bin/demo", os.X_OK)
    node.ok("downgrade", "0.1.0")
    assert (node.root / "bin/demo").read_text() == ours


DODO = """
from dodo_relkit import Relkit, environment, release
relkit = Relkit(
    default_release="demo", default_environment="prod",
    environments=[environment("prod", include_erts={erts}, cookie="abc")],
    releases=[release("demo", version="{vsn}", applications=["counter", "sasl"],
                      lib_dirs=["libs"], sys_config="sys.config")],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""


@pytest.mark.parametrize("erts", [True, False])
def test_releases_of_ours(versions, tmp_path, erts):
    """With and without the run-time system; OTP's applications stay where they are."""
    project = tmp_path / "project"
    made = {}
    for vsn, app in (("0.1.0", "1.0"), ("0.2.0", "2.0")):
        shutil.rmtree(project / "libs", ignore_errors=True)
        shutil.copytree(versions.root / f"lib/counter-{app}", project / "libs/counter")
        config = versions.root / f"releases/{vsn}/sys.config"
        shutil.copy(config, project / "sys.config")
        (project / "dodo.py").write_text(DODO.format(erts=erts, vsn=vsn))
        # Python takes a file of the same size and second for the one it compiled.
        shutil.rmtree(project / "__pycache__", ignore_errors=True)
        build(project)
        (tarball,) = project.rglob(f"demo-{vsn}.tar.gz")
        made[vsn] = unpack(tarball, tmp_path / vsn)
    relup = versions.root / "releases/0.2.0/relup"
    shutil.copy(relup, made["0.2.0"] / "releases/0.2.0/relup")
    release = Release(made["0.1.0"])
    release.environment |= {
        "RELEASE_TMP": str(tmp_path / "run"),
        "REPLACE_OS_VARS": "1",
        "GREETING": "hello",
    }
    place = release.root / "releases/demo-0.2.0.tar.gz"
    pack = ["tar", "-C", made["0.2.0"], "-czf", place, "bin", "lib", "releases"]
    subprocess.run([*pack, *(["erts-" + erts_version()] * erts)], check=True)
    with own_epmd(release), release.started():
        release.ok("rpc", "counter:bump()")
        release.ok("upgrade", "0.2.0")
        assert release.ok("rpc", STATE) == '{"2.0",{"2.0",1}}'
        assert release.ok("rpc", GREETING) == '{ok,"hello 0.2.0"}'
        release.ok("downgrade", "0.1.0")
        assert release.ok("rpc", STATE).startswith('{"1.0",')
        release.ok("uninstall", "0.2.0")
        assert release.ok("ping") == "pong"
    assert (otp_root() / f"lib/stdlib-{version_of('stdlib')}/ebin").is_dir()


# --- What is refused before anything is changed ----------------------------------

BAD_VERSIONS = ["", ".", "..", "-x", "a b", "a;id", "$(id)", "é", "a\nb", "a'b", "*"]


@pytest.mark.parametrize("command", ["unpack", "install", "upgrade", "uninstall"])
def test_bad_versions(shared, command):
    for text in BAD_VERSIONS:
        assert refused(shared, 2, command, text)
    assert "wants a version" in refused(shared, 2, command)
    assert "wants one version" in refused(shared, 2, command, "1", "2")
    assert left_over(shared) == []


def test_what_is_not_there(shared):
    said = refused(shared, 2, "upgrade", "0.2.0")
    assert f"put demo-0.2.0.tar.gz into {shared.root}/releases" in said
    assert "no file" in refused(shared, 2, "unpack", "/nowhere/x.tar.gz")
    assert "not unpacked" in refused(shared, 2, "install", "0.2.0")
    assert "not here" in refused(shared, 2, "uninstall", "0.2.0")
    assert "runs already" in refused(shared, 2, "upgrade", "0.1.0")


def cut_by(number: int):
    def cut(file: Path) -> None:
        file.write_bytes(file.read_bytes()[:-number])

    return cut


def cut_inside(file: Path) -> None:
    """What is left is a whole gzip file, but half an archive."""
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())[:-12000]))


def damage(file: Path) -> None:
    data = bytearray(gzip.decompress(file.read_bytes()))
    packed = bytearray(gzip.compress(bytes(data)))
    packed[-6] ^= 1  # of the check sum
    file.write_bytes(packed)


def climb(file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))


def absolute(file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("/outside"))


def link_out(file: Path) -> None:
    data = gzip.decompress(file.read_bytes())
    with gzip.open(file, "w") as packed, tarfile.open(fileobj=packed, mode="w") as new:
        info = tarfile.TarInfo("lib/counter-2.0/priv")
        info.type, info.linkname = tarfile.SYMTYPE, "../../../.."
        new.addfile(info)
        with tarfile.open(fileobj=io.BytesIO(data)) as old:
            for member in old:
                new.addfile(member, old.extractfile(member))


def device(file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        info = tarfile.TarInfo("lib/x-1/ebin/x")
        info.type = tarfile.FIFOTYPE
        archive.addfile(info)


HARM = [
    (cut_by(1), "cut off, or damaged"),
    (cut_by(400), "cut off, or damaged"),
    (cut_inside, "cut off, or damaged"),
    (damage, "cut off, or damaged"),
    (lambda file: file.write_bytes(b""), "cut off, or damaged"),
    (lambda file: file.write_bytes(b"no archive"), "cut off, or damaged"),
    (climb, "would write to ../outside"),
    (absolute, "would write to /outside"),
    (device, "lib/x-1/ebin/x in it is neither a file"),
    (link_out, "a link to ../../../.. leads out of it"),
]


@pytest.mark.parametrize(("harm", "said"), HARM)
def test_tarballs_that_are_not_whole(versions, shared, harm, said, tmp_path):
    tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
    harm(tarball)
    before = tree(shared.root)
    assert said in refused(shared, 2, "upgrade", str(tarball))
    assert shared.ok("rpc", STATE).startswith('{"1.0",')
    unchanged(before, shared)


def unchanged(before: dict[str, tuple[int, float]], release: Release) -> None:
    """Fail if a file below the release is new, gone or written to."""
    after = tree(release.root)
    assert before.keys() == after.keys()
    assert {k: v for k, v in before.items() if k != "releases"} == {
        k: v for k, v in after.items() if k != "releases"
    }


CONFIG = "releases/0.2.0/sys.config"
RELUP = "releases/0.2.0/relup"
REL = "releases/0.2.0/demo.rel"
BAD_CONTENT = [
    ({CONFIG: "[{counter, [{greeting, oops]}]."}, "syntax error before"),
    ({CONFIG: "[{counter, [x]}]."}, "is not {Application, [{Key, Value}]}"),
    ({CONFIG: "{counter, []}."}, "it is not one list"),
    ({CONFIG: "[]. []."}, "it is not one list"),
    ({CONFIG: "[{counter, [{pid, <0.1.0>}]}]."}, "syntax error before"),
    ({RELUP: None}, "no relup leads from 0.1.0 to 0.2.0"),
    ({RELUP: '{"0.2.0", [{"0.0.9", [], []}], []}.'}, "0.2.0 leads up from 0.0.9"),
    ({RELUP: '{"0.9.0", [], []}.'}, "is no relup"),
    ({RELUP: '{"0.2.0", [.'}, "is no relup"),
    ({RELUP: '{"0.2.0", [{"0.1.0", [], [restart_emulator]}], []}.'}, "restarts the"),
    ({"releases/0.2.0/vm.args": None}, 'names the node []'),
    ({"releases/0.2.0/vm.args": "-name x@127.0.0.1"}, "names the node \"x@127.0.0.1"),
    ({"releases/0.2.0/start.boot": None}, "has no start.boot"),
    ({"lib/counter-2.0/ebin/counter.beam": None,
      "lib/counter-2.0/ebin/counter.app": None,
      "lib/counter-2.0/ebin/counter.appup": None,
      "lib/counter-2.0/counter.erl": None}, "neither in it nor here: counter-2.0"),
    ({REL: None, "releases/demo-0.2.0.rel": None}, "holds no release demo"),
    ({REL: '{release, {"demo", "9"}, {erts, "1"}, []}.'}, ".rel files for demo differ"),
    ({REL: '{release, {"demo"'}, "ends too early"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), BAD_CONTENT)
def test_versions_that_will_not_do(versions, shared, changes, said, tmp_path):
    tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0", changes)
    before = tree(shared.root)
    assert said in refused(shared, 2, "upgrade", str(tarball))
    unchanged(before, shared)


def test_the_same_application_with_other_code(versions, shared, tmp_path):
    beam = (versions.root / "lib/counter-2.0/ebin/counter.beam").read_bytes()
    tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
    inside = tmp_path / "inside"
    with tarfile.open(tarball) as archive:
        archive.extractall(inside)
    (inside / "lib/counter-1.0/ebin").mkdir(parents=True)
    (inside / "lib/counter-1.0/ebin/counter.beam").write_bytes(beam)
    subprocess.run(["tar", "-C", inside, "-czf", tarball, "."], check=True)
    said = refused(shared, 2, "upgrade", str(tarball))
    assert "counter-1.0 is here already with other code in counter" in said


def delta_config(fits: str, libs: list[str]) -> str:
    text = "".join(f"{lib}\n" for lib in sorted(libs))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return (
        f'{{delta, 1}}.\n{{release, "demo", "0.2.0"}}.\n{{erts, "{erts_version()}"}}.\n'
        f'{{fits, [{{"{fits}", "{digest}"}}]}}.\n{{left_out, []}}.\n'
    )


LIBS = [f"{each}-{version_of(each)}" for each in ("kernel", "stdlib", "sasl")]


@pytest.mark.parametrize(
    ("fits", "libs", "said"),
    [
        ("0.0.9", ["counter-1.0", *LIBS], "here is 0.1.0"),
        ("0.1.0", ["counter-1.1", *LIBS], "that is here has other applications"),
    ],
)
def test_a_delta_for_something_else(versions, shared, fits, libs, said, tmp_path):
    config = {"releases/0.2.0/delta.config": delta_config(fits, libs)}
    tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0", config)
    assert said in refused(shared, 2, "unpack", str(tarball))


def test_a_delta_that_fits(versions, node):
    config = {
        "releases/0.2.0/delta.config": delta_config("0.1.0", ["counter-1.0", *LIBS])
    }
    place = node.root / "releases/demo-0.2.0.delta.tar.gz"
    versions.tarball(place, "0.2.0", config)
    node.ok("upgrade", "0.2.0")
    assert node.ok("rpc", STATE) == '{"2.0",{"2.0",1}}'


def test_no_sasl(versions, tmp_path):
    release = versions.install(tmp_path / "node", without_sasl=True)
    release.environment |= {"RELEASE_TMP": str(tmp_path / "run")}
    put(versions, release, "0.2.0")
    with own_epmd(release):
        assert "is not running" in refused(release, 1, "upgrade", "0.2.0")
        with release.started():
            said = refused(release, 1, "upgrade", "0.2.0")
            assert "has no sasl, which does the upgrade" in said
            assert release.ok("versions") == "* 0.1.0"


def test_inside_the_build_output(versions, tmp_path):
    release = versions.install(tmp_path / "anywhere")
    work = tmp_path / "relkit"
    work.mkdir()
    mark = release.root / "releases/.built-here"
    mark.write_text("../relkit\n")
    (work / "release-directory").write_text("../anywhere\n")
    for command in ("unpack", "upgrade", "commit", "uninstall"):
        assert "where the release was built" in refused(release, 2, command, "0.2.0")
    for way, back in (("../relkit", ".."), ("../gone", "../anywhere"), ("", "")):
        mark.write_text(f"{way}\n")
        (work / "release-directory").write_text(f"{back}\n")
        assert "is not running" in refused(release, 1, "commit", "0.2.0")


def test_a_node_that_runs_from_elsewhere(versions, shared, tmp_path):
    other = versions.install(tmp_path / "other")
    put(versions, other, "0.2.0")
    other.environment |= shared.environment
    assert f"runs from {shared.root}" in refused(other, 1, "upgrade", "0.2.0")


def test_a_full_disk(versions, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        release = versions.install(disk / "node")
        release.environment |= {"RELEASE_TMP": str(tmp_path / "run")}
        tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
        with own_epmd(release), release.started():
            # So little that release_handler cannot write what it must.
            (disk / "big").write_bytes(bytes(2_300_000))
            assert "disk is too full" in refused(release, 2, "upgrade", str(tarball))
            (disk / "big").unlink()
            release.ok("unpack", str(tarball))
            with suppress(OSError), (disk / "big").open("wb", buffering=0) as big:
                while big.write(bytes(4096)):
                    pass
            said = refused(release, 3, "install", "0.2.0")
            assert "no space left on device" in said
            assert release.ok("rpc", STATE).startswith('{"1.0",')
            (disk / "big").unlink()
            release.ok("install", "0.2.0")
            assert release.ok("rpc", STATE).startswith('{"2.0",')
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


# --- What fails on the way -------------------------------------------------------


def test_a_code_change_that_crashes(versions, node):
    put(versions, node, "0.3.0")
    said = refused(node, 4, "upgrade", "0.3.0")
    assert "code_change of counter failed: {no_way,1}" in said
    assert "The node restarted and runs 0.1.0" in said
    assert node.ok("rpc", STATE) == '{"1.0",{"1.0",0}}'
    assert node.ok("rpc", GREETING) == '{ok,"hello 0.1.0"}'
    assert node.ok("versions") == "* 0.1.0 permanent\n  0.3.0 unpacked"
    put(versions, node, "0.2.0")
    node.ok("upgrade", "0.2.0")


def relup(*instructions: str) -> dict[str, str | None]:
    """Return the change of a tarball that gives 0.2.0 this way from 0.1.0."""
    script = ", ".join([*instructions, "point_of_no_return"])
    return {RELUP: f'{{"0.2.0", [{{"0.1.0", [], [{script}]}}], []}}.'}


def test_a_script_that_fails_before_the_point_of_no_return(versions, shared, tmp_path):
    changes = relup("{apply, {erlang, hd, [[]]}}")
    tarball = versions.tarball(tmp_path / "x.tar.gz", "0.2.0", changes)
    shared.ok("unpack", str(tarball))
    said = refused(shared, 2, "install", "0.2.0")
    assert "cannot be installed: badarg in erlang:hd/1" in said
    assert shared.ok("rpc", STATE).startswith('{"1.0",')
    shared.ok("uninstall", "0.2.0")


def test_a_script_that_fails_after_the_check(versions, node):
    """What release_handler leaves behind of the new version is undone."""
    once = "{apply, {ets, new, [once, [named_table]]}}"  # the check does it, too
    place = node.root / "releases/demo-0.2.0.tar.gz"
    versions.tarball(place, "0.2.0", relup(once))
    said = refused(node, 3, "upgrade", "0.2.0")
    assert "was not installed: badarg in ets:new/2" in said
    assert "The node runs 0.1.0" in said
    assert node.ok("rpc", STATE) == '{"1.0",{"1.0",1}}'
    assert node.ok("rpc", GREETING) == '{ok,"hello 0.1.0"}'
    which = "lists:keyfind(counter, 1, application:which_applications())"
    assert node.ok("rpc", which) == '{counter,[],"1.0"}'
    assert node.ok("versions") == "* 0.1.0 permanent\n  0.2.0 unpacked"


def test_processes_of_old_code(versions, node):
    load = '{load_object_code, {counter, "2.0", [counter]}}'
    changes = relup(load)
    changes[RELUP] = str(changes[RELUP]).replace(
        "point_of_no_return",
        "point_of_no_return, {load, {counter, soft_purge, soft_purge}}",
    )
    versions.tarball(node.root / "releases/demo-0.2.0.tar.gz", "0.2.0", changes)
    node.ok(
        "rpc",
        "register(holder, spawn(counter, hold, [])), "
        "{_, B, F} = code:get_object_code(counter), code:load_binary(counter, F, B)",
    )
    said = refused(node, 2, "upgrade", "0.2.0")
    assert "processes still run code of counter" in said
    assert node.ok("rpc", STATE) == '{"1.0",{"1.0",1}}'
    node.ok("rpc", "holder ! stop")
    node.ok("upgrade", "0.2.0")
    assert node.ok("rpc", STATE) == '{"2.0",{"1.0",1}}'  # no code_change was asked for


def test_a_second_upgrade_meanwhile(versions, node):
    put(versions, node, "0.4.0")  # its code_change takes its time
    first = subprocess.Popen(
        node.argv("upgrade", "0.4.0"),
        env=node.env(),
        stdout=subprocess.PIPE,
        text=True,
    )
    busy = node.root / "releases/.upgrade/before/0.4.0.config"
    wait_for(busy.exists)
    put(versions, node, "0.2.0")
    for command in (["upgrade", "0.2.0"], ["commit"], ["uninstall", "0.1.0"]):
        assert "another upgrade" in refused(node, 75, *command)
    said, _ = first.communicate(timeout=30)
    assert said.startswith("version 0.4.0 runs")
    assert node.ok("rpc", STATE) == '{"4.0",{"4.0",1}}'


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_code_change_that_takes_too_long(versions, node):
    put(versions, node, "0.4.0")
    said = refused(node, 4, "upgrade", "0.4.0", CODE_CHANGE_TIMEOUT="1")
    assert "code_change of counter failed" in said or "timeout" in said
    assert "runs 0.1.0" in said
    assert "are seconds" in refused(node, 1, "upgrade", "0.4.0", SUSPEND_TIMEOUT="x")


# --- kill -9 ---------------------------------------------------------------------


def runs_a_whole_version(release: Release) -> str:
    """Start the node; return the version that runs, after some checks of it."""
    with release.started() as process:
        listed = release.ok("versions")
        (mine,) = (line for line in listed.splitlines() if line.startswith("*"))
        vsn = mine.split()[1]
        assert mine == f"* {vsn} permanent"
        app = {"0.1.0": "1.0", "0.2.0": "2.0"}[vsn]
        assert release.ok("rpc", STATE) == f'{{"{app}",{{"{app}",0}}}}'
        assert release.ok("rpc", GREETING) == f'{{ok,"hello {vsn}"}}'
        assert process.poll() is None
        assert left_over(release) == []
        other = "0.2.0" if vsn == "0.1.0" else "0.1.0"
        if other in listed or other == "0.2.0":
            release.ok("upgrade", other)
            assert release.ok("rpc", GREETING) == f'{{ok,"hello {other}"}}'
    return vsn


def vms_of(release: Release) -> list[int]:
    """Return the process ids of all VMs of the release, the node's first."""
    found = []
    for pid, line in command_lines().items():
        if b"beam" in line.split(b"\0")[0] and str(release.root).encode() in line:
            with suppress(OSError):  # gone meanwhile
                stat = Path(f"/proc/{pid}/stat").read_text()
                found.append((int(stat.rsplit(")", 1)[1].split()[19]), pid))
    return [pid for _, pid in sorted(found)]  # process ids begin again at times


MOMENTS = {
    "staged": "releases/.upgrade/stage/releases/0.2.0/relup",
    "application in place": "lib/counter-2.0",
    "version in place": "releases/0.2.0",
    "registered": "releases/.upgrade/before/RELEASES",
    "config lent": "releases/.upgrade/before/0.2.0.config",
    "made permanent": "releases/.upgrade/before/start_erl.data",
}


@pytest.mark.parametrize("victim", ["node", "both"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at(versions, release, moment, victim):
    put(versions, release, "0.2.0")
    path = release.root / MOMENTS[moment]
    with release.started():
        command = subprocess.Popen(
            release.argv("upgrade", "0.2.0"),
            env=release.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not path.exists() and command.poll() is None:
            pass
        node, *others = vms_of(release)
        for pid in [node, *(others if victim == "both" else [])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _, said = command.communicate(timeout=70)
    if victim == "node" and command.returncode != 0:
        assert command.returncode == 4, said
        assert "It starts as 0." in said
    assert runs_a_whole_version(release) in ("0.1.0", "0.2.0")


@pytest.mark.parametrize("half", ["", '[{release,"demo"', None])
@pytest.mark.parametrize("file", ["start_erl.data", "RELEASES"])
def test_files_that_release_handler_left_half_written(versions, release, file, half):
    """As when killed while it writes: what was kept before is put back."""
    put(versions, release, "0.2.0")
    releases = release.root / "releases"
    kept = releases / ".upgrade/before"
    kept.mkdir(parents=True)
    for each in ("start_erl.data", "RELEASES"):
        shutil.copy(releases / each, kept / each)
    if half is None:  # one was written, the other not
        if file == "RELEASES":
            (releases / "start_erl.data").write_text(f"{erts_version()} 0.2.0")
        shutil.copytree(versions.root / "releases/0.2.0", releases / "0.2.0")
        shutil.copytree(
            versions.root / "lib/counter-2.0", release.root / "lib/counter-2.0"
        )
    else:
        (releases / file).write_text(half)
    assert release.ok("version") == "demo 0.1.0" or half != ""
    assert runs_a_whole_version(release) == "0.1.0"


def test_nothing_is_left_running(versions, node):
    put(versions, node, "0.2.0")
    node.ok("upgrade", "0.2.0")
    assert len([pid for pid in vms_of(node) if is_running(pid)]) == 1

"""The run-time system of a release starts wherever it is put, and is complete."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
from pathlib import Path

import pytest

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.archive import group_members, write_tarball
from dodo_relkit.edge.erts import (
    EVERYTHING,
    NOT_FOR_RELEASES,
    check_machines,
    erts_files,
    erts_members,
    may_be_native,
)
from dodo_relkit.edge.stage_members import stage_members
from dodo_relkit.formats.elf import machine_of
from tests.oracle import Oracle, otp_root

SAY_ROOT = 'io:format("~ts", [code:root_dir()]), halt().'


@pytest.fixture(scope="module")
def erts_vsn() -> str:
    (directory,) = otp_root().glob("erts-*")
    return directory.name.removeprefix("erts-")


def names(members: tuple[Member, ...]) -> set[str]:
    return {member.path.rpartition("/")[2] for member in members}


def systools_names(oracle: Oracle, options: str) -> set[str]:
    """The names in `erts-*/bin` of the archive that systools makes."""
    answer = oracle.ask(
        """
        (fun() ->
            Dir = string:trim(os:cmd("mktemp -d")),
            {ok, Old} = file:get_cwd(),
            ok = file:set_cwd(Dir),
            Vsn = fun(App) -> _ = application:load(App),
                              {ok, V} = application:get_key(App, vsn), V end,
            Rel = {release, {"t", "1"}, {erts, erlang:system_info(version)},
                   [{App, Vsn(App)} || App <- [kernel, stdlib]]},
            ok = file:write_file("t.rel", io_lib:format("~p.", [Rel])),
            {ok, _, _} = systools:make_script("t", [silent, no_warn_sasl]),
            {ok, _, _} = systools:make_tar("t", [silent, no_warn_sasl | OPTIONS]),
            {ok, Names} = erl_tar:table("t.tar.gz", [compressed]),
            file:set_cwd(Old),
            file:del_dir_r(Dir),
            [list_to_binary(Name) || "erts-" ++ _ = Name <- Names]
        end)()
        """.replace("OPTIONS", options)
    )
    return {bytes(each.value).decode().rpartition("/")[2] for each in answer}


def test_has_the_files_that_systools_takes(oracle: Oracle, erts_vsn: str) -> None:
    root = otp_root()
    wanted = systools_names(oracle, "[{erts, code:root_dir()}]")
    assert names(erts_members(root, erts_vsn)) == wanted
    assert names(erts_files(root, erts_vsn)) == wanted
    everything = systools_names(oracle, "[erts_all, {erts, code:root_dir()}]")
    assert names(erts_files(root, erts_vsn, EVERYTHING)) == everything
    assert everything - wanted <= NOT_FOR_RELEASES


def put(release: Path, erts_vsn: str, root: Path | None = None) -> Path:
    """Make a release directory with a run-time system, kernel, stdlib and boot."""
    root = root or otp_root()
    members = erts_members(root, erts_vsn)
    stage_members(release, members, release.parent / f"{release.name}.json")
    (release / "lib").mkdir()
    for app in ("kernel", "stdlib"):
        (directory,) = (otp_root() / "lib").glob(f"{app}-*")
        (release / "lib" / directory.name).symlink_to(directory)
    (release / "bin").mkdir()
    shutil.copy(otp_root() / "bin" / "start_clean.boot", release / "bin")
    shutil.copy(otp_root() / "bin" / "start_clean.boot", release / "bin/start.boot")
    return release


def say_root(program: Path | str, **environment: str) -> str:
    done = subprocess.run(
        [program, "-noinput", "-eval", SAY_ROOT],
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def without_dyn_erl(tmp_path: Path, erts_vsn: str) -> Path:
    """An install as OTP 22 makes it."""
    root = tmp_path / "otp22"
    shutil.copytree(otp_root() / f"erts-{erts_vsn}/bin", root / f"erts-{erts_vsn}/bin")
    (root / f"erts-{erts_vsn}/bin/dyn_erl").unlink()
    return root


@pytest.mark.parametrize("old", [False, True])
def test_starts_wherever_it_is_put(tmp_path: Path, erts_vsn: str, old: bool) -> None:
    root = without_dyn_erl(tmp_path, erts_vsn) if old else None
    release = put(tmp_path / "a release", erts_vsn, root)
    erl = release / f"erts-{erts_vsn}" / "bin" / "erl"
    assert say_root(erl) == str(release)
    assert say_root(erl, ROOTDIR="/wrong", BINDIR="/wrong") == str(release)
    (tmp_path / "erl").symlink_to(Path("link") / "erl")
    (tmp_path / "link").symlink_to(erl.parent)
    assert say_root(tmp_path / "erl") == str(release)
    assert say_root("erl", PATH=f"{erl.parent}:/usr/bin:/bin") == str(release)
    moved = release.rename(tmp_path / "moved")
    assert say_root(moved / f"erts-{erts_vsn}/bin/erl") == str(moved)


def test_the_scripts_please_every_shell(tmp_path: Path, erts_vsn: str) -> None:
    release = put(tmp_path / "release", erts_vsn, without_dyn_erl(tmp_path, erts_vsn))
    place = release / f"erts-{erts_vsn}" / "bin"
    for name in ("erl", "start"):
        text = (place / name).read_text()
        assert str(otp_root()) not in text
        subprocess.run(["shellcheck", "-s", "sh", place / name], check=True)
    for shell in ("dash", "bash", "busybox sh"):
        done = subprocess.run(
            [*shell.split(), place / "erl", "-noinput", "-eval", SAY_ROOT],
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout == str(release)
    done = subprocess.run(
        ["sh", "erl", "-noinput", "-eval", SAY_ROOT],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == str(release)


def test_start_starts_the_release_it_lies_in(tmp_path: Path, erts_vsn: str) -> None:
    import time

    release = put(tmp_path / "it's $(a) release", erts_vsn)
    place = release / f"erts-{erts_vsn}" / "bin"
    # instead of the emulator, a script that says how it was called
    (place / "start_erl").write_text('#!/bin/sh\nprintf "%s|" "$@" > "$1/called"\n')
    subprocess.run([place / "start"], check=True)
    called = release / "called"
    for _ in range(100):
        if called.exists() and called.read_text():
            break
        time.sleep(0.05)
    releases = release / "releases"
    assert called.read_text() == f"{release}|{releases}|{releases}/start_erl.data|"


def test_a_read_only_install_can_be_removed_again(
    tmp_path: Path, erts_vsn: str
) -> None:
    root = tmp_path / "store"
    shutil.copytree(otp_root() / f"erts-{erts_vsn}/bin", root / f"erts-{erts_vsn}/bin")
    place = root / f"erts-{erts_vsn}/bin"
    for path in place.iterdir():
        path.chmod(0o555)
    (place / "epmd").rename(root / "epmd")
    (place / "epmd").symlink_to("../../epmd")
    release = tmp_path / "release"
    stage_members(release, erts_members(root, erts_vsn), tmp_path / "m.json")
    staged = release / f"erts-{erts_vsn}" / "bin"
    for path in staged.iterdir():
        assert not path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert (staged / "epmd").read_bytes() == (root / "epmd").read_bytes()


@pytest.mark.parametrize("missing", ["bin", "erlexec", "erl_child_setup"])
def test_an_incomplete_install_is_trouble(
    tmp_path: Path, erts_vsn: str, missing: str
) -> None:
    root = without_dyn_erl(tmp_path, erts_vsn)
    place = root / f"erts-{erts_vsn}" / "bin"
    shutil.rmtree(place) if missing == "bin" else (place / missing).unlink()
    with pytest.raises(Trouble) as trouble:
        erts_members(root, erts_vsn)
    (found,) = trouble.value.diagnostics
    assert found.code is Code.ERTS_NOT_THERE
    assert str(found.facts["missing"]).endswith(missing)
    with pytest.raises(Trouble):
        erts_members(root, f"x/../{erts_vsn}")


def elf(width: int, order: str, machine: int) -> bytes:
    ident = b"\x7fELF" + bytes([width, 1 if order == "<" else 2, 1]) + bytes(9)
    return ident + struct.pack(f"{order}HH", 3, machine) + bytes(44)


def test_reads_machines_as_readelf_does(erts_vsn: str) -> None:
    assert machine_of(elf(2, "<", 183)) == "aarch64, 64 bit, little endian"
    assert machine_of(elf(1, "<", 40)) == "arm, 32 bit, little endian"
    assert machine_of(elf(2, ">", 22)) == "s390, 64 bit, big endian"
    assert machine_of(elf(2, "<", 4242)) == "machine 4242, 64 bit, little endian"
    for other in (b"", b"\x7fELF", b"#!/bin/sh" * 5, elf(9, "<", 3)):
        assert machine_of(other) is None
    own = machine_of(Path("/proc/self/exe").read_bytes()[:64])
    described = subprocess.run(
        ["file", "-L", otp_root() / f"erts-{erts_vsn}/bin/erlexec"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert own
    assert own.partition(",")[0] in described


def test_warns_of_native_code_for_another_machine(
    tmp_path: Path, erts_vsn: str
) -> None:
    here = otp_root() / f"erts-{erts_vsn}" / "bin"
    (crypto,) = (otp_root() / "lib").glob("crypto-*/priv/lib/crypto.so")
    other = tmp_path / "nif.so"
    other.write_bytes(elf(1, "<", 40))
    script = tmp_path / "script"
    script.write_bytes(b"#!/bin/sh\n")
    (found,) = check_machines(here, [crypto, other, script])
    assert found.code is Code.OTHER_MACHINE
    assert not found.is_error
    assert found.facts["path"] == str(other)
    assert found.facts["found"] == "arm, 32 bit, little endian"
    # and an emulator of another machine than this one
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "beam.smp").write_bytes(elf(1, "<", 40))
    (found,) = check_machines(tmp_path / "bin", [crypto, other, script])
    assert found.facts["path"] == str(crypto)
    assert check_machines(tmp_path, [other]) == ()


def test_where_native_code_may_be() -> None:
    assert may_be_native("priv/lib/x.so", False)
    assert may_be_native("priv/x.so.1", False)
    assert may_be_native("priv/bin/port", True)
    assert not may_be_native("priv/x.txt", False)
    assert not may_be_native("ebin/x.so", False)


HANDLE = """
Root = code:root_dir(),
Releases = filename:join(Root, "releases"),
{ok, "2"} = release_handler:unpack_release("demo"),
[io:format("~s ~s ~s ", [N, V, S]) || {N, V, _, S} <-
     lists:sort(release_handler:which_releases())],
{ok, [{release, {_, Found}, _, _}]} =
    file:consult(filename:join(Releases, "2/demo.rel")),
io:format("~s~n", [Found]),
halt().
"""


def test_release_handler_unpacks_it(
    tmp_path: Path, oracle: Oracle, erts_vsn: str
) -> None:
    """A first release is started from our archive and unpacks the second."""
    for vsn in ("1", "2"):
        write_tarball(
            tmp_path / f"demo-{vsn}.tar.gz",
            group_members(demo_members(oracle, tmp_path / vsn, vsn, erts_vsn)),
            cache_dir=tmp_path / "cache" / vsn,
        )
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "xzf", tmp_path / "demo-1.tar.gz", "-C", root], check=True)
    # release_handler wants releases/NAME.rel in NAME.tar.gz
    shutil.copy(tmp_path / "demo-2.tar.gz", root / "releases" / "demo.tar.gz")
    (root / "releases" / "start_erl.data").write_text(f"{erts_vsn} 1\n")
    oracle.ask(
        "ok = release_handler:create_RELEASES(binary_to_list(In), "
        'binary_to_list(In) ++ "/releases", '
        'binary_to_list(In) ++ "/releases/demo.rel", [])',
        str(root).encode(),
    )
    done = subprocess.run(
        [root / f"erts-{erts_vsn}/bin/erl", "-noinput", "-boot",
         root / "releases/1/start", "-eval", HANDLE,
         "-kernel", "logger_level", "error"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout == "demo 1 permanent demo 2 unpacked 2\n", done.stdout
    assert (root / "releases" / "2" / "start.boot").is_file()
    assert (root / "lib" / "extra-2" / "priv" / "x").read_bytes() == b"2"
    assert not (root / "releases" / "demo.tar.gz").exists()


def demo_members(oracle: Oracle, work: Path, vsn: str, erts_vsn: str) -> list[Member]:
    work.mkdir()
    apps = {}
    members = list(erts_members(otp_root(), erts_vsn))
    for app in ("kernel", "stdlib", "sasl"):
        (directory,) = (otp_root() / "lib").glob(f"{app}-*")
        apps[app] = directory.name.partition("-")[2]
        members += [
            Member(path=f"lib/{directory.name}/ebin/{path.name}", mode=0o644,
                   source=str(path))
            for path in (directory / "ebin").iterdir()
        ]  # fmt: skip
    listed = ", ".join(f'{{{app}, "{v}"}}' for app, v in apps.items())
    rel = f'{{release, {{"demo", "{vsn}"}}, {{erts, "{erts_vsn}"}}, [{listed}]}}.\n'
    (work / "demo.rel").write_text(rel)
    oracle.ask(
        "{ok, _, _} = systools:make_script(binary_to_list(In), "
        "[silent, {outdir, filename:dirname(binary_to_list(In))}])",
        str(work / "demo").encode(),
    )
    return [
        *members,
        Member(path="releases/demo.rel", mode=0o644, content=rel.encode()),
        Member(path=f"releases/{vsn}/demo.rel", mode=0o644, content=rel.encode()),
        Member(path=f"releases/{vsn}/start.boot", mode=0o644,
               source=str(work / "demo.boot")),
        Member(path=f"lib/extra-{vsn}/priv/x", mode=0o644, content=vsn.encode()),
    ]  # fmt: skip

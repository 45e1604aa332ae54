"""The start script elsewhere: other users, no Erlang, the host's OTP, Elixir."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dodo_relkit.artifacts.start_script import StartScript
from tests.nodes import path_without_erlang
from tests.oracle import otp_root
from tests.start_release import (
    COOKIE,
    SHELLS,
    Release,
    command_lines,
    erts_version,
    in_terminal,
    make_release,
    own_epmd,
    put_script,
    tree,
)

NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY.pw_uid}",
    f"--regid={NOBODY.pw_gid}",
    "--clear-groups",
)


@pytest.fixture(scope="module")
def open_directory() -> Iterator[Path]:
    """A directory that every user can enter (pytest's own are for one user)."""
    with tempfile.TemporaryDirectory(prefix="start-script-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture(scope="module")
def made(open_directory) -> Iterator[Release]:
    with own_epmd(make_release(open_directory / "my release")) as release:
        yield release


# --- another user ----------------------------------------------------------------


def as_nobody(release: Release, **more: str) -> Release:
    """Return the release run by nobody, who has no home and owns nothing."""
    shell = (*AS_NOBODY, *release.shell)
    environment = {**release.environment, "HOME": "/nonexistent", **more}
    return replace(release, shell=shell, environment=environment)


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_another_user_on_a_root_that_cannot_be_written(made, open_directory, shell):
    temporary = open_directory / f"tmp {shell[-1]}"
    temporary.mkdir()
    temporary.chmod(0o1777)
    bare = open_directory / f"path {shell[-1]}"
    path = path_without_erlang(bare)
    before = tree(made.root)
    release = as_nobody(replace(made, shell=shell), TMPDIR=str(temporary), PATH=path)
    may_write = subprocess.run([*AS_NOBODY, "test", "-w", made.root], check=False)
    assert may_write.returncode == 1
    with release.started():
        assert release.ok("ping") == "pong"
        assert release.ok("rpc", "erlang:get_cookie()") == COOKIE
        assert release.ok("eval", "application:load(greeter)") == "ok"
        release.ok("stop")
    release.ok("daemon")
    release.ok("stop")
    assert tree(made.root) == before
    (place,) = temporary.iterdir()
    assert place.name.startswith(f"demo-{NOBODY.pw_uid}-")
    cookies = list(place.rglob(".erlang.cookie"))
    assert cookies
    for path in [place, *place.iterdir(), *cookies]:
        assert path.stat().st_uid == NOBODY.pw_uid
        assert path.stat().st_mode & 0o077 == 0


def place_of(release: Release) -> Path:
    """Return the default node directory's parent."""
    (line,) = [
        each
        for each in release.ok("describe").splitlines()
        if each.startswith("run time data ")
    ]
    return Path(line.removeprefix("run time data ")).parent


@pytest.mark.parametrize("kind", ["directory", "link", "file"])
def test_a_place_that_somebody_else_prepared_is_refused(made, open_directory, kind):
    temporary = open_directory / f"shared {kind}"
    temporary.mkdir()
    temporary.chmod(0o1777)
    release = replace(made, environment={**made.environment, "TMPDIR": str(temporary)})
    place = place_of(release)
    match kind:
        case "directory":
            place.mkdir(mode=0o777)
        case "link":
            (open_directory / "trap").mkdir()
            place.symlink_to(open_directory / "trap")
        case "file":
            place.write_text("")
    os.chown(place, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
    for command in ("start", "daemon", "eval"):
        done = release.run(command, "1")
        assert done.returncode == 1
        assert "RELEASE_TMP" in done.stderr
    assert kind == "file" or list(place.iterdir()) == []


def test_without_a_writable_place_the_message_says_what_to_set(made):
    release = as_nobody(made, RELEASE_TMP="/proc/nothing")
    done = release.run("start")
    assert done.returncode == 1
    assert "set RELEASE_TMP to a directory that can be written" in done.stderr
    assert release.run("ping").stdout == "pang\n"


def test_logs_and_pipes_go_where_they_are_told(made, tmp_path):
    log, pipe = tmp_path / "the log", tmp_path / "the pipe"
    env = {
        "RUNNER_LOG_DIR": str(log),
        "PIPE_DIR": str(pipe),
        "RELEASE_MUTABLE_DIR": str(tmp_path / "mutable"),
        "RUN_ERL_ENV": "RUN_ERL_LOG_GENERATIONS=2 RUN_ERL_LOG_MAXSIZE=9000",
    }
    made.ok("daemon", **env)
    assert made.ok("rpc", 'os:getenv("RUN_ERL_LOG_MAXSIZE")', **env) == '"9000"'
    assert (log / "erlang.log.1").exists()
    assert (pipe / "erlang.pipe.1.r").exists()
    assert (tmp_path / "mutable/demo@127.0.0.1").is_dir()
    made.ok("stop", **env)


# --- versions --------------------------------------------------------------------


def test_start_erl_data_says_which_version_runs(made, tmp_path):
    root = tmp_path / "release"
    shutil.copytree(made.root, root, symlinks=True)
    shutil.copytree(root / "releases/0.1.0", root / "releases/0.2.0")
    release = replace(made, root=root)
    assert release.ok("version") == "demo 0.1.0"
    data = root / "releases/start_erl.data"
    data.write_text(f"{erts_version()} 0.2.0\n")
    assert release.ok("version") == "demo 0.2.0"
    assert release.ok("version", RELEASE_VSN="0.1.0") == "demo 0.1.0"
    assert release.ok("versions").splitlines() == ["  0.1.0", "* 0.2.0"]
    done = release.run("version", RELEASE_VSN="9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "version 9 is not installed" in done.stderr
    data.unlink()
    done = release.run("version")
    assert (done.returncode, done.stdout) == (1, "")


# --- without a run-time system of its own -----------------------------------------


@pytest.fixture(scope="module")
def without_erts(open_directory) -> Iterator[Release]:
    with own_epmd(make_release(open_directory / "no erts", erts=False)) as release:
        release.environment["RELEASE_TMP"] = str(open_directory / "no erts run")
        yield release


@pytest.mark.parametrize("how", ["PATH", "ERL_ROOTDIR", "ERTS_DIR"])
def test_the_host_s_otp_is_found(without_erts, tmp_path, how):
    env = {"PATH": path_without_erlang(tmp_path / "bin")}
    match how:
        case "PATH":
            env = {}
        case "ERL_ROOTDIR":
            env["ERL_ROOTDIR"] = str(otp_root())
        case "ERTS_DIR":
            env["ERTS_DIR"] = str(otp_root() / f"erts-{erts_version()}")
    with without_erts.started(**env):
        assert without_erts.ok("ping", **env) == "pong"
        assert without_erts.ok("rpc", "greeter:hello(1)", **env) == "{hello,1}"
        shown = without_erts.ok("rpc", "code:lib_dir(stdlib)", **env)
        assert shown.startswith(f'"{otp_root()}/lib/stdlib')
        assert without_erts.ok("eval", "xmerl:module_info(module)", **env) == "xmerl"
        without_erts.ok("stop", **env)


def test_only_the_applications_are_the_host_s(without_erts, tmp_path):
    root = tmp_path / "release"
    shutil.copytree(without_erts.root, root, symlinks=True)
    erts = f"erts-{erts_version()}"
    (root / erts).mkdir()
    (root / erts / "bin").symlink_to(otp_root() / erts / "bin")
    script = StartScript(
        release_name="demo",
        erts_version=erts_version(),
        include_erts=True,
        has_elixir=False,
    )
    put_script(root, script)
    release = replace(without_erts, root=root)
    with release.started():
        assert release.ok("rpc", 'os:getenv("BINDIR")') == f'"{root}/{erts}/bin"'
        assert release.ok("eval", "application:load(greeter)") == "ok"
        release.ok("stop")


def test_an_erl_that_is_a_script_tells_its_root(without_erts, tmp_path):
    env = {"PATH": path_without_erlang(tmp_path / "bin")}
    (tmp_path / "bin/erl").write_text(f'#!/bin/sh\nROOTDIR="{otp_root()}"\nexit 9\n')
    (tmp_path / "bin/erl").chmod(0o755)
    assert f"{otp_root()}/erts-" in without_erts.ok("describe", **env)


def test_no_erlang_at_all(without_erts, tmp_path):
    env = {"PATH": path_without_erlang(tmp_path / "bin")}
    done = without_erts.run("start", **env)
    assert done.returncode == 1
    assert f"wants the OTP of ERTS {erts_version()};" in done.stderr
    assert "no Erlang" in done.stderr


def test_another_erlang(without_erts, tmp_path):
    env = {"PATH": path_without_erlang(tmp_path / "bin")}
    other = tmp_path / "otp"
    (other / "erts-99.1/bin").mkdir(parents=True)
    (other / "bin").mkdir()
    (other / "bin/erl").write_text("#!/bin/sh\nexit 9\n")
    (other / "bin/erl").chmod(0o755)
    env["PATH"] = f"{other}/bin:{env['PATH']}"
    done = without_erts.run("start", **env)
    assert done.returncode == 1
    assert f"wants the OTP of ERTS {erts_version()};" in done.stderr
    assert "erts-99.1" in done.stderr


def test_a_lost_run_time_system_is_named(made, tmp_path):
    root = tmp_path / "release"
    shutil.copytree(made.root, root, symlinks=True)
    (root / f"erts-{erts_version()}/bin").unlink()
    done = replace(made, root=root).run("start")
    assert done.returncode == 1
    assert "the run-time system is missing" in done.stderr


# --- Elixir ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elixir(open_directory) -> Iterator[Release]:
    """A running node with Elixir; its consolidated directory overrides a module."""
    made = make_release(open_directory / "with elixir", elixir=True)
    consolidated = made.root / "releases/0.1.0/consolidated"
    consolidated.mkdir()
    source = open_directory / "greeter.erl"
    text = (made.root / "lib/greeter-1.0/greeter.erl").read_text()
    source.write_text(text.replace("where() -> lib", "where() -> consolidated"))
    subprocess.run(["erlc", "-o", consolidated, source], check=True)
    made.environment["RELEASE_TMP"] = str(open_directory / "elixir run")
    with own_epmd(made) as release, release.started():
        yield release


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        (["rpc", "Node.self()"], 0, ':"demo@127.0.0.1"'),
        (["rpc", 'IO.puts("hé"); :greeter.hello("€")'], 0, 'hé\n{:hello, "€"}'),
        (["rpc", "--erl", "node()"], 0, "'demo@127.0.0.1'"),
        (["rpc", "x = 1\ny = 2\nx + y"], 0, "3"),
        (["rpc", "raise ~s(oops)"], 1, ""),
        (["rpc", "1 +"], 1, ""),
        (["rpc", "exit(:oops)"], 1, ""),
        (["rpc", "throw(:oops)"], 1, ""),
        (["rpc", "--mfa", "String.upcase/1", "é"], 0, '"É"'),
        (["rpc", "--mfa", ":greeter.hello/1", "a"], 0, '{:hello, "a"}'),
        (["rpc", "--mfa", "Enum.count/1", "--argv", "a", "b"], 0, "2"),
        (["rpc", ":greeter.where()"], 0, ":consolidated"),
        (["eval", "Node.self()"], 0, ":nonode@nohost"),
        (["eval", "Enum.sum(1..100_000)"], 0, "5000050000"),
        (["eval", ":greeter.where()"], 0, ":consolidated"),
        (["eval", "System.halt(6)"], 6, ""),
        (["eval", "raise ~s(oops)"], 1, ""),
        (["eval", "{:ok, _} = Application.ensure_all_started(:greeter)"], 0, None),
        (["eval", "System.user_home!()"], 0, None),
    ],
)
def test_elixir(elixir, arguments, status, printed):
    done = elixir.run(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    if printed is not None:
        assert done.stdout == (printed + "\n" if printed else "")
    if status == 1:
        assert (
            "oops" in done.stderr
            or "SyntaxError" in done.stderr
            or "1 +" in done.stderr
        )


def test_an_exs_file(elixir, tmp_path):
    file = tmp_path / "migrate.exs"
    file.write_text("defmodule M do\n  def f, do: {__ENV__.file, 1}\nend\n\nM.f()\n")
    assert elixir.ok("eval", "--file", str(file)) == f'{{"{file}", 1}}'


def test_remote_iex(elixir):
    printed, status = in_terminal(
        elixir.argv("remote"),
        elixir.env(),
        ("iex(demo@127.0.0.1)1>", 'IO.puts("re" <> "mote")\r'),
        ("remote\r", "\x07"),
        ("-->", "q\r"),
    )
    assert status == 0, printed
    assert elixir.ok("ping") == "pong"


def test_remote_erlang_shell(elixir):
    printed, status = in_terminal(
        elixir.argv("remote"),
        elixir.env(USE_ERL_SHELL="1"),
        ("(demo@127.0.0.1)1>", "greeter:hello(remote).\r"),
        ("{hello,remote}", "\x07"),
        ("-->", "q\r"),
    )
    assert status == 0, printed


@pytest.mark.parametrize("command", ["console", "start_iex"])
def test_iex_console(elixir, command):
    printed, status = in_terminal(
        elixir.argv(command),
        elixir.env(NAME="another@127.0.0.1"),
        ("iex(another@127.0.0.1)1>", "IO.inspect({:greeter.hello(1), :x})\r"),
        ("{{:hello, 1}, :x}", "System.halt(3)\r"),
    )
    assert status == 3, printed


def test_the_cookie_of_iex_is_not_seen(elixir):
    assert not [line for line in command_lines().values() if COOKIE.encode() in line]
    assert elixir.ok("rpc", "Node.get_cookie()") == f":{COOKIE}"

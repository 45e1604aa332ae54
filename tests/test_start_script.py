"""The start script run for real: a node booted, asked, stopped, under three shells."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dodo_relkit.artifacts.start_script import StartScript
from tests.nodes import free_port
from tests.start_release import (
    COOKIE,
    SHELLS,
    Release,
    command_lines,
    erts_version,
    in_terminal,
    is_running,
    make_release,
    own_epmd,
    put_script,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[Release]:
    """A release in a directory with a space, with a node directory of its own."""
    top = tmp_path_factory.mktemp("start script")
    with own_epmd(make_release(top / "my release")) as release:
        release.environment["RELEASE_TMP"] = str(top / "run time")
        yield release


@pytest.fixture(params=SHELLS)
def release(request, made) -> Release:
    return replace(made, shell=SHELLS[request.param])


@pytest.fixture(scope="module", params=SHELLS)
def running(request, made) -> Iterator[Release]:
    """A node started under each shell through a chain of links."""
    link = made.root.parent / f"link to {request.param}"
    link.symlink_to("my release/bin/demo")
    chain = made.root.parent / f"chain {request.param}"
    chain.symlink_to(link)
    elsewhere = {"RELEASE_TMP": str(made.root.parent / f"of {request.param}")}
    release = replace(
        made, shell=SHELLS[request.param], script=chain, environment=elsewhere
    )
    with own_epmd(release), release.started():
        yield release


LONG = "length([" + ", ".join(["1"] * 20_000) + "])"

TABLE = [
    (["version"], 0, r"demo 0\.1\.0"),
    (["versions"], 0, r"\* 0\.1\.0 permanent"),
    (["ping"], 0, "pong"),
    (["pid"], 0, r"\d+"),
    (["rpc", "node()"], 0, "'demo@127.0.0.1'"),
    (["rpc", 'greeter:hello("it\'s").'], 0, r'{hello,"it\'s"}'),
    (["rpc", 'greeter:hello("hé €")'], 0, r'{hello,"hé €"}'),
    (["rpc", "X = 1,\nY = 2.\nX + Y."], 0, "3"),
    (["rpc", "1 + 1 % a comment"], 0, "2"),
    (["rpc", 'io:format("~ts~n", ["ü"]), done'], 0, "ü\ndone"),
    (["rpc", LONG], 0, "20000"),
    (["rpc", '$`$"$('], 1, ""),
    (["rpc", "error(oops)"], 1, ""),
    (["rpc", "throw(oops)"], 1, ""),
    (["rpc", "exit(oops)"], 1, ""),
    (["rpc", "1 +"], 1, ""),
    (["rpc", "'unclosed"], 1, ""),
    (["rpc", 'io:get_line("")'], 0, "eof"),
    (["rpc"], 1, ""),
    (["rpc", "--elixir", "1"], 1, ""),
    (["rpc", "--mfa", "greeter:hello/1", "a b"], 0, '{hello,"a b"}'),
    (["rpc", "--mfa", "greeter.echo/2", "a", ""], 0, '{"a",\\[]}'),
    (["rpc", "--mfa", "greeter:hello/1", "--argv", "a", "b"], 0, '{hello,\\["a","b"]}'),
    (["rpc", "--mfa", "greeter:hello/2", "a"], 1, ""),
    (["rpc", "--mfa", "greeter hello", "a"], 1, ""),
    (["rpc", "--file", "/nowhere/at all"], 1, ""),
    (["eval", "node()"], 0, "nonode@nohost"),
    (["eval", "whereis(greeter)"], 0, "undefined"),
    (["eval", "greeter:where()"], 0, "lib"),
    (["eval", "application:ensure_all_started(greeter)"], 0, "{ok,\\[greeter]}"),
    (["eval", "halt(7)"], 7, ""),
    (["eval", "error(oops)"], 1, ""),
    (["eval", "--mfa", "greeter:echo/2", "'\"", "$x"], 0, r'{"\'\\"","\$x"}'),
    (["nonsense"], 1, ""),
    ([], 1, ""),
    (["help"], 0, r"(?s)Usage: .* COMMAND.*remote_console.*"),
    (["daemon"], 1, ""),
]


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    TABLE,
    ids=[" ".join(row[0])[:30] or "nothing" for row in TABLE],
)
def test_commands(running, arguments, status, printed):
    done = running.run(*arguments, DAEMON_TIMEOUT="10")
    assert done.returncode == status, done.stdout + done.stderr
    assert re.fullmatch(printed + "\n" if printed else "", done.stdout), done.stdout
    if status == 1:
        assert done.stderr


def test_expressions_of_a_file(running, tmp_path):
    file = tmp_path / "a file.txt"
    file.write_text('%% é\nX = "é".\n\n{X, node()}.\n')
    assert running.ok("rpc", "--file", str(file)) == "{\"é\",'demo@127.0.0.1'}"
    assert running.ok("eval", "--file", str(file)) == '{"é",nonode@nohost}'


def test_eval_reads_standard_input_and_rpc_leaves_it_alone(running):
    done = running.run("eval", 'io:get_line("")', stdin="a line\n")
    assert done.stdout == '"a line\\n"\n'
    loop = 'while read line; do "$@"; done'
    done = subprocess.run(
        ["sh", "-c", loop, "sh", *running.argv("ping")],
        env=running.env(),
        input="1\n2\n",
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "pong\npong\n"


def test_utf_8_is_printed_in_any_locale(running):
    for locale in ("C", "C.UTF-8"):
        assert running.ok("rpc", '"hé €"', LC_ALL=locale) == '"hé €"'


def test_no_command_line_has_the_cookie(running):
    process = subprocess.Popen(
        running.argv("rpc", "timer:sleep(1500)"), env=running.env()
    )
    seen = []
    while process.poll() is None:
        seen.append(command_lines())
        time.sleep(0.1)
    assert any(b"ctl-" in line for lines in seen for line in lines.values())
    assert not [
        line for lines in seen for line in lines.values() if COOKIE.encode() in line
    ]
    assert running.ok("rpc", "erlang:get_cookie()") == COOKIE


def test_the_node_sees_the_real_home(running):
    home = os.environ["HOME"]
    assert running.ok("rpc", 'os:getenv("HOME")') == f'"{home}"'
    assert running.ok("rpc", 'os:getenv("RELEASE_VSN")') == '"0.1.0"'
    assert running.ok("rpc", "code:root_dir()") == f'"{running.root}"'


def test_another_cookie_is_refused(running):
    for variable in ("COOKIE", "RELEASE_COOKIE"):
        done = running.run("ping", **{variable: "wrong"})
        assert (done.returncode, done.stdout) == (1, "pang\n")
        assert "is this its cookie?" in done.stderr
    assert running.ok("ping", COOKIE="wrong", RELEASE_COOKIE=COOKIE) == "pong"


def test_describe_shows_all_but_the_cookie(running):
    shown = running.ok("describe")
    assert str(running.root) in shown
    assert "demo@127.0.0.1" in shown
    assert COOKIE not in shown


def test_a_trace_does_not_show_the_cookie(running):
    done = running.run("ping", DEBUG_BOOT="1")
    assert "+ " in done.stderr
    assert COOKIE not in done.stderr


def test_nothing_is_written_below_the_root(running):
    assert not {"var", "tmp", "log"} & {path.name for path in running.root.iterdir()}


# --- start, signals, stop ------------------------------------------------------


def test_term_ends_the_node_in_order(release):
    with release.started() as process:
        pid = int(release.ok("pid"))
        assert pid == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert release.run("ping").returncode == 1


def test_the_exit_code_is_that_of_the_node(release):
    with release.started(command="foreground") as process:
        release.run("rpc", "halt(7)")
        assert process.wait(20) == 7


def test_stop_waits_until_the_process_is_gone(release):
    with release.started(SLOW_STOP="1000"):
        pid = int(release.ok("pid"))
        began = time.monotonic()
        assert release.ok("stop") == ""
        assert time.monotonic() - began > 1
        assert not is_running(pid)
    done = release.run("stop")
    assert (done.returncode, done.stdout) == (1, "")
    assert "demo@127.0.0.1 is not running" in done.stderr


def test_restart_keeps_the_process_and_the_cookie(made):
    with made.started():
        before = made.ok("rpc", "{os:getpid(), whereis(greeter)}")
        made.ok("restart")
        deadline = time.monotonic() + 20
        after = before
        while after == before or "<" not in after:
            assert time.monotonic() < deadline
            after = made.run("rpc", "{os:getpid(), whereis(greeter)}").stdout.strip()
        assert after.split(",")[0] == before.split(",")[0]
        done = made.run("reboot")
        assert done.returncode == 1
        assert "heart" in done.stderr


def test_heart_starts_the_node_again(made, tmp_path):
    vm_args = tmp_path / "vm.args"
    vm_args.write_text(f"-sname heart\n-setcookie {COOKIE}\n-heart")
    env = {"VMARGS_PATH": str(vm_args)}
    made.ok("daemon", **env)
    try:
        first = int(made.ok("pid", **env))
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 30
        second = ""
        while second in ("", str(first)):
            assert time.monotonic() < deadline
            second = made.run("pid", **env).stdout.strip()
        assert made.ok("rpc", "erlang:get_cookie()", **env) == COOKIE
    finally:
        made.run("stop", **env)


# --- daemon, consoles ----------------------------------------------------------


def test_daemon_and_attach(release):
    release.ok("daemon")
    try:
        assert release.ok("rpc", "greeter:hello(1)") == "{hello,1}"
        assert release.run("daemon").returncode == 1
        lines = command_lines().values()
        assert any(b"run_erl" in line for line in lines)
        assert not [line for line in lines if COOKIE.encode() in line]
        printed, status = in_terminal(
            release.argv("attach"),
            release.env(),
            ("Attaching", "\r"),
            ("1> ", "greeter:hello(attached).\r"),
            ("{hello,attached}", "\x04"),
        )
        assert status == 0
        assert "[Quit]" in printed
        assert release.ok("ping") == "pong"
    finally:
        release.ok("stop")
    done = release.run("attach")
    assert done.returncode == 1


def test_the_number_of_another_process_is_no_daemon(made, tmp_path):
    env = {"RELEASE_TMP": str(tmp_path)}
    (tmp_path / "demo@127.0.0.1").mkdir()
    (tmp_path / "demo@127.0.0.1/daemon.pid").write_text(f"{os.getpid()}\n")
    assert made.run("attach", **env).returncode == 1
    made.ok("daemon", **env)
    made.ok("stop", **env)


def test_a_relative_place_is_one_of_the_current_directory(made, tmp_path):
    env = made.env(RELEASE_TMP="here")
    question = "greeter:where()"
    subprocess.run(made.argv("eval", question), check=True, cwd=tmp_path, env=env)
    assert (tmp_path / "here/demo@127.0.0.1/eval/vm.args").exists()


def test_a_daemon_that_dies_is_not_silent(release):
    done = release.run("daemon", REFUSE_TO_START="1")
    assert done.returncode == 1
    assert "died while it started" in done.stderr


def test_daemon_without_distribution(made):
    env = {"RELEASE_DISTRIBUTION": "none"}
    made.ok("daemon", **env)
    pid = int((Path(made.environment["RELEASE_TMP"]) / "nonode/daemon.pid").read_text())
    try:
        assert is_running(pid)
        done = made.run("ping", **env)
        assert done.returncode == 1
        assert "the node has no name" in done.stderr
    finally:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline


def test_console(release):
    printed, status = in_terminal(
        release.argv("console", "an argument"),
        release.env(),
        ("(demo@127.0.0.1)1> ", "{greeter:hello(c), init:get_plain_arguments()}.\r"),
        ('{{hello,c},["an argument"]}', "halt(5).\r"),
    )
    assert status == 5, printed


def test_remote_console(running):
    printed, status = in_terminal(
        running.argv("remote_console"),
        running.env(),
        ("(demo@127.0.0.1)1> ", "greeter:hello(remote).\r"),
        ("{hello,remote}", "\x07"),
        ("--> ", "q\r"),
    )
    assert status == 0, printed
    kept = Path(running.environment["RELEASE_TMP"]).glob("*/remote-*")
    assert list(kept) == []
    assert running.ok("ping") == "pong"


def test_remote_console_of_a_dead_node(release):
    done = release.run("remsh")
    assert done.returncode == 1
    assert "is not running" in done.stderr


# --- names, cookies, configuration ------------------------------------------------


@pytest.mark.parametrize(
    ("vm_args", "env", "name"),
    [
        ("-sname short", {}, "short@HERE"),
        ("-sname short@localhost", {}, "short@localhost"),
        ("-name long@127.0.0.1", {}, "'long@127.0.0.1'"),
        ("-name long", {}, None),
        (
            "-name ${WHO}@127.0.0.1",
            {"REPLACE_OS_VARS": "1", "WHO": "me"},
            "'me@127.0.0.1'",
        ),
        ("", {"NAME": "by_env"}, "by_env@HERE"),
        ("-name x@127.0.0.1", {"ERL_DIST_PORT": "FREE"}, "'x@127.0.0.1'"),
        (
            "-name x@127.0.0.1 -start_epmd false -erl_epmd_port FREE",
            {},
            "'x@127.0.0.1'",
        ),
    ],
)
def test_names(made, tmp_path, vm_args, env, name):
    free = str(free_port())
    file = tmp_path / "my vm.args"
    file.write_text(f"{vm_args}\n-setcookie {COOKIE}\n".replace("FREE", free))
    env = {key: value.replace("FREE", free) for key, value in env.items()}
    if free in file.read_text() + "".join(env.values()):
        env["ERL_EPMD_PORT"] = str(free_port())  # where no epmd is
    env["VMARGS_PATH"] = str(file)
    with made.started(**env):
        assert made.ok("ping", **env) == "pong"
        got = made.ok("rpc", "node()", **env)
        here = os.uname().nodename.split(".")[0]
        assert (
            got.startswith("'long@")
            if name is None
            else got == name.replace("HERE", here)
        )
        made.ok("stop", **env)


def test_no_name(made, tmp_path):
    env = {"RELEASE_DISTRIBUTION": "none", "RELEASE_TMP": str(tmp_path)}
    process = subprocess.Popen(made.argv("start"), env=made.env(**env))
    try:
        time.sleep(1)
        assert process.poll() is None
        assert made.run("stop", **env).returncode == 1
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_the_cookie_of_a_variable_is_required(made, tmp_path):
    script = StartScript(
        release_name="demo",
        erts_version=erts_version(),
        include_erts=True,
        has_elixir=False,
        cookie_variable="MY_COOKIE",
    )
    root = tmp_path / "release"
    shutil.copytree(made.root, root, symlinks=True)
    put_script(root, script)
    release = replace(made, root=root)
    for command in ("start", "ping"):
        done = release.run(command, COOKIE="not_this")
        assert done.returncode == 1
        assert "set MY_COOKIE to the cookie" in done.stderr
    with release.started(MY_COOKIE="from_env"):
        asked = release.ok("rpc", "erlang:get_cookie()", MY_COOKIE="from_env")
        assert asked == "from_env"
        assert not [line for line in command_lines().values() if b"from_env" in line]
        release.ok("stop", MY_COOKIE="from_env")


def test_a_file_gives_the_cookie(made, tmp_path):
    root = tmp_path / "release"
    shutil.copytree(made.root, root, symlinks=True)
    (root / "releases/0.1.0/vm.args").write_text("-sname filed\n")
    (root / "releases/COOKIE").write_text("cookie of a file")
    release = replace(made, root=root)
    with release.started():
        assert release.ok("rpc", "erlang:get_cookie()") == "'cookie of a file'"
        release.ok("stop")


def test_a_home_with_that_cookie_is_used_as_it_is(made, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".erlang.cookie").write_text(COOKIE)
    (home / ".erlang.cookie").chmod(0o400)
    (home / "a file").write_text("")
    question = "{init:get_argument(home), erlang:get_cookie()}"
    with made.started(HOME=str(home)):
        shown = "".join(made.ok("rpc", question).split())
        assert shown == f'{{{{ok,[["{home}"]]}},{COOKIE}}}'
        made.ok("stop")
    (home / ".erlang.cookie").chmod(0o600)
    (home / ".erlang.cookie").write_text("another")
    with made.started(HOME=str(home)):
        used = Path(made.environment["RELEASE_TMP"]) / "demo@127.0.0.1/home"
        shown = made.ok("rpc", f'{{element(2, {question}), os:getenv("HOME")}}')
        assert "".join(shown.split()) == f'{{{COOKIE},"{home}"}}'
        assert os.readlink(used / "a file") == str(home / "a file")
        assert (used / ".erlang.cookie").stat().st_mode & 0o777 == 0o400
        made.ok("stop")


def test_an_empty_environment_is_enough(made, tmp_path):
    env = {"ERL_EPMD_PORT": made.environment["ERL_EPMD_PORT"], "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(["/bin/dash", made.root / "bin/demo", "start"], env=env)
    try:
        deadline = time.monotonic() + 20
        while made.run("ping").returncode:
            assert time.monotonic() < deadline
        assert made.ok("rpc", "erlang:get_cookie()") == COOKIE
        done = subprocess.run(
            ["/bin/dash", made.root / "bin/demo", "stop"], env=env, check=True
        )
        assert done.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("value", ['a "b" \\c\\ &', "${WHO}", "é €", ""])
def test_os_variables_in_the_configuration(made, value):
    env = {"REPLACE_OS_VARS": "true", "WHO": value}
    show = "{ok, Who} = application:get_env(greeter, who), io:put_chars([Who, $|])"
    with made.started(**env):
        assert made.ok("rpc", show) == f"{value}|ok"
        made.ok("stop")
    assert made.ok("eval", f"application:load(greeter), {show}", **env) == f"{value}|ok"


def test_arguments_of_the_environment(made):
    env = {"ERL_OPTS": "-greeter who '\"e o\"' +P 70000", "RELEASE_MODE": "interactive"}
    question = (
        "{application:get_env(greeter, who), "
        "erlang:system_info(process_limit) > 65536, code:get_mode()}"
    )
    with made.started(**env):
        assert made.ok("rpc", question) == '{{ok,"e o"},true,interactive}'
        made.ok("stop")

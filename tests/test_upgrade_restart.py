"""Upgrades that restart the run-time system, or only the node, on live nodes."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.oracle import otp_root
from tests.start_release import (
    SHELLS,
    Release,
    erts_version,
    own_epmd,
)
from tests.upgrade_release import Versions, make_versions
from tests.upgrade_restart import (
    GREETING,
    NEW_ERTS,
    STATE,
    add_new_otp,
    make_relup,
    nothing_left,
    put,
    put_new_otp,
    refused,
    restart,
    runs,
    runs_on,
    started,
    until,
)

NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> Versions:
    made = make_versions(tmp_path_factory.mktemp("versions") / "all")
    add_new_otp(made)
    return made


@pytest.fixture(scope="module")
def last(versions, tmp_path_factory) -> str:
    """The relup of 0.2.0 that restarts the run-time system at its end."""
    text = make_relup(
        versions, "0.2.0", tmp_path_factory.mktemp("relup"), "restart_emulator"
    )
    assert text.count("restart_emulator") == 2
    return text


@pytest.fixture
def release(versions, tmp_path) -> Iterator[Release]:
    """Version 0.1.0 in a directory with a space in its name."""
    made = versions.install(tmp_path / "a node")
    made.environment |= {
        "RELEASE_TMP": str(tmp_path / "run time"),
        "REPLACE_OS_VARS": "true",
        "GREETING": "a ${GREETING}",
    }
    with own_epmd(made):
        yield made


# --- restart_emulator, last ------------------------------------------------------


@pytest.mark.parametrize("way", ["daemon", "daemon with heart"])
def test_restarted_last_up_and_down(versions, release, last, way):
    put(versions, release, "0.2.0", relup=last)
    with started(release, way):
        release.ok("rpc", "counter:bump()")
        before = release.ok("pid")
        said = release.ok("upgrade", "0.2.0")
        assert said == "version 0.2.0 runs (before: 0.1.0) and is permanent"
        assert release.ok("pid") != before
        runs(release, "0.2.0")
        restart(release, way)
        runs(release, "0.2.0")
        said = release.ok("downgrade", "0.1.0")
        assert said == "version 0.1.0 runs (before: 0.2.0) and is permanent"
        runs(release, "0.1.0")
        assert release.ok("uninstall", "0.2.0") == "version 0.2.0 is gone"
        heart = release.ok("rpc", "is_pid(whereis(heart))")
        assert heart == str(way.endswith("heart")).lower()


@pytest.mark.parametrize(
    ("way", "shell"), [("supervisor", "busybox"), ("daemon", "bash")]
)
def test_not_permanent(versions, release, last, way, shell):
    release.shell = SHELLS[shell]
    put(versions, release, "0.2.0", relup=last)
    with started(release, way):
        said = release.ok("upgrade", "0.2.0", "--no-permanent")
        assert "runs (before: 0.1.0) until the node restarts" in said
        runs(release, "0.2.0", permanent=False)
        restart(release, way)
        runs(release, "0.1.0")
        release.ok("install", "0.2.0", "--no-permanent")
        assert release.ok("commit") == "version 0.2.0 is permanent"
        runs(release, "0.2.0")
    assert release.ok("version") == "demo 0.2.0"


def test_heart_has_its_name_again(versions, release):
    once = "{apply, {ets, new, [once, [named_table]]}}"  # the check does it, too
    script = f"[{once}, point_of_no_return, restart_emulator]"
    put(versions, release, "0.2.0",
        relup=f'{{"0.2.0", [{{"0.1.0", [], {script}}}], []}}.')  # fmt: skip
    with started(release, "heart"):
        before = release.ok("rpc", "whereis(heart)")
        said = refused(release, 3, "upgrade", "0.2.0")
        assert "was not installed: badarg in ets:new/2" in said
        assert release.ok("rpc", "whereis(heart)") == before
        runs(release, "0.1.0")


# --- restart_new_emulator, first -------------------------------------------------


@pytest.mark.parametrize("way", ["heart", "daemon"])
def test_another_run_time_system_up_and_down(versions, release, way):
    relup = (versions.root / "releases/0.5.0/relup").read_text()
    assert "restart_new_emulator" in relup
    assert "restart_emulator" in relup
    put_new_otp(versions, release)
    for vsn in ("0.1.0", "0.5.0"):
        (release.root / f"releases/{vsn}/consolidated").mkdir()
    with started(release, way):
        said = release.ok("upgrade", "0.5.0")
        assert said == "version 0.5.0 runs (before: 0.1.0) and is permanent"
        runs_on(release, "0.5.0")
        # That the instructions were followed, in the new system, can be seen here.
        told = '{[{greeting,"a ${GREETING} 0.5.0"}],[],[]}'
        assert release.ok("rpc", "persistent_term:get(counter)") == told
        restart(release, way)
        runs_on(release, "0.5.0")
        assert release.run("rpc", "persistent_term:get(counter)").returncode == 1
        release.ok("downgrade", "0.1.0")
        runs_on(release, "0.1.0")
        release.ok("uninstall", "0.5.0")
    assert not (release.root / f"erts-{NEW_ERTS}").exists()


def test_another_run_time_system_not_permanent(versions, release):
    put_new_otp(versions, release)
    with started(release, "supervisor"):
        release.ok("upgrade", "0.5.0", "--no-permanent")
        runs_on(release, "0.5.0", permanent=False)
        release.ok("restart")  # in the same process: the old system cannot be there
        until(lambda: release.run("rpc", STATE).stdout == '{"2.0",{"2.0",0}}\n')
        restart(release, "supervisor")
        runs_on(release, "0.1.0")


def test_instructions_that_fail_in_the_new_system(versions, release):
    put_new_otp(versions, release)
    relup = release.root / "releases/0.5.0/relup"
    text = relup.read_text()
    relup.write_text(
        text.replace(
            "point_of_no_return",
            "point_of_no_return, {apply, {erlang, error, [no_way]}}",
        )
    )
    with started(release, "supervisor"):
        said = refused(release, 4, "upgrade", "0.5.0")
        assert "version 0.5.0 did not come up (before: 0.1.0)" in said
        assert "The node restarted and runs 0.1.0" in said
        runs_on(release, "0.1.0")


# --- --restart -------------------------------------------------------------------


@pytest.mark.parametrize("way", ["supervisor", "daemon"])
def test_without_a_relup(versions, release, way):
    put(versions, release, "0.2.0", relup=None)
    with started(release, way):
        said = refused(release, 2, "upgrade", "0.2.0")
        assert "With --restart the node restarts into version 0.2.0 without one" in said
        said = release.ok("upgrade", "0.2.0", "--restart")
        assert said == "version 0.2.0 runs (before: 0.1.0) and is permanent"
        runs(release, "0.2.0")
        assert "no relup leads" in refused(release, 2, "downgrade", "0.1.0")
        release.ok("downgrade", "--restart", "--no-permanent", "0.1.0")
        runs(release, "0.1.0", permanent=False)
        restart(release, way)
        runs(release, "0.2.0")


def test_restart_into_another_system_with_another_cookie(versions, release):
    put_new_otp(versions, release)
    (release.root / "releases/0.5.0/relup").unlink()
    args = release.root / "releases/0.5.0/vm.args"
    args.write_text("-name demo@127.0.0.1\n-setcookie another\n-flavour new\n")
    with started(release, "supervisor"):
        release.ok("upgrade", "--restart", "0.5.0")
        runs_on(release, "0.5.0")


@pytest.mark.parametrize(
    ("way", "more"), [("heart", []), ("daemon", []), ("daemon", ["--restart"])]
)
def test_a_version_that_does_not_start(versions, release, last, way, more):
    """The old one comes back; with heart, if the new one came so far as to have one."""
    config = "[{kernel, [{distributed, nonsense}]}]. %${GREETING}"
    put(versions, release, "0.2.0", relup=last, sys_config=config)
    with started(release, way):
        said = refused(release, 4, "upgrade", "0.2.0", *more)
        assert "The node restarted and runs 0.1.0" in said
        runs(release, "0.1.0")
        assert release.ok("versions") == "* 0.1.0 permanent\n  0.2.0 unpacked"


# --- Refused ---------------------------------------------------------------------


def test_nobody_would_start_it_again(versions, release, last):
    put(versions, release, "0.2.0", relup=last)
    with release.started():
        for more in ([], ["--restart"]):
            said = refused(release, 2, "upgrade", "0.2.0", *more)
            for each in ("daemon", "-heart", "RELEASE_SUPERVISED=yes"):
                assert each in said
        assert not (release.root / "releases/0.2.0").exists()
        assert release.ok("versions") == "* 0.1.0 permanent"
        nothing_left(release)


def test_options_where_they_mean_nothing(release):
    for command in ("unpack", "commit", "uninstall"):
        assert refused(release, 2, command, "--restart")


BOTH = "[restart_new_emulator, point_of_no_return, restart_emulator]"
LATE = "[point_of_no_return, restart_new_emulator]"


@pytest.mark.parametrize("script", [BOTH, LATE])
def test_relups_that_are_not_done(versions, release, script):
    put(versions, release, "0.2.0",
        relup=f'{{"0.2.0", [{{"0.1.0", [], {script}}}], []}}.')  # fmt: skip
    with started(release, "supervisor"):
        said = refused(release, 2, "upgrade", "0.2.0")
        assert "use --restart" in said


def test_nobody_starts_it_again(versions, release, last):
    """What was promised is not kept: the next start is one of the old version."""
    put(versions, release, "0.2.0", relup=last)
    with release.started():
        said = refused(
            release, 4, "upgrade", "0.2.0", RELEASE_SUPERVISED="yes", DAEMON_TIMEOUT="1"
        )
        assert (
            "does not answer after 1 s. The next start is one of version 0.1.0" in said
        )
    with release.started():
        runs(release, "0.1.0")


def test_somebody_else_than_the_user_of_the_node(versions):
    """Whose files the node cannot read; release_handler would take them for empty."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own are for one user
        top = Path(name)
        release = versions.install(top / "node")
        put(versions, release, "0.2.0")
        erts = release.root / f"erts-{erts_version()}"
        erts.unlink()
        erts.symlink_to(otp_root() / erts.name)
        for place in (top, *top.rglob("*")):
            os.chown(place, NOBODY, NOBODY, follow_symlinks=False)
        own = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        release.environment |= {"HOME": name, "RELEASE_TMP": f"{name}/run"}
        with own_epmd(release), release.started(wrapper=own):
            said = refused(release, 1, "upgrade", "0.2.0", RELEASE_TMP=f"{name}/other")
            assert "give the commands as the user that runs it" in said
        nothing_left(release)


def test_an_upgrade_that_waits_for_the_node(versions, release):
    """The lock that the node has is lost while it restarts; the owner is not."""
    put(versions, release, "0.2.0")
    before = release.root / "releases/.upgrade/before"
    waiting = ["sh", "-c", "while :; do sleep 1; done", str(release.root)]
    with release.started():
        other = subprocess.Popen(waiting)
        try:
            before.mkdir(parents=True)
            (before / "owner").write_text(str(other.pid))
            assert "another upgrade" in refused(release, 75, "upgrade", "0.2.0")
        finally:
            other.kill()
            other.wait()
        release.ok("upgrade", "0.2.0", "--no-permanent")


# --- kill -9 ---------------------------------------------------------------------

MOMENTS = [
    ("told", "node", []),  # release_handler is at work
    ("told", "both", []),
    ("told", "node", ["--restart"]),
    ("restart", "node", []),  # all is prepared
    ("restart", "command", []),
    ("restart", "both", ["--restart"]),
    ("restarting", "node", []),  # a start has begun
    ("restarting", "command", ["--restart"]),
    ("restarting", "both", []),
]


@pytest.mark.parametrize(("moment", "victim", "more"), MOMENTS)
def test_killed_at(versions, release, moment, victim, more):
    """A whole version comes up, and after another restart the permanent one."""
    put_new_otp(versions, release)
    upgrade = release.root / "releases/.upgrade"
    with started(release, "supervisor"):
        old = release.ok("pid")
        command = subprocess.Popen(
            release.argv("upgrade", "0.5.0", *more),
            env=release.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not (upgrade / moment).exists() and command.poll() is None:
            pass
        node = int(old)
        if moment == "restarting":
            node = int((upgrade / "restarting.pid").read_text())
        for pid in {"node": [node], "command": [command.pid]}.get(
            victim, [node, command.pid]
        ):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        said, _ = command.communicate(timeout=120)
        question = "{element(1, init:get_status()), os:getpid()}"
        until(lambda: "{started," in (answer := release.run("rpc", question).stdout)
              and f'"{old}"' not in answer)  # fmt: skip
        listed = release.ok("versions")
        (mine,) = (line for line in listed.splitlines() if line.startswith("*"))
        assert release.ok("rpc", GREETING).endswith(f' {mine.split()[1]}"}}')
        permanent = "0.5.0" if command.returncode == 0 else "0.1.0"
        if victim == "node":
            assert mine == f"* {permanent} permanent", said
        if victim == "command":
            assert mine == "* 0.5.0 current", said
            assert release.ok("commit") == "version 0.5.0 is permanent"
            permanent = "0.5.0"
        restart(release, "supervisor")
        runs_on(release, permanent)

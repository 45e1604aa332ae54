"""What an upgrade says when the node goes down by it, or a child of it does not run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.start_release import SHELLS, Release, elixir_libraries, own_epmd
from tests.upgrade_release import Versions, make_versions
from tests.upgrade_restart import started, until

BROKEN = """
{apply, {application, load, [{application, broken, [{description, ""}, {vsn, "1"},
    {modules, []}, {registered, []}, {applications, [kernel, stdlib]},
    {mod, {absent, []}}]}]}},
{apply, {application, start, [broken, permanent]}}
"""
"""An application that is added, and cannot start."""

DOWN = "demo@127.0.0.1 went down while it installed version 0.2.0: its log says why."


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> Versions:
    return make_versions(tmp_path_factory.mktemp("versions") / "all")


@pytest.fixture
def release(versions, tmp_path) -> Iterator[Release]:
    """Version 0.1.0 in a directory with a space in its name."""
    made = versions.install(tmp_path / "a node")
    made.environment |= {"RELEASE_TMP": str(tmp_path / "run time")}
    with own_epmd(made):
        yield made


def upgraded(
    versions: Versions, release: Release, *instructions: str, wait: str = "50"
) -> subprocess.CompletedProcess[str]:
    """Upgrade to a version with these instructions after the point of no return."""
    script = ", ".join(["point_of_no_return", *instructions])
    relup = f'{{"0.2.0", [{{"0.1.0", [], [{script}]}}], []}}.'
    package = release.root / "releases/demo-0.2.0.tar.gz"
    versions.tarball(package, "0.2.0", {"releases/0.2.0/relup": relup})
    return release.run("upgrade", "0.2.0", DAEMON_TIMEOUT=wait)


def complaint(done: subprocess.CompletedProcess[str], status: int) -> str:
    assert (done.returncode, done.stdout) == (status, ""), done.stdout + done.stderr
    assert "erl_eval" not in done.stderr
    return done.stderr


# --- The node goes down ----------------------------------------------------------


def test_the_node_goes_down_and_nothing_starts_it(versions, release):
    with release.started() as process:
        said = complaint(upgraded(versions, release, BROKEN), 4)
        process.wait(timeout=60)
    assert DOWN in said
    assert "Nothing starts it by itself. It starts as 0.1.0" in said
    with release.started():
        assert release.ok("versions").startswith("* 0.1.0 permanent")
        assert not (release.root / "releases/.upgrade").exists()


@pytest.mark.parametrize(
    ("way", "shell"), [("heart", "dash"), ("supervisor", "busybox")]
)
def test_the_node_goes_down_and_is_started_again(versions, release, way, shell):
    release.shell = SHELLS[shell]
    with started(release, way):
        said = complaint(upgraded(versions, release, BROKEN), 4)
        assert DOWN in said
        assert "The node restarted and runs 0.1.0" in said
        assert release.ok("versions").startswith("* 0.1.0 permanent")
        assert not (release.root / "releases/.upgrade").exists()


def test_it_goes_down_before_it_restarts_and_is_not_started_again(versions, release):
    with release.started(RELEASE_SUPERVISED="yes"):
        done = upgraded(versions, release, BROKEN, "restart_emulator", wait="4")
    said = complaint(done, 4)
    assert DOWN in said
    assert "demo@127.0.0.1 does not come back" in said


@pytest.mark.parametrize("way", ["daemon", "supervisor"])
def test_the_node_goes_down_when_all_is_installed(versions, release, way):
    """An application ends by it, and takes the others down one after the other."""
    ends = "gen_server, stop, [counter_sup, shutdown, 5000]"
    with started(release, way):
        done = upgraded(
            versions, release, f"{{apply, {{timer, apply_after, [1, {ends}]}}}}"
        )
        said = complaint(done, 4)
        assert DOWN in said
        assert "0.1.0" in said


def test_a_daemon_that_goes_down(versions, release):
    with started(release, "daemon"):
        said = complaint(upgraded(versions, release, BROKEN), 4)
        assert DOWN in said
        assert "Nothing starts it by itself. It starts as 0.1.0" in said


def test_release_handler_ends_and_the_node_goes_on(versions, release):
    temporary = "application:stop(sasl), application:start(sasl, temporary)"
    die = "{apply, {timer, kill_after, [0]}}, {apply, {timer, sleep, [20000]}}"
    with release.started():
        assert release.ok("rpc", temporary) == "ok"
        said = complaint(upgraded(versions, release, die), 4)
        assert "release_handler broke off the upgrade to 0.2.0" in said
        assert "release_handler ended meanwhile: killed" in said
        assert "runs on, between two versions: restart it. It starts as 0.1.0" in said
        until(lambda: release.ok("rpc", "whereis(release_handler)") == "undefined")


# --- A child does not run --------------------------------------------------------

ADD = """{apply, {supervisor, start_child, [counter_sup,
    #{id => b, start => {persistent_term, get, [b, ignore]}}]}}"""
"""Adds a child that wants no process, unless a term says what becomes of it."""
AGAIN = "{apply, {supervisor, restart_child, [counter_sup, b]}}"
FAILS = "{apply, {persistent_term, put, [b, {error, no_port}]}}"
WORKS = "{apply, {persistent_term, erase, [b]}}"


def of_elixir(instruction: str) -> str:
    return instruction.replace("{supervisor,", "{'Elixir.Supervisor',")


def load_elixir(release: Release) -> None:
    """Load the modules of Elixir that hand on to OTP's supervisor."""
    ebin = elixir_libraries() / "elixir/ebin"
    for module in ("Supervisor", "GenServer", "Process", "Enum"):
        loaded = release.ok("rpc", f'code:load_abs("{ebin}/Elixir.{module}")')
        assert loaded.startswith("{module,")


@pytest.mark.parametrize(
    ("instructions", "why"),
    [
        ((FAILS, ADD), ""),
        ((ADD, FAILS, AGAIN), ": no_port"),
        ((ADD, FAILS, of_elixir(AGAIN)), ": no_port"),
        ((FAILS, of_elixir(ADD)), ""),
    ],
)
def test_a_child_that_cannot_start(versions, release, instructions, why):
    with release.started():
        load_elixir(release)
        said = complaint(upgraded(versions, release, *instructions), 4)
        assert (
            "version 0.2.0 runs, and is not made permanent: child b of counter_sup "
            f"does not run{why}. The node starts as 0.1.0, until commit" in said
        )
        assert release.ok("versions") == "  0.1.0 permanent\n* 0.2.0 current"
        assert not (release.root / "releases/.upgrade").exists()
        assert release.ok("commit") == "version 0.2.0 is permanent"


@pytest.mark.parametrize(
    "instructions",
    [
        (ADD,),  # wants no process
        (ADD, FAILS, AGAIN, WORKS),  # at the end of the upgrade it would start
        (ADD, FAILS, AGAIN, "{apply, {supervisor, terminate_child, [counter_sup, b]}}"),
        (FAILS, ADD.replace("#{", "#{restart => temporary, ")),
        (ADD.replace("#{", "#{restart => transient, "), FAILS, AGAIN),
    ],
)
def test_what_is_no_fault_of_a_child(versions, release, instructions):
    with release.started():
        done = upgraded(versions, release, *instructions)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "version 0.2.0 runs (before: 0.1.0) and is permanent\n"

"""Versions that would go wrong on a live node after they were taken: refused before."""

from __future__ import annotations

import gzip
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.start_release import Release, erts_version, own_epmd
from tests.upgrade_release import Versions, make_versions

GREETING = "application:get_env(counter, greeting)"
CONFIG = "releases/0.2.0/sys.config"
VM_ARGS = "releases/0.2.0/vm.args"


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> Versions:
    return make_versions(tmp_path_factory.mktemp("versions") / "all")


@pytest.fixture
def node(versions, tmp_path) -> Iterator[Release]:
    """Version 0.1.0, running."""
    made = versions.install(tmp_path / "a node")
    made.environment |= {"RELEASE_TMP": str(tmp_path / "run time")}
    with own_epmd(made), made.started():
        yield made


def refused(release: Release, *arguments: str, **more: str) -> str:
    """Return why a command changed nothing."""
    done = release.run(*arguments, **more)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    return done.stderr


def vm_args(versions: Versions, more: str) -> str:
    return (versions.root / VM_ARGS).read_text() + more


def test_a_file_that_the_configuration_includes(versions, node, tmp_path):
    package = tmp_path / "x.tar.gz"
    for named in ("/nowhere/other", "other", "sub/other.config"):
        config = f'[{{counter, []}}, "{named}"].'
        versions.tarball(package, "0.2.0", {CONFIG: config})
        said = refused(node, "upgrade", str(package))
        assert f"what it includes cannot be read: {named}" in said
    bad = {CONFIG: '[{counter, []}, "other"].', "releases/0.2.0/other.config": "[{."}
    versions.tarball(package, "0.2.0", bad)
    assert "cannot be read: other" in refused(node, "upgrade", str(package))


def test_an_included_file_counts_now_and_after_a_restart(versions, node, tmp_path):
    package = tmp_path / "x.tar.gz"
    files = {
        CONFIG: '[{counter, [{greeting, "own"}]}, "other"].',
        "releases/0.2.0/other.config": '[{counter, [{greeting, "included"}]}].',
    }
    versions.tarball(package, "0.2.0", files)
    node.ok("upgrade", str(package))
    assert node.ok("rpc", GREETING) == '{ok,"included"}'
    assert (node.root / CONFIG).read_text() == files[CONFIG]
    node.ok("stop")
    with node.started():
        assert node.ok("rpc", GREETING) == '{ok,"included"}'


def test_another_cookie_needs_a_restart(versions, node, tmp_path):
    package = tmp_path / "x.tar.gz"
    args = vm_args(versions, "\n-setcookie anotherCookie7\n")
    versions.tarball(package, "0.2.0", {VM_ARGS: args})
    said = refused(node, "upgrade", str(package))
    assert "version 0.2.0 has another cookie" in said
    assert "--restart" in said
    assert node.ok("versions").startswith("* 0.1.0 permanent")


def test_a_version_that_is_here_with_other_content(versions, node, tmp_path):
    first = versions.tarball(tmp_path / "first.tar.gz", "0.2.0")
    node.ok("unpack", str(first))
    relup = '{"0.2.0", [{"0.1.0", [], [point_of_no_return]}], []}.'
    other = versions.tarball(
        tmp_path / "other.tar.gz", "0.2.0", {"releases/0.2.0/relup": relup}
    )
    said = refused(node, "upgrade", str(other))
    assert "0.2.0 is here already, with another relup: uninstall it first" in said
    beam = "lib/counter-2.0/ebin/counter.beam"
    code = versions.tarball(tmp_path / "code.tar.gz", "0.2.0", {beam: "other"})
    assert "other code in counter" in refused(node, "upgrade", str(code))
    node.ok("upgrade", str(first))
    assert node.ok("versions").endswith("* 0.2.0 permanent")


@pytest.mark.parametrize("content", ["", "no term", '{script,{"demo","9"},[]}.'])
def test_a_boot_file_that_is_none(versions, node, tmp_path, content):
    boot = {"releases/0.2.0/start.boot": content}
    package = versions.tarball(tmp_path / "x.tar.gz", "0.2.0", boot)
    said = refused(node, "upgrade", str(package))
    assert "start.boot of version 0.2.0 is no boot file of it" in said


def test_times_that_no_timer_takes(versions, node, tmp_path: Path):
    package = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
    for name in ("CODE_CHANGE_TIMEOUT", "SUSPEND_TIMEOUT"):
        done = node.run("upgrade", str(package), **{name: "4294968"})
        assert done.returncode == 1
        assert "below a million" in done.stderr
    done = node.run("commit", DAEMON_TIMEOUT="x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "DAEMON_TIMEOUT is seconds" in done.stderr
    node.ok("upgrade", str(package), CODE_CHANGE_TIMEOUT="999999")


REL = "releases/demo-0.2.0.rel"
OWN_REL = "releases/0.2.0/demo.rel"
RELUP = "releases/0.2.0/relup"

BROKEN = [
    ("version", "'0.2.0'", "the .rel file holds no release"),
    ("apps", "[foo]", "the .rel file holds no release"),
    ("apps", '[{"../../etc", "1"}]', "the .rel file holds no release"),
    ("apps", '[{counter, "1/../.."}]', "the .rel file holds no release"),
    ("apps", '[{counter, "2.0"} | x]', "the .rel file holds no release"),
    ("erts", "none", "the .rel file holds no release"),
    (CONFIG, "[{counter, []} | x].", "it is not one list"),
    (
        CONFIG,
        "[{counter, [{greeting, 1} | x]}].",
        "is not {Application, [{Key, Value}]}",
    ),
    (CONFIG, b"\xff\xfe\0", "it is not in the encoding that it names, or in UTF-8"),
    (RELUP, '{"0.2.0", [{"0.1.0", []}], []}.', "is no relup"),
    (RELUP, '{"0.2.0", [foo, "bar"], [baz]}.', "is no relup"),
    (RELUP, '{"0.2.0", [{"0.1.0", [], [point_of_no_return | x]}], []}.', "is no relup"),
    (RELUP, '{"0.2.0", [{"0.1.0", [], []} | x], []}.', "is no relup"),
]


def test_files_of_the_wrong_form(versions, node, tmp_path):
    """Each is refused in words, with nothing put beside what is here."""
    package = tmp_path / "x.tar.gz"
    before = sorted(node.root.rglob("*"))
    for place, content, words in BROKEN:
        if place in ("version", "apps", "erts"):
            parts = {"version": '"0.2.0"', "erts": f'"{erts_version()}"', "apps": "[]"}
            text = rel_file(**(parts | {place: str(content)}))
            changes = {REL: text, OWN_REL: text}
        else:
            changes = {place: content}
        versions.tarball(package, "0.2.0", changes)
        said = refused(node, "upgrade", str(package))
        assert words in said, (place, content)
    assert sorted(node.root.rglob("*")) == before


def rel_file(*, version: str, erts: str, apps: str) -> str:
    return f'{{release, {{"demo", {version}}}, {{erts, {erts}}}, {apps}}}.\n'


def test_encodings_of_the_rel_file(versions, node, tmp_path):
    package = tmp_path / "x.tar.gz"
    own = (versions.root / OWN_REL).read_bytes()
    bad = b"%% \xe9\n" + own
    versions.tarball(package, "0.2.0", {REL: bad, OWN_REL: bad})
    said = refused(node, "upgrade", str(package))
    assert "is neither in UTF-8 nor says what it is in (% coding: latin-1)" in said
    assert not (node.root / "lib/counter-2.0").exists()
    good = b"%% coding: latin-1 \xe9\n" + own
    versions.tarball(package, "0.2.0", {REL: good, OWN_REL: good})
    node.ok("upgrade", str(package))


def test_members_that_are_none(versions, node, tmp_path):
    good = versions.tarball(tmp_path / "good.tar.gz", "0.2.0")
    tar = gzip.decompress(good.read_bytes())
    package = tmp_path / "x.tar.gz"
    hard = tarfile.TarInfo("lib/hard")
    hard.type, hard.linkname = tarfile.LNKTYPE, REL
    raw = tarfile.TarInfo("etc/a\udcff")
    for info, words in (
        (hard, "lib/hard in it is neither a file nor a directory nor a symbolic"),
        (raw, "a file name in it is not in UTF-8"),
    ):
        member = info.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
        package.write_bytes(gzip.compress(member + tar))
        assert words in refused(node, "upgrade", str(package))
    package.write_bytes(gzip.compress(tar[:5000]) + gzip.compress(tar[5000:]))
    assert "compress it in one" in refused(node, "upgrade", str(package))


def test_another_configuration_under_the_same_version(versions, node, tmp_path):
    first = versions.tarball(tmp_path / "first.tar.gz", "0.2.0")
    node.ok("unpack", str(first))
    other = versions.tarball(
        tmp_path / "other.tar.gz", "0.2.0", {CONFIG: "[{counter, []}]."}
    )
    said = refused(node, "upgrade", str(other))
    assert "is here already, with another sys.config: uninstall it first" in said
    node.ok("uninstall", "0.2.0")
    node.ok("upgrade", str(other))
    assert node.ok("rpc", GREETING) == '{ok,"none"}'


def test_the_cookie_file_of_a_tarball_is_not_taken(versions, node, tmp_path):
    """It is that of all versions, the running one too."""
    cookie = node.root / "releases/COOKIE"
    assert not cookie.exists()
    package = tmp_path / "x.tar.gz"
    versions.tarball(package, "0.2.0", {"releases/COOKIE": "anotherCookie7"})
    node.ok("upgrade", str(package))
    assert not cookie.exists()
    node.ok("ping")


def test_what_cannot_be_written_after_the_version_runs(versions, node, tmp_path):
    """No 3, which says that the node goes on as before."""
    package = tmp_path / "x.tar.gz"
    script = (node.root / "bin/demo").read_text() + "\n# of 0.2.0\n"
    versions.tarball(package, "0.2.0", {"bin/demo": script})
    in_the_way = node.root / "bin/demo.new"
    in_the_way.mkdir()
    done = node.run("upgrade", str(package))
    assert done.returncode == 4, done.stderr
    assert "The node runs 0.2.0; the version that it starts is 0.2.0" in done.stderr
    in_the_way.rmdir()


def slow_upgrade(versions, node, package) -> subprocess.Popen[str]:
    """Return an upgrade whose instructions are being followed."""
    versions.tarball(package, "0.4.0")  # its code_change takes its time
    command = subprocess.Popen(
        node.argv("upgrade", str(package)),
        env=node.env(REPLACE_OS_VARS="true", GREETING="hello"),
        stderr=subprocess.PIPE,
        text=True,
    )
    busy = node.root / "releases/.upgrade/before/0.4.0.config"
    deadline = time.monotonic() + 60
    while not busy.exists():
        assert command.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)
    return command


def test_a_version_that_cannot_be_made_permanent(versions, node, tmp_path):
    command = slow_upgrade(versions, node, tmp_path / "x.tar.gz")
    (node.root / "releases/.upgrade/before/start_erl.data.new").mkdir()
    _, said = command.communicate(timeout=60)
    assert command.returncode == 4, said
    assert "The node runs 0.4.0; the version that it starts is 0.1.0" in said
    assert node.ok("versions") == "  0.1.0 permanent\n* 0.4.0 current"
    node.ok("commit")
    assert node.ok("versions").endswith("* 0.4.0 permanent")


def test_a_node_that_stops_meanwhile(versions, node, tmp_path):
    command = slow_upgrade(versions, node, tmp_path / "x.tar.gz")
    node.ok("stop")
    _, said = command.communicate(timeout=60)
    assert command.returncode == 4, said
    assert "went away meanwhile. It starts as 0.1.0" in said


def test_an_uninstall_that_was_killed(versions, node, tmp_path):
    """What it left goes with the next one, and nothing that is no version does."""
    package = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
    before = sorted(node.root.rglob("*"))
    node.ok("unpack", str(package))
    file = node.root / "releases/RELEASES"
    node.ok("rpc", 'release_handler:set_removed("0.2.0")')
    assert "0.2.0" not in file.read_text()
    assert node.ok("uninstall", "0.2.0") == "version 0.2.0 is gone"
    assert sorted(node.root.rglob("*")) == before
    (node.root / "releases/notes").mkdir()
    assert "is not here" in refused(node, "uninstall", "notes")
    assert (node.root / "releases/notes").is_dir()


SLOW = """
Slow = fun() ->
    process_flag(trap_exit, true), receive {'EXIT', _, _} -> timer:sleep(10000) end
end,
Start = {erlang, apply, [fun() -> {ok, spawn_link(Slow)} end, []]},
supervisor:start_child(kernel_safe_sup, #{id => a, start => Start, shutdown => 20000})
"""


def test_a_node_that_is_stopping(versions, node, tmp_path):
    """`sasl` is gone by then, but not for want of it in the release."""
    package = versions.tarball(tmp_path / "x.tar.gz", "0.2.0")
    assert node.ok("rpc", SLOW).startswith("{ok,")
    stop = subprocess.Popen(node.argv("stop"), env=node.env())
    gone = "{element(1, init:get_status()), whereis(release_handler)}"
    deadline = time.monotonic() + 60
    while node.ok("rpc", gone) != "{stopping,undefined}":
        assert time.monotonic() < deadline
    done = node.run("upgrade", str(package))
    assert stop.wait(timeout=60) == 0
    assert (done.returncode, done.stdout) == (1, "")
    assert "is stopping: give the command when it is up" in done.stderr

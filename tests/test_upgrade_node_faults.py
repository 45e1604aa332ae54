"""Versions that would go wrong on a live node after they were taken: refused before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.start_release import Release, own_epmd
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
    node.ok("upgrade", str(package), CODE_CHANGE_TIMEOUT="999999")

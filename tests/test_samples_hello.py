"""hello_erlang: one application by erlc, from `doit release` to an answer."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.nodes import (
    booted,
    build,
    copy_sample,
    path_without_erlang,
    ran,
    unpack,
)

TARBALL = "_build/prod/rel/hello-0.1.0.tar.gz"


def test_builds_boots_and_answers(tmp_path):
    project = copy_sample("hello_erlang", tmp_path)
    first = build(project)
    assert "release:hello:prod:tar" in ran(first)
    root = unpack(project / TARBALL, tmp_path / "elsewhere")
    assert list(root.glob("erts-*/bin/beam.smp"))
    with booted(root, "hello") as node:
        assert node.ask('hello_server:greet(<<"Joe">>).') == '{<<"Hello, Joe!">>,1}'
        assert node.ask('hello_server:greet(<<"Joe">>).') == '{<<"Hello, Joe!">>,2}'
        assert node.ask("init:script_id().") == '{"hello","0.1.0"}'


def test_second_build_runs_nothing(tmp_path):
    project = copy_sample("hello_erlang", tmp_path)
    build(project)
    before = _times(project)
    again = build(project)
    assert [name for name in ran(again) if ":" in name] == []
    assert _times(project) == before


def test_development_release_follows_the_sources(tmp_path):
    project = copy_sample("hello_erlang", tmp_path)
    build(project, "release", "--env=dev")
    root = project / "_build/dev/rel/hello"
    assert (root / "lib/hello-0.1.0").is_symlink()
    assert list(root.glob("erts-*")) == []
    server = project / "src/hello_server.erl"
    server.write_text(
        server.read_text().replace('Name/binary, "!"', 'Name/binary, "?"')
    )
    build(project, "release", "--env=dev")
    with booted(root, "hello") as node:
        assert node.ask('hello_server:greet(<<"Joe">>).') == '{<<"Hello, Joe?">>,1}'


@pytest.fixture
def public():
    """Give a directory that every user can enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def test_boots_without_erlang_and_without_write_access(tmp_path, public):
    project = copy_sample("hello_erlang", tmp_path)
    build(project)
    root = unpack(project / TARBALL, public / "a release")
    subprocess.run(["chmod", "-R", "a-w", root], check=True)
    before = _times(root)
    wrapper = ()
    if os.geteuid() == 0:
        wrapper = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    path = path_without_erlang(public / "bin")
    with booted(root, "hello", wrapper, PATH=path, HOME="/nonexistent") as node:
        assert node.ask('hello_server:greet(<<"Joe">>).') == '{<<"Hello, Joe!">>,1}'
        own = node.ask("code:root_dir().")
        assert own.strip('"') == str(root)
    assert _times(root) == before


def test_building_needs_no_erlang(tmp_path):
    project = copy_sample("hello_erlang", tmp_path)
    build(project)  # compiles
    dodo = project / "dodo.py"
    changed = dodo.read_text().replace('compile=erlc("src/*.erl")', 'lib_dirs=["."]')
    assert "lib_dirs" in changed
    dodo.write_text(changed)
    path = path_without_erlang(tmp_path / "bin")
    otp = Path(shutil.which("erl")).resolve().parent.parent
    digests = set()
    for name, environment in {
        "with": {},
        "without": {"PATH": path, "ERL_ROOTDIR": str(otp)},
    }.items():
        copy = tmp_path / name
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("_b*", ".doit*"))
        build(copy, **environment)
        digests.add(hashlib.sha256((copy / TARBALL).read_bytes()).hexdigest())
    assert len(digests) == 1


def _times(project):
    return {
        str(path): path.lstat().st_mtime_ns
        for path in project.rglob("*")
        if ".doit" not in path.name and "__pycache__" not in path.parts
    }

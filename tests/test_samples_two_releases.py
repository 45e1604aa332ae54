"""two_releases: one dodo.py, two releases over one tree of applications."""

from __future__ import annotations

import pytest

from tests.nodes import booted, build, copy_sample, unpack


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = copy_sample("two_releases", tmp_path_factory.mktemp("two"))
    build(project, "release:*:prod")
    return project


def test_the_small_one(built, tmp_path):
    root = unpack(built / "_build/prod/rel/counter-1.0.0.tar.gz", tmp_path / "small")
    assert not list(root.glob("lib/counter_log-*"))
    with booted(root, "counter") as node:
        assert node.ask("counter:next().") == "1"
        assert node.ask("counter:next().") == "2"
        assert node.ask("code:which(counter_log).") == "non_existing"


def test_the_large_one(built, tmp_path):
    root = unpack(
        built / "_build/prod/rel/counter_log-1.1.0.tar.gz", tmp_path / "large"
    )
    with booted(root, "counter_log") as node:
        assert node.ask("[counter_log:next(), counter_log:next()].") == "[1,2]"
        assert node.ask("counter_log:all() =:= [1,2].") == "true"
        state = node.ask(
            "{lists:keymember(runtime_tools, 1, application:loaded_applications()),"
            " lists:keymember(runtime_tools, 1, application:which_applications())}."
        )
        assert state == "{true,false}"


def test_the_default_is_only_one_of_them(tmp_path):
    project = copy_sample("two_releases", tmp_path)
    build(project)
    assert (project / "_build/prod/rel/counter").is_dir()
    assert not (project / "_build/prod/rel/counter_log").exists()
    build(project, "release", "--name=counter_log")
    assert (project / "_build/prod/rel/counter_log-1.1.0.tar.gz").is_file()

"""hello_erlang: one application by erlc, from `doit release` to an answer."""

from __future__ import annotations

from tests.nodes import booted, build, copy_sample, ran, unpack


def test_builds_boots_and_answers(tmp_path):
    project = copy_sample("hello_erlang", tmp_path)
    first = build(project)
    assert "release:hello:prod:tar" in ran(first)
    root = unpack(
        project / "_build/prod/rel/hello-0.1.0.tar.gz", tmp_path / "elsewhere"
    )
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


def _times(project):
    return {
        str(path): path.lstat().st_mtime_ns
        for path in project.rglob("*")
        if ".doit" not in path.name and "__pycache__" not in path.parts
    }

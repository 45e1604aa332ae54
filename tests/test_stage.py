"""Staging gives the tree that was asked for, and touches nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.cleaning import made_by_task, remove
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stage import AppTree, stage_all
from dodo_relkit.edge.stage_members import stage_members


def app(root: Path, place: str, files: dict[str, bytes]) -> AppTree:
    """Write an application and describe it as the digest step does."""
    directory = root / "src" / place
    described = {}
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if name.startswith("priv/run") else 0o444)
        digest = hashlib.sha256(content).hexdigest()
        described[name] = (digest, name.startswith("priv/run"))
    name, _, vsn = place.rpartition("-")
    return AppTree(name=name, vsn=vsn, directory=str(directory), files=described)


def unstage(rel: Path) -> None:
    """Remove what was staged, and the manifest, as `doit clean` does."""
    layout = Layout(name="web", output=str(rel), work=str(rel.parent))
    remove(made_by_task(layout, "lib", []))


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


FOO = {"ebin/foo.app": b"foo", "ebin/foo.beam": b"beam", "priv/run": b"#!"}
FOO_STAGED = {f"lib/foo-1/{name}": content for name, content in FOO.items()}


@pytest.fixture
def rel(tmp_path: Path) -> Path:
    return tmp_path / "rel"


def stage(
    rel: Path, *trees: AppTree, dev_mode: bool = False
) -> tuple[list[str], list[str]]:
    staged = stage_all(rel, trees, rel.parent / "lib-manifest.json", dev_mode=dev_mode)
    return list(staged.written), list(staged.removed)


def codes(trouble: pytest.ExceptionInfo[Trouble]) -> list[Code]:
    return [each.code for each in trouble.value.diagnostics]


def test_copies_what_is_asked_with_clean_modes(tmp_path: Path, rel: Path) -> None:
    written, removed = stage(rel, app(tmp_path, "foo-1", FOO))
    assert written == sorted(FOO_STAGED)
    assert removed == []
    assert tree(rel) == FOO_STAGED
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in rel.rglob("*")
        if path.is_file()
    }
    assert modes == {"foo.app": 0o644, "foo.beam": 0o644, "run": 0o755}


def test_a_second_run_does_nothing(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    before = {path: path.stat().st_mtime_ns for path in rel.rglob("*")}
    assert stage(rel, foo) == ([], [])
    (rel.parent / "lib-manifest.json").unlink()  # even when it forgot what it did
    assert stage(rel, foo) == ([], [])
    assert {path: path.stat().st_mtime_ns for path in rel.rglob("*")} == before


def test_copies_only_what_changed_and_removes_what_is_gone(
    tmp_path: Path, rel: Path
) -> None:
    stage(rel, app(tmp_path, "foo-1", FOO), app(tmp_path, "bar-2", {"ebin/b": b""}))
    changed = {"ebin/foo.app": b"foo", "ebin/foo.beam": b"new", "priv/a/b": b"deep"}
    written, removed = stage(rel, app(tmp_path, "foo-1", changed))
    assert written == ["lib/foo-1/ebin/foo.beam", "lib/foo-1/priv/a/b"]
    assert removed == ["lib/bar-2/ebin/b", "lib/foo-1/priv/run"]
    assert tree(rel) == {f"lib/foo-1/{n}": c for n, c in changed.items()}
    assert not (rel / "lib" / "bar-2").exists()


def test_what_earlier_releases_need_stays_until_they_are_gone(
    tmp_path: Path, rel: Path
) -> None:
    manifest = tmp_path / "lib-manifest.json"
    old, new = app(tmp_path, "foo-1", FOO), app(tmp_path, "foo-2", {"ebin/b": b""})
    stage(rel, old)
    for _ in range(2):
        stage_all(rel, [new], manifest, keep=frozenset({"foo-1", "bar-9"}))
        assert tree(rel) == {**FOO_STAGED, "lib/foo-2/ebin/b": b""}
    stage_all(rel, [new], manifest)
    assert tree(rel) == {"lib/foo-2/ebin/b": b""}


def test_files_become_directories_and_back(tmp_path: Path, rel: Path) -> None:
    for files in ({"priv/x": b"file"}, {"priv/x/y": b"deep"}, {"priv/x": b"file"}):
        for path in (tmp_path / "src").rglob("priv/x*"):
            subprocess.run(["rm", "-r", path], check=True)
        stage(rel, app(tmp_path, "foo-1", files))
        assert tree(rel) == {f"lib/foo-1/{n}": c for n, c in files.items()}


def test_foreign_files_stay(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    (rel / "lib/foo-1/priv/mine").write_bytes(b"mine")
    (rel / "lib/other-1").mkdir()
    (rel / "lib/other-1/mine").write_bytes(b"mine")
    stage(rel)
    mine = {"lib/foo-1/priv/mine": b"mine", "lib/other-1/mine": b"mine"}
    assert tree(rel) == mine
    stage(rel, foo)
    unstage(rel)
    assert tree(rel) == mine
    assert not (rel.parent / "lib-manifest.json").exists()


@pytest.mark.parametrize("damage", ["deleted", "changed", "mode", "link", "same-size"])
def test_repairs_what_was_done_by_hand(tmp_path: Path, rel: Path, damage: str) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    path = rel / "lib/foo-1/ebin/foo.beam"
    match damage:
        case "deleted":
            path.unlink()
        case "changed":
            path.write_bytes(b"something else")
        case "same-size":
            path.write_bytes(b"BEAM")
        case "mode":
            path.chmod(0o600)
        case "link":
            path.unlink()
            path.symlink_to(tmp_path / "src/foo-1/ebin/foo.beam")
    assert stage(rel, foo) == (["lib/foo-1/ebin/foo.beam"], [])
    assert tree(rel) == FOO_STAGED
    assert not path.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_follows_links_of_the_source(tmp_path: Path, rel: Path) -> None:
    shared = app(tmp_path, "shared-1", {"lib.so": b"so", "dir/x": b"x"})
    foo = app(tmp_path, "foo-1", {"ebin/foo.app": b"foo"})
    (Path(foo.directory) / "priv").symlink_to(shared.directory)
    files = {**foo.files} | {f"priv/{n}": d for n, d in shared.files.items()}
    stage(rel, AppTree(name="foo", vsn="1", directory=foo.directory, files=files))
    assert tree(rel)["lib/foo-1/priv/dir/x"] == b"x"
    assert not any(path.is_symlink() for path in rel.rglob("*"))


def test_development_links_and_back(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    source = tree(tmp_path / "src")
    for _ in range(2):
        written, removed = stage(rel, foo)
        assert written == sorted(FOO_STAGED)
        assert not (rel / "lib/foo-1").is_symlink()
        written, removed = stage(rel, foo, dev_mode=True)
        assert (written, removed) == (["lib/foo-1"], sorted(FOO_STAGED))
        assert os.readlink(rel / "lib/foo-1") == foo.directory
        assert stage(rel, foo, dev_mode=True) == ([], [])
        assert tree(tmp_path / "src") == source
    stage(rel)
    assert not os.path.lexists(rel / "lib/foo-1")
    assert tree(tmp_path / "src") == source


def test_a_link_goes_where_the_application_moved(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo, dev_mode=True)
    moved = AppTree(name="foo", vsn="1", directory=f"{tmp_path}/new", files={})
    assert stage(rel, moved, dev_mode=True) == (["lib/foo-1"], [])
    assert os.readlink(rel / "lib/foo-1") == f"{tmp_path}/new"


def test_nothing_is_written_or_removed_through_a_link(
    tmp_path: Path, rel: Path
) -> None:
    """The link was put there by hand, and the manifest says: copies."""
    foo = app(tmp_path, "foo-1", FOO)
    for last in ("copy", "unstage", "other", "link"):
        stage(rel, foo)
        subprocess.run(["rm", "-r", rel / "lib/foo-1"], check=True)
        (rel / "lib/foo-1").symlink_to(foo.directory)
        source = tree(tmp_path / "src")
        match last:
            case "copy":
                smaller = AppTree(
                    name="foo",
                    vsn="1",
                    directory=foo.directory,
                    files={"ebin/foo.app": foo.files["ebin/foo.app"]},
                )
                stage(rel, smaller)
                assert tree(rel) == {"lib/foo-1/ebin/foo.app": b"foo"}
            case "unstage":
                unstage(rel)
            case "other":
                stage(rel)
            case "link":
                stage(rel, foo, dev_mode=True)
        assert tree(tmp_path / "src") == source
        unstage(rel)
        assert tree(tmp_path / "src") == source


def test_a_link_by_hand_in_a_place_never_staged(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    bar = app(tmp_path, "bar-1", {"ebin/bar.app": b"bar", "ebin/foo.app": b"other"})
    source = tree(tmp_path / "src")
    (rel / "lib").mkdir(parents=True)
    (rel / "lib/foo-1").symlink_to(bar.directory)
    stage(rel, foo)
    assert tree(rel) == FOO_STAGED
    assert tree(tmp_path / "src") == source


def test_links_from_one_application_to_another(tmp_path: Path, rel: Path) -> None:
    """What is staged for one must not land in the other."""
    foo = app(tmp_path, "foo-1", FOO)
    bar = app(tmp_path, "bar-1", {"priv/run": b"of bar"})
    stage(rel, foo, bar)
    (rel / "lib/foo-1/priv/run").unlink()
    (rel / "lib/foo-1/priv").rmdir()
    (rel / "lib/foo-1/priv").symlink_to("../bar-1/priv")
    changed = app(tmp_path, "foo-1", {**FOO, "priv/run": b"changed"})
    with pytest.raises(Trouble) as trouble:
        stage(rel, changed, bar)
    assert codes(trouble) == [Code.UNSAFE_PATH]
    assert (rel / "lib/bar-1/priv/run").read_bytes() == b"of bar"
    stage(rel, bar)
    assert (rel / "lib/bar-1/priv/run").read_bytes() == b"of bar"


@pytest.mark.parametrize("where", ["lib", "lib/foo-1/priv"])
def test_links_above_files_are_refused(tmp_path: Path, rel: Path, where: str) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    outside = tmp_path / "outside"
    (rel / where).rename(outside)
    (rel / where).symlink_to(outside)
    before = tree(outside)
    changed = app(tmp_path, "foo-1", {**FOO, "priv/run": b"changed"})
    with pytest.raises(Trouble) as trouble:
        stage(rel, changed)
    assert codes(trouble) == [Code.UNSAFE_PATH]
    unstage(rel)
    assert tree(outside) == before


def test_a_link_does_not_replace_foreign_files(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    (rel / "lib/foo-1/mine").write_bytes(b"mine")
    with pytest.raises(Trouble) as trouble:
        stage(rel, foo, dev_mode=True)
    assert codes(trouble) == [Code.FOREIGN_FILES]
    assert trouble.value.diagnostics[0].facts["files"] == ("mine",)
    assert tree(rel) == {"lib/foo-1/mine": b"mine"}
    (rel / "lib/foo-1/mine").unlink()
    (rel / "lib/foo-1/empty/er").mkdir(parents=True)
    stage(rel, foo, dev_mode=True)
    assert (rel / "lib/foo-1").is_symlink()


@pytest.mark.parametrize(
    ("name", "vsn"),
    [
        ("foo", "../../x"),
        ("..", ""),
        ("../foo", "1"),
        ("", "1"),
        (".hidden", "1"),
        ("foo", "1/2"),
        ("foo", "1\0"),
        ("foo", "1\n"),
        ("a\\b", "1"),
    ],
)
def test_names_that_are_no_directories(
    tmp_path: Path, rel: Path, name: str, vsn: str
) -> None:
    bad = AppTree(name=name, vsn=vsn, directory=str(tmp_path), files={})
    for dev_mode in (False, True):
        with pytest.raises(Trouble) as trouble:
            stage(rel, bad, app(tmp_path, "foo-1", FOO), dev_mode=dev_mode)
        assert codes(trouble) == [Code.BAD_APP_DIRECTORY]
    assert not rel.exists()


def test_two_applications_in_one_place(tmp_path: Path, rel: Path) -> None:
    one = AppTree(name="a-1", vsn="2", directory="x", files={})
    two = AppTree(name="a", vsn="1-2", directory="x", files={})
    with pytest.raises(Trouble) as trouble:
        stage(rel, one, two)
    assert codes(trouble) == [Code.BAD_APP_DIRECTORY]


def test_paths_that_lead_out(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    for bad in ("../x", "/x", "a/../../../x"):
        files = {bad: foo.files["priv/run"]}
        hostile = AppTree(name="foo", vsn="1", directory=foo.directory, files=files)
        with pytest.raises(Trouble) as trouble:
            stage(rel, hostile)
        assert codes(trouble) == [Code.UNSAFE_PATH]


def test_a_hostile_manifest_removes_nothing_outside(tmp_path: Path, rel: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    rel.mkdir()
    (rel / "mine").write_bytes(b"mine")
    manifest = {
        "format": 1,
        "apps": {
            "../..": {"link": "", "files": {"precious": ["", 0, 0, 0]}},
            "foo-1": {"link": "", "files": {"../../mine": ["", 0, 0, 0],
                                            str(precious): ["", 0, 0, 0]}},
        },
        "pending": {"..": ["mine"], "foo-1": ["../../../precious"]},
    }  # fmt: skip
    (tmp_path / "lib-manifest.json").write_text(json.dumps(manifest))
    stage(rel)
    assert precious.exists()
    assert (rel / "mine").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format":1}', b"\xff", b'"x"'])
def test_a_damaged_manifest_is_an_empty_one(
    tmp_path: Path, rel: Path, content: bytes
) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    (tmp_path / "lib-manifest.json").write_bytes(content)
    assert stage(rel, foo) == ([], [])
    assert stage(rel) == ([], sorted(FOO_STAGED))


def test_a_source_that_changed_meanwhile(tmp_path: Path, rel: Path) -> None:
    foo = app(tmp_path, "foo-1", FOO)
    app(tmp_path, "foo-1", {**FOO, "priv/run": b"changed"})
    with pytest.raises(Trouble) as trouble:
        stage(rel, foo)
    assert codes(trouble) == [Code.CHANGED_MEANWHILE]
    stage(rel, app(tmp_path, "foo-1", FOO))
    assert tree(rel) == FOO_STAGED


KILLED = """
import os, sys
from pathlib import Path
import dodo_relkit.edge.files as files
from tests.test_stage import app, FOO, stage
root, fatal = Path(sys.argv[1]), int(sys.argv[2])
count = 0
replace = Path.replace
def deadly(self, target):
    global count
    count += 1
    if count == fatal:
        os.kill(os.getpid(), 9)
    return replace(self, target)
Path.replace = deadly
stage(root / "rel", app(root, "foo-2", {**FOO, "priv/new": b"new"}),
      app(root, "bar-1", {"ebin/b": b"b"}))
"""


@pytest.mark.parametrize("fatal", range(1, 9))
def test_a_killed_run_leaves_nothing_wrong(
    tmp_path: Path, rel: Path, fatal: int
) -> None:
    """Five files and two manifests are put in place; killed before each of them."""
    foo = app(tmp_path, "foo-1", FOO)
    stage(rel, foo)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(fatal)],
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if fatal < 8 else 0)
    stage(rel, foo)
    assert tree(rel) == FOO_STAGED
    assert {path.name for path in (rel / "lib").iterdir()} == {"foo-1"}


names = st.sampled_from(["ebin/a", "ebin/b", "priv/c", "priv/d/e", "run"])
states = st.dictionaries(
    st.sampled_from(["foo-1", "foo-2", "bar-1"]),
    st.dictionaries(names, st.sampled_from([b"", b"1", b"22"]), min_size=1),
)


@given(st.lists(st.tuples(states, st.booleans(), st.booleans()), max_size=6))
@settings(deadline=None, max_examples=60)
def test_any_sequence_of_runs_gives_the_last_tree(
    runs: list[tuple[dict[str, dict[str, bytes]], bool, bool]],
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        rel = root / "rel"
        rel.mkdir()
        (rel / "foreign").write_bytes(b"mine")
        for number, (wanted, dev_mode, forgets) in enumerate(runs):
            if forgets and not dev_mode:
                unstage(rel)
            sources = root / str(number)
            trees = [app(sources, place, files) for place, files in wanted.items()]
            stage(rel, *trees, dev_mode=dev_mode)
            expected = {
                f"lib/{place}/{path}": content
                for place, files in wanted.items()
                for path, content in files.items()
            }
            found = {
                os.path.relpath(os.path.join(where, each), rel)
                for where, _, files in os.walk(rel, followlinks=True)
                for each in files
            }
            assert found == {*expected, "foreign"}
            assert all((rel / n).read_bytes() == c for n, c in expected.items())
            assert tree(sources) == {
                f"src/{n.removeprefix('lib/')}": c for n, c in expected.items()
            }


def test_other_members_are_staged_alike(tmp_path: Path, rel: Path) -> None:
    manifest = tmp_path / "erts.json"
    (tmp_path / "emu").write_bytes(b"ELF")
    (tmp_path / "emu").chmod(0o555)
    emu = Member(path="erts-1/bin/emu", mode=0o555, source=str(tmp_path / "emu"))
    erl = Member(path="erts-1/bin/erl", mode=0o755, content=b"#!")
    staged = stage_members(rel, [emu, erl], manifest)
    assert staged.written == ("erts-1/bin/emu", "erts-1/bin/erl")
    assert stat.S_IMODE((rel / "erts-1/bin/emu").stat().st_mode) == 0o755
    assert stage_members(rel, [emu, erl], manifest).written == ()
    (rel / "erts-1/bin/erl").unlink()
    (rel / "erts-1/bin/mine").write_bytes(b"mine")
    assert stage_members(rel, [emu, erl], manifest).written == ("erts-1/bin/erl",)
    staged = stage_members(rel, [erl], manifest)
    assert (staged.written, staged.removed) == ((), ("erts-1/bin/emu",))
    staged = stage_members(rel, [], manifest)
    assert tree(rel) == {"erts-1/bin/mine": b"mine"}

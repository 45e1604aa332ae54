"""Files of application trees and their digests, on real trees."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge import digest
from dodo_relkit.edge.digest import (
    Tree,
    content_digests,
    stat_files,
)
from dodo_relkit.edge.tree_look import PARTS, SOURCE_PARTS, tree_signature


def write(path: Path, content: str = "", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


def told(tree: Tree) -> list[tuple[Code, str]]:
    return [(each.code, str(each.facts["path"])) for each in tree.diagnostics]


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as settled as soon as they are written."""
    monkeypatch.setattr(digest, "SETTLED_NS", -(10**12))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    app = tmp_path / "a"
    write(app / "ebin" / "a.app", "app")
    write(app / "ebin" / "a.beam", "beam")
    write(app / "priv" / "bin" / "tool", "tool", 0o755)
    write(app / "include" / "a.hrl", "hrl")
    write(app / "src" / "a.erl", "erl")
    write(app / "README", "readme")
    return app


def test_parts_of_a_release(app: Path) -> None:
    tree = stat_files(str(app))
    assert list(tree.files) == [
        "ebin/a.app",
        "ebin/a.beam",
        "include/a.hrl",
        "priv/bin/tool",
    ]
    assert (tree.directory, tree.diagnostics) == (str(app), ())
    assert list(stat_files(str(app), PARTS + SOURCE_PARTS).files)[-1] == "src/a.erl"
    assert list(stat_files(str(app), ["src"]).files) == ["src/a.erl"]


def test_looks_are_those_of_stat(app: Path) -> None:
    tree = stat_files(str(app))
    for path, look in tree.files.items():
        status = (app / path).stat()
        assert look == (
            status.st_mtime_ns,
            status.st_size,
            status.st_ctime_ns,
            status.st_ino,
            path == "priv/bin/tool",
        )


def test_nothing_there(tmp_path: Path) -> None:
    assert stat_files(str(tmp_path)).files == {}
    gone = stat_files(str(tmp_path / "gone"))
    assert gone.files == {}
    assert told(gone) == [(Code.TREE_UNREADABLE, str(tmp_path / "gone"))]


def test_a_part_that_is_a_file_is_no_part(tmp_path: Path) -> None:
    write(tmp_path / "priv", "x")
    assert stat_files(str(tmp_path)).files == {}


def test_links_into_the_sources_are_followed(app: Path, tmp_path: Path) -> None:
    built = tmp_path / "_build" / "a"
    write(built / "ebin" / "a.app", "app")
    (built / "priv").symlink_to("../../a/priv")
    (built / "include").symlink_to(app / "include")
    write(built / "priv" / "more" / "x", "x")
    (built / "priv" / "more" / "y").symlink_to("x")
    (built / "priv" / "again").symlink_to("more")
    tree = stat_files(str(built))
    assert list(tree.files) == [
        "ebin/a.app",
        "include/a.hrl",
        "priv/again/x",
        "priv/again/y",
        "priv/bin/tool",
        "priv/more/x",
        "priv/more/y",
    ]
    assert tree.diagnostics == ()
    digests = content_digests([tree]).files[str(built)]
    assert digests["priv/again/y"] == sha("x")
    assert tree.files["priv/more/y"] == tree.files["priv/more/x"]


def test_linked_application(app: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    assert stat_files(str(tmp_path / "link")).files == stat_files(str(app)).files


def test_dangling_links_are_told(app: Path) -> None:
    (app / "priv" / "gone").symlink_to("nowhere")
    (app / "priv" / "self").symlink_to("self")
    (app / "src").rename(app / "c_src")
    (app / "src").symlink_to("nowhere")
    tree = stat_files(str(app), (*PARTS, "src"))
    assert {code for code, _ in told(tree)} == {Code.LINK_DANGLING}
    assert sorted(path for _, path in told(tree)) == [
        str(app / "priv" / "gone"),
        str(app / "priv" / "self"),
    ]
    assert len(tree.files) == 4


@pytest.mark.parametrize("to", [".", "..", "../..", "../../..", "/", "../priv"])
def test_links_to_what_contains_them_are_told(app: Path, to: str) -> None:
    (app / "priv" / "up").symlink_to(to)
    tree = stat_files(str(app))
    assert told(tree) == [(Code.LINK_CYCLE, str(app / "priv" / "up"))]
    assert len(tree.files) == 4


def test_two_links_in_a_circle_end(app: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one / "x", "1")
    write(two / "y", "2")
    (one / "two").symlink_to(two)
    (two / "one").symlink_to(one)
    (app / "priv" / "one").symlink_to(one)
    tree = stat_files(str(app))
    assert [path for path in tree.files if "one" in path] == [
        "priv/one/two/y",
        "priv/one/x",
    ]
    assert told(tree) == [(Code.LINK_CYCLE, str(app / "priv/one/two/one"))]


def test_pipes_are_told(app: Path) -> None:
    os.mkfifo(app / "priv" / "pipe")
    (app / "priv" / "link").symlink_to("pipe")
    tree = stat_files(str(app))
    assert sorted(path for _, path in told(tree)) == [
        str(app / "priv" / "link"),
        str(app / "priv" / "pipe"),
    ]
    assert {code for code, _ in told(tree)} == {Code.NOT_A_FILE}


def test_names_that_are_not_utf8(app: Path) -> None:
    (app / "priv" / os.fsdecode(b"caf\xe9")).write_text("x")
    tree = stat_files(str(app))
    digests = content_digests([tree])
    assert digests.files[str(app)][os.fsdecode(b"priv/caf\xe9")] == sha("x")
    tree_signature([str(app)])
    json.dumps(digests.cache)


# digests


def test_digests(app: Path, tmp_path: Path) -> None:
    write(tmp_path / "b" / "ebin" / "b.app", "other")
    trees = [stat_files(str(app)), stat_files(str(tmp_path / "b"))]
    assert content_digests(trees).files == {
        str(app): {
            "ebin/a.app": sha("app"),
            "ebin/a.beam": sha("beam"),
            "include/a.hrl": sha("hrl"),
            "priv/bin/tool": sha("tool"),
        },
        str(tmp_path / "b"): {"ebin/b.app": sha("other")},
    }


def again(app: Path, cache: dict) -> digest.Digests:
    return content_digests([stat_files(str(app))], json.loads(json.dumps(cache)))


def test_only_what_moved_is_read(app: Path, settled: None) -> None:
    first = content_digests([stat_files(str(app))])
    for entry in first.cache["files"].values():
        entry[-1] = "from the cache"
    write(app / "ebin" / "a.beam", "new")
    write(app / "ebin" / "b.beam", "added")
    (app / "include" / "a.hrl").unlink()
    second = again(app, first.cache)
    assert second.files[str(app)] == {
        "ebin/a.app": "from the cache",
        "ebin/a.beam": sha("new"),
        "ebin/b.beam": sha("added"),
        "priv/bin/tool": "from the cache",
    }
    assert f"{app}/include/a.hrl" not in second.cache["files"]
    assert again(app, second.cache) == second


def test_edit_of_equal_size_and_time_is_seen(app: Path, settled: None) -> None:
    file = app / "ebin" / "a.beam"
    before = file.stat()
    first = content_digests([stat_files(str(app))])
    time.sleep(0.02)
    file.write_text("maeb")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert again(app, first.cache).files[str(app)]["ebin/a.beam"] == sha("maeb")


def test_replaced_file_of_equal_size_and_times_is_seen(
    app: Path, settled: None
) -> None:
    """Two files that differ in nothing but inode and content."""
    file, other = app / "ebin" / "a.beam", app / "ebin" / "other"
    other.write_text("maeb")
    first = content_digests([stat_files(str(app))])
    entry = first.cache["files"][str(file)]
    entry[:3] = [other.stat().st_mtime_ns, 4, other.stat().st_ctime_ns]
    other.rename(file)
    os.utime(file, ns=(0, entry[0]))
    entry[2] = file.stat().st_ctime_ns
    assert again(app, first.cache).files[str(app)]["ebin/a.beam"] == sha("maeb")


def test_a_file_just_written_is_not_noted(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "SETTLED_NS", 3600 * 10**9)
    assert content_digests([stat_files(str(app))]).cache["files"] == {}
    monkeypatch.setattr(digest, "SETTLED_NS", 0)
    assert len(content_digests([stat_files(str(app))]).cache["files"]) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda cache: None,
        lambda cache: {},
        lambda cache: [],
        lambda cache: cache | {"format": 0},
        lambda cache: cache | {"files": []},
        lambda cache: cache | {"files": dict.fromkeys(cache["files"], 1)},
        lambda cache: cache | {"files": {key: [] for key in cache["files"]}},
        lambda cache: cache | {"files": {k: v[:4] for k, v in cache["files"].items()}},
        lambda cache: (
            cache | {"files": {k: [*v[:4], 7] for k, v in cache["files"].items()}}
        ),
    ],
)
def test_a_damaged_cache_is_none(app: Path, settled: None, damage: object) -> None:
    first = content_digests([stat_files(str(app))])
    assert content_digests([stat_files(str(app))], damage(first.cache)) == first


def test_a_file_that_is_gone_is_trouble(app: Path) -> None:
    tree = stat_files(str(app))
    (app / "ebin" / "a.app").unlink()
    with pytest.raises(Trouble) as caught:
        content_digests([tree])
    assert caught.value.diagnostics[0].code is Code.NOT_READ


# the signature


@pytest.mark.parametrize("to", [".", "..", "../..", "../../..", "/", "../priv"])
@pytest.mark.parametrize("place", ["priv/up", "priv/bin/up"])
def test_signature_does_not_follow_links_upwards(
    app: Path, place: str, to: str
) -> None:
    before = tree_signature([str(app)])
    (app / place).symlink_to(to)
    assert tree_signature([str(app)]) == before


def test_signature_of_links_in_a_circle_ends(app: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "x", "1")
    (tmp_path / "one" / "two").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "one").symlink_to(tmp_path / "one")
    (app / "priv" / "one").symlink_to(tmp_path / "one")
    assert tree_signature([str(app)]) == tree_signature([str(app)])


def test_signature_moves_with_every_change(app: Path) -> None:
    def now(parts: tuple[str, ...] = PARTS) -> str:
        return tree_signature([str(app)], parts)

    seen = [now()]

    def moved() -> bool:
        seen.append(now())
        return seen[-1] not in seen[:-1]

    write(app / "README", "other")
    write(app / "src" / "a.erl", "other")
    assert now() == seen[0]
    assert now((*PARTS, "src")) != seen[0]
    write(app / "ebin" / "a.beam", "longer")
    assert moved()
    (app / "priv" / "bin" / "tool").chmod(0o644)
    assert moved()
    (app / "priv" / "bin" / "tool").rename(app / "priv" / "bin" / "tools")
    assert moved()
    (app / "include" / "a.hrl").unlink()
    assert moved()
    (app / "priv" / "more").symlink_to("../src")
    assert moved()
    write(app / "src" / "b.erl")
    assert moved()


def test_signature_names_the_directories(app: Path, tmp_path: Path) -> None:
    other = tmp_path / "b"
    other.mkdir()
    signatures = {
        tree_signature(directories)
        for directories in ([], [str(app)], [str(other)], [str(app), str(other)])
    }
    assert len(signatures) == 4

"""Files are written whole or not at all, and never outside their tree."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.files import (
    copy_file,
    inside,
    remove_empty_parents,
    remove_file,
    replacing,
    write_file,
)


def codes(trouble: pytest.ExceptionInfo[Trouble]) -> list[Code]:
    return [each.code for each in trouble.value.diagnostics]


def test_says_whether_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    assert write_file(path, b"one") is True
    assert write_file(path, b"one") is False
    assert write_file(path, b"two") is True
    assert write_file(path, b"two", 0o755) is True
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_leaves_an_equal_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"one")
    os.utime(path, ns=(1, 1))
    before = path.stat()
    write_file(path, b"one")
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, 1)


def test_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        write_file(tmp_path / "file", b"", 0o644)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("precious")
    assert write_file(tmp_path / "link", b"mine") is True
    assert not (tmp_path / "link").is_symlink()
    write_file(tmp_path / "link", b"other")
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    with pytest.raises(ZeroDivisionError), replacing(path, 0o644) as file:
        file.write(b"half")
        _ = 1 / 0
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_run_left_does_not_hinder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    if (pid := os.fork()) == 0:
        with replacing(path, 0o644) as file:
            file.write(b"half")
            file.flush()
            os._exit(9)
    os.waitpid(pid, 0)
    assert len(os.listdir(tmp_path)) == 1
    assert not path.exists()
    write_file(path, b"whole")
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_bytes() == b"whole"


def test_a_directory_in_the_way_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(Trouble) as trouble:
        write_file(tmp_path / "file", b"x")
    assert codes(trouble) == [Code.NOT_WRITTEN]
    with pytest.raises(Trouble) as trouble:
        write_file(tmp_path / "file" / "a" / "b", b"x")
        write_file(tmp_path / "file" / "a" / "b" / "c", b"x")
    assert codes(trouble) == [Code.NOT_WRITTEN]


def test_a_copy_has_the_content_that_was_promised(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 3_000_000)
    digest = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    copy_file(tmp_path / "source", tmp_path / "d" / "copy", digest, 0o755)
    assert (tmp_path / "d" / "copy").read_bytes() == b"x" * 3_000_000
    assert stat.S_IMODE((tmp_path / "d" / "copy").stat().st_mode) == 0o755
    (tmp_path / "source").write_bytes(b"y")
    with pytest.raises(Trouble) as trouble:
        copy_file(tmp_path / "source", tmp_path / "d" / "copy", digest)
    assert codes(trouble) == [Code.CHANGED_MEANWHILE]
    assert (tmp_path / "d" / "copy").stat().st_size == 3_000_000
    with pytest.raises(Trouble) as trouble:
        copy_file(tmp_path / "none", tmp_path / "d" / "copy", digest)
    assert codes(trouble) == [Code.NOT_READ]


@pytest.mark.parametrize(
    "relpath",
    ["", "/etc/passwd", "..", "../x", "a/../../x", "a/./b", "a//b", "a/", "a\0b", "."],
)
def test_paths_that_are_refused(tmp_path: Path, relpath: str) -> None:
    with pytest.raises(Trouble) as trouble:
        inside(tmp_path, relpath)
    assert codes(trouble) == [Code.UNSAFE_PATH]


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (root / "inner").symlink_to("real")
    (root / "outer").symlink_to(tmp_path / "out")
    (root / "beside").symlink_to("../root-of-another")
    assert inside(root, "inner/file") == root / "inner" / "file"
    assert inside(root, "outer") == root / "outer"  # would be replaced
    assert inside(root, "new/dir/file") == root / "new" / "dir" / "file"
    for relpath in ("outer/file", "outer/deep/file", "beside/file"):
        with pytest.raises(Trouble) as trouble:
            inside(root, relpath)
        assert codes(trouble) == [Code.UNSAFE_PATH]


def test_a_root_behind_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    assert inside(tmp_path / "root", "a/b") == tmp_path / "root" / "a" / "b"


def test_removes_only_empty_parents_below_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    path = root / "a" / "b" / "c" / "file"
    write_file(path, b"")
    write_file(root / "a" / "keep", b"")
    assert remove_file(path) is True
    assert remove_file(path) is False
    remove_empty_parents(path, root)
    assert sorted(each.name for each in root.rglob("*")) == ["a", "keep"]
    remove_file(root / "a" / "keep")
    remove_empty_parents(root / "a" / "keep", root)
    assert root.is_dir()
    assert os.listdir(root) == []


def test_does_not_remove_directories_or_behind_links(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "out")
    remove_empty_parents(tmp_path / "root" / "link" / "file", tmp_path / "root")
    assert (tmp_path / "out").is_dir()
    assert remove_file(tmp_path / "out") is False
    assert (tmp_path / "out").is_dir()

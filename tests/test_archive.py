"""The tarball: the same bytes for the same members, and every tool reads it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.archive import (
    Group,
    Tarball,
    group_members,
    source_date_epoch,
    write_tarball,
)
from dodo_relkit.formats.gzip_frame import crc_join, crc_shift
from tests.oracle import Oracle

READ = """
(fun() ->
    {ok, Files} = erl_tar:extract({binary, In}, [memory, compressed]),
    [{unicode:characters_to_binary(Name), Content} || {Name, Content} <- Files]
end)()
"""

MEMBERS = (
    Member(path="bin/demo", mode=0o755, content=b"#!/bin/sh\n"),
    Member(path="releases/demo.rel", mode=0o644, content=b"{release,...}."),
    Member(path="releases/1.0/start.boot", mode=0o600, content=bytes(range(256)) * 9),
    Member(path="lib/a-1.0/ebin/a.app", mode=0o664, content=b"a"),
    Member(path="lib/a-1/ebin/a.app", mode=0o4644, content=b""),
    Member(path="lib/a-1/priv/run", mode=0o700, content=b"\x7fELF"),
    Member(path="README", mode=0o444, content=b"x" * 512),
)


def by_erlang(oracle: Oracle, path: Path) -> dict[str, bytes]:
    answer = oracle.ask(READ, path.read_bytes())
    pairs = [(bytes(each[0].value), each[1].value) for each in list_of(answer)]
    assert len({name for name, _ in pairs}) == len(pairs)
    return {name.decode(): content for name, content in pairs}


def list_of(value: Any) -> list[Any]:
    return list(getattr(value, "value", value))


def by_python(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            each.name: archive.extractfile(each).read()  # type: ignore[union-attr]
            for each in archive.getmembers()
            if each.isfile()
        }


def content_of(members: Iterable[Member]) -> dict[str, bytes]:
    return {member.path: member.content for member in members}


def make(
    directory: Path, members: Iterable[Member] = MEMBERS, cache: str = "cache"
) -> Tarball:
    return write_tarball(
        directory / "demo-1.0.tar.gz",
        group_members(members),
        cache_dir=directory / cache,
    )


def test_all_readers_agree(tmp_path: Path, oracle: Oracle) -> None:
    path = Path(make(tmp_path).path)
    assert by_erlang(oracle, path) == content_of(MEMBERS)
    assert by_python(path) == content_of(MEMBERS)
    subprocess.run(["gzip", "-t", path], check=True)
    for program in (["tar"], ["busybox", "tar"]):
        listing = subprocess.run(
            [*program, "tzf", path], check=True, capture_output=True, text=True
        )
        assert listing.stdout.split() == sorted(content_of(MEMBERS))
        assert listing.stderr == ""


def test_there_is_one_gzip_member_and_nothing_behind_it(tmp_path: Path) -> None:
    raw = Path(make(tmp_path).path).read_bytes()
    inflate = zlib.decompressobj(wbits=31)
    plain = inflate.decompress(raw)
    assert inflate.eof
    assert inflate.unused_data == b""
    assert len(plain) % 512 == 0
    assert raw[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_headers_tell_nothing_of_the_builder(tmp_path: Path) -> None:
    path = Path(make(tmp_path).path)
    with tarfile.open(path) as archive:
        found = archive.getmembers()
    assert [each.name for each in found] == sorted(each.name for each in found)
    for each in found:
        assert (each.uid, each.gid, each.uname, each.gname) == (0, 0, "", "")
        assert each.mtime == 315532800
    modes = {each.name: each.mode for each in found}
    assert modes["bin/demo"] == modes["lib/a-1/priv/run"] == 0o755
    assert modes["lib/a-1/ebin/a.app"] == modes["README"] == 0o644


def test_same_bytes_wherever_and_whenever(tmp_path: Path) -> None:
    made = []
    for number, umask in enumerate([0o000, 0o077]):
        root = tmp_path / str(number)
        old = os.umask(umask)
        try:
            members = on_disk(root / "source", MEMBERS)
            random.Random(number).shuffle(members)
            made.append(make(root, members))
        finally:
            os.umask(old)
        os.utime(root / "source" / "README", (number, number))
    assert made[0].sha256 == made[1].sha256
    assert made[0].members_sha256 == made[1].members_sha256


def on_disk(root: Path, members: Iterable[Member]) -> list[Member]:
    made = []
    for member in members:
        path = root / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.content)
        path.chmod(0o755 if member.mode & 0o111 else 0o666 & ~umask_now())
        made.append(
            Member(path=member.path, mode=stat.S_IMODE(path.stat().st_mode),
                   source=str(path))
        )  # fmt: skip
    return made


def umask_now() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.test_archive import make; from pathlib import Path;"
        "print(make(Path(sys.argv[1])).sha256)"
    )
    found = set()
    for seed in ("0", "1", "2"):
        (tmp_path / seed).mkdir()
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"},
            cwd=Path(__file__).parent.parent,
            check=True,
            capture_output=True,
            text=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_only_what_changed_is_compressed(tmp_path: Path) -> None:
    first = make(tmp_path)
    assert first.compressed == ("", "bin", "lib/a-1.0", "lib/a-1", "releases")
    assert make(tmp_path).compressed == ()
    changed = (*MEMBERS[:3], Member(path="lib/a-1.0/ebin/a.app", mode=0o644,
               content=b"b"), *MEMBERS[4:])  # fmt: skip
    second = make(tmp_path, changed)
    assert second.compressed == ("lib/a-1.0",)
    assert second.sha256 != first.sha256
    assert second.sha256 == make(tmp_path, changed, "cold").sha256
    assert len(list((tmp_path / "cache").iterdir())) == 5  # the old one is gone


def test_an_unchanged_tarball_is_not_written(tmp_path: Path) -> None:
    first = make(tmp_path)
    assert first.written
    os.utime(first.path, ns=(5, 5))
    second = make(tmp_path)
    assert not second.written
    assert Path(first.path).stat().st_mtime_ns == 5
    Path(first.path).write_bytes(b"broken")
    assert make(tmp_path).written
    assert hashlib.sha256(Path(first.path).read_bytes()).hexdigest() == first.sha256
    assert Path(first.path).stat().st_size == first.size


@pytest.mark.parametrize("damage", ["cut", "flip", "number", "empty", "swap", "magic"])
def test_damaged_segments_are_made_again(tmp_path: Path, damage: str) -> None:
    first = make(tmp_path)
    good = Path(first.path).read_bytes()
    for path in (tmp_path / "cache").iterdir():
        raw = bytearray(path.read_bytes())
        if damage == "cut":
            del raw[-3:]
        elif damage == "flip":
            raw[-5] ^= 4
        elif damage == "number":
            raw[10] ^= 1
        elif damage == "magic":
            raw[6] ^= 1
        elif damage == "swap":
            raw[-6:-4] = raw[-4:-2]
            raw[-9] ^= 255
        else:
            raw.clear()
        path.write_bytes(raw)
    second = make(tmp_path)
    assert len(second.compressed) == 5
    assert Path(second.path).read_bytes() == good


def test_a_source_that_is_not_what_was_promised_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"two")
    one = hashlib.sha256(b"one").hexdigest()
    member = Member(
        path="lib/a-1/x", mode=0o644, source=str(tmp_path / "file"), sha256=one
    )
    for _ in range(2):  # nothing wrong is kept
        with pytest.raises(Trouble) as trouble:
            make(tmp_path, [member])
        assert [d.code for d in trouble.value.diagnostics] == [Code.CHANGED_MEANWHILE]
    assert not (tmp_path / "demo-1.0.tar.gz").exists()


def test_a_kept_segment_spares_reading_the_source(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one")
    one = hashlib.sha256(b"one").hexdigest()
    member = Member(
        path="lib/a-1/x", mode=0o644, source=str(tmp_path / "file"), sha256=one
    )
    first = make(tmp_path, [member])
    (tmp_path / "file").unlink()
    assert make(tmp_path, [member]).sha256 == first.sha256


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["a", "a"], Code.DUPLICATE_MEMBER),
        (["a", "./a"], Code.DUPLICATE_MEMBER),
        (["lib/a-1/x", "lib/a-1/x/y"], Code.DUPLICATE_MEMBER),
        (["x", "x/y/z"], Code.DUPLICATE_MEMBER),
        (["/etc/passwd"], Code.BAD_MEMBER),
        (["lib/../../x"], Code.BAD_MEMBER),
        (["lib//x"], Code.BAD_MEMBER),
        (["a\0b"], Code.BAD_MEMBER),
        ([""], Code.BAD_MEMBER),
    ],
)
def test_members_that_cannot_be(tmp_path: Path, paths: list[str], code: Code) -> None:
    members = [Member(path=path, mode=0o644) for path in paths]
    with pytest.raises(Trouble) as trouble:
        make(tmp_path, members)
    assert {each.code for each in trouble.value.diagnostics} == {code}


def test_it_never_contains_itself(tmp_path: Path, oracle: Oracle) -> None:
    own = Member(
        path="demo-1.0.tar.gz",
        mode=0o644,
        source=str(tmp_path / "x" / ".." / "demo-1.0.tar.gz"),
    )
    (tmp_path / "x").mkdir()
    first = make(tmp_path)
    assert make(tmp_path, [*MEMBERS, own]).sha256 == first.sha256
    other = Member(path="etc/demo-1.0.tar.gz", mode=0o644, content=b"not itself")
    path = Path(make(tmp_path, [*MEMBERS, other]).path)
    assert "etc/demo-1.0.tar.gz" in by_erlang(oracle, path)


def test_links_and_empty_directories(tmp_path: Path) -> None:
    members = [
        Member(path="log", mode=0o755, is_dir=True),
        Member(path="bin/b", mode=0o755, link="a"),
        Member(path="bin/a", mode=0o755, content=b"a"),
        Member(path="bin/" + "l" * 120, mode=0o755, link="d/" * 80 + "t"),
    ]
    path = make(tmp_path, members).path
    with tarfile.open(path) as archive:
        assert archive.getmember("bin/b").linkname == "a"
        assert archive.getmember("bin/" + "l" * 120).linkname == "d/" * 80 + "t"
        assert archive.getmember("log").isdir()
    extract = (
        f'ok = erl_tar:extract("{path}", [compressed, {{cwd, "{tmp_path}/out"}}]),'
        "halt()."
    )
    subprocess.run(["erl", "-noinput", "-eval", extract], check=True)
    assert (tmp_path / "out" / "bin" / "b").readlink() == Path("a")
    assert (tmp_path / "out" / "log").is_dir()


@pytest.mark.parametrize("value", ["0", "1700000000"])
def test_time_from_the_environment(tmp_path: Path, value: str) -> None:
    epoch = source_date_epoch({"SOURCE_DATE_EPOCH": value})
    made = write_tarball(
        tmp_path / "t.tar.gz",
        group_members(MEMBERS),
        cache_dir=tmp_path / "cache",
        epoch=epoch,
    )
    with tarfile.open(made.path) as archive:
        assert {each.mtime for each in archive.getmembers()} == {int(value)}


def test_another_time_is_another_segment(tmp_path: Path) -> None:
    path, groups = tmp_path / "t.tar.gz", group_members(MEMBERS)
    for epoch in (1, 2, 1):
        write_tarball(path, groups, cache_dir=tmp_path / "cache", epoch=epoch)
        with tarfile.open(path) as archive:
            assert {each.mtime for each in archive.getmembers()} == {epoch}


def test_groups_and_their_members_are_sorted(tmp_path: Path) -> None:
    groups = [
        Group(name="second", members=MEMBERS[::-1]),
        Group(name="first", members=(Member(path="A", mode=0o644),)),
    ]
    write_tarball(tmp_path / "t.tar.gz", groups, cache_dir=tmp_path / "cache")
    assert list(by_python(tmp_path / "t.tar.gz")) == sorted(["A", *content_of(MEMBERS)])


def test_no_time_in_the_environment() -> None:
    assert source_date_epoch({}) == source_date_epoch({"SOURCE_DATE_EPOCH": ""})
    for value in ("now", "-1", "1.5", "1e9", "99999999999", "\u0663"):
        with pytest.raises(Trouble) as trouble:
            source_date_epoch({"SOURCE_DATE_EPOCH": value})
        assert trouble.value.diagnostics[0].code is Code.BAD_EPOCH


def test_levels_are_kept_apart(tmp_path: Path) -> None:
    groups = [Group(name="all", members=MEMBERS)]
    sizes = [
        write_tarball(
            tmp_path / "t.tar.gz", groups, level=level, cache_dir=tmp_path / "c"
        ).size
        for level in (0, 9)
    ]
    assert sizes[0] > sizes[1]
    assert by_python(tmp_path / "t.tar.gz") == content_of(MEMBERS)


def test_nothing_at_all(tmp_path: Path, oracle: Oracle) -> None:
    assert by_erlang(oracle, Path(make(tmp_path, []).path)) == {}


@given(st.binary(max_size=300), st.binary(max_size=300))
@example(b"", b"")
@example(b"x", b"")
@example(b"x" * 2**20, b"y" * (2**20 + 1))
@settings(deadline=None)
def test_checksums_add_up(front: bytes, behind: bytes) -> None:
    joined = crc_join(zlib.crc32(front), zlib.crc32(behind), crc_shift(len(behind)))
    assert joined == zlib.crc32(front + behind)


@given(st.lists(st.binary(max_size=40), max_size=20))
@settings(deadline=None)
def test_many_checksums_add_up(pieces: list[bytes]) -> None:
    crc = 0
    for piece in pieces:
        crc = crc_join(crc, zlib.crc32(piece), crc_shift(len(piece)))
    assert crc == zlib.crc32(b"".join(pieces))


parts = st.one_of(
    st.text("abz.-_ ~", min_size=1, max_size=12),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["x" * 99, "y" * 100, "z" * 101, "w" * 155, "é" * 100]),
).filter(lambda part: part not in (".", ".."))
names = st.lists(parts, min_size=1, max_size=5).map("/".join)
contents = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([511, 512, 513, 1024, 100_000]).map(lambda size: b"\0A" * size),
)


@given(st.dictionaries(names, contents, max_size=8))
@example({"a/" * 49 + "bc": b"100"})
@example({"a/" * 49 + "bcd": b"101"})
@example({"p" * 155 + "/" + "n" * 100: b"the longest ustar name"})
@example({"p" * 156 + "/" + "n" * 100: b"a prefix too long"})
@example({"p" * 155 + "/" + "n" * 101: b"a name too long"})
@example({"é" * 50: b"100 bytes", "é" * 51: b"102 bytes"})
@example({"日本/" + "語" * 90: b"long", " lead": b"", "trail ": b"", "a\\b": b""})
@settings(deadline=None, max_examples=120)
def test_any_members_are_read_back(found: dict[str, bytes]) -> None:
    from tests.oracle import the_oracle

    clashing = {
        name for name in found if any(other.startswith(name + "/") for other in found)
    }
    files = {name: data for name, data in found.items() if name not in clashing}
    members = [Member(path=n, mode=0o644, content=d) for n, d in files.items()]
    with temporary_directory() as directory:
        path = Path(make(directory, members).path)
        assert by_python(path) == files
        assert by_erlang(the_oracle(), path) == files
        listing = subprocess.run(
            ["tar", "--quoting-style=literal", "--null", "-tzf", path],
            check=True,
            capture_output=True,
        )
        assert listing.stderr == b""
        plain = gzip.decompress(path.read_bytes())
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            assert archive.getnames() == sorted(files)


def temporary_directory() -> Any:
    import contextlib
    import tempfile

    @contextlib.contextmanager
    def opened() -> Any:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)

    return opened()


def test_long_names_survive_busybox_and_gnu_tar(tmp_path: Path) -> None:
    files = {
        "p" * 150 + "/" + "n" * 100: b"1",
        "lib/" + "n" * 120: b"2",
        "lib/é" + "d" * 120 + "/" + "ü" * 80: b"3",
    }
    members = [Member(path=n, mode=0o644, content=d) for n, d in files.items()]
    path = Path(make(tmp_path, members).path)
    for program in (["tar"], ["busybox", "tar"]):
        out = tmp_path / program[0]
        out.mkdir()
        subprocess.run([*program, "xzf", path, "-C", out], check=True)
        assert {
            str(each.relative_to(out)): each.read_bytes()
            for each in out.rglob("*")
            if each.is_file()
        } == files

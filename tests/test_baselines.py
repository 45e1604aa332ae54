"""The releases that an upgrade starts from are found and read, whoever made them."""

from __future__ import annotations

import io
import os
import random
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.upgrades.baseline_look import baseline_signature
from dodo_relkit.edge.upgrades.baseline_tarball import (
    baselines_directory,
    prune_baselines,
    read_contents,
)
from dodo_relkit.edge.upgrades.baselines import Building, read_baseline, read_baselines
from dodo_relkit.formats.rel import rel_term
from dodo_relkit.terms.etf import decode
from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.baseline import (
    Baseline,
    baseline_warnings,
    dump_baselines,
    latest,
    load_baselines,
)
from tests.baseline_releases import (
    VSN,
    erl,
    erts_version,
    made_as_distillery_does,
    made_by_rebar3,
    made_by_systools,
    made_by_us,
    pack,
    system_versions,
    unpack,
)
from tests.doit_projects import build, set_settings, write_app
from tests.oracle import otp_root, the_oracle

TOOLS = ("us", "distillery", "rebar3", "systools")


@dataclass
class Made:
    """The tarballs by tool, and the tree of each, unpacked."""

    tarballs: dict[str, Path]
    trees: dict[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("made")
    tarballs = {
        "us": made_by_us(place / "us"),
        "rebar3": made_by_rebar3(place / "rebar3"),
        "systools": made_by_systools(place / "systools"),
    }
    tarballs["distillery"] = made_as_distillery_does(tarballs["us"], place / "old")
    trees = {
        tool: unpack(tarball, place / "trees" / tool)
        for tool, tarball in tarballs.items()
    }
    return Made(tarballs, trees)


@pytest.fixture
def building(tmp_path: Path) -> Building:
    return Building(
        name="web",
        vsn="1.1.0",
        output=str(tmp_path / "rel/web"),
        work=str(tmp_path / "work"),
        libraries=(str(otp_root() / "lib"),),
    )


def refused(given: str | Path, building: Building) -> list[Code]:
    with pytest.raises(Trouble) as caught:
        read_baseline(str(given), building)
    return [each.code for each in caught.value.diagnostics]


def looks(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return how every file below a directory looks."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


# Which version is the latest


@pytest.mark.parametrize(
    "newest_first",
    [
        # test of Distillery, utils_test.exs: what it says of its own order
        ["1.0.10", "1.0.3", "1.0.2", "1.0.1"],
        ["0.2.2", "0.2.1-1-d3adb3f", "0.2.1", "0.2.0", "0.1.0"],
        ["2.0.0", "1.0.0-3-gabc1234", "1.0.0-2-g0123abc", "1.0.0", "1.0.0-rc.2"],
        ["1.0.0-rc.2", "1.0.0-rc.1-10-gabcdef0", "1.0.0-rc.1-9-gabcdef0", "1.0.0-rc.1"],
        ["10", "9.9", "9"],
    ],
)
def test_the_latest_version(newest_first: list[str]) -> None:
    left = list(newest_first)
    while left:
        shuffled = random.Random(1).sample(left, len(left))
        assert latest(shuffled) == left[0]
        assert latest(shuffled, other_than="not one of them") == left[0]
        below = left[1] if len(left) > 1 else ""
        assert latest(shuffled, other_than=left[0]) == below
        left.pop(0)


# Tarballs of every tool


def rel_by_erlang(text: bytes) -> object:
    answer = the_oracle().ask_raw(
        "{ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(In)),"
        "{ok, Term} = erl_parse:parse_term(Tokens), Term",
        b"\x83m" + len(text).to_bytes(4) + text,
    )
    term = decode(answer)
    assert type(term) is tuple and term[0] is Atom("ok"), term
    return term[1]


@pytest.mark.parametrize("dotted", [False, True], ids=["plain", "with-dots"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tarball(
    tool: str, dotted: bool, made: Made, building: Building, tmp_path: Path
) -> None:
    tree, tarball = made.trees[tool], made.tarballs[tool]
    if dotted:
        tarball = pack(tree, tmp_path / "dotted.tar.gz")
        with tarfile.open(tarball) as archive:
            assert archive.getnames()[1].startswith("./")
    baseline = read_baseline(str(tarball), building)
    (rel,) = {
        path.read_bytes()
        for path in (tree / "releases").rglob("*.rel")
        if path.stem not in ("start_clean", "no_dot_erlang")
    }
    assert rel_term(baseline.rel) == rel_by_erlang(rel)
    assert (baseline.vsn, baseline.erts_vsn) == (VSN, erts_version())
    assert baseline.has_erts
    assert (baseline.stripped, baseline.linked, baseline.outside) == ((), (), ())
    assert baseline_warnings(baseline) == ()
    for entry in baseline.rel.apps:
        place = Path(baseline.directories[entry.name])
        theirs = tree / f"lib/{entry.name}-{entry.vsn}/ebin"
        assert ebin(place / "ebin") == ebin(theirs)
        assert f"{entry.name}.app" in ebin(theirs)
        assert [each.name for each in place.iterdir()] == ["ebin"]


def ebin(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in directory.iterdir()}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_listing_has_every_file_of_a_tarball(
    tool: str, made: Made, building: Building
) -> None:
    baseline = read_baseline(str(made.tarballs[tool]), building)
    listed = read_contents(baseline.contents)
    tree = made.trees[tool]
    files = {
        str(path.relative_to(tree)): path
        for path in tree.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    links = {name for name, digest in listed.items() if digest.startswith("->")}
    assert set(listed) - links == set(files)
    executable = {name for name, digest in listed.items() if digest.endswith("x")}
    assert executable == {
        name for name, path in files.items() if path.stat().st_mode & 0o111
    }


def test_consolidated_protocols_are_found(made: Made, building: Building) -> None:
    distillery = read_baseline(str(made.tarballs["distillery"]), building)
    assert [each.name for each in Path(distillery.consolidated).iterdir()] == [
        "web_one.beam"
    ]
    assert read_baseline(str(made.tarballs["us"]), building).consolidated == ""


def test_a_tarball_is_unpacked_once(
    made: Made, building: Building, tmp_path: Path
) -> None:
    first = read_baseline(str(made.tarballs["us"]), building)
    before = looks(Path(building.work))
    copy = shutil.copy(made.tarballs["us"], tmp_path / "copy.tgz")
    again = read_baseline(str(copy), building)
    assert looks(Path(building.work)) == before
    assert again == replace(first, origin=str(copy))


def test_what_a_killed_run_left_is_no_baseline(made: Made, building: Building) -> None:
    root = Path(read_baseline(str(made.tarballs["us"]), building).root)
    whole = set(looks(root))
    half = root.parent / f".relkit-{root.name}.new"
    shutil.copytree(root, half)
    shutil.rmtree(root / "lib")
    (root / "contents.json").unlink()
    assert Path(read_baseline(str(made.tarballs["us"]), building).root) == root
    assert set(looks(root)) == whole
    assert not half.exists()


def test_pruning_keeps_what_is_used(made: Made, building: Building) -> None:
    kept = read_baseline(str(made.tarballs["us"]), building)
    read_baseline(str(made.tarballs["systools"]), building)
    prune_baselines(building.work, (kept.root,))
    assert [str(each) for each in Path(kept.root).parent.iterdir()] == [kept.root]


# Tarballs that cannot be


def tar_with(tarball: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(tarball, "w:gz") as archive:
        for member in members:
            content = b"{}.\n" if member.isreg() else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return tarball


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


@pytest.mark.parametrize(
    "name",
    ["../lib/a-1/ebin/a.beam", "/lib/a-1/ebin/a", "lib/../../x", "lib/a/ebin/.."],
)
def test_a_member_that_leads_out_is_refused(
    name: str, building: Building, tmp_path: Path
) -> None:
    tarball = tar_with(tmp_path / "bad.tar.gz", member("lib/a-1/ebin/b"), member(name))
    before = {path for path in tmp_path.rglob("*") if "work" not in path.parts}
    assert refused(tarball, building) == [Code.BASELINE_UNSAFE]
    assert {path for path in tmp_path.rglob("*") if "work" not in path.parts} == before
    assert looks(Path(baselines_directory(building.work))) == {}


def test_links_of_a_tarball_are_never_followed_outside(
    building: Building, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    tarball = tar_with(
        tmp_path / "links.tar.gz",
        member("releases", tarfile.SYMTYPE, str(outside)),
        member("releases/web.rel"),
        member("lib/a-1/ebin/a.app", tarfile.LNKTYPE, "../../secret"),
    )
    assert refused(tarball, building) == [Code.BAD_RELEASE]
    assert list(outside.iterdir()) == []


def test_links_inside_a_tarball_are_the_files_they_name(
    made: Made, building: Building, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    one, two = (tree / f"lib/web-1.0/ebin/web_{each}.beam" for each in ("one", "two"))
    content = one.read_bytes()
    two.unlink()
    two.symlink_to("web_one.beam")
    os.link(one, one.with_name("web_three.beam"))
    baseline = read_baseline(str(pack(tree, tmp_path / "x.tar.gz")), building)
    found = ebin(Path(baseline.directories["web"], "ebin"))
    assert found["web_three.beam"] == found["web_two.beam"] == content


@pytest.mark.parametrize("share", [0.0, 0.3, 0.98])
def test_a_tarball_cut_short(
    share: float, made: Made, building: Building, tmp_path: Path
) -> None:
    data = made.tarballs["us"].read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(data[: int(len(data) * share)])
    assert refused(cut, building) == [Code.BASELINE_TARBALL]
    assert looks(Path(baselines_directory(building.work))) == {}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_tarball_with_a_wrong_byte(
    share: float, made: Made, building: Building, tmp_path: Path
) -> None:
    data = bytearray(made.tarballs["us"].read_bytes())
    data[int(len(data) * share)] ^= 0x10
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(data)
    assert refused(wrong, building) == [Code.BASELINE_TARBALL]
    assert looks(Path(baselines_directory(building.work))) == {}


def test_a_tarball_with_a_wrong_check_sum(
    made: Made, building: Building, tmp_path: Path
) -> None:
    data = bytearray(made.tarballs["us"].read_bytes())
    data[-8] ^= 1
    (tmp_path / "wrong.tar.gz").write_bytes(data)
    assert refused(tmp_path / "wrong.tar.gz", building) == [Code.BASELINE_TARBALL]


def test_a_file_that_is_no_archive(building: Building, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"no archive at all" * 100)
    assert refused(tmp_path / "x.tar.gz", building) == [Code.BASELINE_TARBALL]


# Directories


@pytest.mark.parametrize("tool", TOOLS)
def test_a_release_directory(tool: str, made: Made, building: Building) -> None:
    tree = made.trees[tool]
    before = looks(tree)
    found = read_baseline(str(tree), building)
    of_tarball = read_baseline(str(made.tarballs[tool]), building)
    assert found.rel == of_tarball.rel
    assert found.has_erts
    assert {Path(each) for each in found.directories.values()} == {
        tree / f"lib/{entry.name}-{entry.vsn}" for entry in found.rel.apps
    }
    assert looks(tree) == before


@pytest.fixture
def several(made: Made, tmp_path: Path) -> Path:
    """Return a directory with web in the versions 0.9.0 and 1.0.0; 1.0.0 runs."""
    tree = tmp_path / "several"
    shutil.copytree(made.trees["us"], tree)
    shutil.copytree(tree / "releases/1.0.0", tree / "releases/0.9.0")
    rel = tree / "releases/0.9.0/web.rel"
    rel.write_text(rel.read_text().replace("1.0.0", "0.9.0"))
    return tree


def test_which_of_several_versions(several: Path, building: Building) -> None:
    assert read_baseline(str(several), building).vsn == "1.0.0"
    assert read_baseline(f"{several}@0.9.0", building).vsn == "0.9.0"
    assert read_baseline(f"{several}@1.0.0", building).vsn == "1.0.0"
    assert refused(f"{several}@7", building) == [Code.BASELINE_NO_VERSION]
    (several / "releases/start_erl.data").write_text("13.1 0.9.0")
    assert read_baseline(str(several), building).vsn == "0.9.0"
    (several / "releases/start_erl.data").unlink()
    assert refused(several, building) == [Code.BASELINE_TWO_VERSIONS]
    tarball = pack(several, several.parent / "several.tar.gz")
    assert refused(tarball, building) == [Code.BASELINE_TWO_VERSIONS]
    assert read_baseline(f"{tarball}@0.9.0", building).vsn == "0.9.0"


def test_versions_in_the_output_directory(several: Path, building: Building) -> None:
    building = replace(building, output=str(several))
    before = looks(several)
    assert read_baseline("0.9.0", building).vsn == "0.9.0"
    assert read_baseline("latest", building).vsn == "1.0.0"
    assert read_baseline("latest", replace(building, vsn="1.0.0")).vsn == "0.9.0"
    assert refused("0.8.0", building) == [Code.BASELINE_NOT_FOUND]
    assert refused("@1.0.0", building) == [Code.BASELINE_NOT_FOUND]
    assert looks(several) == before


def test_latest_is_never_the_version_being_built(
    made: Made, building: Building
) -> None:
    building = replace(building, output=str(made.trees["us"]), vsn=VSN)
    assert refused("latest", building) == [Code.BASELINE_NO_EARLIER]
    assert refused(VSN, building) == [Code.BASELINE_SAME_VSN]
    nothing = replace(building, output=str(made.trees["us"] / "nothing"))
    assert refused("latest", nothing) == [Code.BASELINE_NO_EARLIER]


def test_what_was_released_counts_not_what_was_compiled_since(tmp_path: Path) -> None:
    """The output of 1.0.0 changed when web was compiled again with its version."""
    project = tmp_path / "project"
    tarball = made_by_us(project)
    released = unpack(tarball, tmp_path / "released")
    write_app(project, "web", uses=("store",), modules={"web_one": 111, "web_two": 2})
    set_settings(project, version="1.1.0")
    build(project)
    output = project / "_build/dev/rel/web"
    building = Building(
        name="web",
        vsn="1.1.0",
        output=str(output),
        work=str(tmp_path / "work"),
        libraries=(),
    )
    place = Path(read_baseline("latest", building).directories["web"])
    assert ebin(place / "ebin") == ebin(released / "lib/web-1.0/ebin")
    assert ebin(place / "ebin") != ebin(output / "lib/web-1.0/ebin")
    tarball.unlink()
    assert Path(read_baseline("latest", building).root) == output


# Releases that cannot be baselines


def change_nothing_found(tree: Path) -> None:
    shutil.rmtree(tree / "releases")


def change_name(tree: Path) -> None:
    for path in (tree / "releases").rglob("*.rel"):
        path.write_text(path.read_text().replace('"web"', '"shop"'))


def change_app_gone(tree: Path) -> None:
    shutil.rmtree(tree / "lib/web-1.0")
    shutil.rmtree(tree / "lib/store-1.0")


def change_app_vsn(tree: Path) -> None:
    path = tree / "lib/web-1.0/ebin/web.app"
    path.write_text(path.read_text().replace('{vsn,"1.0"}', '{vsn,"1.5"}'))


def change_rel_broken(tree: Path) -> None:
    for path in (tree / "releases").rglob("*.rel"):
        path.write_text("{release")


@pytest.mark.parametrize("pack_it", [False, True], ids=["directory", "tarball"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (change_nothing_found, Code.BASELINE_NO_REL),
        (change_name, Code.BASELINE_OTHER_NAME),
        (change_app_gone, Code.BASELINE_APP_ABSENT),
        (change_app_vsn, Code.BASELINE_APP_VSN),
        (change_rel_broken, Code.SYNTAX),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_release_that_cannot_be_one(
    change: Callable[[Path], None],
    code: Code,
    pack_it: bool,
    made: Made,
    building: Building,
    tmp_path: Path,
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    change(tree)
    given = pack(tree, tmp_path / "tree.tar.gz") if pack_it else tree
    assert set(refused(given, building)) == {code}


def test_the_version_being_built_is_no_baseline(made: Made, building: Building) -> None:
    same = replace(building, vsn=VSN)
    for given in (made.trees["us"], made.tarballs["rebar3"]):
        assert refused(given, same) == [Code.BASELINE_SAME_VSN]


def test_several_baselines(
    made: Made, several: Path, building: Building, tmp_path: Path
) -> None:
    copy = str(shutil.copy(made.tarballs["us"], tmp_path / "copy.tar.gz"))
    given = [f"{several}@0.9.0", str(made.tarballs["us"]), copy]
    found = read_baselines(given, building)
    assert [each.vsn for each in found] == ["0.9.0", "1.0.0"]
    with pytest.raises(Trouble) as caught:
        read_baselines([*given, str(made.tarballs["rebar3"]), "nowhere"], building)
    assert [each.code for each in caught.value.diagnostics] == [
        Code.BASELINE_TWICE,
        Code.BASELINE_NOT_FOUND,
    ]


# What a baseline is worth


def test_stripped_object_files(made: Made, building: Building, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    erl(tree, '{ok, _} = beam_lib:strip_files(filelib:wildcard("lib/*/ebin/*.beam"))')
    for given in (tree, pack(tree, tmp_path / "tree.tar.gz")):
        found = read_baseline(str(given), building)
        assert set(found.stripped) == {"web", "store"}  # those of OTP are OTP's affair
        (told,) = baseline_warnings(found)
        assert told.code is Code.BASELINE_STRIPPED
        assert not told.is_error


def test_some_stripped_object_files(
    made: Made, building: Building, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    erl(
        tree,
        '{ok, _} = beam_lib:strip_files(filelib:wildcard("lib/web-*/ebin/*_two.beam"))',
    )
    found = read_baseline(str(tree), building)
    assert found.stripped == ("web (web_two)",)


def test_links_of_dev_mode(tmp_path: Path, building: Building) -> None:
    project = tmp_path / "project"
    made_by_us(project, dev_mode=True, tar=False)
    building = replace(building, output=str(project / "_build/dev/rel/web"))
    found = read_baseline("latest", building)
    assert set(found.linked) == {"web", "store"}
    assert [each.code for each in baseline_warnings(found)] == [Code.BASELINE_LINKED]
    write_app(project, "web", vsn="1.5", uses=("store",))
    assert refused("latest", building) == [Code.BASELINE_APP_VSN]


def test_the_applications_of_the_target_may_stay_outside(
    made: Made, building: Building, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    for name, vsn in system_versions().items():
        shutil.rmtree(tree / f"lib/{name}-{vsn}")
    shutil.rmtree(next(tree.glob("erts-*")))
    found = read_baseline(str(tree), building)
    assert set(found.outside) == set(system_versions())
    assert not found.has_erts
    assert refused(tree, replace(building, libraries=())) == [Code.BASELINE_APP_ABSENT]


def test_written_down_and_read_again(made: Made, building: Building) -> None:
    found = read_baselines([str(made.tarballs["rebar3"])], building)
    entry = replace(found[0].rel.apps[0], included=("a", "b"))
    rel = replace(found[0].rel, apps=(entry, replace(entry, included=())))
    both: list[Baseline] = [found[0], replace(found[0], rel=rel)]
    assert load_baselines(dump_baselines(both)) == tuple(both)


# How a baseline looks


def test_the_signature_of_a_file_or_directory(made: Made, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(made.trees["us"], tree)
    tarball = shutil.copy(made.tarballs["us"], tmp_path / "web.tar.gz")

    def look(given: object) -> str:
        return baseline_signature(str(given), output=str(tmp_path / "no"), name="web")

    def touched(path: Path) -> None:
        path.write_bytes(path.read_bytes())

    seen = [look(tree), look(f"{tree}@1"), look(tarball), look(tmp_path / "no")]
    assert len(set(seen)) == 4
    assert look(tree) == seen[0]
    touched(tree / "releases/1.0.0/web.rel")
    assert look(tree) != seen[0]
    again = look(tree)
    shutil.rmtree(tree / "lib/web-1.0")
    assert look(tree) != again
    touched(Path(tarball))
    assert look(tarball) != seen[2]


def test_the_signature_of_the_latest_version(several: Path) -> None:
    def look(given: str = "latest", current: str = "1.0.0") -> str:
        return baseline_signature(
            given, output=str(several), name="web", current_vsn=current
        )

    before = (look(), look("0.9.0"), look(current="2"))
    current = several / "releases/1.0.0/web.rel"
    current.write_bytes(current.read_bytes())
    assert (look(), look("0.9.0")) == before[:2]
    assert look(current="2") != before[2]
    shutil.copytree(several / "releases/0.9.0", several / "releases/0.9.1")
    assert look("0.9.0") == before[1]
    assert look() != before[0]
    shutil.copy(current, several.parent / "web-0.9.0.tar.gz")
    assert look("0.9.0") != before[1]

"""The delta tarball: what the baselines lack, and stock release_handler takes it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dodo_relkit.artifacts.delta import Whole, apps_digest
from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.upgrades.baselines import Building, read_baseline
from dodo_relkit.edge.upgrades.delta import delta_path, write_delta
from dodo_relkit.formats.rel import load_rel
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.baseline import Baseline
from tests.baseline_releases import (
    erl,
    erts_version,
    made_by_rebar3,
    made_by_systools,
    made_by_us,
    pack,
    unpack,
)
from tests.doit_projects import build, compile_module, set_settings, write_app
from tests.nodes import Node, booted, clean_environment

APPUP = """{"1.1",
 [{"1.0", [{load_module, web_one}]}],
 [{"1.0", [{load_module, web_one}]}]}.
"""

DIGEST_ON_THE_NODE = """
    [{_, Vsn, Apps, _}] = [R || {_, _, _, permanent} = R
                                    <- release_handler:which_releases()],
    Lines = unicode:characters_to_binary([[A, $\\n] || A <- lists:sort(Apps)]),
    Digest = lists:append([io_lib:format("~2.16.0b", [B])
                           || <<B>> <= erlang:md5(Lines)]),
    {ok, Delta} = file:consult("DELTA"),
    {delta, 1} = lists:keyfind(delta, 1, Delta),
    {fits, Fits} = lists:keyfind(fits, 1, Delta),
    {left_out, Dirs} = lists:keyfind(left_out, 1, Delta),
    {lists:member({Vsn, lists:flatten(Digest)}, Fits),
     lists:all(fun(D) -> filelib:is_dir(filename:join(code:root_dir(), D)) end, Dirs)}.
"""


@dataclass
class Made:
    """Version 1.0.0, and 1.1.0 in which one module is another."""

    old: Path
    """The tarball of 1.0.0."""
    new: Path
    whole: Whole
    place: Path
    """An empty directory to work in."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("made")
    project = place / "project"
    old = made_by_us(project)
    write_app(project, "web", vsn="1.1", uses=("store",))
    compile_module(project / "lib/web", "web_one", 111)
    (project / "lib/web/ebin/web.appup").write_text(APPUP)
    set_settings(project, version="1.1.0")
    build(project)
    new = old.with_name("web-1.1.0.tar.gz")
    whole = whole_of(new)
    relup = Member(
        path="releases/1.1.0/relup", mode=0o644, content=relup_of(place, old, new)
    )
    return Made(
        old=old,
        new=new,
        whole=replace(whole, members=[*whole.members, relup]),
        place=place,
    )


def whole_of(tarball: Path) -> Whole:
    """Return what a tarball of ours has."""
    members = []
    with tarfile.open(tarball) as archive:
        for each in archive:
            file = archive.extractfile(each)
            assert file, each
            content = file.read()
            members.append(Member(path=each.name, mode=each.mode, content=content))
    (rel,) = (each for each in members if each.path == "releases/web.rel")
    return Whole(rel=load_rel(consult_one(rel.content), "web.rel"), members=members)


def relup_of(place: Path, old: Path, new: Path) -> bytes:
    """Return the relup that systools makes of two tarballs of web."""
    where = place / "relup"
    for tarball, vsn in ((old, "1.0.0"), (new, "1.1.0")):
        tree = unpack(tarball, where / f"web-{vsn}")
        rel = next((tree / "releases").glob(f"{vsn}/*.rel"))
        shutil.copy(rel, where / f"web-{vsn}.rel")
    erl(
        where,
        'Path = ["web-1.1.0/lib/*/ebin", "web-1.0.0/lib/*/ebin"],'
        '{ok, _, _, _} = systools:make_relup("web-1.1.0", ["web-1.0.0"],'
        ' ["web-1.0.0"], [{path, Path}, silent])',
    )
    return (where / "relup").read_bytes()


def baseline_of(given: Path, place: Path, vsn: str = "1.1.0") -> Baseline:
    building = Building(
        name="web", vsn=vsn, output=str(place / "none"), work=str(place / "work")
    )
    return read_baseline(str(given), building)


def names(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return set(archive.getnames())


def folders(tarball: Path) -> set[str]:
    """Return which directories of `lib` and which run-time systems are in it."""
    return {
        "/".join(name.split("/")[: 2 if name.startswith("lib/") else 1])
        for name in names(tarball)
        if name.startswith(("lib/", "erts-"))
    }


def all_folders(whole: Whole) -> set[str]:
    return {
        "/".join(each.path.split("/")[: 2 if each.path.startswith("lib/") else 1])
        for each in whole.members
        if each.path.startswith(("lib/", "erts-"))
    }


# What is in it


def test_one_module_of_a_release_with_erts(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "web-1.1.0.delta.tar.gz"
    baseline = baseline_of(made.old, tmp_path)
    delta = write_delta(str(path), made.whole, [baseline])
    boot = {
        name
        for name in (each.path for each in made.whole.members)
        if name.startswith("releases/1.1.0/")
    }
    assert "releases/1.1.0/start.boot" in boot
    assert names(path) == {
        *(f"lib/web-1.1/ebin/{name}" for name in ("web.app", "web.appup")),
        *(f"lib/web-1.1/ebin/web_{name}.beam" for name in ("one", "two")),
        *boot,
        "releases/1.1.0/delta.config",
        "releases/web.rel",
        "releases/web-1.1.0.rel",
        "releases/web-1.1.0.delta.rel",
    }
    assert set(delta.left_out) == all_folders(made.whole) - {"lib/web-1.1"}
    full = made.new.stat().st_size
    assert path.stat().st_size < full * 0.02, (path.stat().st_size, full)


def test_a_directory_as_baseline_gives_the_same(made: Made, tmp_path: Path) -> None:
    tree = unpack(made.old, tmp_path / "tree")
    packed, laid_out = tmp_path / "1/x.delta.tar.gz", tmp_path / "2/x.delta.tar.gz"
    write_delta(str(packed), made.whole, [baseline_of(made.old, tmp_path)])
    write_delta(str(laid_out), made.whole, [baseline_of(tree, tmp_path)])
    assert packed.read_bytes() == laid_out.read_bytes()


def test_the_output_directory_as_baseline(made: Made, tmp_path: Path) -> None:
    """It has the new version too: what is of the old one is in `lib` only."""
    output = made.new.parent / "web"
    members = [
        replace(each, content=b"", source=f"{output}/{each.path}")
        if (output / each.path).is_file()
        else each
        for each in made.whole.members
    ]
    baseline = baseline_of(Path(f"{output}@1.0.0"), tmp_path)
    assert baseline.root == str(output)
    path, other = tmp_path / "1/x.delta.tar.gz", tmp_path / "2/x.delta.tar.gz"
    write_delta(str(path), replace(made.whole, members=members), [baseline])
    write_delta(str(other), made.whole, [baseline_of(made.old, tmp_path)])
    assert names(path) == names(other) | {"bin/web"}
    assert "lib/web-1.1" in folders(path)


def change_content(tree: Path) -> set[str]:
    compile_module(tree / "lib/store-1.0", "store_one", 5)
    return {"lib/store-1.0"}


def change_mode(tree: Path) -> set[str]:
    (tree / "lib/store-1.0/ebin/store_one.beam").chmod(0o755)
    return {"lib/store-1.0"}


def change_more(tree: Path) -> set[str]:
    (tree / "lib/store-1.0/priv").mkdir()
    (tree / "lib/store-1.0/priv/page").write_text("hello")
    return {"lib/store-1.0"}


def change_less(tree: Path) -> set[str]:
    (tree / "lib/store-1.0/ebin/store_one.beam").unlink()
    return {"lib/store-1.0"}


def change_erts_gone(tree: Path) -> set[str]:
    shutil.rmtree(tree / f"erts-{erts_version()}")
    return {f"erts-{erts_version()}"}


def change_erts_other(tree: Path) -> set[str]:
    erts = f"erts-{erts_version()}"
    (tree / erts).rename(tree / "erts-1.2.3")
    for path in (tree / "releases").rglob("*.rel"):
        path.write_text(path.read_text().replace(f'"{erts_version()}"', '"1.2.3"'))
    return {erts}


def change_nothing(_: Path) -> set[str]:
    return set()


@pytest.mark.parametrize("packed", [False, True], ids=["directory", "tarball"])
@pytest.mark.parametrize(
    "change",
    [
        change_nothing,
        change_content,
        change_mode,
        change_more,
        change_less,
        change_erts_gone,
        change_erts_other,
    ],
)
def test_what_any_baseline_lacks_is_in_it(
    change: object, packed: bool, made: Made, tmp_path: Path
) -> None:
    tree = unpack(made.old, tmp_path / "tree")
    assert callable(change)
    lacked = change(tree)
    given = pack(tree, tmp_path / "tree.tar.gz") if packed else tree
    baselines = [baseline_of(made.old, tmp_path), baseline_of(given, tmp_path)]
    for order in (baselines, baselines[::-1]):
        path = tmp_path / "x.delta.tar.gz"
        write_delta(str(path), made.whole, order)
        assert folders(path) == {"lib/web-1.1", *lacked}


def test_what_says_which_version_runs_is_the_nodes_own(
    made: Made, tmp_path: Path
) -> None:
    tree = unpack(made.old, tmp_path / "tree")
    (tree / "releases/RELEASES").unlink()
    (tree / "releases/start_erl.data").unlink()
    (tree / "bin/web").unlink()
    path = tmp_path / "x.delta.tar.gz"
    write_delta(str(path), made.whole, [baseline_of(tree, tmp_path)])
    others = {name for name in names(path) if name.split("/")[0] != "lib"}
    assert {name for name in others if not name.startswith("releases/1.1.0/")} == {
        "bin/web",
        "releases/web.rel",
        "releases/web-1.1.0.rel",
        "releases/x.delta.rel",
    }


def test_no_delta_without_a_baseline(made: Made, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        write_delta(str(tmp_path / "x.tar.gz"), made.whole, [])
    assert [each.code for each in caught.value.diagnostics] == [Code.DELTA_NO_BASELINES]
    assert not (tmp_path / "x.tar.gz").exists()


def test_its_place_is_beside_the_full_one() -> None:
    assert delta_path("a/web-1.1.0.tar.gz") == "a/web-1.1.0.delta.tar.gz"


# On a node


@pytest.fixture
def node(made: Made, tmp_path: Path) -> Iterator[Node]:
    """Run version 1.0.0."""
    with booted(unpack(made.old, tmp_path / "node"), "web") as node:
        yield node


def test_release_handler_installs_it_and_goes_back(
    node: Node, made: Made, tmp_path: Path
) -> None:
    path = node.root / "releases/web-1.1.0.delta.tar.gz"
    baseline = baseline_of(made.old, tmp_path)
    write_delta(str(path), made.whole, [baseline])
    with tarfile.open(path) as archive:
        config = archive.extractfile("releases/1.1.0/delta.config")
        assert config
        (tmp_path / "delta.config").write_bytes(config.read())
    before = {each: (node.root / each).read_bytes() for each in ("bin/web",)}
    assert node.ask("web_one:answer().") == "1"
    fits = DIGEST_ON_THE_NODE.replace("DELTA", str(tmp_path / "delta.config"))
    assert node.ask(fits) == "{true,true}"

    assert node.ask('release_handler:unpack_release("web-1.1.0.delta").') == (
        '{ok,"1.1.0"}'
    )
    assert node.ask("web_one:answer().") == "1"
    assert node.ask('release_handler:install_release("1.1.0").').startswith("{ok,")
    assert node.ask("{web_one:answer(), web_two:answer(), store_one:answer()}.") == (
        "{111,2,1}"
    )
    assert node.ask('release_handler:make_permanent("1.1.0").') == "ok"
    started = (node.root / "releases/start_erl.data").read_text().split()
    assert started == [erts_version(), "1.1.0"]
    assert node.ask(fits) == "{false,true}"  # it is on a node of 1.1.0 now

    assert node.ask('release_handler:install_release("1.0.0").').startswith("{ok,")
    assert node.ask("web_one:answer().") == "1"
    assert node.ask('release_handler:make_permanent("1.0.0").') == "ok"
    assert node.ask('release_handler:remove_release("1.1.0").') == "ok"
    assert not (node.root / "lib/web-1.1").exists()
    assert (node.root / "lib/store-1.0").is_dir()
    assert {each: (node.root / each).read_bytes() for each in before} == before


def test_a_node_that_went_up_starts_again_in_the_new_version(
    made: Made, tmp_path: Path
) -> None:
    root = unpack(made.old, tmp_path / "node")
    path = root / "releases/web-1.1.0.tar.gz"  # the name of the full one does as well
    write_delta(str(path), made.whole, [baseline_of(made.old, tmp_path)])
    with booted(root, "web") as node:
        node.ask('{ok, _} = release_handler:unpack_release("web-1.1.0").')
        node.ask('{ok, _, _} = release_handler:install_release("1.1.0").')
        assert node.ask('release_handler:make_permanent("1.1.0").') == "ok"
    with booted(root, "web") as node:
        assert node.ask("web_one:answer().") == "111"
        assert node.ask("code:which(web_one).").endswith('web-1.1/ebin/web_one.beam"')


GO_UP_AND_DOWN = """
    1 = web_one:answer(),
    {ok, "1.1.0"} = release_handler:unpack_release("web-1.1.0.delta"),
    {ok, Up} = file:consult("releases/1.1.0/delta.config"),
    {_, Fits} = lists:keyfind(fits, 1, Up),
    [{_, Vsn, Apps, _}] = [R || {_, _, _, permanent} = R
                                    <- release_handler:which_releases()],
    Lines = unicode:characters_to_binary([[A, $\\n] || A <- lists:sort(Apps)]),
    Hex = [io_lib:format("~2.16.0b", [B]) || <<B>> <= erlang:md5(Lines)],
    [{Vsn, Digest}] = Fits,
    Digest = lists:flatten(Hex),
    {ok, "1.0.0", _} = release_handler:install_release("1.1.0"),
    111 = web_one:answer(),
    1 = store_one:answer(),
    ok = release_handler:make_permanent("1.1.0"),
    {ok, "1.0.0", _} = release_handler:install_release("1.0.0"),
    1 = web_one:answer(),
    ok = release_handler:make_permanent("1.0.0"),
    ok = release_handler:remove_release("1.1.0"),
    io:format("went up and down~n")
"""


@pytest.mark.parametrize("make", [made_by_rebar3, made_by_systools])
def test_a_node_that_is_not_ours(
    make: Callable[[Path], Path], made: Made, tmp_path: Path
) -> None:
    old = make(tmp_path / "old")
    root = unpack(old, tmp_path / "node")
    baseline = baseline_of(old, tmp_path)
    relup = Member(
        path="releases/1.1.0/relup",
        mode=0o644,
        content=relup_of(tmp_path, old, made.new),
    )
    others = [each for each in made.whole.members if each.path != relup.path]
    write_delta(
        str(root / "releases/web-1.1.0.delta.tar.gz"),
        replace(made.whole, members=[*others, relup]),
        [baseline],
    )
    if not (root / "releases/RELEASES").exists():  # as OTP's manual has it installed
        rel = next((root / "releases/1.0.0").glob("*.rel"))
        call = f'create_RELEASES("", "{root}/releases", "{rel}", [])'
        erl(root, f"ok = release_handler:{call}")
    said = run_embedded(root, GO_UP_AND_DOWN)
    assert "went up and down" in said, said


def run_embedded(root: Path, expression: str) -> str:
    """Boot version 1.0.0 as its own erts does, evaluate, and return what it printed."""
    programs = root / f"erts-{erts_version()}/bin"
    told = (
        """try EXPRESSION catch A:B:C -> io:format("~p~n", [{A, B, C}]) end, halt()."""
    )
    boot = ["-noinput", "-boot", root / "releases/1.0.0/start"]
    done = subprocess.run(
        [programs / "erlexec", *boot, "-eval", told.replace("EXPRESSION", expression)],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={
            **clean_environment(),
            "ROOTDIR": str(root),
            "BINDIR": str(programs),
            "EMU": "beam",
        },
    )
    return done.stdout + done.stderr


def test_the_digest_does_not_depend_on_the_order(made: Made) -> None:
    rel = made.whole.rel
    turned = replace(rel, apps=rel.apps[::-1])
    assert apps_digest(turned) == apps_digest(rel)
    raised = replace(rel.apps[0], vsn="0")
    assert apps_digest(replace(rel, apps=(raised, *rel.apps[1:]))) != apps_digest(rel)

"""`make_tar` gives what systools gives: the same members and the same errors."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.systools import SystoolsError, make_tar
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Atom, Term
from tests.oracle import Oracle, otp_root, the_oracle

Members = dict[str, "bytes | Members | None"]
"""Content by name; None for a directory; archives inside are opened."""

Change = Callable[[Path], object]
"""Alters the project before the archive is made."""


def versions() -> dict[str, str]:
    lib = otp_root() / "lib"
    return {
        app: next(lib.glob(f"{app}-*")).name.partition("-")[2]
        for app in ("kernel", "stdlib", "sasl")
    }


def erts_vsn() -> str:
    return next(otp_root().glob("erts-*")).name.partition("-")[2]


def beam(module: str) -> bytes:
    answer = the_oracle().ask(
        f"{{ok, _, Beam}} = compile:forms([{{attribute, 1, module, {module}}}]), Beam"
    )
    return bytes(answer.value)


def write_app(
    root: Path, place: str, name: str, vsn: str, uses: str = "kernel, stdlib"
) -> None:
    ebin = root / place / "ebin"
    ebin.mkdir(parents=True)
    (ebin / f"{name}.app").write_text(
        f'{{application, {name}, [{{vsn, "{vsn}"}}, {{modules, [{name}_m]}}, '
        f'{{description, ""}}, {{registered, []}}, {{applications, [{uses}]}}]}}.\n'
    )
    (ebin / f"{name}_m.beam").write_bytes(beam(f"{name}_m"))
    (ebin / "unlisted.beam").write_bytes(b"not in modules")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, vsn in versions().items():  # small ones: they are found first
        uses = {"kernel": "", "stdlib": "kernel"}.get(name, "kernel, stdlib")
        write_app(root, f"otp/{name}-{vsn}", name, vsn, uses)
    write_app(root, "lib/foo-1.0", "foo", "1.0", "kernel, stdlib, sasl")
    write_app(root, "lib/bar", "bar", "2.0")
    write_app(root, "vars/deep/baz-3", "baz", "3")
    write_app(root, "vars/odd/name", "qux", "4")
    foo = root / "lib" / "foo-1.0"
    files = {
        "priv/run": b"#!/bin/sh\n",
        "priv/deep/er/data": b"x" * 5000,
        "priv/\u00e9t\u00e9": b"summer",
        "src/foo_m.erl": b"-module(foo_m).\n",
        "include/foo.hrl": b"",
        "../../etc/motd": b"hello",
        "../../etc/more/x": b"x",
    }
    for name, content in files.items():
        path = foo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (foo / "priv" / "empty" / "er").mkdir(parents=True)
    (foo / "priv" / "run").chmod(0o755)
    (foo / "priv" / "link").symlink_to("deep/er")
    (foo / "priv" / "file-link").symlink_to("run")
    own = {"foo": "1.0", "bar": "2.0", "baz": "3", "qux": "4"}
    apps = ", ".join(f'{{{n}, "{v}"}}' for n, v in {**versions(), **own}.items())
    rel = f'{{release, {{"demo", "7"}}, {{erts, "{erts_vsn()}"}}, [{apps}]}}.\n'
    (root / "demo.rel").write_text(rel)
    small = ", ".join(f'{{{n}, "{v}"}}' for n, v in versions().items() if n != "sasl")
    rel = f'{{release, {{"small", "7"}}, {{erts, "{erts_vsn()}"}}, [{small}]}}.\n'
    (root / "small.rel").write_text(rel)
    for name in ("demo", "small"):
        (root / f"{name}.boot").write_bytes(f"boot of {name}".encode())
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(template, copy, symlinks=True)
    return copy


def ask_systools(oracle: Oracle, root: Path, name: str, options: str) -> bytes:
    """Return the external format of `{ok, what systools:make_tar gives}`."""
    return oracle.ask_raw(
        f"""
        (fun() ->
            {{ok, Old}} = file:get_cwd(),
            ok = file:set_cwd(binary_to_list(In)),
            try systools:make_tar("{name}", [silent | {options}])
            after file:set_cwd(Old) end
        end)()
        """,
        encode(str(root).encode(), AtomEncoding.UTF8),
    )


def ask_ours(root: Path, name: str, options: dict[str, Any]) -> bytes:
    """The same of ours."""
    make = Atom("systools_make")
    given: Term
    try:
        made = make_tar(name, cwd=str(root), **options)
    except SystoolsError as error:
        given = (Atom("error"), make, error.term)
    else:
        warnings: list[Term] = [(Atom("warning"), each) for each in made.warnings]
        given = (Atom("ok"), make, warnings)
    return encode((Atom("ok"), given), AtomEncoding.LATIN1)


def members(path: Path | bytes) -> Members:
    raw = path if isinstance(path, bytes) else path.read_bytes()
    found: Members = {}
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        for each in archive.getmembers():
            assert each.isfile() or each.isdir()
            file = archive.extractfile(each)
            content = None if file is None else file.read()
            nested = each.name.endswith(".tar.gz") and content
            found[each.name] = members(nested) if nested else content
    return found


def compare(
    oracle: Oracle, root: Path, name: str, erlang: str, ours: dict[str, Any]
) -> None:
    """Both make their archives in a copy of the project: same verdict, same files."""
    other = root.parent / "other" / root.name
    shutil.copytree(root, other, symlinks=True)
    wanted = ask_systools(oracle, other, name, erlang)
    given = ask_ours(root, name, ours)
    assert decode(given) == decode(wanted)
    assert given == wanted
    archives = {path.relative_to(other) for path in other.rglob("*.tar.gz")}
    assert {path.relative_to(root) for path in root.rglob("*.tar.gz")} == archives
    for each in archives:
        assert members(root / each) == members(other / each)


PATH = ["otp/*/ebin", "lib/*/ebin", "vars/*/*/ebin"]
PATHS = '{path, ["otp/*/ebin", "lib/*/ebin", "vars/*/*/ebin"]}'
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("{dirs, [src, include, nothing]}", {"dirs": ["src", "include", "nothing"]}),
    ('{erts, "ROOT"}', {"erts": "ROOT"}),
    ('{erts, "ROOT"}, erts_all', {"erts": "ROOT", "erts_all": True}),
    ("erts_all", {"erts_all": True}),
    ('{outdir, "out"}', {"outdir": "out"}),
    ('{variables, [{"V", "vars"}]}', {"variables": {"V": "vars"}}),
    (
        '{variables, [{"V", "vars/"}]}, {var_tar, include}',
        {"variables": {"V": "vars/"}, "var_tar": "include"},
    ),
    (
        '{variables, [{"V", "vars/deep"}]}, {var_tar, ownfile}',
        {"variables": {"V": "vars/deep"}, "var_tar": "ownfile"},
    ),
    (
        '{variables, [{"V", "vars"}, {"L", "lib"}]}, {var_tar, omit}',
        {"variables": {"V": "vars", "L": "lib"}, "var_tar": "omit"},
    ),
    (
        '{variables, [{"V", "vars"}, {"W", "va"}, {"L", "lib"}]}, {dirs, [src]}',
        {"variables": [("V", "vars"), ("W", "va"), ("L", "lib")], "dirs": ["src"]},
    ),
    (
        '{variables, [{"W", "vars/deep/baz-3"}, {"V", "vars"}, {"X", "vars/odd"}]}',
        {"variables": [("W", "vars/deep/baz-3"), ("V", "vars"), ("X", "vars/odd")]},
    ),
    (
        '{variables, [{"V", "vars"}, {"X", "vars/odd"}]}',
        {"variables": [("V", "vars"), ("X", "vars/odd")]},
    ),
    (
        '{variables, [{"V", "nowhere"}, {"O", "otp"}]}, {var_tar, ownfile}',
        {"variables": {"V": "nowhere", "O": "otp"}, "var_tar": "ownfile"},
    ),
    (
        '{extra_files, [{"etc/motd", "etc/hello"}, {"etc", "all"}]}',
        {"extra_files": [("etc/motd", "etc/hello"), ("etc", "all")]},
    ),
    ('{extra_files, [{"none", "x"}]}', {"extra_files": {"none": "x"}}),
    ("no_warn_sasl, warnings_as_errors", {"no_warn_sasl": True,
                                          "warnings_as_errors": True}),
    ('{outdir, "nowhere"}', {"outdir": "nowhere"}),
    ('{outdir, "demo.rel"}', {"outdir": "demo.rel"}),
]  # fmt: skip


@pytest.mark.parametrize(("erlang", "ours"), OPTIONS)
def test_same_as_systools(
    oracle: Oracle, project: Path, erlang: str, ours: dict[str, Any]
) -> None:
    (project / "out").mkdir()
    root = str(otp_root())
    ours = {k: root if v == "ROOT" else v for k, v in ours.items()}
    options = ", ".join(filter(None, [PATHS, erlang.replace("ROOT", root)]))
    compare(oracle, project, "demo", f"[{options}]", {"path": PATH, **ours})


def write(name: str, content: bytes) -> Change:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    return change


def remove(name: str) -> Change:
    return lambda root: (root / name).unlink()


def move(name: str, to: str) -> Change:
    def change(root: Path) -> None:
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        (root / name).rename(root / to)

    return change


def link(name: str, to: str) -> Change:
    return lambda root: (root / name).symlink_to(to)


def both(*changes: Change) -> Change:
    return lambda root: [change(root) for change in changes]


@pytest.mark.parametrize(
    "change",
    [
        write("relup", b'{"7", [], []}.'),
        write("relup", b'{"7", [{"6", "", []}], [{"6", "", []}]}. %x\n'),
        write("relup", b'{"", [], []}.'),
        write("relup", b'{[256], "up", "down"}.'),
        write("relup", b'{"7", [], []}. {x}.'),
        write("relup", b'{"7", x, []}.'),
        write("relup", b'{"7", [a|b], []}.'),
        write("relup", b""),
        write("relup", b"{x"),
        write("relup", b"x y."),
        lambda root: (root / "relup").mkdir(),
        write("sys.config", b"[]."),
        write("sys.config", b'[{foo, [{a, 1}]}, "other", "deep/er"].'),
        write("sys.config", b"[{foo, []}, [1|x], [256, a]]."),
        write("sys.config", b"[{foo, x}]."),
        write("sys.config", b"[{foo, [a|b]}]."),
        write("sys.config", b'[{"foo", []}].'),
        write("sys.config", b'[{foo, []}, ""].'),
        write("sys.config", b"[foo]."),
        write("sys.config", b"[]. []."),
        write("sys.config", b""),
        write("sys.config", b"[{foo, []}"),
        write("sys.config", b"[{foo, ]."),
        write("sys.config", '[{foo, [{x, "\u00e9"}]}].'.encode()),
        write("sys.config.src", b"[${X}]"),
        both(write("sys.config.src", b"src"), write("sys.config", b"broken")),
        write("lib/foo-1.0/ebin/sys.config", b"[{found, []}]."),
        both(write("sys.config", b"[]."), write("lib/bar/ebin/relup", b"x")),
        write("start.boot", b"another boot file"),
        remove("demo.boot"),
        move("demo.boot", "lib/bar/ebin/demo.boot"),
        move("demo.boot", "lib/bar/ebin/start.boot"),
        move("demo.rel", "lib/bar/ebin/demo.rel"),
        link("lib/foo-1.0/priv/broken", "nowhere"),
        link("lib/foo-1.0/src/link", "../priv/deep"),
        both(
            link("lib/foo-1.0/priv/broken", "nowhere"),
            lambda root: (root / "lib/bar/priv").mkdir(),
            link("lib/bar/priv/broken", "nowhere"),
        ),
        link("lib/bar/priv", "nowhere"),
        link("lib/bar/priv", "../foo-1.0/priv/deep"),
        write("lib/bar/priv", b"a file"),
        remove("lib/foo-1.0/ebin/foo_m.beam"),
        both(
            link("lib/foo-1.0/priv/broken", "nowhere"),
            remove("demo.boot"),
            write("relup", b""),
        ),
    ],
)
def test_same_as_systools_when_things_are_otherwise(
    oracle: Oracle, project: Path, change: Change
) -> None:
    change(project)
    ours = {"path": PATH, "dirs": ["src"]}
    compare(oracle, project, "demo", f"[{PATHS}, {{dirs, [src]}}]", ours)


def test_where_systools_crashes_over_a_configuration(
    oracle: Oracle, project: Path
) -> None:
    """It expects a list, and gives its crash for the error; we say what is wrong."""
    write("sys.config", b"foo.")(project)
    wanted = decode(ask_systools(oracle, project, "small", "[]"))
    given = decode(ask_ours(project, "small", {}))
    assert wanted[1][2][0] == (Atom("case_clause"), Atom("foo"))  # type: ignore[index]
    what = (Atom("add"), "sys.config", [Atom("invalid_format")])
    assert given[1][2] == (Atom("tar_error"), what)  # type: ignore[index]


def test_a_fault_behind_the_first_term(oracle: Oracle, project: Path) -> None:
    """Both refuse; where the fault is stands in our diagnostic, not in our term."""
    write("sys.config", b"[].\n[}.\n")(project)
    wanted = decode(ask_systools(oracle, project, "small", "[]"))
    assert wanted[1][2][1][2][0][1][0] == 2  # type: ignore[index]
    with pytest.raises(SystoolsError) as error:
        make_tar("small", cwd=str(project))
    assert error.value.term[1][:2] == (Atom("add"), "sys.config")  # type: ignore[index]
    first, second = error.value.diagnostics
    assert first.code is Code.TAR_SYS_CONFIG
    assert second.place.line == 2


def test_dirs_has_all_that_can_be_read(oracle: Oracle, project: Path) -> None:
    """systools says `ok` as well, but stops at the first file that cannot be."""
    link("lib/foo-1.0/src/broken", "nowhere")(project)
    other = project.parent / "other"
    shutil.copytree(project, other, symlinks=True)
    wanted = ask_systools(oracle, other, "demo", f"[{PATHS}, {{dirs, [src]}}]")
    given = ask_ours(project, "demo", {"path": PATH, "dirs": ["src"]})
    assert wanted == given
    theirs, ours = members(other / "demo.tar.gz"), members(project / "demo.tar.gz")
    assert theirs.items() <= ours.items()
    assert ours.keys() - theirs.keys() <= {"lib/foo-1.0/src/foo_m.erl"}
    assert "lib/foo-1.0/src/foo_m.erl" in ours


@pytest.mark.parametrize(
    ("erlang", "ours"),
    [
        ("[]", {}),
        ("[no_warn_sasl]", {"no_warn_sasl": True}),
        ("[warnings_as_errors]", {"warnings_as_errors": True}),
    ],
)
def test_warnings(
    oracle: Oracle, project: Path, erlang: str, ours: dict[str, Any]
) -> None:
    compare(oracle, project, "small", erlang, ours)


def test_a_release_in_another_directory(oracle: Oracle, project: Path) -> None:
    (project / "rel").mkdir()
    for name in ("small.rel", "small.boot"):
        (project / name).rename(project / "rel" / name)
    write("rel/sys.config", b"[{near, []}].")(project)
    write("sys.config", b"[{far, []}].")(project)
    write("relup", b'{"7", [], []}.')(project)
    compare(oracle, project, "rel/small", "[]", {})


def test_a_missing_run_time_system(oracle: Oracle, project: Path) -> None:
    """systools crashes; the reason is the same, the stack is not ours to have."""
    wanted = decode(ask_systools(oracle, project, "small", '[{erts, "nowhere"}]'))
    given = decode(ask_ours(project, "small", {"erts": "nowhere"}))
    assert isinstance(wanted, tuple)
    assert isinstance(given, tuple)
    reason = (Atom("badmatch"), (Atom("error"), Atom("enoent")))
    assert wanted[1][2][0] == reason  # type: ignore[index]
    assert given[1][2][0] == reason  # type: ignore[index]


@pytest.mark.parametrize(
    "options",
    [
        {"var_tar": "elsewhere"},
        {"dirs": "src"},
        {"erts_all": "yes"},
        {"extra_files": ["x"]},
        {"unknown": 1},
    ],
)
def test_options_that_are_none(project: Path, options: dict[str, Any]) -> None:
    with pytest.raises(SystoolsError) as error:
        make_tar("small", cwd=str(project), **options)
    (found,) = error.value.diagnostics
    assert found.code is Code.BAD_OPTION


def test_an_error_leaves_the_old_archive(project: Path) -> None:
    make_tar("small", cwd=str(project))
    before = (project / "small.tar.gz").read_bytes()
    (project / "small.boot").unlink()
    with pytest.raises(SystoolsError):
        make_tar("small", cwd=str(project))
    assert (project / "small.tar.gz").read_bytes() == before


def test_the_same_bytes_twice(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tar("small", cwd=str(project))
    before = (project / "small.tar.gz").read_bytes()
    (project / "small.tar.gz").unlink()
    os.utime(project / "small.rel", (1, 1))
    make_tar("small", cwd=str(project))
    assert (project / "small.tar.gz").read_bytes() == before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    make_tar("small", cwd=str(project))
    with tarfile.open(project / "small.tar.gz") as archive:
        assert {each.mtime for each in archive} == {1700000000}


def test_an_extra_file_in_the_place_of_another(project: Path) -> None:
    """systools writes both, and the last is what unpacking leaves."""
    other = {"etc/motd": "releases/small.rel"}
    make_tar("small", cwd=str(project), extra_files=other)
    with tarfile.open(project / "small.tar.gz") as archive:
        assert archive.getnames().count("releases/small.rel") == 1
    assert members(project / "small.tar.gz")["releases/small.rel"] == b"hello"


@pytest.mark.parametrize("to", ["/etc/x", "../x", "a/../../x"])
def test_members_that_lead_out_are_refused(project: Path, to: str) -> None:
    with pytest.raises(Trouble) as trouble:
        make_tar("small", cwd=str(project), extra_files={"etc/motd": to})
    assert trouble.value.diagnostics[0].code is Code.BAD_MEMBER
    assert not (project / "small.tar.gz").exists()


def test_as_a_program(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dodo_relkit.systools", "make_tar", "small",
         "--no-warn-sasl", "--extra-files", "etc=etc", "--cwd", project],
        cwd=Path(__file__).parent.parent,
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert members(project / "small.tar.gz")["etc/motd"] == b"hello"

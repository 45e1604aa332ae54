"""What is learned from an OTP's start_clean.boot, and from where an OTP lies.

Only one OTP is at hand, so others are made from it: its boot file changed as that of
the other OTP differs, and the answer of its systools changed in the same way.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import erlang
import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.otp import (
    check_otp_root,
    find_erts_vsn,
    find_otp_root,
    find_start_clean,
    library_path,
    read_target,
)
from dodo_relkit.systools import SystoolsError, make_script
from dodo_relkit.target import learn_target
from dodo_relkit.terms.etf import AtomEncoding
from dodo_relkit.terms.text import parse_term
from tests.live_systools import Case, live_answers
from tests.oracle import the_oracle
from tests.test_boot_otp import closure, write_rel
from tests.test_systools_errors import A, B, app, rel, write

ROOT = find_otp_root()
BOOT = Path(find_start_clean(ROOT)).read_bytes()

# changes of a boot script, as Erlang; a script is {script, {Name, Vsn}, Instructions}
DROP_OPTIONAL = """
    Drop = fun Drop(L) when is_list(L) -> [Drop(E) || E <- L,
                   not (is_tuple(E) andalso element(1, E) =:= optional_applications)];
               Drop(T) when is_tuple(T) -> list_to_tuple(Drop(tuple_to_list(T)));
               Drop(T) -> T end,
    Drop(Script)
"""
NEW_PRELOADED = """
    {script, Id, [{preLoaded, Ms} | Rest]} = Script,
    New = lists:sort([erts_trace_cleaner | Ms -- [prim_zip]]),
    {script, Id, [{preLoaded, New} | Rest]}
"""
NEW_MANDATORY = """
    {script, Id, Is} = Script,
    New = [case I of
               {primLoad, [error_handler | Ms]} ->
                   {primLoad, [error_handler, new | Ms]};
               _ -> I end || I <- Is],
    {script, Id, New}
"""
NEW_PROCESS = """
    {script, Id, Is} = Script,
    Logger = lists:keyfind(logger, 2, Is),
    {Before, [Logger | After]} = lists:splitwith(fun(I) -> I =/= Logger end, Is),
    {script, Id, Before ++ [Logger, {kernelProcess, extra, {extra, start, [[], 1.5]}},
                            {future_instruction, "x"} | After]}
"""


def changed(boot: bytes, change: str, version: str, *, utf8: bool = False) -> bytes:
    """The boot file as another OTP writes it."""
    expression = (
        "{script, {Name0, Vsn0}, Is0} = binary_to_term(In), "
        f'Vsn1 = case Name0 of "Erlang/OTP" -> "{version}"; _ -> Vsn0 end, '
        "Script = {script, {Name0, Vsn1}, Is0}, "
        f"term_to_binary(begin {change} end)"
    )
    bytes_ = bytes(the_oracle().ask(expression, boot).value)
    if not utf8:
        return bytes_
    return erlang.term_to_binary(with_text_atoms(erlang.binary_to_term(bytes_)))


def with_text_atoms(term: object) -> object:
    """The term such that erlang-py writes atoms as SMALL_ATOM_UTF8_EXT, as OTP 26."""
    if isinstance(term, erlang.OtpErlangAtom):
        return erlang.OtpErlangAtom(term.value.decode())
    if isinstance(term, (tuple, list)):
        return type(term)(with_text_atoms(each) for each in term)
    if isinstance(term, erlang.OtpErlangList):
        return erlang.OtpErlangList([with_text_atoms(each) for each in term.value])
    return term


def other_otp(place: Path, boot: bytes, version: str, erts: str) -> Path:
    """An OTP root with that boot file and the applications of the one at hand."""
    (place / f"erts-{erts}" / "bin").mkdir(parents=True)
    (place / "lib").symlink_to(Path(ROOT, "lib"))
    (place / "releases" / version).mkdir(parents=True)
    (place / "releases" / version / "start_clean.boot").write_bytes(boot)
    (place / "releases" / "start_erl.data").write_text(f"{erts} {version}\n")
    return place


@pytest.mark.parametrize(
    ("version", "change", "utf8"),
    [
        ("23", DROP_OPTIONAL, False),
        ("24", "Script", False),
        ("25", "Script", False),
        ("26", "Script", True),
        ("27", NEW_PRELOADED, True),
        ("28", NEW_PRELOADED, True),
        ("29", NEW_PROCESS, True),
        ("30", NEW_MANDATORY, True),
    ],
)
def test_boot_files_of_other_otps(
    version: str, change: str, utf8: bool, tmp_path: Path
) -> None:
    otp = other_otp(
        tmp_path / "otp", changed(BOOT, change, version, utf8=utf8), version, "99.1"
    )
    write_rel(tmp_path, "r", closure(["ssl", "mnesia", "tools", "sasl"]), ["permanent"])
    live_answers([Case(directory=tmp_path, name="r")])
    expected = changed((tmp_path / "live/r.boot").read_bytes(), change, "", utf8=utf8)
    make_script("r", cwd=str(tmp_path), otp_root=str(otp), outdir="ours")
    assert (tmp_path / "ours/r.boot").read_bytes() == expected
    target = read_target(str(otp))
    assert (target.otp_vsn, target.erts_vsn) == (version, "99.1")
    assert target.atoms is (AtomEncoding.UTF8 if utf8 else AtomEncoding.LATIN1)


@pytest.fixture(autouse=True)
def ours(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()


def test_facts_of_the_otp_at_hand() -> None:
    target = read_target(ROOT)
    asked = the_oracle().ask(
        "{list_to_binary(erlang:system_info(otp_release)), "
        "list_to_binary(erlang:system_info(version)), "
        "[atom_to_binary(M) || M <- systools_make:preloaded()]}"
    )
    otp_vsn, erts_vsn, preloaded = asked
    assert (target.otp_vsn, target.erts_vsn) == (
        otp_vsn.value.decode(),
        erts_vsn.value.decode(),
    )
    assert list(target.preloaded) == [each.value.decode() for each in preloaded]
    assert target.mandatory[0] == "error_handler"
    assert target.spec_keys[-2:] == ("start_phases", "mod")


def test_before_otp_24_nothing_is_optional(tmp_path: Path) -> None:
    otp = other_otp(tmp_path / "otp", changed(BOOT, DROP_OPTIONAL, "23"), "23", "11.2")
    optional = {"applications": "[o]", "optional_applications": "[o]"}
    write(tmp_path, {"r.rel": rel(A), "e/a.app": app("a", **optional)})
    make_script("r", path=["e"], cwd=str(tmp_path), outdir="ours")
    with pytest.raises(SystoolsError) as raised:
        make_script("r", path=["e"], cwd=str(tmp_path), otp_root=str(otp))
    assert raised.value.term == parse_term("{undefined_applications,[o]}")


def test_since_otp_26_entries_stand_once(tmp_path: Path) -> None:
    otp = other_otp(tmp_path / "otp", changed(BOOT, "Script", "26"), "26", "14.0")
    twice = app("a", modules="[m,n,m,m]", applications="[b,b]", env="[1]")
    wrong_first = app("b", vsn="1", registered="[p,p]")
    wrong_later = app("b", registered="[p,p]", env="[1]")
    for b in (wrong_first, wrong_later):
        write(tmp_path, {"r.rel": rel(A, B), "e/a.app": twice, "e/b.app": b})
        with pytest.raises(SystoolsError) as raised:
            make_script("r", path=["e"], cwd=str(tmp_path), otp_root=str(otp))
        told = repr(raised.value.term)
        assert "(Atom('dupl_entry'), Atom('modules'), [Atom('m'), Atom('m')])" in told
        assert Code.APP_ENTRY_TWICE in [each.code for each in raised.value.diagnostics]
        assert ("Atom('registered')" in told.split("bad_param")[0]) is (
            b is wrong_later
        ) or "EXIT" in told
    # and before it they are another trouble
    with pytest.raises(SystoolsError) as raised:
        make_script("r", path=["e"], cwd=str(tmp_path))
    assert "dupl_entry" not in repr(raised.value.term)


@pytest.mark.parametrize(
    "boot",
    [b"", b"\x83", b"\x83a\x01", BOOT[:100], erlang.term_to_binary([1, 2])],
    ids=["empty", "version", "number", "cut", "list"],
)
def test_no_boot_file(boot: bytes) -> None:
    with pytest.raises(Trouble) as raised:
        learn_target(boot, erts_vsn="1", file="start_clean.boot")
    assert raised.value.diagnostics[0].is_error


@pytest.mark.parametrize("kind", ["preLoaded", "primLoad", "kernelProcess", "path"])
def test_a_boot_file_that_lacks_something(kind: str) -> None:
    change = (
        "{script, Id, Is} = Script, "
        f"{{script, Id, [I || I <- Is, element(1, I) =/= {kind}]}}"
    )
    with pytest.raises(Trouble) as raised:
        learn_target(changed(BOOT, change, "25"), erts_vsn="1")
    assert raised.value.diagnostics[0].code is Code.BAD_START_CLEAN


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def otp_tree(root: Path) -> Path:
    (root / "erts-14.0/bin").mkdir(parents=True)
    (root / "lib").mkdir()
    executable(root / "bin/erl", "#!/bin/sh\n")
    return root


def test_the_otp_of_erl_on_path() -> None:
    assert find_otp_root() == find_otp_root(True, {"PATH": os.environ["PATH"]})
    asked = bytes(the_oracle().ask("list_to_binary(code:root_dir())").value).decode()
    assert find_otp_root() == asked


def test_erl_through_links(tmp_path: Path) -> None:
    root = otp_tree(tmp_path / "my otp")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/erl").symlink_to("../my otp/bin/erl")
    assert find_otp_root(True, {"PATH": f"{tmp_path}/none:{tmp_path}/bin"}) == str(root)


def test_erl_of_the_run_time_system(tmp_path: Path) -> None:
    root = otp_tree(tmp_path / "otp")
    executable(root / "erts-14.0/bin/erl", "")
    assert find_otp_root(True, {"PATH": f"{root}/erts-14.0/bin"}) == str(root)


def test_a_copied_erl_names_its_root(tmp_path: Path) -> None:
    root = otp_tree(tmp_path / "otp")
    executable(tmp_path / "bin/erl", f'#!/bin/sh\nROOTDIR="{root}"\nBINDIR=x\n')
    assert find_otp_root(True, {"PATH": f"{tmp_path}/bin"}) == str(root)


def test_the_environment_names_the_root(tmp_path: Path) -> None:
    root = otp_tree(tmp_path / "otp")
    given = {"ERL_ROOTDIR": str(root), "PATH": os.environ["PATH"]}
    assert find_otp_root(True, given) == str(root)
    assert find_otp_root(str(root), {}) == str(root)


@pytest.mark.parametrize(
    ("environment", "setting"),
    [
        ({"PATH": "/nowhere"}, True),
        ({}, True),
        ({}, "/nowhere/at/all"),
        ({"ERL_ROOTDIR": "/nowhere"}, True),
    ],
)
def test_no_otp(environment: dict[str, str], setting: bool | str) -> None:
    with pytest.raises(Trouble) as raised:
        find_otp_root(setting, environment)
    assert raised.value.diagnostics[0].code is Code.OTP_NOT_FOUND


def test_an_erl_that_tells_nothing(tmp_path: Path) -> None:
    executable(tmp_path / "erl", "#!/bin/sh\nexec asdf exec erl\n")
    with pytest.raises(Trouble) as raised:
        find_otp_root(True, {"PATH": str(tmp_path)})
    assert raised.value.diagnostics[0].code is Code.OTP_NOT_FOUND


def troubles_of(root: Path) -> list[Code]:
    with pytest.raises(Trouble) as raised:
        check_otp_root(str(root))
    return [each.code for each in raised.value.diagnostics]


def test_incomplete_otps(tmp_path: Path) -> None:
    root = tmp_path / "otp"
    root.mkdir()
    assert troubles_of(root) == [Code.OTP_WITHOUT_ERTS, Code.OTP_INCOMPLETE]
    (root / "erts-14.0").mkdir()
    assert troubles_of(root) == [Code.OTP_INCOMPLETE, Code.OTP_INCOMPLETE]
    (root / "erts-14.0/bin").mkdir()
    (root / "lib").mkdir()
    check_otp_root(str(root))
    (root / "erts-14.1/bin").mkdir(parents=True)
    assert troubles_of(root) == [Code.SEVERAL_ERTS]
    (root / "releases").mkdir()
    (root / "releases/start_erl.data").write_text("14.1 26\n")
    check_otp_root(str(root))
    assert find_erts_vsn(str(root)) == "14.1"


def test_which_start_clean(tmp_path: Path) -> None:
    root = tmp_path / "otp"
    with pytest.raises(Trouble) as raised:
        find_start_clean(str(root))
    assert raised.value.diagnostics[0].code is Code.NO_START_CLEAN
    expected = []
    for place in ("bin", "releases/zzz", "releases/9", "releases/26", "releases/25"):
        (root / place).mkdir(parents=True)
        (root / place / "start_clean.boot").write_bytes(BOOT)
        expected.append(find_start_clean(str(root)).removeprefix(f"{root}/"))
    assert [each.rpartition("/")[0] for each in expected] == [
        "bin",
        "releases/zzz",
        "releases/9",
        "releases/26",
        "releases/26",
    ]
    (root / "releases/9/OTP_VERSION").write_text("9")
    assert find_start_clean(str(root)).startswith(f"{root}/releases/9/")
    (root / "releases/start_erl.data").write_text("1 25\n")
    assert find_start_clean(str(root)).startswith(f"{root}/releases/25/")


def test_the_code_path_is_that_of_erl() -> None:
    asked = the_oracle().ask("[list_to_binary(D) || D <- code:get_path()]")
    live = [each.value.decode() for each in asked]
    pa = next(each for each in live if re.search("relkit-oracle", each))
    assert [each for each in live if each != pa] == library_path(ROOT, os.environ)


SHOW_PATH = 'io:format("~s~n", [lists:join("\\n", code:get_path())]), halt().'


def test_of_several_versions_the_highest(tmp_path: Path) -> None:
    names = ["a-1.9", "a-1.10", "a-1.10.rc", "b", "b-2", "c-x-1", "d-", "e/f", "-1"]
    for name in names:
        (tmp_path / "lib" / name / "ebin").mkdir(parents=True)
    (tmp_path / "lib/none-1").mkdir()
    (tmp_path / "lib/file-1").write_text("")
    live = subprocess.run(
        ["erl", "-noshell", "-eval", SHOW_PATH],
        env={**os.environ, "ERL_LIBS": f"{tmp_path}/lib"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert library_path(ROOT, {"ERL_LIBS": f"{tmp_path}/lib"}) == live

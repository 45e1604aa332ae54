"""Whole relups: releases, options, warnings and errors, compared with systools."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.formats.relup import dump_relup, load_relup
from dodo_relkit.systools import SystoolsError, main, make_relup
from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import consult_one, parse_term
from tests.live_relup import (
    RelupCase,
    live_relups,
    our_relup,
    without_stacks,
    write_app,
    write_release,
)

APPUP = '{"2",[{"1",[{update,am}]},{<<"1[.].*">>,[]}],[{<<".*">>,[{update,am}]}]}.'


def write_three(directory: Path) -> None:
    """Three releases: c comes, d goes, a changes, b is kept with another type."""
    for vsn in ("1", "1.5", "2"):
        write_app(
            directory,
            "a",
            vsn,
            modules="[am]",
            appup=APPUP if vsn == "2" else "",
            id='"an id"',
            registered="[x]",
            applications="[stdlib,c,kernel]" if vsn == "2" else "[stdlib]",
            env="[{k,v}]",
            mod="{am,[]}",
            start_phases="[{go,[]}]",
            maxT="7",
            optional_applications="[d]",
        )
    write_app(directory, "b", "1", modules="[bm]")
    write_app(directory, "c", "1", modules="[cm,'c λ']", applications="[b]")
    write_app(directory, "d", "1", modules="[dm]")
    write_app(directory, "e", "1", included_applications="[d]")
    d = '{d,"1",load}'
    write_release(directory, "old", "0.9", [d, '{a,"1"}', '{b,"1",load}'])
    write_release(directory, "base", "1", ['{b,"1"}', d, '{a,"1.5"}', '{e,"1",none}'])
    tops = ['{c,"1",temporary}', '{a,"2"}', '{b,"1",transient}']
    write_release(directory, "top", "2", tops)


def compare(case: RelupCase) -> Term:
    """Return our answer, after comparing it with that of systools."""
    (live,) = live_relups([case])
    ours = our_relup(case)
    assert without_stacks(ours) == without_stacks(live), case
    return ours


def warnings(answer: Term) -> str:
    assert type(answer) is tuple
    assert answer[0] is Atom("ok"), answer
    return format_term(answer[3])


def error(answer: Term) -> str:
    assert type(answer) is tuple
    assert answer[0] is Atom("error"), answer
    return format_term(answer[2])


BASES = [
    (("base",), ("base",)),
    (("base", "old"), ("old",)),
    (("old", "base"), ()),
    ((), ("old", "base")),
    ((), ()),
    (("top",), ("top",)),
    ((("base", "wörds λ"), ("old", [])), (("old", "down"),)),
    ((("base", Atom("word")), ("base", (1, b"x"))), ()),
]


@pytest.mark.parametrize(("ups", "downs"), BASES)
@pytest.mark.parametrize("restart", [False, True])
def test_bases(ups, downs, restart, tmp_path: Path) -> None:
    write_three(tmp_path)
    options = {"restart_emulator": restart}
    case = RelupCase(directory=tmp_path, ups=ups, downs=downs, options=options)
    assert warnings(compare(case)) == "[]"


def test_the_file(tmp_path: Path) -> None:
    write_three(tmp_path)
    for side in ("live", "ours"):
        (tmp_path / "out" / side).mkdir(parents=True)
    case = RelupCase(
        directory=tmp_path,
        ups=[("base", "words λ"), "old"],
        downs=["old"],
        options={"outdir": "out"},
    )
    compare(case)
    content = (tmp_path / "out/ours/relup").read_bytes()
    assert content == (tmp_path / "out/live/relup").read_bytes()
    assert dump_relup(load_relup(consult_one(content), "relup")) == content


def test_files_written_are_named(tmp_path: Path) -> None:
    write_three(tmp_path)
    paths = ["lib/*/ebin"]
    made = make_relup("top", ["base"], [], path=paths, cwd=str(tmp_path))
    assert made.files == ("relup",)
    assert (tmp_path / "relup").read_bytes() == dump_relup(made.relup)
    silent = make_relup(
        "top", ["base"], [], path=paths, cwd=str(tmp_path), noexec=True, outdir="none"
    )
    assert silent.files == ()


def test_run_time_system_changes(tmp_path: Path) -> None:
    write_three(tmp_path)
    for name, vsn, app in (("base", "1", '{a,"1.5"}'), ("old", "0", '{a,"1"}')):
        write_release(tmp_path, name, vsn, [app, '{b,"1"}'], erts="12.3")
    for options in ({}, {"restart_emulator": True}):
        ups, downs = ["base", "old"], ["old", "base"]
        case = RelupCase(directory=tmp_path, ups=ups, downs=downs, options=options)
        assert warnings(compare(case)).count("erts_vsn_changed") == 4


def test_warnings_as_errors(tmp_path: Path) -> None:
    write_three(tmp_path)
    write_app(tmp_path, "a", "2", modules="[am]", appup=APPUP.replace('{"2"', "{3"))
    assert warnings(compare(RelupCase(directory=tmp_path))).count("bad_vsn") == 2
    options = {"warnings_as_errors": True}
    case = RelupCase(directory=tmp_path, options=options)
    assert "warnings_treated_as_errors" in error(compare(case))
    write_three(tmp_path)
    assert warnings(compare(case)) == "[]"


def test_the_system_changes(tmp_path: Path) -> None:
    """The appups of OTP itself ask for a new emulator, and name versions by pattern."""
    write_three(tmp_path)
    for app in ("kernel", "stdlib", "sasl"):
        vsn = "8.5.2" if app == "kernel" else "4.1"
        write_app(tmp_path, app, vsn, applications="[]")
    text = (tmp_path / "base.rel").read_text().replace("8.5.3", "8.5.2")
    (tmp_path / "base.rel").write_text(text.replace('"4.2"', '"4.1"'))
    case = RelupCase(directory=tmp_path, options={"restart_emulator": True})
    assert "restart_new_emulator" in format_term(compare(case))
    write_app(tmp_path, "kernel", "6.0", applications="[]")
    (tmp_path / "base.rel").write_text(text.replace("8.5.2", "6.0"))
    assert "no_relup" in error(compare(RelupCase(directory=tmp_path)))


@pytest.mark.parametrize("vsn", ["2.1.10", "2.2", "10.0", "1.9"])
@pytest.mark.parametrize("script", ["[restart_new_emulator]", "[]", "[{purge,[]}]"])
def test_from_before_r15(vsn: str, script: str, tmp_path: Path) -> None:
    appup = f'{{"9",[{{<<".*">>,{script}}}],[{{<<".*">>,{script}}}]}}.'
    write_app(tmp_path, "sasl", vsn)
    write_app(tmp_path, "sasl", "9", appup=appup)
    erts = "12" if script == "[]" else "13.1.5"
    write_release(tmp_path, "base", "1", [], sasl=f'{{sasl,"{vsn}"}}')
    write_release(tmp_path, "top", "2", [], sasl='{sasl,"9"}', erts=erts)
    for options in ({}, {"restart_emulator": True}):
        found = warnings(compare(RelupCase(directory=tmp_path, options=options)))
        restarts = script != "[{purge,[]}]"
        assert ("pre_R15" in found) is (restarts and vsn < "2.2")


Spoil = Callable[[Path], object]


def remove(name: str) -> Spoil:
    return lambda directory: (directory / name).unlink()


def put(name: str, text: str) -> Spoil:
    return lambda directory: (directory / name).write_text(text)


def no_sasl(name: str, vsn: str) -> Spoil:
    entries = ['{b,"1",load,[]}', '{e,"1",[d]}', '{d,"1"}']
    return lambda directory: write_release(directory, name, vsn, entries, sasl="")


FILE = "lib/a-2/ebin/a.appup"
SPOILT: dict[str, tuple[Spoil, dict[str, object]]] = {
    "missing_sasl top": (no_sasl("top", "2"), {}),
    "missing_sasl up": (no_sasl("base", "1"), {"downs": ()}),
    "missing_sasl down": (no_sasl("old", "1"), {"downs": ("old",)}),
    "file_problem open": (remove(FILE), {}),
    "file_problem read": (put(FILE, '{"unended'), {}),
    "file_problem read empty": (put(FILE, ""), {}),
    "file_problem parse": (put(FILE, '{"2",[],[}.'), {}),
    "file_problem ok": (put(FILE, '{"2",[]}.'), {}),
    "file_problem ok list": (put(FILE, '["2",[],[]].'), {}),
    "file_problem write": (lambda _: None, {"options": {"outdir": "nowhere"}}),
    "no_relup": (put(FILE, '{"2",[{"1.6",[]},{<<"1[.]">>,[]}],[]}.'), {}),
    "no_relup down": (put(FILE, '{"2",[],[{"1.6",[]}]}.'), {"ups": ()}),
    "no_relup odd entries": (
        put(FILE, '{"2",[{1,[]},{"1.5"},x,{\'1.5\',[]},{[x],[]}],[]}.'),
        {},
    ),
    "no_relup alternatives": (put(FILE, '{"2",[{<<"1|1.5">>,[]}],[]}.'), {}),
    "not_found": (remove("top.rel"), {}),
    "not_found up": (remove("base.rel"), {}),
    "not_found down": (remove("old.rel"), {"downs": ("old",)}),
    "error_reading": (remove("lib/e-1/ebin/e.app"), {}),
    "parse": (put("base.rel", "{release"), {}),
    "bad_instruction": (put(FILE, '{"2",[{"1.5",[x]}],[]}.'), {}),
    "crash no list": (put(FILE, '{"2",[{"1.5",x}],[]}.'), {}),
    "crash no lists": (put(FILE, '{"2",x,[]}.'), {}),
    "crash pattern": (put(FILE, '{"2",[{<<"(">>,[]}],[]}.'), {}),
    "crash improper": (put(FILE, '{"2",[{"1.5",[[{purge,[]}|x]]}],[]}.'), {}),
}


@pytest.mark.parametrize("title", SPOILT)
def test_errors(title: str, tmp_path: Path) -> None:
    write_three(tmp_path)
    spoil, arguments = SPOILT[title]
    spoil(tmp_path)
    case = RelupCase(directory=tmp_path, **arguments)  # type: ignore[arg-type]
    tag = title.split(maxsplit=1)[0]
    if tag == "crash":
        assert live_relups([case]) == [Atom("crash")]
        assert type(our_relup(case)) is tuple
        return
    assert tag in error(compare(case))


def test_the_first_error_counts(tmp_path: Path) -> None:
    """systools goes from base to base, and in each through the top's applications."""
    write_three(tmp_path)
    for name in ("y", "z"):
        write_app(tmp_path, name, "1", applications="[]")
        write_app(tmp_path, name, "2", applications="[z]" if name == "y" else "[]")
    write_release(tmp_path, "top", "2", ['{y,"2"}', '{z,"2"}'])
    write_release(tmp_path, "base", "1", ['{y,"1"}', '{z,"1"}'])
    write_release(tmp_path, "old", "1", ['{y,"1"}', '{gone,"1"}'])
    assert "z.appup" in error(compare(RelupCase(directory=tmp_path)))
    case = RelupCase(directory=tmp_path, ups=["old", "base"])
    assert "gone.app" in error(compare(case))


@pytest.mark.parametrize("bases", ["base", [1], [("base",)], [(1, "words")]])
def test_refused_bases(bases, tmp_path: Path) -> None:
    write_three(tmp_path)
    with pytest.raises(SystoolsError, match="RK347"):
        make_relup("top", bases, [], cwd=str(tmp_path))
    with pytest.raises(SystoolsError, match="RK347"):
        make_relup("top", [], bases, cwd=str(tmp_path))


def test_words(tmp_path: Path) -> None:
    write_three(tmp_path)
    (tmp_path / FILE).write_text('{"2",[{"1.6",[]},{<<"1[.]">>,[]}],[]}.')
    with pytest.raises(SystoolsError) as raised:
        make_relup("top", ["base"], [], path=["lib/*/ebin"], cwd=str(tmp_path))
    (found,) = raised.value.diagnostics
    assert found.code is Code.APPUP_LACKS_VERSION
    assert "coming from version 1.5 of the application a" in str(raised.value)
    assert "entries for: 1.6, 1[.]." in str(raised.value)


def test_all_refused_instructions_are_told(tmp_path: Path) -> None:
    write_three(tmp_path)
    script = "[{update,1},{purge,x},nonsense,{suspend,[{m,0}]}]"
    (tmp_path / FILE).write_text(f'{{"2",[{{"1.5",{script}}}],[]}}.')
    with pytest.raises(SystoolsError) as raised:
        make_relup("top", ["base"], [], path=["lib/*/ebin"], cwd=str(tmp_path))
    assert len(raised.value.diagnostics) == 4
    assert raised.value.term == parse_term("{bad_module,1}")


def test_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_three(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["make_relup", "top", "--up-from=base=Some words", "--up-from=old"]
    arguments += ["--down-to=old", "--path=lib/*/ebin"]
    assert main([*arguments, "--silent", "--noexec"]) == 0
    case = RelupCase(
        directory=tmp_path, ups=[("base", "Some words"), "old"], downs=["old"]
    )
    assert parse_term(capsys.readouterr().out) == compare(case)
    assert not (tmp_path / "relup").exists()
    assert main([*arguments, "--outdir=lib"]) == 0
    assert (tmp_path / "lib/relup").exists()
    (tmp_path / FILE).unlink()
    assert main([*arguments, "--silent"]) == 1
    assert parse_term(capsys.readouterr().out) == compare(case)


def test_run_as_a_module(tmp_path: Path) -> None:
    write_three(tmp_path)
    command = [sys.executable, "-m", "dodo_relkit.systools", "make_relup", "top"]
    command += ["--down-to", "nothing", "--path", "lib/*/ebin", "--cwd", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "nothing.rel" in done.stderr

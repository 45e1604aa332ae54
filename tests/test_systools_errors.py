"""Each error and warning of make_script, made by hand and compared as terms."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.systools import SystoolsError, make_script, script2boot
from dodo_relkit.terms.etf import decode
from dodo_relkit.terms.text import parse_term
from tests.live_systools import Case, check, live_answers, our_answer

REL = '{{release,{{"r","1"}},{{erts,"13"}},[{{kernel,"8.5.3"}},{{stdlib,"4.2"}}{}]}}.'


def rel(*entries: str) -> str:
    return REL.format("".join(f",{entry}" for entry in entries))


def app(name: str, **properties: str) -> str:
    given = {
        "description": '""',
        "vsn": '"1"',
        "modules": "[]",
        "registered": "[]",
        "applications": "[]",
        **properties,
    }
    pairs = ",".join(f"{{{key},{value}}}" for key, value in given.items() if value)
    return f"{{application,{name},[{pairs}]}}."


A, B, C = '{a,"1"}', '{b,"1"}', '{c,"1"}'

# what systools' error term holds : what to write, options
CASES: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "badly_formatted_release": ({"r.rel": "{release,1}."}, {}),
    "badly_formatted_release list": (
        {"r.rel": '[release,{"r","1"},{erts,"1"},[]].'},
        {},
    ),
    "illegal_name": ({"r.rel": '{release,{<<"r">>,"1"},{erts,"1"},[]}.'}, {}),
    "illegal_form": ({"r.rel": '{release,{"r",["1"]},{erts,"1"},[]}.'}, {}),
    "illegal_form surrogate": (
        {"r.rel": '{release,{"r",[16#D800]},{erts,"1"},[]}.'},
        {},
    ),
    "illegal_form erts": ({"r.rel": '{release,{"r","1"},{erts,<<1>>},[]}.'}, {}),
    "illegal_applications": (
        {
            "r.rel": rel(
                "x",
                "{x}",
                '{"x","1"}',
                '{x,<<"1">>}',
                '{x,"1",odd}',
                '{x,"1",[1]}',
                '{x,"1",load,[1]}',
                '{x,"1",[],load}',
                '{x,"1",load,[],[]}',
                '{x,"1",[a,b]}',
                '{x,"1",none,[]}',
                '{x,"ä"}',
            )
        },
        {},
    ),
    "missing_mandatory_app kernel": (
        {"r.rel": '{release,{"r","1"},{erts,"1"},[]}.'},
        {},
    ),
    "missing_mandatory_app stdlib": (
        {"r.rel": '{release,{"r","1"},{erts,"1"},[{kernel,"1"}]}.'},
        {},
    ),
    "mandatory_app": (
        {"r.rel": '{release,{"r","1"},{erts,"1"},[{kernel,"1"},{stdlib,"1",load}]}.'},
        {},
    ),
    "mandatory_app kernel first": (
        {"r.rel": '{release,{"r","1"},{erts,"1"},[{kernel,"1",none}]}.'},
        {},
    ),
    "not_found rel": ({}, {}),
    "parse": ({"r.rel": '{release,{"r" "1"},\n{erts,"13"}}\n,x.'}, {}),
    "read": ({"r.rel": "{release,'a"}, {}),
    "what follows the term is not read": ({"r.rel": rel() + "\n}} 'a"}, {}),
    "the .rel is on the path": ({"e/r.rel": rel()}, {}),
    "not_found app": ({"r.rel": rel(A, B), "e/a.app": app("a")}, {}),
    "no_valid_version": ({"r.rel": rel(A), "e/a.app": app("a", vsn='"2"')}, {}),
    "no_valid_version first of two": (
        {
            "r.rel": rel(A),
            "e/a.app": app("a", vsn='"2"'),
            "f/a.app": app("a", vsn='"3"'),
        },
        {},
    ),
    "the second version is right": (
        {
            "r.rel": rel(A),
            "e/a.app": app("a", vsn='"2"', modules="[m]"),
            "f/a.app": app("a", modules="[n]"),
        },
        {},
    ),
    "parse_error": ({"r.rel": rel(A), "e/a.app": "{application,a\n\n[]}."}, {}),
    "a good one after one that cannot be parsed": (
        {"r.rel": rel(A), "e/a.app": "{application,a []}.", "f/a.app": app("a")},
        {},
    ),
    "an unreadable one is passed over": (
        {"r.rel": rel(A), "e/a.app": "{application,'a", "f/a.app": app("a")},
        {},
    ),
    "unreadable": ({"r.rel": rel(A), "e/a.app": "'a"}, {}),
    "badly_formatted_application": ({"r.rel": rel(A), "e/a.app": "{x,1}."}, {}),
    "bad_param": ({"r.rel": rel(A), "e/a.app": app("a", modules="{}", env="[1]")}, {}),
    "missing_param": ({"r.rel": rel(A), "e/a.app": app("a", registered="")}, {}),
    "missing_param vsn": ({"r.rel": rel(A), "e/a.app": app("a", vsn="")}, {}),
    "mod": ({"r.rel": rel(A), "e/a.app": app("a", mod="x")}, {}),
    "a bad file ends the search": (
        {"r.rel": rel(A), "e/a.app": app("a", registered=""), "f/a.app": app("a")},
        {},
    ),
    "bad_application_name": ({"r.rel": rel(A, B), "e/a.app": app("b")}, {}),
    "override_include": (
        {
            "r.rel": rel('{a,"1",[b,c]}', B, C),
            "e/a.app": app("a", included_applications="[c]"),
            "e/b.app": app("b"),
            "e/c.app": app("c"),
        },
        {},
    ),
    "includes fewer than the application": (
        {
            "r.rel": rel('{a,"1",load,[]}', B),
            "e/a.app": app("a", included_applications="[b]"),
            "e/b.app": app("b"),
        },
        {},
    ),
    "undefined_applications": (
        {
            "r.rel": rel(A, B),
            "e/a.app": app("a", applications="[z,kernel,y]"),
            "e/b.app": app(
                "b", applications="[o,x]", included_applications="[y,w]",
                optional_applications="[o]",
            ),
        },
        {},
    ),
    "optional named twice as a use": (
        {
            "r.rel": rel(A),
            "e/a.app": app("a", applications="[o,o]", optional_applications="[o]"),
        },
        {},
    ),
    "a use that is optional, named twice": (
        {
            "r.rel": rel(A, B),
            "e/a.app": app("a", applications="[b,b]", optional_applications="[b]"),
            "e/b.app": app("b"),
        },
        {},
    ),
    "undefined_applications though it is there": (
        {
            "r.rel": rel(A, B),
            "e/a.app": app("a", applications="[b,b,b]", optional_applications="[b]"),
            "e/b.app": app("b"),
        },
        {},
    ),
    "duplicate_register": (
        {
            "r.rel": rel(A, B, C),
            "e/a.app": app("a", registered="[q,p]"),
            "e/b.app": app("b", registered="[p,q,init]"),
            "e/c.app": app("c", registered="[q]"),
        },
        {},
    ),
    "duplicate_register by kernel twice": ({"r.rel": rel('{kernel,"8.5.3"}')}, {}),
    "duplicate_include": (
        {
            "r.rel": rel(A, B, C),
            "e/a.app": app("a", included_applications="[c]"),
            "e/b.app": app("b", included_applications="[c]"),
            "e/c.app": app("c"),
        },
        {},
    ),
    "duplicate_modules": (
        {
            "r.rel": rel(A, B),
            "e/a.app": app("a", modules="[n,m,lists]"),
            "f/b/ebin/b.app": app("b", modules="[m,m,'λ',n]"),
        },
        {},
    ),
    "circular_dependencies": (
        {
            "r.rel": rel(A, B, C),
            "e/a.app": app("a", applications="[b]"),
            "e/b.app": app("b", applications="[kernel,c]"),
            "e/c.app": app("c", applications="[a,stdlib]"),
        },
        {},
    ),
    "two circles": (
        {
            "r.rel": rel(A, B, C, '{d,"1"}'),
            "e/a.app": app("a", applications="[b]"),
            "e/b.app": app("b", applications="[a]"),
            "e/c.app": app("c", included_applications="[d]", applications="[a]"),
            "e/d.app": app("d", applications="[c]"),
        },
        {},
    ),
    "uses itself": ({"r.rel": rel(A), "e/a.app": app("a", applications="[a]")}, {}),
    "used and included": (
        {
            "r.rel": rel(A, B),
            "e/a.app": app("a", applications="[b]", included_applications="[b]"),
            "e/b.app": app("b"),
        },
        {},
    ),
    "apps": (
        {
            "r.rel": rel(A, B, C),
            "e/a.app": app("a", applications="[b,b]"),
            "e/b.app": app("b", applications="[c]"),
            "e/c.app": app("c", applications="[b]"),
        },
        {},
    ),
    "an included application uses who includes it": (
        {
            "r.rel": rel(C, B, A, '{u,"1"}'),
            "e/a.app": app("a", included_applications="[b]"),
            "e/b.app": app("b", included_applications="[c]", applications="[a]"),
            "e/c.app": app("c", applications="[a,b]"),
            "e/u.app": app("u", applications="[c,b]"),
        },
        {},
    ),
    "modules": (
        {"r.rel": rel(A), "e/a.app": app("a", modules="[m,n]")},
        {"src_tests": True},
    ),
    "maps in the order of their keys": (
        {
            "r.rel": rel(A),
            "e/a.app": app(
                "a",
                env="[{m,#{b => 1, a => [#{\"x\" => {}, 2 => c, 1.0 => d}|#{}]}}]",
                mod="{a,#{z => 1, 'Y' => <<1:3>>}}",
                start_phases="[{go,#{}}]",
            ),
        },
        {},
    ),
    "everything": (
        {
            "r.rel": rel(A),
            "e/a.app": app(
                "a", id='"an id"', maxT="5", maxP="infinity", vsn='"1"',
                env="[{f,fun a:b/1},{s,\"λ\"},{b,<<\"ä\"/utf8>>},{i,-123456789012345}]",
                modules="[z,'M',a,lists,kernel]", runtime_dependencies="[\"x\"]",
            ),
        },
        {},
    ),
    "missing_sasl": ({"r.rel": rel()}, {}),
    "no_warn_sasl": ({"r.rel": rel()}, {"no_warn_sasl": True}),
    "with sasl": ({"r.rel": rel('{sasl,"4.2"}')}, {}),
    "warnings_treated_as_errors": ({"r.rel": rel()}, {"warnings_as_errors": True}),
    "open": ({"r.rel": rel()}, {"outdir": "nowhere"}),
    "open file": ({"r.rel": rel(), "file": ""}, {"outdir": "file"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_same_term(case: str, tmp_path: Path) -> None:
    files, options = CASES[case]
    write(tmp_path, files)
    given = {"path": ["e", "f", "f/*/ebin"], **options}
    (answer,) = check([Case(directory=tmp_path, name="r", options=given)])
    word = case.split(maxsplit=1)[0]
    if "_" in word and word != "no_warn_sasl":
        assert word in str(answer)


def write(directory: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"%% coding: utf-8\n{content}\n")


def caught(directory: Path, name: str = "r", **options: object) -> SystoolsError:
    with pytest.raises(SystoolsError) as raised:
        make_script(name, cwd=str(directory), path=["e"], **options)  # type: ignore[arg-type]
    return raised.value


def codes(error: Trouble) -> list[Code]:
    return [each.code for each in error.diagnostics]


SYNTAX = [
    "{a 5}.", '{a "x"}.', "{a 'B c'}.", "{a $x}.", "{a 1.0}.", "{a B}.", "{a fun}.",
    "{a,}.", "{a}}.", "[a,].", "{a}", "{a,\n\n", "{a. b}.", "a b.", "\n\n{a,\nB}.",
    "{a,'x}.", '{a,"x}.', "{a}.b", "a.", "{a,<<1>>}.", "{a => b}.", "{a||b}.", ".",
    "{a,when}.", "%x\n", "{a} % x", "-.", "{a,b}c.", "{a,\n+}.", "{a \n.", "#{a,b}.",
    "#{a=>1}.", "{a,f(1)+2}.", "{a,$", "{a,1+2}.", "{a,(b)}.", "a,\nb.", "{a,b;c}.",
]  # fmt: skip


def test_same_words_for_syntax_errors(tmp_path: Path) -> None:
    cases = []
    for number, text in enumerate(SYNTAX):
        (tmp_path / f"s{number}.rel").write_text(text)
        cases.append(Case(directory=tmp_path, name=f"s{number}"))
    check(cases)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, {"r.rel": rel()})
    (tmp_path / "out/r.script").mkdir(parents=True)
    case = Case(directory=tmp_path, name="r", options={"outdir": "out"})
    assert live_answers([case]) == [our_answer(case)]
    assert codes(caught(tmp_path, outdir="out")) == [Code.FILE_NOT_WRITTEN]


def test_all_troubles_are_told_at_once(tmp_path: Path) -> None:
    files = {
        "r.rel": rel(A, B, C),
        "e/a.app": app("a", applications="[b,apq]", registered="[p]", modules="[m]"),
        "e/b.app": app("b", applications="[a]", registered="[p]", modules="[m]"),
        "e/c.app": app("c", applications="[d]"),
    }
    write(tmp_path, files)
    error = caught(tmp_path, src_tests=True)
    assert codes(error) == [
        Code.UNDEFINED_APP,
        Code.UNDEFINED_APP,
        Code.REGISTERED_TWICE,
        Code.MODULE_TWICE,
        Code.CIRCULAR_APPS,
        Code.MISSING_SASL,
        Code.MODULE_NOT_FOUND,
        Code.MODULE_NOT_FOUND,
    ]
    assert error.diagnostics[0].facts["wanted_by"] == ("a",)
    assert error.diagnostics[4].facts["path"] == "a -> b -> a"


def test_each_circle_is_a_path(tmp_path: Path) -> None:
    write(tmp_path, CASES["two circles"][0])
    found = caught(tmp_path).diagnostics
    paths = {each.facts["path"] for each in found if each.code is Code.CIRCULAR_APPS}
    assert paths == {"a -> b -> a"} or len(paths) == 2


def test_a_circle_of_includes_ends(tmp_path: Path) -> None:
    files = {
        "r.rel": rel(A, B),
        "e/a.app": app("a", included_applications="[b]"),
        "e/b.app": app("b", included_applications="[a]"),
    }
    write(tmp_path, files)
    (told, *_) = caught(tmp_path).diagnostics
    assert told.code is Code.INCLUDE_CIRCLE
    assert told.facts["path"] in ("a -> b -> a", "b -> a -> b")


def test_an_application_listed_twice(tmp_path: Path) -> None:
    write(tmp_path, {"r.rel": rel(A, A), "e/a.app": app("a")})
    error = caught(tmp_path)
    assert error.term == parse_term("{duplicate_applications,[a]}")
    assert Code.APP_TWICE in codes(error)


def test_names_that_are_no_characters(tmp_path: Path) -> None:
    """Where systools crashes with badarg we say what is wrong."""
    write(tmp_path, {"r.rel": "{release,{r,1},{erts,e},[]}."})
    error = caught(tmp_path)
    assert error.term == parse_term("{illegal_name,r}")
    assert codes(error)[:3] == [
        Code.BAD_RELEASE_NAME,
        Code.BAD_RELEASE_VSN,
        Code.BAD_ERTS_VSN,
    ]


@pytest.mark.parametrize(
    ("options", "term"),
    [
        ({"locale": True}, "{badarg,[locale]}"),
        ({"path": "lib"}, '{badarg,[{path,"lib"}]}'),
        ({"outdir": 1, "exref": 2}, '{badarg,[{outdir,"1"},{exref,"2"}]}'),
        ({"variables": [("a", 1)]}, "{badarg,[{variables,\"[('a', 1)]\"}]}"),
    ],
)
def test_bad_options(options: dict[str, object], term: str, tmp_path: Path) -> None:
    with pytest.raises(SystoolsError) as raised:
        make_script("r", cwd=str(tmp_path), **options)  # type: ignore[arg-type]
    assert raised.value.term == parse_term(term)
    assert codes(raised.value) == [Code.BAD_OPTION] * len(options)


def test_an_error_survives_a_process(tmp_path: Path) -> None:
    error = caught(tmp_path)
    again = pickle.loads(pickle.dumps(error))
    assert (again.term, again.diagnostics) == (error.term, error.diagnostics)


def test_sources(tmp_path: Path) -> None:
    """Warnings of src_tests, also for nested sources and directories without ebin."""
    files = {
        "r.rel": rel(A, B),
        "f/a/ebin/a.app": app("a", modules="[new,old,gone,nested,twin,esrc]"),
        "f/a/src/new.erl": "",
        "f/a/src/old.erl": "",
        "f/a/src/deep/er/nested.erl": "",
        "f/a/src/b/twin.erl": "",
        "f/a/src/a/twin.erl": "",
        "f/a/src/e_src/esrc.erl": "",
        "e/b.app": app("b", modules="[flat,none]"),
        "e/flat.erl": "",
    }
    compiled = ("new", "old", "gone", "nested", "twin", "esrc")
    files |= {f"f/a/ebin/{each}.beam": "" for each in compiled}
    files |= {f"e/{each}.beam": "" for each in ("flat", "none")}
    write(tmp_path, files)
    for name in files:
        os.utime(tmp_path / name, (10**9, 10**9))
    os.utime(tmp_path / "f/a/ebin/old.beam", (10**9 - 10, 10**9 - 10))
    os.utime(tmp_path / "f/a/src/b/twin.erl", (10**9 + 10, 10**9 + 10))
    options = {"path": ["e", "f/*/ebin"], "src_tests": True}
    (answer,) = check([Case(directory=tmp_path, name="r", options=options)])
    assert str(answer).count("source_not_found") == 2
    assert "obj_out_of_date" in str(answer)


def test_script2boot(tmp_path: Path) -> None:
    write(tmp_path, {"r.rel": rel(), "bad.script": "{a b}.", "none.script": ""})
    made = make_script("r", cwd=str(tmp_path))
    binary = (tmp_path / "r.boot").read_bytes()
    (tmp_path / "r.boot").unlink()
    assert script2boot("r", cwd=str(tmp_path)) == "r.boot"
    assert (tmp_path / "r.boot").read_bytes() == binary
    assert decode(binary)[2] == list(made.script.instructions)  # type: ignore[index]
    for name, term in {
        "bad": '{parse,"bad.script",{2,erl_parse,["syntax error before: ","b"]}}',
        "none": '{read,"none.script"}',
        "nowhere": '{open,"nowhere.script",enoent}',
    }.items():
        with pytest.raises(SystoolsError) as raised:
            script2boot(name, cwd=str(tmp_path))
        assert raised.value.term == parse_term(term)

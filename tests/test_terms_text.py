from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import erlang
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, render
from dodo_relkit.terms.etf import decode, encode
from dodo_relkit.terms.model import (
    Atom,
    ExternalFun,
    Improper,
    Map,
    Term,
    make_list,
    same,
)
from dodo_relkit.terms.text import consult, consult_one, parse_term
from tests.oracle import the_oracle
from tests.term_strategies import LATIN1, consult_in_erlang, installed_files

SCAN = """
Text = unicode:characters_to_list(In),
Read = fun Read(More, Rest, Terms) ->
    case erl_scan:tokens(More, Rest, 1) of
        {done, {ok, Tokens, _}, Left} ->
            {ok, Term} = erl_parse:parse_term(Tokens),
            Read([], Left, [Term | Terms]);
        {done, {eof, _}, _} -> {ok, lists:reverse(Terms)};
        {more, Next} -> Read(Next, eof, Terms);
        _ -> error
    end
end,
try Read([], Text, []) catch _:_ -> error end"""
"""What file:consult/1 does with a text, without a file."""


def erlang_reads(text: str) -> Term | None:
    """Return the list of terms Erlang reads, or None when it rejects the text."""
    raw = the_oracle().ask_raw(SCAN, encode(text.encode(), LATIN1))
    answer = decode(raw)
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    return answer[1][1] if type(answer[1]) is tuple else None


def we_read(text: str) -> Term | None:
    try:
        return make_list(consult(text.encode()))
    except Trouble as trouble:
        assert [each.code for each in trouble.diagnostics] == [Code.SYNTAX]
        return None


def trouble_of(data: bytes | str) -> Diagnostic:
    with pytest.raises(Trouble) as caught:
        consult(data if isinstance(data, bytes) else data.encode(), "a.app")
    (found,) = caught.value.diagnostics
    return found


def test_installed_files_are_read_as_erlang_reads_them() -> None:
    files = installed_files()
    assert len(files) > 80
    for path in files:
        try:
            theirs = consult_in_erlang(path)
        except AssertionError:
            continue  # a template with places to fill in
        ours = encode(make_list(consult(path.read_bytes(), str(path))), LATIN1)
        assert ours == theirs, path


FORMS = Path(__file__).with_name("data") / "term_forms.txt"
"""A form a line, right and wrong ones; `\\N` stands for a line break."""

CASES = [
    line.replace("\\N", "\n")
    for line in FORMS.read_text(encoding="utf-8").split("\n")
    if line
]


@pytest.mark.parametrize("case", CASES)
def test_forms_are_read_as_erlang_reads_them(case: str) -> None:
    for text in (f"{case}.", f"{{{case}\x85, %|}}\n [{case}]}}.\na. ", case):
        ours, theirs = we_read(text), erlang_reads(text)
        assert (ours is None) == (theirs is None), (text, ours, theirs)
        assert ours is None or same(ours, theirs), (text, ours, theirs)


ENDS = [
    "a.",
    "a. ",
    "a.%",
    "a.\n",
    "a.\xa0",
    "a.\0",
    "a",
    "a.b.",
    "a..",
    "",
    ".",
    "\n%",
]
ODD = ["\x7fa.", "\ufeffa.", "$\uffff.", "%\uffff\na.", "$ .", "$"]


@pytest.mark.parametrize("text", [*ENDS, *ODD])
def test_ends_and_odd_characters(text: str) -> None:
    ours, theirs = we_read(text), erlang_reads(text)
    assert (ours is None) == (theirs is None)
    assert ours is None or same(ours, theirs)


SEEDS = [
    '{application,kernel,[{vsn,"8.5.3"},{modules,[a,b]},{env,[]}]}.\n',
    "[1|[2|[a|b]]].",
    '#{a=>1,"b"=>[c],#{}=>{}}.',
    "<<\"abc\"/utf8,1:16/little-signed,1.5:32/float,<<1:4>>/bits,$a>>. 'a b'.",
    "{-1,+2,- 3,(4),-(5),16#fF,1_000,2#1_0,1.5e3,1.0e-2,$\\n,$a,$\\x{41},$\\^a}.",
    '"a\\x41\\x{42}\\101\\s\\^a\\"" "b".',
    "fun m:f/1. % c\nfun 'a':b/2.",
    "[a,%x\nb|c]. $ .\n",
    '<<(1):(8),(("a")):8/integer-unit:1, <<>>/binary, 1:8/unit:2, 7:3>>.',
]
PIECES = [
    *"{}[]()|,./-+:;=?aA_1 \n\x00\xa0é→'\"\\$%#exX^~",
    *("<<", ">>", "#{", "=>", ". ", "1.0", '""', '"a"', "fun", "16#", "/utf8"),
    *("unit:8", "/binary", ":8", "-1", "x{", "all", "++", "begin", "end", "\\^"),
]


@st.composite
def mutated_texts(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 2)))
        piece = draw(st.just("") | st.sampled_from(PIECES))
        text = text[:at] + piece + text[end:]
    return text


NEWER_OTP = re.compile(r'~|"""[\0- \x80-\xa0]*\n|#[0-9A-Za-z_]+\.[0-9A-Za-z]')


@settings(max_examples=1500, deadline=None)
@given(mutated_texts().filter(lambda text: not NEWER_OTP.search(text)))
def test_mutated_texts_get_the_same_verdict(text: str) -> None:
    ours, theirs = we_read(text), erlang_reads(text)
    assert (ours is None) == (theirs is None), (ours, theirs)
    assert ours is None or same(ours, theirs)


HEADERS = [
    b"%% coding: latin-1\n",
    b"%% -*- coding: latin-1 -*-\n",
    b"% Coding: latin-1\n",
    b"% coding : Latin-1-unix \n",
    b"% encoding = latin-1\n",
    b"% coding latin-1\n",
    b"% coding latin-1 coding=latin-1\n",
    b"%\n% coding: latin-1\n",
    b"%\n%\n% coding: latin-1\n",
    b"a. % coding: latin-1\n",
    b"%% coding: utf-8\n",
    b"%% coding: latin-2\n%% coding: latin-1\n",
    b"%% coding: utf-8\n%% coding: latin-1\n",
    b"coding: latin-1.\n",
    b"",
    b"%" * 500 + b" coding: latin-1\n",
    b"%% c coding: latin-1\n",
    b"%% coding:latin-1",
]


@pytest.mark.parametrize("head", HEADERS)
@pytest.mark.parametrize("text", [b'\n"\xe9".\n', b'\n"\xc3\xa9".\n'])
def test_encoding_comments(head: bytes, text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.config"
    path.write_bytes(head + text)
    try:
        theirs = consult_in_erlang(path)
    except AssertionError:
        with pytest.raises(Trouble):
            consult(path.read_bytes())
        return
    assert encode(make_list(consult(path.read_bytes())), LATIN1) == theirs


# From the reference manual of OTP 27, "Data Types", and from EEP 64 and 66.
OTP_27 = {
    '"""\n  Line "1"\n  Line 2\n  """': 'Line "1"\nLine 2',
    '"""\n  a\n    b\n\n  c\n  """': "a\n  b\n\nc",
    '"""\nno \\escape\n"""': "no \\escape",
    '"""\n"""': [],
    '"""\n\n"""': [],
    '""""\n"""\n""""': '"""',
    '"""  \n\tx\n\t"""': "x",
    '~"abc\\n"': b"abc\n",
    '~"é→"': "é→".encode(),
    '~b"a\\x{2192}"': "a→".encode(),
    '~B"a\\nb"': b"a\\nb",
    '~s"a\\tb"': "a\tb",
    '~S"a\\tb"': "a\\tb",
    '~S""': [],
    '~""': b"",
    "~s(a\\)b)": "a)b",
    "~[a]": b"a",
    "~{a}": b"a",
    "~<a>": b"a",
    "~/a/": b"a",
    "~|a|": b"a",
    "~'a'": b"a",
    "~`a`": b"a",
    "~#a#": b"a",
    "~B(a\\)": b"a\\",
    '~"""\n  \\"a\\"\n  """': b'\\"a\\"',
    '~b"""\n  a\\tb\n  """': b"a\tb",
    '~S"""\n  a\n  """': "a",
    '{~"a",~s"b"}': (b"a", "b"),
    '<<~"ab"/binary,~s"c">>': b"abc",
}


@pytest.mark.parametrize("text", OTP_27)
def test_strings_of_otp_27(text: str) -> None:
    assert same(parse_term(text), OTP_27[text])


@pytest.mark.parametrize(
    "text",
    [
        *('~x"a"', '~"a"b', '~"a" "b"', '"a" ~"b"', '~"a', "~S(a", "~", '~ "a"'),
        *('"""\na"""', '"""\n  a\n b\n  """', '"""\na', '~"""\na'),
    ],
)
def test_wrong_strings_of_otp_27(text: str) -> None:
    assert trouble_of(f"{text}.").code is Code.SYNTAX


@pytest.mark.parametrize(
    ("text", "value"),
    # EEP 75: mantissa in the base, exponent a power of the base.
    [
        ("2#0.111", 0.875),
        ("16#1.8", 1.5),
        ("16#1.8#e1", 24.0),
        ("2#1.0#e-2", 0.25),
        ("-16#f.F", -15.9375),
        ("10#1.5#E+3", 1500.0),
        ("36#z.0", 35.0),
    ],
)
def test_based_floats_of_otp_28(text: str, value: float) -> None:
    assert same(parse_term(text), value)


@pytest.mark.parametrize(
    "text", ["16#1.g", "2#1.2", "16#1.8#e", "2#1.0#e99999", "10#1.0#e999"]
)
def test_wrong_based_floats(text: str) -> None:
    assert trouble_of(f"{text}.").code is Code.SYNTAX


def test_values() -> None:
    text = """{'Ab', [1|"ab"], [a|b], "", #{[1.0] => x, 1 => y}, fun m:'F'/3}."""
    assert consult(text.encode()) == [
        (
            Atom("Ab"),
            "\x01ab",
            Improper((Atom("a"),), Atom("b")),
            [],
            Map((([1.0], Atom("x")), (1, Atom("y")))),
            ExternalFun("m", "F", 3),
        )
    ]


def test_final_dot_is_optional_for_one_term_only() -> None:
    assert parse_term("{a} ") == (Atom("a"),)
    assert parse_term("{a}.") == (Atom("a"),)
    for text in ("", "a. b.", "a b"):
        with pytest.raises(Trouble):
            parse_term(text)


@pytest.mark.parametrize(("data", "count"), [(b"", 0), (b"a. b.", 2)])
def test_consult_one_wants_one(data: bytes, count: int) -> None:
    with pytest.raises(Trouble) as caught:
        consult_one(data, "a.rel")
    (found,) = caught.value.diagnostics
    assert (found.code, found.facts["count"]) == (Code.NOT_ONE_TERM, count)
    assert found.place.file == "a.rel"
    assert consult_one(b"a.") is Atom("a")


def test_an_error_says_where_and_what() -> None:
    found = trouble_of('{application, a,\n  [{vsn "1"}]}.\n')
    assert (found.place.line, found.place.column) == (2, 9)
    assert render(found).splitlines()[:4] == [
        'RK101 error: syntax error: expected "," or "}", found """',
        "  --> a.app:2:9",
        ' 2 |   [{vsn "1"}]}.',
        "   |         ^",
    ]


def test_the_line_of_an_error_is_cut() -> None:
    found = trouble_of("{" + "a," * 5000 + "a b," + "a," * 5000 + "a}.")
    shown, mark = render(found).splitlines()[2:4]
    assert len(shown) < 140
    assert shown[mark.index("^")] == "b"
    assert found.place.column == 10004


@pytest.mark.parametrize(
    ("text", "column", "expected", "found"),
    [
        ("{a", 3, '"," or "}"', "the end of the text"),
        ("[a", 3, '",", "|" or "]"', "the end of the text"),
        ("a", 2, 'a full stop "."', "the end of the text"),
        ("{a,}.", 4, "a term", '"}"'),
        ("{end}.", 2, "a term", "the reserved word end"),
        ("#{a}.", 4, '"=>"', '"}"'),
        ("\ufeffa.", 1, "a term", "a byte order mark; save the file without"),
        ("'abc", 1, "the end of the quoted atom", "the end of the file"),
        ("<<1/foo>>.", 3, "a segment type", "foo"),
        ("'" + "a" * 256 + "'.", 1, "an atom of at most 255 characters", "one of 256"),
    ],
)
def test_what_was_expected(text: str, column: int, expected: str, found: str) -> None:
    trouble = trouble_of(text)
    assert trouble.facts == {"expected": expected, "found": found}
    assert (trouble.place.line, trouble.place.column) == (1, column)


def test_wrong_utf_8_says_where() -> None:
    found = trouble_of(b'a.\n{"\xc3\xa9\xe9"}.')
    assert found.code is Code.NOT_UTF8
    assert (found.place.line, found.place.column) == (2, 4)
    assert found.facts["byte"] == "16#E9"


@pytest.mark.parametrize(
    ("opening", "middle", "closing"),
    [
        ("[", "", "]"),
        ("{", "", "}"),
        ("(", "a", ")"),
        ("[a|", "b", "]"),
        ("[[]|", "b", "]"),
        ("[a|{", "b", "}]"),
        ("#{a=>", "b", "}"),
        ("#{", "a", "=>b}"),
    ],
)
def test_deep_nesting(opening: str, middle: str, closing: str) -> None:
    depth = 100_000
    whole = opening * depth + middle + closing * depth
    parse_term(whole)
    found = trouble_of(opening * depth)
    assert found.code is Code.SYNTAX


def test_deep_binaries() -> None:
    depth = 100_000
    whole = "<<" * depth + "1" + ">>/binary" * (depth - 1) + ">>"
    assert parse_term(whole) == b"\x01"


ADVERSARIAL = [
    '"' * 3_000_001,
    "'a" * 300_000,
    '"a"' * 300_000,
    '"a" %\n' * 300_000,
    "%\n" * 1_000_000 + "a",
    "-(" * 300_000,
    "<<" * 300_000,
    "1_" * 300_000,
    "9" * 1_000_000,
    "~b" * 300_000,
    '"""\n' * 300_000,
    "fun " * 300_000,
    "<<" + "1:8," * 100_000,
    "#" * 300_000,
    " " * 3_000_000 + "}",
]


@pytest.mark.parametrize("text", ADVERSARIAL, ids=lambda text: repr(text[:6]))
def test_long_nonsense_is_refused_in_linear_time(text: str) -> None:
    assert trouble_of(text).code is Code.SYNTAX


def test_50_megabytes() -> None:
    term = (
        '{application,kernel,[{description,"ERTS  CXC 138 10"},{vsn,"8.5.3"},'
        "{modules,[application,application_controller,erl_boot_server]},{x,[1,2,3]}]}.\n"
    )
    comment = "%% " + "-" * 400 + "\n"
    unit = (comment + term).encode()
    terms = consult(unit * (50_000_000 // len(unit)))
    assert len(terms) == 50_000_000 // len(unit)
    assert terms[-1] == parse_term(term)
    assert len(consult(b'"' + b"abc\\n" * 2_000_000 + b'".')[0]) == 8_000_000  # type: ignore[arg-type]
    assert len(consult(b"<<" + b"1," * 2_000_000 + b"1>>.")[0]) == 2_000_001  # type: ignore[arg-type]


def test_long_integers() -> None:
    assert parse_term("16#" + "f" * 100_000) == 16**100_000 - 1
    assert parse_term("9" * 4300) == int("9" * 4300)
    assert trouble_of("9" * 4301 + ".").facts["expected"] == (
        "an integer of at most 4300 digits"
    )


def test_importing_it_is_light() -> None:
    code = (
        "import sys, dodo_relkit.terms.text, dodo_relkit.terms.pretty;"
        "import dodo_relkit.terms.etf;"
        "print({'erlang', 'networkx', 'jinja2', 'doit'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout == "set()\n"


def test_erlang_py_agrees_that_the_oracle_rejects() -> None:
    # The comparison above rests on this: a rejected text is seen as such.
    raw = the_oracle().ask_raw(SCAN, encode(b"{a", LATIN1))
    assert erlang.binary_to_term(raw)[1].value == b"error"

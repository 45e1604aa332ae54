from __future__ import annotations

import subprocess
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.terms.model import Atom, ExternalFun, Map, Term, make_list, same
from dodo_relkit.terms.pretty import (
    dump_terms,
    format_compact,
    format_term,
)
from dodo_relkit.terms.spelling import Printable, spell_float, spell_integer
from dodo_relkit.terms.text import consult, parse_term
from tests.oracle import otp_root
from tests.term_strategies import ask_bytes, floats, installed_files, terms


def erlang_prints(control: str, term: Term) -> str:
    expression = f'unicode:characters_to_binary(io_lib:format("~{control}", [In]))'
    return ask_bytes(expression, term).decode()


def installed_terms() -> list[tuple[str, list[Term]]]:
    found = []
    for path in installed_files():
        try:
            found.append((str(path), consult(path.read_bytes())))
        except Trouble:
            continue  # a template with places to fill in
    return found


def test_installed_files_are_printed_as_erlang_prints_them() -> None:
    files = installed_terms()
    assert len(files) > 80
    for path, many in files:
        printed = erlang_prints("tp", make_list(many))
        assert format_term(make_list(many)) == printed, path
        assert same(list(consult(dump_terms(many))), many), path
        for term in many:
            assert format_term(term) == erlang_prints("tp", term), path


def test_boot_scripts_are_printed_byte_for_byte() -> None:
    scripts = sorted(otp_root().glob("releases/*/*.script"))
    assert len(scripts) > 2
    for path in scripts:
        data = path.read_bytes()
        assert dump_terms(consult(data)) == data, path


@settings(max_examples=400, deadline=None)
@given(terms, st.integers(8, 130))
def test_lines_break_as_in_erlang(term: Term, width: int) -> None:
    assert format_term(term) == erlang_prints("tp", term)
    assert format_term(term, width=width) == erlang_prints(f"{width}tp", term)


@settings(max_examples=150, deadline=None)
@given(terms)
def test_one_line(term: Term) -> None:
    assert format_compact(term) == erlang_prints("0tp", term)


@settings(max_examples=300, deadline=None)
@given(terms)
def test_what_is_printed_is_read_back(term: Term) -> None:
    for text in (format_term(term), format_compact(term)):
        assert same(parse_term(text), term)
    unicode = format_term(term, printable=Printable.UNICODE)
    assert same(parse_term(unicode), term)


NESTED = [
    "{application,a_long_name_of_an_application,[{modules,[aaaaaaaaaaaaaa,bbbbbbbbbbb]}]}",
    "{a_tag_that_is_longer_than_most,{another_tag_that_is_long,{one_more_tag,[b,c,d]}}}",
    "#{aaaaaaaaaaaaaaaaaaaa=>{b,cccccccccccccccccccccc},dddddddddddddddd=>[eeeeeeeeee,f]}",
    "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb|cccccccccccccccccc]",
    "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|{bbbbbbbbbbbbbbbbbbbbbbbbbb,cccccccccccccccccccccccc}]",
    "{x,<<0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27:5>>}",
    "[{a,{b,{c,{d,{e,{f,{g,{h,{i,{j,{k,{l,{m,{n,{o,{p,{q,{r,{s,{t,uuuuuuuu}}}}}}}}}}}}}}}}}}}}]",
]


@pytest.mark.parametrize("text", NESTED, ids=lambda text: text[:12])
@pytest.mark.parametrize("width", [10, 20, 40, 79, 80, 81])
def test_layouts(text: str, width: int) -> None:
    for whole in (text, f"{{t,{text},{text}}}", f"#{{{text}=>{text}}}"):
        term = parse_term(whole)
        assert format_term(term, width=width) == erlang_prints(f"{width}tp", term)


@pytest.mark.parametrize("form", ["{}", "[{}]", "{{{}}}", "{{a,{}}}", "#{{a=>{}}}"])
def test_binaries_that_nearly_fit(form: str) -> None:
    for numbers in ("1", "1,10,100,0,99,1:1", ",".join(["0"] * 30), "200," * 20 + "7"):
        term = parse_term(form.format(f"<<{numbers}>>"))
        wide = len(format_compact(term))
        for width in range(max(1, wide - 12), wide + 4):
            assert format_term(term, width=width) == erlang_prints(f"{width}tp", term)


@settings(max_examples=500, deadline=None)
@given(floats | st.floats(1e-6, 1e7) | st.integers(-10, 22).map(lambda n: 10.0**n))
def test_floats(value: float) -> None:
    assert format_term(value) == erlang_prints("tp", value)


def test_float_bounds() -> None:
    for value in (-0.0, 0.0, 5e-324, 1.7976931348623157e308, 2.0**53, 2.0**53 - 1):
        assert spell_float(value) == erlang_prints("tp", value)
        assert spell_float(-value) == erlang_prints("tp", -value)


@pytest.mark.parametrize("digits", [4000, 4300, 5000, 20_000])
def test_long_integers(digits: int) -> None:
    for value in (10**digits, 10**digits - 1, 7**digits):
        assert spell_integer(value).encode() == ask_bytes(
            "integer_to_binary(In)", value
        )
        assert spell_integer(-value) == "-" + spell_integer(value)


def test_every_character_in_atoms_and_strings() -> None:
    for code in (*range(300), 0x2192, 0xFFFD, 0x10FFFF):
        for term in (
            Atom(chr(code)),
            Atom(f"a{chr(code)}"),
            chr(code),
            f"a{chr(code)}",
        ):
            assert format_term(term) == erlang_prints("tp", term)


@pytest.mark.parametrize("name", ["e\u0301→", "\u0301→", "→\U0001f3fb", "中文", "😀"])
def test_widths_of_characters(name: str) -> None:
    for width in range(8, 40):
        term = [Atom("a"), Atom(name), (Atom(name * 3), Atom("b")), name.encode()]
        assert format_term(term, width=width) == erlang_prints(f"{width}tp", term)


def test_printable_unicode() -> None:
    """With `+pc unicode` Erlang prints more lists as strings."""
    many: list[Term] = [
        "→",
        "é→",
        "\ue000",
        "a\x80",
        "→".encode(),
        b"\xff",
        "é".encode(),
    ]
    many += ["\ufffe", "\ufffd", "\U0010ffff", b"\xc2\x80"]
    numbers = [
        f"<<{','.join(map(str, each))}>>"
        if isinstance(each, bytes)
        else str([ord(char) for char in str(each)])
        for each in many
    ]
    code = f"""
        io:setopts([{{encoding, unicode}}]), Terms = [{",".join(numbers)}],
        [io:format("~tp~n", [Term]) || Term <- Terms], halt()."""
    done = subprocess.run(
        ["erl", "+pc", "unicode", "-noshell", "-eval", code],
        capture_output=True,
        check=True,
    )
    printed = done.stdout.decode().splitlines()
    assert [format_term(each, printable=Printable.UNICODE) for each in many] == printed


def test_large_maps_are_sorted() -> None:
    pairs = tuple((key, Atom("x")) for key in range(100, 0, -1))
    text = format_compact(Map(pairs))
    assert text == "#{" + ",".join(f"{key} => x" for key in range(1, 101)) + "}"


@pytest.mark.parametrize("form", ["~s", "{a,~s}", "[{description,~s},b]"])
def test_long_strings_that_are_no_text(form: str) -> None:
    term = parse_term(form.replace("~s", '"' + "a→\\0\U0001f600" * 300 + '"'))
    assert format_term(term) == erlang_prints("tp", term)


def test_numbers_of_a_long_string_take_little_memory() -> None:
    term = "→" * 100_000
    tracemalloc.start()
    try:
        text = format_term(term)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * len(text)


def test_funs_are_written_so_that_they_can_be_read() -> None:
    # OTP 25 itself writes these names in a way it does not read back.
    for fun in (ExternalFun("é→", "and", 3), ExternalFun("A b", "let", 0)):
        assert parse_term(format_term(fun)) == fun


def test_dump_terms() -> None:
    assert dump_terms([]) == b"%% coding: utf-8\n"
    data = dump_terms([(Atom("é"), "é"), Atom("b")])
    assert data.decode() == '%% coding: utf-8\n{é,"é"}.\nb.\n'


DEEP = [("[", "]"), ("{a,", "}"), ("[", ",a]")]


@pytest.mark.parametrize(("opening", "closing"), DEEP)
def test_deep_nesting(opening: str, closing: str) -> None:
    depth = 100_000
    term = parse_term(opening * depth + "[]" + closing * depth)
    assert len(format_compact(term)) >= (len(opening) + len(closing)) * depth
    try:
        format_term(term)
    except Trouble as trouble:
        assert [each.code for each in trouble.diagnostics] == [Code.TOO_DEEP]

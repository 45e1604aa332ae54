from __future__ import annotations

import zlib
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.terms.etf import AtomEncoding, atom_encoding_of, decode, encode
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    same,
)
from dodo_relkit.terms.text import parse_term
from tests.oracle import otp_root, the_oracle
from tests.term_strategies import LATIN1, ask_bytes, terms

UTF8 = AtomEncoding.UTF8


def with_maps_in_order(term: Term) -> Term:
    """Return the term with its maps in the order in which Erlang writes them."""
    return decode(ask_bytes("term_to_binary(In)", term))


@settings(max_examples=300, deadline=None)
@given(terms)
def test_bytes_are_those_of_otp(term: Term) -> None:
    term = with_maps_in_order(term)
    ours = encode(term, LATIN1)
    assert ours == ask_bytes("term_to_binary(In)", term)
    # Minor version 2 is what OTP 26 and later write.
    newer = ask_bytes("term_to_binary(In, [{minor_version, 2}])", term)
    assert encode(term, UTF8) == newer
    assert same(decode(newer), term)


@settings(max_examples=300, deadline=None)
@given(terms)
def test_decode_is_the_inverse(term: Term) -> None:
    assert same(decode(encode(term, LATIN1)), term)
    assert same(decode(encode(term, UTF8)), term)
    packed = ask_bytes("term_to_binary(In, [{compressed, 9}])", term)
    assert same(decode(packed), term)


TEXTS = [
    *(
        "0",
        "255",
        "256",
        "-1",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
    ),
    f"16#{'f' * 510}",
    f"16#1{'0' * 510}",
    f"-16#{'f' * 600}",
    *("0.0", "-0.0", "1.0", "1.0e308"),
    *("true", "false", "undefined", "nil", "''", "'é'", "'→'", f"'{'é' * 255}'"),
    *('""', '"abc"', '"é"', '"→"', '"a→"', "[256]", "[0]", "[-1]", "[1.0]"),
    *("[a|b]", "[1|2]", '[a|"b"]', "[[]]", "{}", "{a}"),
    *("<<>>", "<<1>>", "<<1:1>>", "<<1,2:7>>", '<<"é"/utf8>>'),
    *("#{}", "#{1=>a,1.0=>b,true=>c}", "#{#{}=>[],[1]=>{#{x=>y}}}"),
    *("fun a:b/0", "fun 'é':'→'/255"),
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_forms(text: str) -> None:
    term = parse_term(text)
    raw = ask_bytes(
        "{ok, T, _} = erl_scan:string(unicode:characters_to_list(In)),"
        "{ok, Term} = erl_parse:parse_term(T ++ [{dot, 1}]), term_to_binary(Term)",
        text.encode(),
    )
    assert encode(term, LATIN1) == raw
    assert same(decode(raw), term)


@pytest.mark.parametrize("size", [65535, 65536])
@pytest.mark.parametrize("char", ["a", "é", "→", "aé→→b\U0001f600\x00"])
def test_long_strings(size: int, char: str) -> None:
    term = char * size
    assert encode(term, LATIN1) == ask_bytes("term_to_binary(In)", term)
    assert decode(encode(term, LATIN1)) == term


def test_a_string_of_megabytes_is_written_in_seconds() -> None:
    start = process_time()
    data = encode("a→" * 10_000_000, LATIN1)
    assert process_time() - start < 8
    assert len(data) == len(b"\x83l....j") + 10_000_000 * (2 + 5)


@pytest.mark.parametrize("size", [255, 256, 70_000])
def test_long_tuples(size: int) -> None:
    term = (Atom("a"),) * size
    assert encode(term, UTF8) == ask_bytes(
        "term_to_binary(In, [{minor_version, 2}])", term
    )
    assert decode(encode(term, LATIN1)) == term


def test_boot_files_of_otp_stay_the_same() -> None:
    boots = sorted(otp_root().rglob("*.boot"))
    assert len(boots) > 3
    for path in boots:
        data = path.read_bytes()
        assert atom_encoding_of(data) is LATIN1, path
        assert encode(decode(data), LATIN1) == data, path


@pytest.mark.parametrize(
    ("term", "encoding"),
    [
        (Atom("a"), LATIN1),
        (Atom("a"), UTF8),
        ([1, Atom("→"), (Atom("é"),)], LATIN1),
        ([1, Atom("→"), (Atom("é"),)], UTF8),
    ],
)
def test_encoding_of_atoms_is_seen(term: Term, encoding: AtomEncoding) -> None:
    assert atom_encoding_of(encode(term, encoding)) is encoding


@pytest.mark.parametrize("term", [1, Atom("→"), "abc", []])
def test_some_terms_tell_no_encoding(term: Term) -> None:
    assert atom_encoding_of(encode(term, LATIN1)) is None
    assert encode(term, LATIN1) == encode(term, UTF8)


def test_map_keys_are_not_merged() -> None:
    data = b"\x83t\0\0\0\3a\1a\0F?\xf0\0\0\0\0\0\0a\0w\4truea\0"
    one = decode(data)
    assert isinstance(one, Map)
    assert [type(key) for key, _ in one.pairs] == [int, float, Atom]
    assert encode(one, UTF8) == data


def test_a_list_that_is_no_str_yet_is_written_as_one() -> None:
    assert encode([97, 98], LATIN1) == encode("ab", LATIN1)


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("self()", "a process identifier"),
        ("make_ref()", "a reference"),
        ("hd(erlang:ports())", "a port"),
        ("fun(X) -> X end", "an anonymous function"),
    ],
)
def test_values_of_a_node_are_refused(expression: str, what: str) -> None:
    data = ask_bytes(f"term_to_binary([a, {{{expression}}}])", 0)
    with pytest.raises(Trouble) as caught:
        decode(data)
    (found,) = caught.value.diagnostics
    assert (found.code, found.facts) == (Code.NO_VALUE, {"what": what})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x83",
        b"\x82a\1",
        b"\x83a",
        b"\x83a\1\1",
        b"\x83\xff",
        b"\x83m\0\0\0\5ab",
        b"\x83d\0\5ab",
        b"\x83w\2\xff\xff",
        b"\x83i\xff\xff\xff\xff",
        b"\x83l\0\0\0\1a\1",
        b"\x83M\0\0\0\1\x09a",
        b"\x83b\0\0",
        b"\x83n\5\0a",
        b"\x83t\0\0\0\2a\1a\1a\1a\2",
        b"\x83qa\1a\1a\1",
        b"\x83cabc".ljust(33, b"\0"),
        b"\x83P\0\0\0\2nonsense",
        b"\x83P\0\0\0\3" + zlib.compress(b"a\1"),
        b"\x83P\0\0\0\1" + zlib.compress(b"a\1"),
        b"\x83P\0\0\0\2" + zlib.compress(b"a\1") + b"x",
        b"\x83P\0\0\0\2" + zlib.compress(b"a\1")[:-3],
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Trouble) as caught:
        decode(data)
    assert [each.code for each in caught.value.diagnostics] == [Code.NO_EXTERNAL_TERM]


SEED = encode(
    parse_term("{a,'→',[1|b],#{a=>1.5},\"s\",<<1:3>>,fun a:b/1,16#ffffffffff}"), UTF8
)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_damaged_bytes_give_trouble_or_a_term(data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(SEED)))
    end = at + data.draw(st.integers(0, 3))
    damaged = SEED[:at] + data.draw(st.binary(max_size=3)) + SEED[end:]
    try:
        term = decode(damaged)
    except Trouble:
        return
    assert same(decode(encode(term, UTF8)), term)
    raw = the_oracle().ask_raw("binary_to_term(In)", encode(damaged, LATIN1))
    if raw.startswith(b"\x83h\2d\0\2ok"):
        assert same(decode(b"\x83" + raw[8:]), term)


@pytest.mark.parametrize(
    "term",
    [Atom("a" * 256), Atom("\ud800"), ExternalFun("a", "b", 256)],
)
def test_what_the_format_cannot_hold(term: Term) -> None:
    for encoding in AtomEncoding:
        with pytest.raises(Trouble) as caught:
            encode([term], encoding)
        (found,) = caught.value.diagnostics
        assert found.code is Code.NOT_ENCODABLE


@pytest.mark.parametrize("value", [True, None, {"a": 1}, {1}])
def test_what_is_no_term_is_our_own_bug(value: object) -> None:
    with pytest.raises(TypeError):
        encode([value], LATIN1)  # type: ignore[list-item]


def test_the_undefined_of_erlang_py_does_not_matter() -> None:
    import erlang

    erlang.set_undefined(b"nil")
    try:
        for name in ("nil", "undefined"):
            assert decode(encode(Atom(name), LATIN1)) is Atom(name)
    finally:
        erlang.set_undefined(b"undefined")


def test_deep_nesting() -> None:
    depth = 100_000
    for opening, closing in (("[", "]"), ("{a,", "}"), ("#{a=>", "}"), ("[a|{", "}]")):
        term = parse_term(opening * depth + "[]" + closing * depth)
        assert same(decode(encode(term, LATIN1)), term)


def test_improper_tails_flatten() -> None:
    data = b"\x83l\0\0\0\1d\0\1al\0\0\0\1d\0\1bd\0\1c"
    assert decode(data) == Improper((Atom("a"), Atom("b")), Atom("c"))
    assert decode(b"\x83l\0\0\0\1a\1k\0\1b") == "\1b"
    assert decode(b"\x83l\0\0\0\1d\0\1al\0\0\0\1d\0\1bj") == [Atom("a"), Atom("b")]


def test_unused_bits_become_zero() -> None:
    assert decode(b"\x83M\0\0\0\1\3\xff") == BitString(b"\xe0", 3)


def test_erlang_py_is_imported_here_only() -> None:
    package = Path(__file__).parents[1] / "dodo_relkit"
    users = [
        path.name
        for path in package.rglob("*.py")
        if "import erlang\n" in path.read_text(encoding="utf-8")
    ]
    assert users == ["etf.py"]

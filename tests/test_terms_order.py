from __future__ import annotations

from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.diagnostics import Trouble
from dodo_relkit.terms.model import (
    Atom,
    Improper,
    Map,
    Term,
    make_list,
    same,
    unique_pairs,
)
from dodo_relkit.terms.order import compare, compare_keys, sorted_pairs
from dodo_relkit.terms.text import parse_term
from tests.term_strategies import ask, terms

SIGN = """
{A, B} = In,
if A < B -> -1; A == B -> 0; true -> 1 end"""

numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(-3, 3).map(float),
    st.integers(2**53 - 2, 2**53 + 2),
    st.integers(2**53 - 2, 2**53 + 2).map(float),
    st.integers(-(2**70), 2**70),
    st.floats(-1e300, 1e300).map(lambda value: value + 0.0),  # OTP 27 parts zeros
)
close_terms: st.SearchStrategy[Term] = st.recursive(
    numbers
    | st.sampled_from("abé→").map(Atom)
    | st.sampled_from(["", "a", "b"]).map(list)
    | st.text("ab", max_size=2).map(lambda text: text or [])
    | st.text("ab", max_size=2).map(str.encode)
    | st.sampled_from(["<<1:1>>", "<<3:2>>", "<<97:7>>", "fun a:b/1", "fun b:a/0"]).map(
        parse_term
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(make_list),
        st.lists(parts, max_size=3).map(tuple),
        st.lists(parts, min_size=1, max_size=2).map(
            lambda items: Improper(tuple(items), Atom("t"))
        ),
        st.lists(st.tuples(parts, parts), max_size=3).map(
            lambda pairs: Map(unique_pairs(pairs))
        ),
    ),
    max_leaves=8,
)

sort_key = cmp_to_key(compare)


@settings(max_examples=1500, deadline=None)
@given(close_terms, close_terms)
def test_terms_stand_as_in_erlang(one: Term, other: Term) -> None:
    assert compare(one, other) == ask(SIGN, (one, other))
    assert compare(other, one) == -compare(one, other)


@settings(max_examples=300, deadline=None)
@given(st.lists(terms | close_terms, max_size=8))
def test_sorting_is_that_of_lists_sort(many: list[Term]) -> None:
    assert same(make_list(sorted(many, key=sort_key)), ask("lists:sort(In)", many))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(close_terms, st.just(0)), max_size=20))
def test_keys_stand_as_in_small_maps(pairs: list[tuple[Term, Term]]) -> None:
    given_map = Map(unique_pairs(pairs))
    ours = make_list([key for key, _ in sorted_pairs(given_map)])
    assert same(ours, ask("maps:keys(In)", given_map))


@settings(max_examples=1000, deadline=None)
@given(close_terms, close_terms)
def test_same_is_exact_equality(one: Term, other: Term) -> None:
    equal = ask("{A, B} = In, A =:= B", (one, other)) is Atom("true")
    assert same(one, other) is equal
    assert (compare_keys(one, other) == 0) is equal


KINDS = "[<<1:1>>, #{}, <<>>, [a|b], [], [a], #{a=>1}, {a}, fun a:b/1, a, {}, 2, 1.5]"


def test_kinds_stand_in_their_order() -> None:
    kinds = parse_term(KINDS)
    assert isinstance(kinds, list)
    assert same(sorted(kinds, key=sort_key), ask("lists:sort(In)", kinds))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.0"), ("[1]", "[1.0]"), ("#{1=>a}", "#{1.0=>a}"), ('"\\1"', "[1.0]")],
)
def test_numbers_of_two_kinds_are_not_the_same(one: str, other: str) -> None:
    assert not same(parse_term(one), parse_term(other))
    assert same(parse_term(one), parse_term(one))


def test_the_order_of_pairs_does_not_count() -> None:
    one, other = (
        parse_term("#{a=>#{b=>1,c=>2},d=>e}"),
        parse_term("#{d=>e,a=>#{c=>2,b=>1}}"),
    )
    assert one != other
    assert same(one, other)
    assert compare(one, other) == 0


def test_zeros_are_not_the_same_as_of_otp_27() -> None:
    assert not same(0.0, -0.0)
    assert compare(0.0, -0.0) == 0


@pytest.mark.parametrize(
    ("pairs", "kept"),
    [
        ([(1, 1), (1.0, 2), (1, 3)], [(1, 3), (1.0, 2)]),
        ([((1,), 1), ((1.0,), 2), ((1,), 3)], [((1,), 3), ((1.0,), 2)]),
        ([(b"a", 1), ("a", 2), (Atom("a"), 3)], [(b"a", 1), ("a", 2), (Atom("a"), 3)]),
        ([], []),
    ],
)
def test_the_last_of_equal_keys_stays(
    pairs: list[tuple[Term, Term]], kept: list[tuple[Term, Term]]
) -> None:
    assert same(list(unique_pairs(pairs)), list(kept))  # type: ignore[arg-type]


def test_deep_terms() -> None:
    deep = [parse_term("[" * 100_000 + end + "]" * 100_000) for end in ("a", "b", "a")]
    assert [compare(deep[0], each) for each in deep] == [0, -1, 0]
    assert [same(deep[0], each) for each in deep] == [True, False, True]


def test_maps_too_deep_as_keys_are_trouble() -> None:
    text = "#{" * 100_000 + "a" + "=>b}" * 100_000
    with pytest.raises(Trouble):
        compare(parse_term(text), parse_term(text))

"""sys.config: what a node would apply, how two are merged, what cannot be written."""

import math
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.sys_config import (
    SysConfig,
    dump_sys_config,
    load_sys_config,
    merge_sys_configs,
)
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    make_list,
    make_string,
)
from dodo_relkit.terms.pretty import format_term
from tests.oracle import the_oracle

KEYS = ["a", "b", "c", "Über €", "d'e\\f\n"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
scalars = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(KEYS).map(Atom)
    | texts.map(make_string)
    | st.binary(max_size=4)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(make_list)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(st.tuples(st.sampled_from(KEYS).map(Atom), inner), max_size=3)
        | st.dictionaries(st.integers(0, 5), inner, max_size=3).map(
            lambda each: Map(tuple(sorted(each.items(), key=lambda pair: pair[0])))
        )
    ),
    max_leaves=8,
)
envs = st.dictionaries(st.sampled_from(KEYS), values, max_size=3)
names = st.lists(st.sampled_from(["x", "y z", "é.config"]), max_size=2, unique=True)
configs = st.builds(
    SysConfig,
    apps=st.dictionaries(st.sampled_from(KEYS), envs, max_size=3),
    before=names.map(tuple),
    after=names.map(tuple),
)


def ordered(config):
    """Return a value in which the order of applications and keys counts."""
    apps = [(name, list(env.items())) for name, env in config.apps.items()]
    return (config.before, apps, config.after)


def load(text):
    return load_sys_config(text.encode())


def boots(path, text, show="[]"):
    """Return what a node says of `show` when it starts with the text, or None."""
    (path / "sys.config").write_text(text)
    done = subprocess.run(
        ["erl", "-noinput", "-boot", "start_clean", "-config", path / "sys"]
        + ["-eval", f'io:format("~0tp", [{show}]), halt().'],
        check=False,
        cwd=path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(path), "ERL_CRASH_DUMP_SECONDS": "0"},
        capture_output=True,
        timeout=60,
    )
    return done.stdout.decode() if done.returncode == 0 else None


# --- reading


FINE = [
    "[].",
    "[{kernel, []}]. % comment",
    '[{kernel, [{zz, 1}, {yy, "${VAR}"}, {\'${ATOM}\', <<"${X}">>}]}].',
    "[{kernel, [{zz, #{a => [{b, 1.5}]}}, {yy, fun lists:map/2}]}].",
    '%% coding: latin-1\n[{kernel, [{zz, "a"}]}].',
]
REFUSED = [
    ("", [Code.CONFIG_NOT_A_LIST]),
    ("{kernel, []}.", [Code.CONFIG_NOT_A_LIST]),
    ("[]. [].", [Code.CONFIG_NOT_A_LIST]),
    ("[{kernel, []}]", [Code.SYNTAX]),
    ("[{kernel, [zz]}].", [Code.CONFIG_BAD_PARAMETER]),
    ("[{kernel, [{zz, 1, 2}]}].", [Code.CONFIG_BAD_PARAMETER]),
    ('[{kernel, [{"zz", 1}]}].', [Code.CONFIG_BAD_PARAMETER]),
    ('[{kernel, "abc"}].', [Code.CONFIG_BAD_PARAMETER] * 3),
    ("[{kernel, zz}].", [Code.CONFIG_BAD_ENTRY]),
    ('[{"kernel", []}].', [Code.CONFIG_BAD_ENTRY]),
    ("[kernel, {stdlib, [], 1}].", [Code.CONFIG_BAD_ENTRY] * 2),
    ("[{kernel, [{zz, 1}, {zz, 2}]}].", [Code.CONFIG_KEY_TWICE]),
    ("[{kernel, [{zz, ${PORT}}]}].", [Code.CONFIG_UNQUOTED_VARIABLE]),
    ("[{kernel, [{zz, <0.1.0>}]}].", [Code.CONFIG_NO_TEXT_FORM]),
    ("[{kernel, [{zz, #Fun<a.0.1>}]}].", [Code.CONFIG_NO_TEXT_FORM]),
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_accepted_a_node_starts_with(tmp_path, text):
    assert load(text)[1] == ()
    assert boots(tmp_path, text) is not None


@pytest.mark.parametrize(("text", "codes"), REFUSED)
def test_what_is_refused_no_node_starts_with(tmp_path, text, codes):
    with pytest.raises(Trouble) as caught:
        load(text)
    found = caught.value.diagnostics
    assert [each.code for each in found] == codes
    assert all(each.is_error for each in found)
    assert boots(tmp_path, text) is None


def test_all_errors_are_gathered_with_the_path():
    with pytest.raises(Trouble) as caught:
        load("[a, {b, [{c, 1}, {c, 2}, d]}, {e, f}].")
    found = caught.value.diagnostics
    assert [(each.code, each.place.key) for each in found] == [
        (Code.CONFIG_BAD_ENTRY, "[0]"),
        (Code.CONFIG_KEY_TWICE, "b.c"),
        (Code.CONFIG_BAD_PARAMETER, "b"),
        (Code.CONFIG_BAD_ENTRY, "[2]"),
    ]


def test_an_application_named_twice_is_merged_as_a_node_does(tmp_path):
    text = "[{kernel, [{zz, [{a, 1}]}, {yy, 1}]}, {kernel, [{zz, [{b, 2}]}]}]."
    config, found = load(text)
    assert [(each.code, each.is_error) for each in found] == [
        (Code.CONFIG_APP_TWICE, False)
    ]
    show = "[application:get_env(kernel, K) || K <- [zz, yy]]"
    ours = dump_sys_config(config).decode()
    assert boots(tmp_path, ours, show) == boots(tmp_path, text, show)
    assert boots(tmp_path, ours, show) == "[{ok,[{b,2}]},{ok,1}]"


@pytest.mark.parametrize(
    "text",
    [
        '["other", {kernel, [{zz, 1}]}].',
        '[{kernel, [{zz, 1}]}, "other"].',
        '["third", "other", {kernel, [{yy, 1}]}, "third"].',
    ],
)
def test_included_files_keep_their_rank(tmp_path, text):
    (tmp_path / "other.config").write_text("[{kernel, [{zz, 9}, {yy, 9}]}].")
    (tmp_path / "third.config").write_text("[{kernel, [{zz, 3}]}].")
    config, found = load(text)
    assert found == ()
    show = "[application:get_env(kernel, K) || K <- [zz, yy]]"
    ours = dump_sys_config(config).decode()
    assert boots(tmp_path, ours, show) == boots(tmp_path, text, show)


def test_an_included_file_between_applications_is_moved_with_a_warning():
    config, found = load('[{a, []}, "x", {b, []}, "y"].')
    assert (list(config.apps), config.before, config.after) == (
        ["a", "b"],
        (),
        ("x", "y"),
    )
    assert [(each.code, each.facts["include"]) for each in found] == [
        (Code.CONFIG_INCLUDE_MOVED, "x")
    ]


def test_what_stands_outside_of_quotes_is_named_with_its_place():
    text = (
        '[{a, [{s, "${IN} \\" ${STRING}"}, {q, \'${ATOM}\'}, % ${COMMENT}\n'
        '  {v, ${PORT}}, {c, $%}, {d, $\\"}, {w, [${HOST:-x}]},\n'
        "  {p, #PID<0.1.0>}, {f, #Function<0.1/0 in x>}, {r, #Ref<0.1.2.3>},\n"
        "  {l, <0.2.0>}, {b, <<1.0.0>>}]}]."
    )
    with pytest.raises(Trouble) as caught:
        load(text)
    found = caught.value.diagnostics
    lines = text.split("\n")
    assert [(each.place.line, each.place.column) for each in found] == [
        (number, lines[number - 1].index(what) + 1)
        for number, what in [
            (2, "${PORT}"),
            (2, "${HOST"),
            (3, "#PID"),
            (3, "#Function"),
            (3, "#Ref"),
            (4, "<0.2.0>"),
        ]
    ]
    assert [each.facts.get("variable", each.facts.get("value")) for each in found] == [
        "${PORT}",
        "${HOST:-x}",
        "#PID<0.1.0>",
        "#Function<0.1/0 in x>",
        "#Ref<0.1.2.3>",
        "<0.2.0>",
    ]
    assert found[0].place.source.startswith("  {v, ${PORT}}")


def test_another_syntax_error_is_left_as_it_is():
    with pytest.raises(Trouble) as caught:
        load('[{a, "${X}"}')
    assert [each.code for each in caught.value.diagnostics] == [Code.SYNTAX]


# --- writing


@settings(max_examples=100, deadline=None)
@given(configs)
@example(SysConfig(apps={"a": {"b": "x\ny"}, "c": {}}))
def test_what_is_written_is_read_back(config):
    again, found = load_sys_config(dump_sys_config(config))
    if not config.apps:
        config = SysConfig(before=config.before + config.after)
    assert found == ()
    assert dump_sys_config(again) == dump_sys_config(config)
    assert ordered(again) == ordered(config)


def test_erlang_reads_what_is_written(tmp_path):
    value = [
        (Atom("atom name"), 'text ü € \n\t"\\'),
        (Atom("t"), (1, -2.5e-30, 10**40, Atom("true"), [])),
        (Atom("bin"), b"\x00\xff\xc3\xbc"),
        (Atom("bits"), BitString(b"\xa0", 3)),
        (Atom("map"), Map((("k", [Atom("a"), 1]), (Atom("b"), Map(()))))),
        (Atom("improper"), Improper((1, 2), Atom("x"))),
        (Atom("fun"), ExternalFun("lists", "map", 2)),
        (Atom("long"), [(Atom(f"key_{n}"), "v" * 40) for n in range(20)]),
    ]
    config = SysConfig(apps={"kernel": {"zz": value}, "stdlib": {}})
    (tmp_path / "x.config").write_bytes(dump_sys_config(config))
    read = "begin {ok, T} = file:consult(unicode:characters_to_list(In)), T end"
    name = str(tmp_path / "x.config").encode()
    assert (
        the_oracle()
        .ask(f'unicode:characters_to_binary(io_lib:format("~tp", [{read}]))', name)
        .value
        == format_term(
            [[(Atom("kernel"), [(Atom("zz"), value)]), (Atom("stdlib"), [])]]
        ).encode()
    )


def test_a_node_applies_what_is_written(tmp_path):
    config = SysConfig(
        apps={"kernel": {"zz": "ü€", "yy": Map(((Atom("a"), b"x"),))}, "stdlib": {}}
    )
    shown = boots(
        tmp_path,
        dump_sys_config(config).decode(),
        "[application:get_env(kernel, K) || K <- [zz, yy, xx]]",
    )
    assert shown == '[{ok,[252,8364]},{ok,#{a => <<"x">>}},undefined]'


def test_each_application_has_its_lines():
    config = SysConfig(
        apps={"b": {"x": 1}, "a": {"long": ["w" * 50, "v" * 50]}},
        before=("one",),
        after=("two",),
    )
    lines = dump_sys_config(config).decode().splitlines()
    assert lines[0] == "%% coding: utf-8"
    assert lines[1:3] == ['["one",', " {b,[{x,1}]},"]
    assert lines[3].startswith(" {a,")
    assert lines[-1] == ' "two"].'


def test_text_stays_readable():
    config = SysConfig(apps={"a": {"motd": "Größe €", "bin": "é€".encode()}})
    assert dump_sys_config(config).decode().splitlines()[1:] == [
        '[{a,[{motd,"Größe €"},{bin,<<"é€"/utf8>>}]}].'
    ]


@pytest.mark.parametrize(
    "value",
    [None, True, math.nan, math.inf, {"a": 1}, object(), [(Atom("a"), {1})]],
)
def test_what_has_no_text_form_is_refused_with_its_key(value):
    with pytest.raises(Trouble) as caught:
        dump_sys_config(SysConfig(apps={"a": {"ok": 1, "k": (1, [value])}}))
    assert [(each.code, each.place.key) for each in caught.value.diagnostics] == [
        (Code.CONFIG_NO_TEXT_FORM, "a.k")
    ]


# --- merging


@settings(max_examples=100, deadline=None)
@given(configs)
def test_merging_with_nothing_or_itself_changes_nothing(config):
    assert ordered(merge_sys_configs(config, SysConfig())) == ordered(config)
    assert ordered(merge_sys_configs(SysConfig(), config)) == ordered(config)
    assert ordered(merge_sys_configs(config, config)) == ordered(config)


@settings(max_examples=100, deadline=None)
@given(configs, configs)
def test_the_later_one_wins(base, over):
    merged = merge_sys_configs(base, over)
    again = merge_sys_configs(merged, over)
    assert ordered(again) == ordered(merged)
    for name, env in over.apps.items():
        for key, value in env.items():
            if not isinstance(value, list):
                assert merged.apps[name][key] == value
    assert set(merged.apps) == set(base.apps) | set(over.apps)


plain = st.dictionaries(
    st.sampled_from(KEYS),
    st.dictionaries(
        st.sampled_from(["k1", "k2"]),
        st.lists(
            st.tuples(st.sampled_from(KEYS).map(Atom), st.integers()),
            max_size=3,
            unique_by=lambda pair: pair[0].name,
        ),
        max_size=2,
    ),
    max_size=3,
).map(lambda apps: SysConfig(apps=apps))


@settings(max_examples=100, deadline=None)
@given(plain, plain, plain)
def test_merging_is_associative_for_keyword_lists(one, two, three):
    left = merge_sys_configs(merge_sys_configs(one, two), three)
    right = merge_sys_configs(one, merge_sys_configs(two, three))
    assert ordered(left) == ordered(right)


def term_of(config):
    return [
        (Atom(name), [(Atom(key), value) for key, value in env.items()])
        for name, env in config.apps.items()
    ]


PAIRS = [
    ("[]", "[]"),
    ("[{a,[{k,[{x,1},{y,2}]},{l,[1,2]},{m,[]}]}]", "[{a,[{k,[{y,3}]},{m,[{q,1}]}]}]"),
    ("[{a,[{k,[{x,1}]}]},{b,[]}]", '[{c,[]},{a,[{k,"text"},{l,1}]}]'),
    ("[{a,[{k,[{x,1},{x,2},{z,5}]}]}]", "[{a,[{k,[{x,3},{y,1},{y,2}]}]}]"),
    ("[{a,[{k,[{x,3},{y,1},{y,2}]}]}]", "[{a,[{k,[{x,1},{x,2},{z,5}]}]}]"),
    ("[{a,[{k,[{x,[{p,1}]},{x,[{q,2}]}]}]}]", "[{a,[{k,[{x,[{q,5}]},{x,[{p,6}]}]}]}]"),
    ("[{a,[{k,#{x => 1}}]}]", "[{a,[{k,#{y => 1}}]}]"),
    ("[{a,[{k,[{x,1}|z]}]}]", "[{a,[{k,[{x,2}]}]}]"),
    ("[{a,[{k,[{x,1},y]}]}]", "[{a,[{k,[{x,2}]}]}]"),
    ('[{a,[{k,[{"x",1}]}]}]', "[{a,[{k,[{x,2}]}]}]"),
    ("[{a,[{k,[{x,1,2}]}]}]", "[{a,[{k,[{x,2}]}]}]"),
    ("[{b,[{k,1}]},{a,[{k,1}]}]", "[{a,[{k,2}]},{b,[{k,3}]}]"),
]


def elixir_merges(directory, pairs):
    """Return what Config.Reader.merge makes of each pair of terms, as ~tp text."""
    for number, (base, over) in enumerate(pairs):
        (directory / f"{number}.base").write_bytes(f"{base}.".encode())
        (directory / f"{number}.over").write_bytes(f"{over}.".encode())
    (directory / "run.exs").write_text(
        "dir = hd(System.argv())\n"
        "read = fn name -> {:ok, [term]} = :file.consult(Path.join(dir, name)); term "
        "end\n"
        f"for n <- 0..{len(pairs) - 1} do\n"
        '  merged = Config.Reader.merge(read.("#{n}.base"), read.("#{n}.over"))\n'
        '  File.write!(Path.join(dir, "#{n}.out"), :io_lib.format("~tp", [merged])'
        " |> :unicode.characters_to_binary())\n"
        "end\n"
    )
    subprocess.run(["elixir", directory / "run.exs", directory], check=True)
    return [(directory / f"{n}.out").read_bytes().decode() for n in range(len(pairs))]


def test_merging_is_that_of_elixir(tmp_path):
    loaded = [[load(f"{text}.")[0] for text in pair] for pair in PAIRS]
    drawn = []

    @settings(max_examples=60, deadline=None, database=None)
    @given(configs, configs)
    def draw(base, over):
        drawn.append([base, over])

    draw()
    pairs = loaded + drawn
    texts = [[format_term(term_of(each)) for each in pair] for pair in pairs]
    expected = elixir_merges(tmp_path, texts)
    for (base, over), text in zip(pairs, expected, strict=True):
        assert format_term(term_of(merge_sys_configs(base, over))) == text


def test_included_files_are_gathered_each_at_its_last_place():
    one = SysConfig(before=("a", "b"), after=("x", "y"))
    two = SysConfig(before=("a", "c"), after=("x",))
    merged = merge_sys_configs(one, two)
    assert (merged.before, merged.after) == (("b", "a", "c"), ("y", "x"))

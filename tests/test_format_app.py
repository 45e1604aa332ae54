"""`.app` files: every verdict is compared with the installed systools."""

from __future__ import annotations

from pathlib import Path

import erlang
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.app import (
    AppSpec,
    app_term,
    app_warnings,
    load_app,
    load_app_leniently,
)
from dodo_relkit.formats.app_faults import RULES, app_faults, systools_reason
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    Improper,
    Map,
    Term,
    list_items,
    make_list,
)
from tests.oracle import Oracle

GOOD = {
    "description": '"A probe"',
    "vsn": '"1.0"',
    "modules": "[]",
    "registered": "[]",
    "applications": "[kernel, stdlib]",
}

BOOT_KEYS = (
    "description",
    "vsn",
    "id",
    "modules",
    "registered",
    "applications",
    "optional_applications",
    "included_applications",
    "env",
    "maxT",
    "maxP",
    "start_phases",
    "mod",
)

WRONG_TEXTS = (
    "'1.0'",
    "1",
    "1.5",
    '<<"1.0">>',
    "<<>>",
    "<<200>>",
    "<<1:3>>",
    '["1", "0"]',
    "[[]]",
    '[$a, <<"b">>]',
    "[a]",
    "[{1}]",
    "[16#D800]",
    "[16#110000]",
    "[-1]",
    "[123456789012345678901234567890]",
    "[$a | $b]",
    '[$a | <<"b">>]',
    "[a | b]",
    "{}",
    "#{}",
)

WRONG_ATOM_LISTS = (
    "a",
    '"abc"',
    '[a, "b"]',
    "[a | b]",
    '[{a, "1"}]',
    "1",
    "{a}",
    "<<>>",
)
WRONG_PAIRS = (
    "a",
    "[a]",
    '[{"a", 1}]',
    "[{a, 1, 2}]",
    "[{a, 1} | b]",
    "{a, 1}",
    '"ab"',
)
WRONG_LIMITS = ("0", "-1", "1.5", "forever", '"1"', "[]")
WRONG_MODS = ("a", "[a]", '{"a", []}', "{a}", "{a, b, c}", '"a"', "undefined")

WRONG_VALUES = {
    "vsn": WRONG_TEXTS,
    "id": WRONG_TEXTS,
    "description": WRONG_TEXTS,
    "modules": WRONG_ATOM_LISTS,
    "registered": WRONG_ATOM_LISTS,
    "applications": WRONG_ATOM_LISTS,
    "optional_applications": WRONG_ATOM_LISTS,
    "included_applications": WRONG_ATOM_LISTS,
    "mod": WRONG_MODS,
    "start_phases": WRONG_PAIRS,
    "env": WRONG_PAIRS,
    "maxT": WRONG_LIMITS,
    "maxP": WRONG_LIMITS,
}


def app_text(changes: dict[str, str], name: str = "probe", extra: str = "") -> str:
    entries = {**GOOD, **changes}
    body = ", ".join(f"{{{key}, {value}}}" for key, value in entries.items() if value)
    return f"{{application, {name}, [{body}{extra}]}}."


FAULTY = {
    **{
        f"{key} = {value}": app_text({key: value})
        for key, values in WRONG_VALUES.items()
        for value in values
    },
    **{f"no {key}": app_text({key: ""}) for key in GOOD},
    **{f"{{{key}}}": app_text({key: ""}, extra=f", {{{key}}}") for key in RULES},
    **{
        f"{{{key},a,b}}": app_text({key: ""}, extra=f", {{{key}, a, b}}")
        for key in RULES
    },
    "no tuple": "[].",
    "an atom": "application.",
    "two elements": "{application, probe}.",
    "four elements": "{application, probe, [], []}.",
    "another tag": "{app, probe, []}.",
    "a name that is no atom": '{application, "probe", []}.',
    "properties no list": "{application, probe, {}}.",
    "properties empty": "{application, probe, []}.",
    "properties a string": '{application, probe, "abc"}.',
    "properties improper": app_text({}, extra=" | x"),
    "properties improper, all given": app_text(
        {
            "id": '""',
            "optional_applications": "[]",
            "included_applications": "[]",
            "mod": "[]",
            "start_phases": "[]",
            "env": "[]",
            "maxT": "1",
            "maxP": "infinity",
        },
        extra=" | x",
    ),
    "another name": app_text({}, name="other"),
    "another name and a wrong type": app_text({"env": "a"}, name="other"),
    "two faults": app_text({"vsn": "", "env": "a"}),
    "two faults, other order": app_text({"applications": "a", "description": "a"}),
    "first of two is wrong": app_text({"vsn": ""}, extra=', {vsn, 1}, {vsn, "1.0"}'),
    "first of two is right": app_text({}, extra=", {vsn, 1}, {env, []}, {env, a}"),
    "unknown keys": app_text({}, extra=", {licenses, []}, foo, {}, {1, 2}, {foo}"),
    "modules absent and strange key": app_text({"modules": "", "module": "[]"}),
    "phases undefined": app_text({"start_phases": "undefined"}),
    "all given": app_text(
        {
            "id": '"7"',
            "optional_applications": "[stdlib]",
            "start_phases": "[{init, []}]",
            "mod": "{probe, {a, 1}}",
            "env": "[{a, 1}, {a, 2}]",
            "maxT": "1000",
            "maxP": "3",
        }
    ),
    "unicode": app_text({"description": '"\\x{20AC}\\x{1F600}"'}),
    "empty texts": app_text({"description": '""', "id": "[]"}),
    "mod empty": app_text({"mod": "[]"}),
}

ASK = """
[begin
   {ok, [Term]} = file:consult(filename:join(Dir, "probe.app")),
   Path = [{path, [binary_to_list(Dir)]}, {outdir, binary_to_list(Dir)}],
   Verdict = case systools:make_script(binary_to_list(Dir) ++ "/probe",
                                       [silent, no_warn_sasl | Path]) of
     {ok, _, _} -> content;
     {error, systools_make, [{error_reading, {App, {{'EXIT', {Why, _}}, T}}}]} ->
       {error_reading, {App, {{'EXIT', {Why, []}}, T}}};
     {error, systools_make, [Reason]} -> Reason;
     {error, systools_make, Reason} -> Reason
   end,
   {Term, Verdict}
 end || Dir <- In]
"""


def term_of(value: object) -> Term:
    """Return a value of erlang-py as a term of ours."""
    match value:
        case bool():
            return Atom(str(value).lower())
        case int() | float():
            return value
        case None:
            return Atom("undefined")
        case str():
            return make_list([ord(char) for char in value])
        case bytes():
            return value.decode("latin-1") or []
        case tuple():
            return tuple(map(term_of, value))
        case list():
            return make_list(map(term_of, value))
        case dict():
            return Map(tuple((term_of(k), term_of(v)) for k, v in value.items()))
        case erlang.OtpErlangAtom():
            name = value.value
            return Atom(name.decode("utf-8") if isinstance(name, bytes) else name)
        case erlang.OtpErlangBinary():
            if value.bits == 8:
                return value.value
            return BitString(value.value, value.bits)
        case erlang.OtpErlangList():
            if value.improper:
                *items, tail = map(term_of, value.value)
                return Improper(tuple(items), tail)
            return make_list(map(term_of, value.value))
    raise AssertionError(value)


def ask(oracle: Oracle, root: Path, texts: dict[str, str]) -> dict[str, tuple]:
    """Return the term and the verdict of systools for each text."""
    kernel, stdlib = (
        term_of(oracle.ask(f"application:load(In), {{ok, V}} = {key}, V", app))
        for app, key in (
            (erlang.OtpErlangAtom(b"kernel"), "application:get_key(In, vsn)"),
            (erlang.OtpErlangAtom(b"stdlib"), "application:get_key(In, vsn)"),
        )
    )
    directories = []
    for number, text in enumerate(texts.values()):
        directory = root / str(number)
        directory.mkdir()
        (directory / "probe.app").write_text(text, encoding="utf-8")
        (directory / "probe.rel").write_text(
            f'{{release, {{"probe", "1"}}, {{erts, "1"}}, [{{kernel, "{kernel}"}}, '
            f'{{stdlib, "{stdlib}"}}, {{probe, "1.0"}}]}}.'
        )
        directories.append(erlang.OtpErlangBinary(bytes(directory)))
    answers = oracle.ask(ASK, directories)
    return dict(zip(texts, map(term_of, answers), strict=True))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faulty")


@pytest.fixture(scope="session")
def verdicts(oracle: Oracle, faulty: Path) -> dict[str, tuple]:
    return ask(oracle, faulty, FAULTY)


@pytest.mark.parametrize("case", FAULTY)
def test_first_fault_is_that_of_systools(case: str, verdicts: dict) -> None:
    term, verdict = verdicts[case]
    expected = None if verdict is Atom("content") else verdict
    assert systools_reason(term, name="probe") == expected
    if expected is None:
        assert load_app(term, file="probe.app", name="probe").name == "probe"
        return
    with pytest.raises(Trouble) as caught:
        load_app(term, file="probe.app", name="probe")
    assert len(caught.value.diagnostics) == len(app_faults(term, name="probe"))


def test_cases_cover_both_sides(verdicts: dict) -> None:
    content = [case for case in verdicts if verdicts[case][1] is Atom("content")]
    assert 6 <= len(content) < 20
    kinds = {
        fault.kind
        for term, _ in verdicts.values()
        for fault in app_faults(term, name="probe")
    }
    assert len(kinds) == 5


def test_version_is_no_fault_of_the_file(oracle: Oracle, tmp_path: Path) -> None:
    ((term, verdict),) = ask(oracle, tmp_path, {"": app_text({"vsn": '"2"'})}).values()
    file = str(tmp_path / "0" / "probe.app")
    spec = load_app(term, file=file, name="probe")
    versions = (("should be", "1.0"), ("found file", file, spec.vsn))
    no_version = (Atom("no_valid_version"), versions)
    assert verdict == (Atom("error_reading"), (Atom("probe"), no_version))


def test_all_faults_are_told() -> None:
    term = (
        Atom("application"),
        Atom("other"),
        [(Atom("vsn"), 1), (Atom("env"), Atom("a")), (Atom("mod"), Atom("a"))],
    )
    with pytest.raises(Trouble) as caught:
        load_app(term, file="probe.app", name="probe")
    assert [
        (each.code, each.facts.get("key"), each.place.file)
        for each in caught.value.diagnostics
    ] == [
        (Code.APP_KEY_TYPE, "vsn", "probe.app"),
        (Code.APP_KEY_MISSING, "description", "probe.app"),
        (Code.APP_KEY_MISSING, "modules", "probe.app"),
        (Code.APP_KEY_MISSING, "registered", "probe.app"),
        (Code.APP_KEY_MISSING, "applications", "probe.app"),
        (Code.APP_KEY_TYPE, "mod", "probe.app"),
        (Code.APP_KEY_TYPE, "env", "probe.app"),
        (Code.APP_NAME_DIFFERS, None, "probe.app"),
    ]


def test_spec_holds_what_the_file_says(verdicts: dict) -> None:
    spec = load_app(verdicts["all given"][0], file="probe.app", name="probe")
    assert spec == AppSpec(
        name="probe",
        vsn="1.0",
        description="A probe",
        id="7",
        modules=(),
        registered=(),
        applications=("kernel", "stdlib"),
        optional_applications=("stdlib",),
        included_applications=(),
        env=[(Atom("a"), 1), (Atom("a"), 2)],
        max_t=1000,
        max_p=3,
        start_phases=[(Atom("init"), [])],
        mod=(Atom("probe"), (Atom("a"), 1)),
    )


def test_unknown_properties_are_kept(verdicts: dict) -> None:
    spec = load_app(verdicts["unknown keys"][0], file="probe.app", name="probe")
    assert spec.unknown == (
        (Atom("licenses"), []),
        Atom("foo"),
        (),
        (1, 2),
        (Atom("foo"),),
    )


def test_term_of_a_boot_script(oracle: Oracle, faulty: Path, verdicts: dict) -> None:
    """`systools_make:pack_app` of what `read_application` read is our `app_term`."""
    cases = ["all given", "phases undefined", "unicode", "mod empty", "empty texts"]
    number = {case: index for index, case in enumerate(FAULTY)}
    for case in cases:
        directory = erlang.OtpErlangBinary(bytes(faulty / str(number[case])))
        packed = oracle.ask(
            '{ok, A} = systools_make:read_application("probe", "1.0",'
            " [binary_to_list(In)], []), systools_make:pack_app(A)",
            directory,
        )
        spec = load_app(verdicts[case][0], file="probe.app", name="probe")
        assert app_term(spec, BOOT_KEYS) == term_of(packed)


def test_term_has_only_the_keys_asked_for(verdicts: dict) -> None:
    spec = load_app(verdicts["all given"][0], file="probe.app", name="probe")
    assert app_term(spec, ("vsn", "mod")) == (
        Atom("application"),
        Atom("probe"),
        [(Atom("vsn"), "1.0"), (Atom("mod"), (Atom("probe"), (Atom("a"), 1)))],
    )


def test_lenient_loading_takes_absent_lists_as_empty() -> None:
    entries = [(Atom("vsn"), "1"), (Atom("description"), [])]
    term = (Atom("application"), Atom("probe"), entries)
    spec, warnings = load_app_leniently(term, file="probe.app", name="probe")
    assert (spec.modules, spec.registered, spec.applications) == ((), (), ())
    assert [(each.code, each.facts["key"]) for each in warnings] == [
        (Code.APP_KEY_ASSUMED, "modules"),
        (Code.APP_KEY_ASSUMED, "registered"),
        (Code.APP_KEY_ASSUMED, "applications"),
    ]


@pytest.mark.parametrize(
    "term",
    [
        [],
        (Atom("application"), Atom("probe"), Atom("a")),
        (Atom("application"), Atom("probe"), []),
        (Atom("application"), Atom("probe"), [(Atom("registered"), 1)]),
    ],
)
def test_lenient_loading_refuses_what_is_wrong(term: Term) -> None:
    with pytest.raises(Trouble):
        load_app_leniently(term, file="probe.app", name="probe")


def test_odd_keys_are_warned_of(verdicts: dict) -> None:
    term = verdicts["first of two is right"][0]
    found = app_warnings(term, file="probe.app", name="probe")
    assert [(each.code, each.facts["key"]) for each in found] == [
        (Code.APP_KEY_TWICE, "env"),
        (Code.APP_KEY_TWICE, "vsn"),
    ]
    term = verdicts["modules absent and strange key"][0]
    (found,) = app_warnings(term, file="probe.app", name="probe")
    assert (found.code, found.facts["meant"]) == (Code.APP_KEY_SUSPECT, "modules")
    assert app_warnings(verdicts["unknown keys"][0], file="", name="probe") == ()


def test_every_installed_application(oracle: Oracle) -> None:
    """What `application:get_all_key` says of each is what the file says."""
    answers = oracle.ask(
        """
        [begin
           {ok, [{application, Name, Keys} = Term]} = file:consult(File),
           application:load(Term),
           {ok, All} = application:get_all_key(Name),
           {list_to_binary(File), Term, All}
         end || Dir <- [code:lib_dir(), "/usr/lib/elixir/lib"],
                File <- filelib:wildcard(Dir ++ "/*/ebin/*.app")]
        """
    )
    seen = 0
    for file, term, keys in map(term_of, answers):
        path = Path(file.decode())
        spec = load_app(term, file=str(path), name=path.stem)
        assert app_warnings(term, file=str(path), name=path.stem) == ()
        said = {key.name: value for key, value in list_items(keys)}
        assert spec.vsn == said["vsn"]
        assert spec.description == said["description"]
        assert list(spec.modules) == [each.name for each in said["modules"]]
        assert list(spec.registered) == [each.name for each in said["registered"]]
        assert list(spec.applications) == [each.name for each in said["applications"]]
        assert spec.max_p == said["maxP"]
        assert spec.mod == said["mod"]
        seen += 1
    assert seen > 40


TERMS = st.recursive(
    st.sampled_from([Atom("a"), Atom("vsn"), Atom("infinity"), [], "x", 1, 0, -1])
    | st.floats(allow_nan=False)
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4).map(make_list)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
ENTRIES = st.lists(
    st.tuples(st.sampled_from([Atom(key) for key in RULES]), TERMS) | TERMS,
    max_size=14,
)


@settings(deadline=None, max_examples=300)
@given(entries=ENTRIES)
def test_only_trouble_comes_out(entries: list[Term]) -> None:
    term = (Atom("application"), Atom("probe"), make_list(entries))
    faults = app_faults(term, name="probe")
    try:
        load_app(term, file="probe.app", name="probe")
    except Trouble as trouble:
        assert len(trouble.diagnostics) == len(faults) > 0
    else:
        assert faults == ()
    app_warnings(term, file="", name="probe")

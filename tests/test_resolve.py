"""From wishes and a catalog to the release."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic, render
from dodo_relkit.formats.rel import Rel, RelApp, dump_rel
from dodo_relkit.release.catalog import make_catalog
from dodo_relkit.release.checks import check_sound
from dodo_relkit.release.config import check_config
from dodo_relkit.release.profile import select
from dodo_relkit.release.resolve import resolve, resolve_rel
from dodo_relkit.release.spec import LOAD, NONE, current_version, release
from dodo_relkit.release.why_here import Step, why
from tests.apps import OTP, made_up_app
from tests.oracle import the_oracle

ERTS = "13.1.5"


def profile_of(*applications, name="web", **settings):
    spec = release(name, applications=list(applications), **settings)
    return select(check_config(releases=[spec]), environ={})


def resolved(profile, *apps, otp=OTP):
    return resolve(
        profile, make_catalog([*otp, *apps], searched=["lib"]), erts_vsn=ERTS
    )


def names(profile, *apps):
    """The names in the `.rel`, without kernel and stdlib."""
    made = resolved(profile, *apps).release
    assert made is not None
    first, second, *others = (entry.name for entry in made.rel.apps)
    assert (first, second) == ("kernel", "stdlib")
    return others


def types(profile, *apps, **options):
    """The start types in the `.rel`, by name, without kernel and stdlib."""
    made = resolved(profile, *apps, **options)
    assert made.release is not None, made.diagnostics
    return {
        entry.name: entry.start_type
        for entry in made.release.rel.apps
        if entry.name not in ("kernel", "stdlib")
    }


def errors(profile, *apps):
    made = resolved(profile, *apps)
    found = [each for each in made.diagnostics if each.is_error]
    assert (made.release is None) == bool(found)
    return [(each.code, each.facts.get("name")) for each in found]


def the_error(profile, *apps):
    (one,) = [each for each in resolved(profile, *apps).diagnostics if each.is_error]
    return one


def warnings(profile, *apps):
    made = resolved(profile, *apps)
    return [each.code for each in made.diagnostics if not each.is_error]


app = made_up_app

# What is in


def test_the_release_as_a_value():
    made = resolved(profile_of("a", ("b", LOAD)), app("a"), app("b", vsn="2.0"))
    assert made.diagnostics == ()
    assert made.release.rel == Rel(
        name="web",
        vsn="0.1.0",
        erts_vsn=ERTS,
        apps=(
            RelApp(name="kernel", vsn="8.5.3"),
            RelApp(name="stdlib", vsn="4.2"),
            RelApp(name="a", vsn="1.0"),
            RelApp(name="b", vsn="2.0", start_type="load", typed=True),
        ),
    )
    assert made.release.apps["b"].directory == "lib/b-2.0"
    assert set(made.release.apps) == {"kernel", "stdlib", "a", "b"}


def test_what_is_needed_comes_along():
    apps = app("a", ["b"]), app("b", ["c"]), app("c"), app("d")
    assert names(profile_of("a"), *apps) == ["c", "b", "a"]


def test_sasl_and_elixir_are_not_forced_upon_a_release():
    assert names(profile_of("a"), app("a"), app("elixir")) == ["a"]


def test_the_application_of_the_releases_name_is_in_without_being_listed():
    assert names(profile_of(), app("web", ["a"]), app("a")) == ["a", "web"]
    assert names(profile_of("b"), app("web"), app("b")) == ["b", "web"]
    assert names(profile_of("web", "b"), app("web"), app("b")) == ["web", "b"]
    assert types(profile_of(("web", LOAD)), app("web")) == {"web": "load"}


def test_but_not_one_of_the_target():
    assert names(profile_of("a", name="sasl"), app("a")) == ["a"]


def test_included_applications_come_along():
    apps = app("a", includes=["b"]), app("b", ["c"]), app("c")
    assert names(profile_of("a"), *apps) == ["a", "c", "b"]


def test_the_request_may_say_what_is_included():
    apps = app("a", includes=["b", "c"]), app("b"), app("c")
    made = resolved(profile_of(("a", ["c"])), *apps).release
    assert [entry.name for entry in made.rel.apps][2:] == ["a", "c"]
    assert made.rel.apps[2].included == ("c",)


def test_an_optional_application_comes_along_if_it_is_there():
    apps = app("a", ["b", "c"], optional=["b", "c"]), app("c")
    assert names(profile_of("a"), *apps) == ["c", "a"]
    assert errors(profile_of("a"), *apps) == []


def test_what_is_optional_for_one_may_be_needed_by_another():
    apps = app("a", ["c"], optional=["c"]), app("b", ["c"])
    assert errors(profile_of("a", "b"), *apps) == [(Code.APP_NOT_FOUND, "c")]


def test_iex_comes_with_elixir_for_remote_shells():
    apps = app("a", ["elixir"]), app("elixir"), app("iex", ["elixir"])
    assert types(profile_of("a"), *apps) == {
        "elixir": "permanent", "a": "permanent", "iex": "none"
    }  # fmt: skip
    assert types(profile_of("a", "iex"), *apps)["iex"] == "permanent"
    assert names(profile_of("a"), *apps[:2]) == ["elixir", "a"]


def test_otps_applications_are_the_targets():
    own_kernel = app("kernel", vsn="99")
    made = resolved(profile_of("sasl"), own_kernel).release
    assert made.apps["kernel"].from_target
    assert made.apps["sasl"].from_target


def test_a_version_that_is_asked_for():
    apps = app("a", ["b"]), app("b", vsn="1.0"), app("b", vsn="2.0")
    made = resolved(profile_of("a", ("b", "1.0")), *apps)
    assert made.release.apps["b"].spec.vsn == "1.0"
    assert made.diagnostics == (), "asked for, so nothing to warn of"
    assert warnings(profile_of("a"), *apps) == [Code.APP_SHADOWED]
    wrong = the_error(profile_of("a", ("b", "3.0")), *apps)
    assert wrong.code is Code.APP_VERSION_NOT_FOUND
    assert wrong.facts["found"] == ("2.0", "1.0")
    missing = the_error(profile_of(("c", "3.0")), *apps)
    assert missing.code is Code.APP_NOT_FOUND


# The order of the .rel


def test_order_of_the_request_among_those_that_do_not_need_each_other():
    apps = [app(name) for name in "abcd"]
    assert names(profile_of("c", "a", "d", "b"), *apps) == ["c", "a", "d", "b"]


def test_needs_go_before_the_order_of_the_request():
    apps = app("a", ["b"]), app("b"), app("c", ["d"]), app("d")
    assert names(profile_of("a", "c", "b"), *apps) == ["b", "a", "d", "c"]


def test_needs_are_in_the_order_of_the_app_file():
    apps = app("a", ["c", "b"]), app("b"), app("c")
    assert names(profile_of("a"), *apps) == ["c", "b", "a"]


def test_an_included_application_does_not_disturb_the_order_of_needs():
    #  b uses a, a includes x, x uses b
    apps = app("a", includes=["x"]), app("b", ["a"]), app("x", ["b"])
    assert names(profile_of("b"), *apps) == ["a", "b", "x"]


def test_a_circle_does_not_go_round_for_ever():
    apps = app("a", ["b"]), app("b", ["c"]), app("c", ["a"])
    assert sorted(names(profile_of("a"), *apps)) == ["a", "b", "c"]
    apps = app("a", includes=["b"]), app("b", includes=["a"])
    assert sorted(names(profile_of("a", "b"), *apps)) == ["a", "b"]
    assert names(profile_of("a"), app("a", ["a"])) == ["a"]


def test_a_chain_longer_than_pythons_stack():
    apps = [app(f"a{n}", [f"a{n + 1}"]) for n in range(3000)] + [app("a3000")]
    assert names(profile_of("a0"), *apps) == [f"a{n}" for n in range(3000, -1, -1)]


# Start types


def test_the_strongest_type_of_those_that_need_it():
    apps = [
        app("a", ["x", "z"]),
        app("b", ["y", "z"]),
        app("x", ["deep"]),
        app("y", ["deep"]),
        app("z"),
        app("deep"),
    ]
    made = types(profile_of(("a", "transient"), ("b", LOAD)), *apps)
    assert made == {
        "a": "transient",
        "b": "load",
        "x": "transient",
        "y": "load",
        "z": "transient",
        "deep": "transient",
    }


def test_what_is_needed_by_nothing_started_is_not_started():
    apps = app("a", ["b"]), app("b")
    assert types(profile_of(("a", NONE)), *apps) == {"a": "none", "b": "none"}


def test_what_the_user_sets_stands():
    apps = app("a", ["b"]), app("b", ["c"]), app("c")
    wanted = profile_of("a", ("b", "temporary"))
    assert types(wanted, *apps) == {
        "a": "permanent", "b": "temporary", "c": "temporary"
    }  # fmt: skip


def test_an_included_application_is_only_loaded_but_what_it_uses_is_started():
    apps = app("a", includes=["b"]), app("b", ["c"]), app("c")
    assert types(profile_of("a"), *apps) == {
        "a": "permanent", "b": "load", "c": "permanent"
    }  # fmt: skip
    assert types(profile_of("a", "b"), *apps)["b"] == "load"
    assert types(profile_of(("a", NONE)), *apps)["b"] == "none"


def test_an_application_may_use_an_included_one():
    apps = app("a", includes=["x"]), app("b", ["x"]), app("x")
    assert types(profile_of("a", "b"), *apps) == {
        "a": "permanent", "b": "permanent", "x": "load"
    }  # fmt: skip


def test_a_type_for_an_included_application_is_of_no_use():
    apps = app("a", includes=["x"]), app("x")
    assert warnings(profile_of("a", ("x", "permanent")), *apps) == [Code.INCLUDED_TYPE]
    assert warnings(profile_of("a", ("x", LOAD)), *apps) == []


@pytest.mark.parametrize("weak", ["load", "none"])
@pytest.mark.parametrize("strong", ["permanent", "transient", "temporary"])
def test_a_started_application_must_not_need_one_that_is_not(weak, strong):
    apps = app("a", ["b"]), app("b")
    one = the_error(profile_of(("a", strong), ("b", weak)), *apps)
    assert one.code is Code.APP_NOT_STARTED
    assert one.facts == {
        "name": "a", "type": strong, "needed": "b", "needed_type": weak
    }  # fmt: skip
    assert types(profile_of(("a", weak), ("b", weak)), *apps) == {"a": weak, "b": weak}
    skipping = {"skip_mode_validation_for": ["a"]}
    made = types(profile_of(("a", strong), ("b", weak), **skipping), *apps)
    assert made == {"a": strong, "b": weak}


def test_what_an_included_application_needs_must_be_started_too():
    apps = app("a", includes=["x"]), app("x", ["b"]), app("b")
    assert errors(profile_of("a", ("b", LOAD)), *apps) == [(Code.APP_NOT_STARTED, "x")]


@pytest.mark.parametrize("name", ["kernel", "stdlib"])
def test_kernel_and_stdlib_are_permanent(name):
    assert errors(profile_of((name, LOAD)), app("web")) == [(Code.MANDATORY_TYPE, name)]
    assert names(profile_of((name, "permanent"), "a"), app("a")) == ["a"]


# What is wrong


def test_a_missing_application_is_shown_with_who_wants_it():
    apps = app("a", ["b"]), app("b", ["cowboi"]), app("c", ["cowboi"]), app("cowboy")
    one = the_error(profile_of("a", "c"), *apps)
    assert one.code is Code.APP_NOT_FOUND
    assert one.facts == {
        "name": "cowboi",
        "wanted_by": "c and b need it",
        "path": "c -> cowboi",
        "nearest": ("cowboy",),
        "searched": ("lib",),
    }
    one = the_error(profile_of("a"), *apps)
    assert one.facts["path"] == "a -> b -> cowboi"
    one = the_error(profile_of("d"), *apps)
    assert one.facts["wanted_by"] == "the release asks for it"
    assert "d -> " not in render(one)


def test_all_missing_applications_are_told_at_once():
    apps = app("a", ["x", "y"], includes=["z"]), app("b", ["x"])
    found = errors(profile_of("a", "b", "c"), *apps)
    assert found == [(Code.APP_NOT_FOUND, name) for name in ("c", "x", "y", "z")]


def test_a_target_without_kernel():
    found = resolve(profile_of("a"), make_catalog([app("a")]), erts_vsn=ERTS)
    assert [each.facts["name"] for each in found.diagnostics] == ["kernel", "stdlib"]


def test_a_faulty_application_that_is_needed():
    place = Place(file="lib/b/ebin/b.app")
    wrong = diagnostic(Code.SYNTAX, place, expected="a term", found="x")
    catalog = make_catalog([*OTP, app("a", ["b"]), app("c")], {"b": [wrong]})
    assert resolve(profile_of("a"), catalog, erts_vsn=ERTS).diagnostics == (wrong,)
    assert resolve(profile_of("c"), catalog, erts_vsn=ERTS).diagnostics == ()


def test_a_release_of_nothing():
    one = the_error(profile_of(), app("wob"))
    assert one.code is Code.NOTHING_TO_RELEASE
    assert one.facts["nearest"] == ("wob",)
    assert names(profile_of("kernel")) == []


# The version


def test_the_current_version_of_an_application():
    wanted = profile_of("a", version=current_version("a"))
    assert resolved(wanted, app("a", vsn="3.1")).release.rel.vsn == "3.1"
    other = profile_of("a", version=current_version("b"))
    assert resolved(other, app("a"), app("b", vsn="7")).release.rel.vsn == "7"
    pinned = profile_of(("a", "1.0"), version=current_version("a"))
    apps = app("a", vsn="1.0"), app("a", vsn="2.0")
    assert resolved(pinned, *apps).release.rel.vsn == "1.0"
    assert errors(other, app("a")) == [(Code.VERSION_APP_MISSING, "b")]
    assert errors(wanted, app("a", vsn="1 0")) == [(Code.REL_ILLEGAL_VERSION, None)]


# A .rel of the user's own


def rel_of(*apps, name="web", erts=ERTS):
    return Rel(name=name, vsn="1.0", erts_vsn=erts, apps=apps)


def from_rel(rel, *apps):
    wanted = select(check_config(releases=[release("web", rel="web.rel")]), environ={})
    return resolve_rel(rel, wanted, make_catalog([*OTP, *apps]), erts_vsn=ERTS)


def test_a_rel_file_is_taken_as_it_stands():
    rel = rel_of(
        RelApp(name="a", vsn="1.0", start_type="load", typed=True),
        RelApp(name="stdlib", vsn="4.2"),
        RelApp(name="kernel", vsn="8.5.3"),
    )
    made = from_rel(rel, app("a", ["b"], vsn="2.0"), app("a", ["b"]), app("b"))
    assert made.diagnostics == ()
    assert made.release.rel == rel
    assert made.release.apps["a"].spec.vsn == "1.0"


def test_what_can_be_wrong_with_a_rel_file():
    rel = rel_of(
        RelApp(name="kernel", vsn="8.5.2"),
        RelApp(name="b", vsn="1.0"),
        name="wob",
        erts="12.0",
    )
    made = from_rel(rel)
    assert made.release is None
    assert [each.code for each in made.diagnostics] == [
        Code.REL_NAME_DIFFERS,
        Code.REL_ERTS_DIFFERS,
        Code.APP_VERSION_NOT_FOUND,
        Code.APP_NOT_FOUND,
    ]
    assert all(each.place.file == "web.rel" for each in made.diagnostics)
    for each in made.diagnostics:
        assert render(each)


# Why


def test_why_an_application_is_in_the_release():
    apps = app("a", ["b"]), app("b", ["c"]), app("c"), app("d", ["b"])
    catalog = make_catalog([*OTP, *apps])
    made = why(profile_of(("a", LOAD), "d"), catalog, "c")
    assert made.path == (
        Step(name="a", vsn="1.0", start_type="load", link="listed"),
        Step(name="b", vsn="1.0", start_type="permanent", link="uses"),
        Step(name="c", vsn="1.0", start_type="permanent", link="uses"),
    )
    assert made.needed_by == ("b",)
    assert made.type_from == "d"
    assert made.starts_after == ()
    assert made.position == 3
    assert why(profile_of("a"), catalog, "b").starts_after == ("c",)


def test_the_links_of_a_way():
    apps = [
        app("web", ["o"], includes=["i"], optional=["o"]),
        app("o"),
        app("i", ["elixir"]),
        app("elixir"),
        app("iex", ["elixir"]),
    ]
    catalog = make_catalog([*OTP, *apps])

    def links(name):
        return [step.link for step in why(profile_of(), catalog, name).path]

    assert links("kernel") == ["mandatory"]
    assert links("web") == ["named as the release"]
    assert links("o") == ["named as the release", "may use"]
    assert links("elixir") == ["named as the release", "includes", "uses"]
    assert links("iex") == ["for remote shells"]
    assert why(profile_of(), catalog, "i").type_from == "web"


def test_why_something_is_not_there():
    catalog = make_catalog([*OTP, app("a"), app("cowboy")])
    with pytest.raises(Trouble) as raised:
        why(profile_of("a"), catalog, "stdlibs")
    (one,) = raised.value.diagnostics
    assert one.code is Code.APP_UNKNOWN_TO_WHY
    assert one.facts["nearest"] == ("stdlib",)


# Laws, for any applications

LETTERS = "abcdefg"


@st.composite
def made_up(draw, circles=False):
    """Applications that use and include each other, and what is asked of them."""
    order = draw(st.permutations(LETTERS))
    apps = []
    included: set[str] = set()
    for at, name in enumerate(order):
        others = list(LETTERS) if circles else list(order[:at])
        near = st.lists(st.sampled_from(others), unique=True, max_size=3)
        uses = draw(near) if others else []
        includes = draw(near) if others and draw(st.booleans()) else []
        includes = [e for e in includes if e not in included and e not in uses]
        included |= set(includes)
        optional = [each for each in uses if draw(st.booleans())]
        apps.append(app(name, ["kernel", *uses], includes=includes, optional=optional))
    asked = draw(
        st.lists(
            st.tuples(st.sampled_from(LETTERS), st.sampled_from(["", *TYPES])),
            unique_by=lambda each: each[0],
            min_size=1,
            max_size=4,
        )
    )
    wanted = [(name, kind) if kind else name for name, kind in asked]
    return tuple(draw(st.permutations(apps))), tuple(wanted)


TYPES = ("permanent", "transient", "temporary", "load", "none")


@given(made_up(circles=True))
@settings(max_examples=200, deadline=None)
def test_the_closure_is_complete_and_has_nothing_else(case):
    apps, wanted = case
    profile = profile_of(*wanted, skip_mode_validation_for=list(LETTERS))
    made = resolved(profile, *apps).release
    in_rel = [entry.name for entry in made.rel.apps]
    assert len(set(in_rel)) == len(in_rel)
    assert set(in_rel) == set(made.apps)
    needed = {"kernel", "stdlib"} | {each[0] for each in wanted}
    while True:
        more = {
            need
            for name in needed
            for need in (
                *made.apps[name].spec.applications,
                *made.apps[name].spec.included_applications,
            )
        }
        if more <= needed:
            break
        needed |= more
    assert set(in_rel) == needed


@given(made_up())
@settings(max_examples=200, deadline=None)
def test_needs_come_first_and_each_has_the_strongest_type_that_needs_it(case):
    apps, wanted = case
    profile = profile_of(*wanted, skip_mode_validation_for=list(LETTERS))
    made = resolved(profile, *apps).release
    place = {entry.name: at for at, entry in enumerate(made.rel.apps)}
    kind = {entry.name: entry.start_type for entry in made.rel.apps}
    included = {
        each for name in place for each in made.apps[name].spec.included_applications
    }
    fixed = {each[0]: each[1] for each in wanted if len(each) == 2}
    assert list(place)[:2] == ["kernel", "stdlib"]
    for name, found in made.apps.items():
        for need in found.spec.applications:
            assert place[need] < place[name]
            if need in fixed or need in included or need == "kernel":
                continue
            if name not in included:
                assert TYPES.index(kind[need]) <= TYPES.index(kind[name])
    for name in included:
        assert kind[name] in ((fixed[name],) if name in fixed else ("load", "none"))


@given(made_up(circles=True), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_catalog_does_not_matter(case, shuffler: random.Random):
    apps, wanted = case
    others = list(apps)
    shuffler.shuffle(others)
    profile = profile_of(*wanted)
    assert resolved(profile, *apps) == resolved(profile, *others)


# systools is the judge


def otp_apps():
    """kernel and stdlib of the OTP at hand."""
    text = "[element(3, lists:keyfind(A, 1, application:loaded_applications()))"
    vsns = the_oracle().ask(text + " || A <- [kernel, stdlib]]")
    kernel, stdlib = ("".join(map(chr, each)) for each in vsns)
    return (
        app("kernel", vsn=kernel, lib="/otp/lib", target=True),
        app("stdlib", ["kernel"], vsn=stdlib, lib="/otp/lib", target=True),
    )


def write_app(folder: Path, spec) -> str:
    ebin = folder / f"{spec.name}-{spec.vsn}" / "ebin"
    ebin.mkdir(parents=True)
    lists = {
        "applications": spec.applications,
        "included_applications": spec.included_applications,
        "optional_applications": spec.optional_applications,
    }
    rows = "".join(f", {{{key}, [{', '.join(each)}]}}" for key, each in lists.items())
    (ebin / f"{spec.name}.app").write_text(
        f'{{application, {spec.name}, [{{description, ""}}, {{vsn, "{spec.vsn}"}},'
        f" {{modules, []}}, {{registered, []}}{rows}]}}.\n"
    )
    return str(ebin)


def verdict_of_systools(made, folder: Path):
    path = [
        write_app(folder, found.spec)
        for found in made.apps.values()
        if not found.from_target
    ]
    (folder / "web.rel").write_bytes(dump_rel(made.rel))
    directories = "[" + ", ".join(f'"{each}"' for each in path) + "]"
    options = f"[silent, no_warn_sasl, {{path, {directories}}}]"
    return the_oracle().ask(
        f'case systools:make_script("{folder}/web", {options}) of'
        " {ok, _, []} -> accepted; Other -> Other end"
    )


@given(made_up())
@settings(max_examples=60, deadline=None)
def test_systools_accepts_what_is_resolved_and_found_sound(case):
    apps, wanted = case
    profile = profile_of(*wanted, skip_mode_validation_for=list(LETTERS))
    made = resolved(profile, *apps, otp=otp_apps()).release
    sound = not check_sound(made)
    with tempfile.TemporaryDirectory() as folder:
        verdict = verdict_of_systools(made, Path(folder))
    accepted = getattr(verdict, "value", None) in ("accepted", b"accepted")
    assert accepted == sound, verdict


def test_most_of_what_is_resolved_is_sound():
    """The test above would say nothing of a generator of unsound applications."""
    apps = app("a", ["b"], includes=["c"]), app("b"), app("c", ["d"]), app("d")
    made = resolved(profile_of("a", ("b", "temporary")), *apps, otp=otp_apps()).release
    assert check_sound(made) == []
    with tempfile.TemporaryDirectory() as folder:
        verdict = verdict_of_systools(made, Path(folder))
    assert verdict.value in ("accepted", b"accepted")

"""Which of several applications of one name is preferred."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, diagnostic
from dodo_relkit.release.catalog import (
    FaultyApp,
    find,
    make_catalog,
    nearest_names,
    shadow_warning,
    versions,
)
from dodo_relkit.release.versions import version_key
from tests.apps import made_up_app


def preferred(*apps, name="a"):
    found = find(make_catalog(apps), name)
    return found.directory if found else None


def test_earlier_lib_directories_go_first():
    one = made_up_app("a", lib="x")
    other = made_up_app("a", lib="y", vsn="2.0")
    assert preferred(one, other) == "x/a-1.0"
    assert preferred(other, one) == "y/a-2.0"


def test_in_one_directory_the_later_version_goes_first():
    old, new = made_up_app("a", vsn="1.9"), made_up_app("a", vsn="1.10")
    assert preferred(old, new) == preferred(new, old) == "lib/a-1.10"


def test_the_rank_of_a_directory_is_that_of_its_first_application():
    apps = [
        made_up_app("b", lib="x"),
        made_up_app("a", lib="y", vsn="2.0"),
        made_up_app("a", lib="x"),
    ]
    assert preferred(*apps) == "x/a-1.0"


def test_the_project_goes_before_the_target():
    own = made_up_app("ssl", lib="lib", vsn="1.0")
    target = made_up_app("ssl", lib="/otp/lib", vsn="2.0", target=True)
    assert preferred(target, own, name="ssl") == "lib/ssl-1.0"


@pytest.mark.parametrize("name", ["kernel", "stdlib"])
def test_but_kernel_and_stdlib_are_the_targets(name):
    own = made_up_app(name, lib="lib", vsn="99")
    target = made_up_app(name, lib="/otp/lib", vsn="2.0", target=True)
    assert preferred(own, target, name=name) == f"/otp/lib/{name}-2.0"


def test_a_version_can_be_asked_for():
    catalog = make_catalog([made_up_app("a"), made_up_app("a", vsn="2.0")])
    assert find(catalog, "a", "1.0").spec.vsn == "1.0"
    assert find(catalog, "a", "3.0") is None
    assert find(catalog, "b") is None
    assert versions(catalog, "a") == ("2.0", "1.0")
    assert versions(catalog, "b") == ()


def error_in(directory):
    place = Place(file=f"{directory}/ebin/a.app")
    return diagnostic(Code.SYNTAX, place, expected="a term", found="x")


def test_a_faulty_application_keeps_its_place_in_the_search_order():
    x, y = made_up_app("b", lib="x"), made_up_app("a", lib="y")
    wrong = error_in("x/a-1.0")
    found = find(make_catalog([x, y], {"a": [wrong]}), "a")
    assert found == FaultyApp(name="a", directory="x/a-1.0", diagnostics=(wrong,))
    later = error_in("z/a-1.0")
    assert find(make_catalog([x, y], {"a": [later]}), "a") == y


def test_a_faulty_application_has_no_version():
    sound = made_up_app("a", lib="y")
    catalog = make_catalog([made_up_app("b", lib="x"), sound], {"a": [error_in("x/a")]})
    assert find(catalog, "a", "1.0") == sound
    assert isinstance(find(catalog, "a", "2.0"), FaultyApp)
    assert versions(catalog, "a") == ("1.0",)


def test_a_faulty_application_of_the_target_is_the_targets():
    otp = made_up_app("kernel", lib="/otp/lib", target=True)
    catalog = make_catalog([otp], {"ssl": [error_in("/otp/lib/ssl-1")]})
    assert find(catalog, "ssl").from_target


def test_names_like_a_missing_one():
    catalog = make_catalog([made_up_app(name) for name in ("cowboy", "cowlib", "ssl")])
    assert nearest_names(catalog, "cowboi") == ("cowboy", "cowlib")
    assert nearest_names(catalog, "zzz") == ()


def shadowed(*apps, name="a"):
    catalog = make_catalog(apps)
    return [
        each.facts["others"] for each in shadow_warning(catalog, find(catalog, name))
    ]


def test_another_version_of_what_is_used_is_told():
    one, other = made_up_app("a", lib="x"), made_up_app("a", lib="y", vsn="2.0")
    assert shadowed(one, other) == [("2.0 in y/a-2.0",)]
    assert shadowed(one, made_up_app("a", lib="y")) == [], "the same version"
    old = made_up_app("a", lib="/otp/lib", target=True)
    new = made_up_app("a", lib="/otp/lib", vsn="2", target=True)
    assert shadowed(old, new) == [], "patches of OTP"
    assert shadowed(one, new) == [("2 in /otp/lib/a-2",)]


def test_a_kernel_in_the_project_is_told():
    own = made_up_app("kernel", lib="lib", vsn="99")
    target = made_up_app("kernel", lib="/otp/lib", target=True)
    assert shadowed(own, target, name="kernel") == [("99 in lib/kernel-99",)]


def test_the_order_of_versions():
    ordered = [
        "git-abc1",
        "1-rc.1",
        "1.0.0-rc1",
        "1.0.0-rc2",
        "1.0.0-rc10",
        "1.0.0",
        "1.0.0+build",
        "1.0.1",
        "1.2",
        "1.10",
        "1.10.0.1",
        "2",
    ]
    assert sorted([*ordered[1::2], *ordered[::2]], key=version_key) == ordered


@given(st.text(max_size=12), st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_two_texts_can_be_compared(one, other):
    assert (version_key(one) < version_key(other)) or (
        version_key(one) >= version_key(other)
    )


APPS = st.lists(
    st.builds(
        made_up_app,
        st.sampled_from(["a", "b", "kernel"]),
        vsn=st.sampled_from(["1.0", "1.2", "1.10"]),
        lib=st.sampled_from(["x", "y"]),
    ),
    max_size=6,
    unique_by=lambda app: app.directory,
)


@given(APPS)
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_and_the_first_is_the_latest_of_the_first_directory(apps):
    catalog = make_catalog(apps)
    entries = [each for found in catalog.by_name.values() for each in found]
    assert sorted(each.directory for each in entries) == sorted(
        app.directory for app in apps
    )
    folders = list(dict.fromkeys(app.directory[0] for app in apps))
    for name in catalog.by_name:
        first = find(catalog, name)
        named = [app for app in apps if app.spec.name == name]
        folder = next(f for f in folders if any(app.directory[0] == f for app in named))
        rivals = [app.spec.vsn for app in named if app.directory[0] == folder]
        assert first.directory[0] == folder
        assert first.spec.vsn == max(rivals, key=["1.0", "1.2", "1.10"].index)

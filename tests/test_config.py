"""The configuration in its Python form: what is accepted, what is said of the rest."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, render
from dodo_relkit.release.applications import Wanted
from dodo_relkit.release.compilers import (
    Command,
    Erlc,
    build_command,
    compiled_lib_dirs,
    erlc,
    gleam,
    mix,
    rebar3,
    task,
)
from dodo_relkit.release.config import check_config
from dodo_relkit.release.profile import (
    Profile,
    merge,
    profile_warnings,
    profiles,
    select,
)
from dodo_relkit.release.settings import CALLED_HERE, NOT_YET, SETTINGS
from dodo_relkit.release.spec import (
    LOAD,
    NONE,
    TEMPORARY,
    CurrentVersion,
    EnvCookie,
    Settings,
    cookie_from_env,
    current_version,
    environment,
    release,
)


def profile(env=None, name=None, environ=None, **written):
    config = check_config(**written)
    return select(config, environ=environ or {}, environment=env, name=name)


def of(**settings):
    """The only profile of a configuration with one release of these settings."""
    return profile(releases=[release("web", **settings)])


def troubles(**written):
    with pytest.raises(Trouble) as raised:
        check_config(**written)
    return [
        (each.code, each.place.key)
        for each in raised.value.diagnostics
        if each.is_error
    ]


def trouble_of(**settings):
    """The troubles of a release with these settings, keys below the release."""
    found = troubles(releases=[release("web", **settings)])
    return [(code, key.removeprefix("releases.web.")) for code, key in found]


def facts(**settings):
    with pytest.raises(Trouble) as raised:
        check_config(releases=[release("web", **settings)])
    (one,) = raised.value.diagnostics
    return one.facts


# The lists of settings


def test_the_constructors_know_exactly_the_settings_of_the_table():
    assert set(Settings.__annotations__) == set(SETTINGS)


def test_a_profile_has_exactly_the_settings_of_the_table():
    own = {"name", "environment", "compile"}
    assert {field.name for field in dataclasses.fields(Profile)} - own == set(SETTINGS)


def test_no_setting_is_both_there_and_missing():
    assert not set(SETTINGS) & (set(NOT_YET) | set(CALLED_HERE))
    assert set(CALLED_HERE.values()) <= set(SETTINGS)


def test_every_setting_of_distillery_is_known():
    # CF-12: `set` keys of a release or profile; erts_version only ever by include_erts
    keys = """version applications output_dir vm_args config sys_config cookie erl_opts
        run_erl_env executable dev_mode include_erts erts_version include_src
        include_system_libs included_configs config_providers appup_transforms
        strip_debug_info no_dot_erlang plugins overlay_vars overlays commands overrides
        pre_configure_hooks post_configure_hooks pre_start_hooks post_start_hooks
        pre_stop_hooks post_stop_hooks pre_upgrade_hooks post_upgrade_hooks"""
    assert set(keys.split()) <= set(SETTINGS) | set(NOT_YET)


# Defaults


def test_defaults():
    made = of()
    assert made == Profile(
        name="web",
        environment="default",
        compile=None,
        version="0.1.0",
        applications=(),
        rel=None,
        skip_mode_validation_for=(),
        lib_dirs=(),
        output_dir="_build/default/rel/web",
        dev_mode=False,
        include_erts=True,
        include_system_libs=True,
        include_src=False,
        cookie=None,
        vm_args=None,
        sys_config=(),
        overlay_vars={},
        erl_opts="",
        run_erl_env="",
        no_dot_erlang=False,
        warnings_as_errors=False,
        exref=False,
        src_tests=False,
        tar=True,
        compression_level=6,
        delta=False,
        strict_upgrades=False,
        purge="brutal",
        upgrade_strategies={},
        appup_transforms=(),
        relup_hook=None,
        upgrade_from=(),
    )
    assert made.key == "web:default"


def test_the_first_release_and_environment_are_the_default():
    config = check_config(
        releases=[release("b"), release("a")],
        environments=[environment("prod"), environment("dev")],
    )
    assert select(config, environ={}).key == "b:prod"


def test_what_follows_from_other_settings():
    assert of(include_erts=False).include_system_libs is False
    assert of(include_erts="/opt/otp").include_system_libs is True
    assert of(include_erts=False, include_system_libs=True).include_system_libs is True
    assert of(dev_mode=True).tar is False
    assert of(dev_mode=True, tar=True).tar is True


def test_a_setting_that_is_none_is_not_set():
    assert of(cookie=None, version=None, applications=None) == of()


# Values


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("a", Wanted(name="a")),
        (("a", LOAD), Wanted(name="a", start_type="load")),
        (["a", "none"], Wanted(name="a", start_type="none")),
        (("a", "1.2.0"), Wanted(name="a", vsn="1.2.0")),
        (
            ("a", "1.2.0", TEMPORARY),
            Wanted(name="a", vsn="1.2.0", start_type=TEMPORARY),
        ),
        (("a", ["b"]), Wanted(name="a", included=("b",))),
        (("a", []), Wanted(name="a", included=())),
        (
            ("a", "1", "load", ["b"]),
            Wanted(name="a", vsn="1", start_type="load", included=("b",)),
        ),
        ({"a": "load"}, Wanted(name="a", start_type="load")),
        ({"a": "2.0"}, Wanted(name="a", vsn="2.0")),
        ({"a": {}}, Wanted(name="a")),
        (
            {"a": {"version": "2.0", "start": NONE, "included": ["b"]}},
            Wanted(name="a", vsn="2.0", start_type="none", included=("b",)),
        ),
        (("a",), Wanted(name="a")),
    ],
)
def test_application_forms(written, wanted):
    assert of(applications=[written]).applications == (wanted,)


def test_a_table_may_hold_several_applications():
    written = {"a": "load", "b": "1.0"}
    assert of(applications=[written]).applications == (
        Wanted(name="a", start_type="load"),
        Wanted(name="b", vsn="1.0"),
    )


def test_values_have_one_form():
    made = of(
        version=current_version("core"),
        sys_config=PurePosixPath("rel/sys.config"),
        vm_args=Path("rel/vm.args"),
        output_dir="./out//web/",
        cookie=cookie_from_env("COOKIE"),
        overlay_vars={"port": 80, "hosts": ("a", "b"), "deep": {"x": [True, 1.5]}},
    )
    assert made.version == CurrentVersion("core")
    assert made.sys_config == ("rel/sys.config",)
    assert made.vm_args == "rel/vm.args"
    assert made.output_dir == "out/web"
    assert made.cookie == EnvCookie("COOKIE")
    assert made.overlay_vars == {
        "port": 80,
        "hosts": ["a", "b"],
        "deep": {"x": [True, 1.5]},
    }
    assert of(sys_config=["a", "b"]).sys_config == ("a", "b")


def test_the_checked_values_do_not_share_what_the_user_may_change():
    variables = {"port": 80}
    names = ["a"]
    made = of(overlay_vars=variables, applications=names)
    variables["port"] = 81
    names.append("b")
    assert made.overlay_vars == {"port": 80}
    assert len(made.applications) == 1


@pytest.mark.parametrize(
    ("settings", "code", "key"),
    [
        ({"version": 1}, Code.SETTING_TYPE, "version"),
        ({"version": "1 0"}, Code.ILLEGAL_VERSION, "version"),
        ({"version": ".."}, Code.ILLEGAL_VERSION, "version"),
        ({"version": ""}, Code.ILLEGAL_VERSION, "version"),
        ({"version": "1/2"}, Code.ILLEGAL_VERSION, "version"),
        ({"version": "1.0\n"}, Code.ILLEGAL_VERSION, "version"),
        ({"version": current_version("Core")}, Code.ILLEGAL_NAME, "version"),
        ({"version": {"curent": "a"}}, Code.SETTING_TYPE, "version"),
        ({"applications": "a"}, Code.SETTING_TYPE, "applications"),
        ({"applications": ["a", 3]}, Code.SETTING_TYPE, "applications[1]"),
        ({"applications": ["a", "B"]}, Code.ILLEGAL_NAME, "applications[1]"),
        ({"applications": ["a", ()]}, Code.SETTING_TYPE, "applications[1]"),
        ({"applications": [("a", "lode")]}, Code.START_TYPE_UNKNOWN, "applications[0]"),
        ({"applications": [("a", 1)]}, Code.SETTING_TYPE, "applications[0]"),
        ({"applications": [("a", "load", "1")]}, Code.SETTING_TYPE, "applications[0]"),
        ({"applications": [("a", "load", "none")]}, Code.SETTING_TYPE,
            "applications[0]"),
        ({"applications": ["a", "b", ("a", LOAD)]}, Code.DEFINED_TWICE,
            "applications[2]"),
        ({"applications": [{"a": {"start": "lode"}}]}, Code.START_TYPE_UNKNOWN,
            "applications[0].a.start"),
        ({"applications": [{"a": {"strat": "load"}}]}, Code.UNKNOWN_SETTING,
            "applications[0].a.strat"),
        ({"dev_mode": 1}, Code.SETTING_TYPE, "dev_mode"),
        ({"dev_mode": "true"}, Code.SETTING_TYPE, "dev_mode"),
        ({"include_erts": 13}, Code.SETTING_TYPE, "include_erts"),
        ({"include_erts": ""}, Code.SETTING_VALUE, "include_erts"),
        ({"vm_args": True}, Code.SETTING_TYPE, "vm_args"),
        ({"vm_args": Path}, Code.SETTING_TYPE, "vm_args"),
        ({"sys_config": ["a", None]}, Code.SETTING_TYPE, "sys_config[1]"),
        ({"lib_dirs": "lib"}, Code.SETTING_TYPE, "lib_dirs"),
        ({"overlay_vars": {"a-b": 1}}, Code.ILLEGAL_NAME, "overlay_vars"),
        ({"overlay_vars": {"a": object()}}, Code.SETTING_TYPE, "overlay_vars.a"),
        ({"overlay_vars": {"a": [{"b": None}]}}, Code.SETTING_TYPE,
            "overlay_vars.a[0].b"),
        ({"overlay_vars": {"a": {1: 2}}}, Code.SETTING_TYPE, "overlay_vars.a"),
        ({"erl_opts": ["+P"]}, Code.SETTING_TYPE, "erl_opts"),
        ({"erl_opts": "+P\n1"}, Code.SETTING_VALUE, "erl_opts"),
        ({"compression_level": 10}, Code.SETTING_VALUE, "compression_level"),
        ({"compression_level": True}, Code.SETTING_TYPE, "compression_level"),
        ({"cookie": 5}, Code.SETTING_TYPE, "cookie"),
        ({"cookie": {"env": "A B"}}, Code.ILLEGAL_NAME, "cookie.env"),
        ({"skip_mode_validation_for": ["A"]}, Code.ILLEGAL_NAME,
            "skip_mode_validation_for[0]"),
        ({"include_ert": True}, Code.UNKNOWN_SETTING, "include_ert"),
        ({"overlays": []}, Code.SETTING_NOT_YET, "overlays"),
        ({"plugins": None}, Code.SETTING_NOT_YET, "plugins"),
    ],
)  # fmt: skip
def test_wrong_settings(settings, code, key):
    assert trouble_of(**settings) == [(code, key)]


@pytest.mark.parametrize(
    "cookie",
    ["a b", "-a", "+a", "a'b", 'a"b', "a\\b", "a#b", "a$b", "a{b", "a`b", "a!b", "a%b",
     "a,b", "", "a\n", "é", "a" * 256],
)  # fmt: skip
def test_unsafe_cookies(cookie):
    assert trouble_of(cookie=cookie) == [(Code.COOKIE_UNSAFE, "cookie")]


def test_cookies_as_mix_and_distillery_make_them_are_safe():
    base32 = "RSYVXPVZSNQQEWNBRHBIBKJ5VZ4DXIZDD7VT3IOPYKWZXVXNSXDA===="
    assert of(cookie=base32).cookie == base32


def test_every_trouble_is_told_at_once():
    found = troubles(
        releases=[release("web", dev_mode=1, tar=2), release("Db", exref=3)],
        environments=[environment("prod", colour="red")],
        compile="mix",
        relases=[],
    )
    assert sorted(key for _, key in found) == [
        "compile",
        "environments.prod.colour",
        "relases",
        "releases.Db.exref",
        "releases.web.dev_mode",
        "releases.web.tar",
        "releases[1]",
    ]


def test_the_nearest_name_is_said():
    assert facts(include_ert=True)["nearest"] == "include_erts"
    assert facts(Include_Erts=True)["nearest"] == "include_erts"
    assert facts(system_libs=True)["nearest"] == "include_system_libs"
    assert facts(colour=1)["nearest"] == ""
    assert facts(applications=[("a", "lode")])["nearest"] == "load"


def test_a_setting_of_the_future_is_no_unknown_one():
    with pytest.raises(Trouble) as raised:
        check_config(releases=[release("web", config="config/config.exs")])
    text = render(raised.value.diagnostics[0])
    assert "not supported yet" in text
    assert "sys_config" in text


# The whole configuration


def test_wholes_that_are_wrong():
    web = release("web")
    assert troubles() == [(Code.NO_RELEASE_DEFINED, "releases")]
    assert troubles(releases=[]) == [(Code.NO_RELEASE_DEFINED, "releases")]
    assert troubles(releases="web") == [(Code.SETTING_TYPE, "releases")]
    assert troubles(releases=["web"]) == [(Code.SETTING_TYPE, "releases[0]")]
    assert troubles(releases=[environment("web")]) == [
        (Code.SETTING_TYPE, "releases[0]")
    ]
    assert troubles(releases=[web, web]) == [(Code.DEFINED_TWICE, "releases.web")]
    assert troubles(releases=[release("we-b")]) == [(Code.ILLEGAL_NAME, "releases[0]")]
    assert troubles(releases=[release(3)]) == [(Code.SETTING_TYPE, "releases[0]")]
    assert troubles(releases=[web], environments=[environment("a:b")]) == [
        (Code.ILLEGAL_NAME, "environments[0]")
    ]
    assert troubles(releases=[web], default_release="wob") == [
        (Code.NO_SUCH_RELEASE, "default_release")
    ]
    assert troubles(releases=[web], default_environment="prod") == [
        (Code.NO_SUCH_ENVIRONMENT, "default_environment")
    ]
    assert troubles(releases=[web], default_release=web) == [
        (Code.SETTING_TYPE, "default_release")
    ]
    assert troubles(releases=[web], lib_dirs="lib") == [(Code.SETTING_TYPE, "lib_dirs")]


@pytest.mark.parametrize(
    ("output_dir", "root"),
    [(".", ""), ("a/..", ""), ("..", ""), ("../x", ""), ("/", ""), ("/p", "/p/"),
     ("/p", "/p/q"), ("/", "/p")],
)  # fmt: skip
def test_output_directories_that_would_be_a_loss(output_dir, root):
    web = release("web", output_dir=output_dir)
    assert troubles(releases=[web], root=root) == [
        (Code.OUTPUT_DIR_UNSAFE, "releases.web.output_dir")
    ]


def test_output_directories_elsewhere_are_allowed():
    web = release("web", output_dir="/srv/web")
    config = check_config(releases=[web], root="/home/me/web")
    assert select(config, environ={}).output_dir == "/srv/web"


def test_the_output_directory_of_an_environment_is_blamed_there():
    found = troubles(
        releases=[release("a"), release("b")],
        environments=[environment("prod", output_dir="..")],
    )
    assert found == [(Code.OUTPUT_DIR_UNSAFE, "environments.prod.output_dir")]


def test_two_profiles_must_not_share_an_output_directory():
    environments = [environment("dev"), environment("prod")]
    found = troubles(
        releases=[release("web", output_dir="out")], environments=environments
    )
    assert found == [(Code.OUTPUT_DIR_SHARED, "releases.web.output_dir")]
    nested = troubles(
        releases=[release("a", output_dir="out"), release("b", output_dir="out/b")]
    )
    assert nested == [(Code.OUTPUT_DIR_SHARED, "releases.b.output_dir")]
    apart = check_config(
        releases=[release("web", output_dir="out/{environment}/{release}")],
        environments=environments,
    )
    assert [each.output_dir for each in profiles(apart)] == [
        "out/dev/web",
        "out/prod/web",
    ]


def test_a_rel_file_says_it_all():
    found = troubles(releases=[release("web", rel="web.rel", version="1.0")])
    assert found == [(Code.SETTINGS_CONFLICT, "releases.web.version")]
    found = troubles(
        releases=[release("web", rel="web.rel")],
        environments=[environment("dev"), environment("prod", applications=["a"])],
    )
    assert found == [(Code.SETTINGS_CONFLICT, "environments.prod.applications")]
    assert of(rel="web.rel").rel == "web.rel"


# Merging and choosing


def test_an_environments_settings_go_before_a_releases():
    config = check_config(
        releases=[
            release(
                "web", dev_mode=True, include_src=True, applications=["a"], cookie="x1"
            )
        ],
        environments=[
            environment("dev", applications=[], overlay_vars={}),
            environment("prod", dev_mode=False, applications=["b"], erl_opts=""),
        ],
    )
    dev, prod = profiles(config)
    assert dev.dev_mode is True
    assert dev.applications == (Wanted(name="a"),)
    assert prod.dev_mode is False, "false is a setting, not the lack of one"
    assert prod.applications == (Wanted(name="b"),)
    assert prod.include_src is True
    assert prod.cookie == "x1"


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([(), {}, False, "", 1])),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([(), {}, False, "", 2])),
)
@settings(max_examples=50, deadline=None)
def test_merge_takes_each_setting_from_the_environment_unless_it_is_empty(rel, env):
    merged = merge(rel, env)
    assert set(merged) == set(rel) | {key for key in env if env[key] not in ((), {})}
    for key, value in merged.items():
        from_environment = key in env and env[key] not in ((), {})
        assert value == (env[key] if from_environment else rel[key])


NAMED = {
    "releases": [release("a"), release("b")],
    "environments": [environment(name) for name in ("dev", "prod", "test")],
    "default_environment": "dev",
    "default_release": "b",
}


def test_the_order_in_which_an_environment_is_chosen():
    both = {"RELKIT_ENV": "prod", "MIX_ENV": "test"}
    assert profile(env="dev", environ=both, **NAMED).environment == "dev"
    assert profile(environ=both, **NAMED).environment == "prod"
    assert profile(environ={"MIX_ENV": "test"}, **NAMED).environment == "test"
    assert profile(environ={"MIX_ENV": "", "RELKIT_ENV": ""}, **NAMED).key == "b:dev"
    assert profile(name="a", environ={}, **NAMED).key == "a:dev"


def test_mix_env_means_nothing_to_a_configuration_without_environments():
    made = profile(releases=[release("a")], environ={"MIX_ENV": "prod"})
    assert made.environment == "default"


def test_asking_for_what_is_not_there():
    config = check_config(**NAMED)
    with pytest.raises(Trouble) as raised:
        select(config, environ={"RELKIT_ENV": "prd"}, name="c")
    codes = [each.code for each in raised.value.diagnostics]
    assert codes == [Code.NO_SUCH_RELEASE, Code.NO_SUCH_ENVIRONMENT]
    assert raised.value.diagnostics[1].place.key == "$RELKIT_ENV"
    assert raised.value.diagnostics[1].facts["nearest"] == "prod"


def test_every_release_in_every_environment():
    config = check_config(**NAMED)
    assert [each.key for each in profiles(config)] == [
        "a:dev", "a:prod", "a:test", "b:dev", "b:prod", "b:test",
    ]  # fmt: skip


def test_a_profile_can_be_sent_to_another_process():
    made = profile(
        **NAMED | {"compile": mix(), "releases": [release("b", overlay_vars={"a": 1})]}
    )
    assert pickle.loads(pickle.dumps(made)) == made


# Lib directories and compilers


def test_where_compilers_leave_applications():
    assert compiled_lib_dirs(mix(), "prod") == ("_build/prod/lib",)
    assert compiled_lib_dirs(mix(), "default") == ("_build/dev/lib",)
    assert compiled_lib_dirs(mix(env="prod"), "device") == ("_build/prod/lib",)
    assert compiled_lib_dirs(rebar3(), "prod") == ("_build/prod/lib",)
    assert compiled_lib_dirs(rebar3(), "dev") == ("_build/default/lib",)
    assert compiled_lib_dirs(rebar3(profile="arm"), "dev") == ("_build/arm/lib",)
    assert compiled_lib_dirs(gleam(), "prod") == ("build/prod/erlang",)
    assert compiled_lib_dirs(gleam(), "dev") == ("build/dev/erlang",)
    assert compiled_lib_dirs(erlc(app="apps/*"), "dev") == ("apps/*",)
    assert compiled_lib_dirs(task("compile"), "dev") == ()
    assert compiled_lib_dirs(None, "dev") == ()


def test_what_compilers_are_called_with():
    assert build_command(mix(), "prod") == Command(
        argv=("mix", "compile"), environ={"MIX_ENV": "prod"}
    )
    assert build_command(rebar3(), "dev") == Command(argv=("rebar3", "compile"))
    assert build_command(rebar3(), "prod") == Command(
        argv=("rebar3", "as", "prod", "compile")
    )
    assert build_command(erlc(), "prod") is None
    assert build_command(task("compile"), "prod") is None


def test_lib_directories_are_searched_from_the_nearest_to_the_farthest():
    made = profile(
        releases=[release("web", lib_dirs=["mine/", "shared"])],
        lib_dirs=["./shared", "../other/{environment}/lib"],
        environments=[environment("prod")],
        compile=mix(),
    )
    assert made.lib_dirs == ("mine", "shared", "../other/prod/lib", "_build/prod/lib")


def test_erlc_takes_its_sources_as_arguments():
    assert erlc("src/*.erl", "gen/*.erl", app=["a", "b"], include="inc") == Erlc(
        src=("src/*.erl", "gen/*.erl"), app=("a", "b"), include=("inc",)
    )
    assert erlc() == Erlc()


@pytest.mark.parametrize(
    ("compile", "key"),
    [
        (erlc(3), "compile.erlc.src[0]"),
        (erlc(app=3), "compile.erlc.app[0]"),
        (erlc(options=[3]), "compile.erlc.options[0]"),
        (task(3), "compile.task"),
        (mix(env=3), "compile.mix.env"),
        (mix, "compile"),
        ("mix", "compile"),
    ],
)
def test_wrong_compilers(compile, key):  # noqa: A002 - the name of the setting
    assert troubles(releases=[release("a")], compile=compile) == [
        (Code.SETTING_TYPE, key)
    ]


# Warnings


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, Code.COOKIE_MISSING),
        ({"vm_args": "rel/vm.args"}, None),
        ({"cookie": "prod"}, Code.COOKIE_WEAK),
        ({"cookie": "an_insecure_cookie"}, Code.COOKIE_WEAK),
        ({"cookie": "aaaaaaaaaaaaaaa"}, Code.COOKIE_WEAK),
        ({"cookie": "myapplication"}, Code.COOKIE_WEAK),
        ({"cookie": "Xk3_9qLzPw2mVb7T"}, None),
        ({"cookie": EnvCookie("COOKIE")}, None),
        ({"cookie": "dev", "dev_mode": True}, None),
        ({"dev_mode": True}, None),
    ],
)
def test_cookies_to_warn_of(settings, code):
    made = profile(releases=[release("myapplication", **settings)])
    assert [each.code for each in profile_warnings(made)] == ([code] if code else [])


def test_warnings_can_be_put_into_words():
    for weak in ({}, {"cookie": "x"}):
        for each in profile_warnings(of(**weak)):
            assert "web:default" in render(each)


# No input makes it fall over

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["a", "load", "1.0", b"bytes", current_version("a"), object()]),
    lambda inner: st.lists(inner, max_size=3)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([*SETTINGS, *NOT_YET, "colour"]), ANYTHING),
    ANYTHING,
    ANYTHING,
)
@settings(max_examples=300, deadline=None)
def test_any_value_is_accepted_or_explained(values, name, other):
    written = {"releases": [release("web", **values)], "default_environment": name}
    written |= {"lib_dirs": other}
    try:
        config = check_config(**written)
    except Trouble as trouble:
        for each in trouble.diagnostics:
            assert render(each)
            assert each.place.key
        return
    for each in profiles(config):
        assert pickle.loads(pickle.dumps(each)).name == "web"

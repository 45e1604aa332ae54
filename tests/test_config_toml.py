"""The configuration as TOML: the same values and the same verdicts as in Python."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, render
from dodo_relkit.edge.config_file import read_config, read_config_file
from dodo_relkit.release.compilers import erlc, gleam, mix, rebar3, task
from dodo_relkit.release.config import check_config
from dodo_relkit.release.profile import select
from dodo_relkit.release.spec import (
    LOAD,
    cookie_from_env,
    current_version,
    environment,
    release,
)
from dodo_relkit.release.toml_form import config_from_toml

GETTING_STARTED = """\
default_release = "myapp"
default_environment = "dev"
compile = "mix"
lib_dirs = ["../shared/lib"]

[environment.dev]
dev_mode = true
include_erts = false
include_system_libs = false
cookie = "dev"

[environment.prod]
include_erts = true
cookie = { env = "RELEASE_COOKIE" }
vm_args = "rel/vm.args"

[release.foo]
version = { current = "foo" }

[release.myapp]
version = "0.1.0"
applications = ["app_a", ["app_b", "1.2.0"], { some_dep = "load" }]
overlay_vars = { port = 8080, hosts = ["a", "b"] }
"""

SAME_IN_PYTHON = check_config(
    default_release="myapp",
    default_environment="dev",
    environments=[
        environment(
            "dev",
            dev_mode=True,
            include_erts=False,
            include_system_libs=False,
            cookie="dev",
        ),
        environment(
            "prod",
            include_erts=True,
            cookie=cookie_from_env("RELEASE_COOKIE"),
            vm_args="rel/vm.args",
        ),
    ],
    releases=[
        release("foo", version=current_version("foo")),
        release(
            "myapp",
            version="0.1.0",
            applications=["app_a", ("app_b", "1.2.0"), ("some_dep", LOAD)],
            overlay_vars={"port": 8080, "hosts": ["a", "b"]},
        ),
    ],
    compile=mix(),
    lib_dirs=["../shared/lib"],
)


def parse(text, **options):
    return config_from_toml(tomllib.loads(text), "relkit.toml", text=text, **options)


def troubles(text):
    with pytest.raises(Trouble) as raised:
        parse(text)
    return raised.value.diagnostics


def spots(text):
    return [(each.code, each.place.line, each.place.key) for each in troubles(text)]


def test_both_forms_give_the_same_configuration():
    assert parse(GETTING_STARTED) == SAME_IN_PYTHON


@pytest.mark.parametrize(
    ("toml", "python"),
    [
        ('"mix"', mix()),
        ('{ mix = { env = "prod" } }', mix(env="prod")),
        ('"rebar3"', rebar3()),
        ('{ rebar3 = { profile = "arm" } }', rebar3(profile="arm")),
        ('"gleam"', gleam()),
        ('"erlc"', erlc()),
        ('{ erlc = {} }', erlc()),
        ('{ erlc = { src = ["a/*.erl"], app = "apps/*" } }',
            erlc("a/*.erl", app="apps/*")),
        ('{ erlc = { src = "a/*.erl", include = ["i"], options = ["+inline"] } }',
            erlc("a/*.erl", include=["i"], options=["+inline"])),
        ('{ task = "compile" }', task("compile")),
    ],
)  # fmt: skip
def test_compilers(toml, python):
    config = parse(f"compile = {toml}\n[release.web]\n")
    assert config == check_config(releases=[release("web")], compile=python)


@pytest.mark.parametrize(
    ("toml", "found"),
    [
        ('"make"', [(Code.SETTING_TYPE, "compile")]),
        ("3", [(Code.SETTING_TYPE, "compile")]),
        ("{}", [(Code.SETTING_TYPE, "compile")]),
        ('{ mix = {}, rebar3 = {} }', [(Code.SETTING_TYPE, "compile")]),
        ('{ make = {} }', [(Code.SETTING_TYPE, "compile")]),
        ('{ task = 3 }', [(Code.SETTING_TYPE, "compile.task")]),
        ('{ mix = { env = 3 } }', [(Code.SETTING_TYPE, "compile.mix.env")]),
        ('{ gleam = { env = "x" } }', [(Code.UNKNOWN_SETTING, "compile.gleam.env")]),
        ('{ erlc = { sources = [] } }',
            [(Code.UNKNOWN_SETTING, "compile.erlc.sources")]),
        ('{ erlc = { app = [3] } }', [(Code.SETTING_TYPE, "compile.erlc.app[0]")]),
    ],
)  # fmt: skip
def test_wrong_compilers(toml, found):
    assert [
        (code, key) for code, _, key in spots(f"compile = {toml}\n[release.web]\n")
    ] == found


def test_troubles_name_the_line_and_the_key_path():
    text = """\
default_relase = "web"

[environment.prod]
include_erts = 13
overlay_vars = { "a-b" = 1 }

[release.web]
applications = [
  "a",
  "B",
]
[release.web.version]
curent = "web"
"""
    assert spots(text) == [
        (Code.UNKNOWN_SETTING, 1, "default_relase"),
        (Code.SETTING_TYPE, 12, "release.web.version"),
        (Code.ILLEGAL_NAME, 8, "release.web.applications[1]"),
        (Code.SETTING_TYPE, 4, "environment.prod.include_erts"),
        (Code.ILLEGAL_NAME, 5, "environment.prod.overlay_vars"),
    ]


def test_a_trouble_shows_file_line_and_source():
    text = "[release.web]\ndev_mode = 1\n"
    (one,) = troubles(text)
    assert "relkit.toml:2" in render(one)
    assert " 2 | dev_mode = 1" in render(one)


def test_tables_have_the_names_of_this_form():
    (one,) = troubles("[releases.web]\n[release.a]\n")
    assert (one.code, one.facts["nearest"]) == (Code.UNKNOWN_SETTING, "release")
    assert troubles("compile = 'mix'")[0].code is Code.NO_RELEASE_DEFINED
    assert spots("release = ['web']")[0] == (Code.SETTING_TYPE, 1, "release")
    assert spots("[release]\nweb = 3\n") == [(Code.SETTING_TYPE, 2, "release.web")]
    assert spots("[release.web]\n[environment]\nprod = 1\n") == [
        (Code.SETTING_TYPE, 3, "environment.prod")
    ]


def test_quoted_and_dotted_keys_are_found():
    text = '[release]\nweb.dev_mode = 3\n"a b" = {}\n'
    found = spots(text)
    assert (Code.SETTING_TYPE, 2, "release.web.dev_mode") in found
    assert [code for code, _, _ in found] == [Code.SETTING_TYPE, Code.ILLEGAL_NAME]


def test_what_only_shows_across_profiles_has_a_line_too():
    text = """\
[environment.dev]
[environment.prod]
output_dir = "out"
[release.a]
[release.b]
"""
    assert spots(text) == [(Code.OUTPUT_DIR_SHARED, 3, "environment.prod.output_dir")]


# The file


def test_relkit_toml(tmp_path: Path):
    (tmp_path / "relkit.toml").write_text(GETTING_STARTED)
    (tmp_path / "pyproject.toml").write_text("[tool.doit]\n")
    assert read_config(tmp_path) == SAME_IN_PYTHON


def test_pyproject_toml(tmp_path: Path):
    below = GETTING_STARTED.replace("[environment", "[tool.relkit.environment")
    below = "[tool.relkit]\n" + below.replace("[release", "[tool.relkit.release")
    (tmp_path / "pyproject.toml").write_text(below)
    assert read_config(tmp_path) == SAME_IN_PYTHON
    assert read_config_file(tmp_path / "pyproject.toml", tmp_path) == SAME_IN_PYTHON
    wrong = below.replace("dev_mode = true", "dev_mode = 1")
    (tmp_path / "pyproject.toml").write_text(wrong)
    with pytest.raises(Trouble) as raised:
        read_config(tmp_path)
    (one,) = raised.value.diagnostics
    assert one.place.file == "pyproject.toml"
    assert one.place.line == 8
    assert one.place.key == "tool.relkit.environment.dev.dev_mode"


def file_trouble(tmp_path):
    with pytest.raises(Trouble) as raised:
        read_config(tmp_path)
    (one,) = raised.value.diagnostics
    return one


def test_no_file(tmp_path: Path):
    assert file_trouble(tmp_path).code is Code.CONFIG_FILE_MISSING
    (tmp_path / "pyproject.toml").write_text("[tool.doit]\n")
    assert file_trouble(tmp_path).code is Code.CONFIG_FILE_MISSING
    with pytest.raises(Trouble) as raised:
        read_config_file(tmp_path / "pyproject.toml", tmp_path)
    assert raised.value.diagnostics[0].code is Code.CONFIG_FILE_MISSING
    with pytest.raises(Trouble) as raised:
        read_config_file(tmp_path / "other.toml", tmp_path)
    assert raised.value.diagnostics[0].code is Code.CONFIG_UNREADABLE


def test_two_files(tmp_path: Path):
    (tmp_path / "relkit.toml").write_text(GETTING_STARTED)
    (tmp_path / "pyproject.toml").write_text("[tool.relkit]\n")
    assert file_trouble(tmp_path).code is Code.CONFIG_TWO_FILES


def test_a_file_that_is_no_toml(tmp_path: Path):
    (tmp_path / "relkit.toml").write_text("[release.web]\ndev_mode = yes\n")
    one = file_trouble(tmp_path)
    assert one.code is Code.CONFIG_SYNTAX
    assert (one.place.line, one.place.source) == (2, "dev_mode = yes")
    (tmp_path / "relkit.toml").write_text('[release.web]\ncookie = """x')
    one = file_trouble(tmp_path)
    assert (one.code, one.place.line) == (Code.CONFIG_SYNTAX, 2)
    (tmp_path / "relkit.toml").write_bytes(b"# \xff\n")
    assert file_trouble(tmp_path).code is Code.CONFIG_UNREADABLE


def test_the_project_itself_is_no_output_directory(tmp_path: Path):
    (tmp_path / "relkit.toml").write_text(f"[release.a]\noutput_dir = '{tmp_path}'\n")
    assert file_trouble(tmp_path).code is Code.OUTPUT_DIR_UNSAFE


# Whatever is configured, both forms agree

NAMES = st.sampled_from(["a", "b", "web", "core_2"])
VERSIONS = st.sampled_from(["1.0", "0.1.0-rc.1", "1.0+git.abc"])
PATHS = st.sampled_from(["rel/x", "./a//b", "../lib", "/opt/otp"])
TYPES = st.sampled_from(["permanent", "transient", "temporary", "load", "none"])
APPLICATION = st.one_of(
    NAMES,
    st.tuples(NAMES, TYPES | VERSIONS),
    st.tuples(NAMES, VERSIONS, TYPES),
    st.builds(lambda name, kind: {name: kind}, NAMES, TYPES),
)
SETTING_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "version": VERSIONS | st.builds(current_version, NAMES),
        "applications": st.lists(APPLICATION, max_size=3),
        "dev_mode": st.booleans(),
        "include_erts": st.booleans() | PATHS,
        "include_system_libs": st.booleans(),
        "cookie": st.sampled_from(["abcdefgh1", "x y"])
        | st.builds(cookie_from_env, NAMES),
        "vm_args": PATHS,
        "sys_config": PATHS | st.lists(PATHS, max_size=2),
        "overlay_vars": st.dictionaries(NAMES, st.integers() | VERSIONS, max_size=2),
        "lib_dirs": st.lists(PATHS, max_size=2),
        "compression_level": st.integers(-1, 10),
        "skip_mode_validation_for": st.lists(NAMES, max_size=2),
        "colour": st.just("red"),
    },
)
WHOLE = st.fixed_dictionaries(
    {"releases": st.dictionaries(NAMES, SETTING_VALUES, max_size=2)},
    optional={
        "environments": st.dictionaries(NAMES, SETTING_VALUES, max_size=2),
        "default_release": NAMES,
        "default_environment": NAMES,
        "lib_dirs": st.lists(PATHS, max_size=2),
    },
)


def as_toml(value):
    """The value as TOML, inline."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return f'"{value}"'
        case dict():
            rows = (f'"{key}" = {as_toml(each)}' for key, each in value.items())
            return "{" + ", ".join(rows) + "}"
        case list() | tuple():
            return "[" + ", ".join(as_toml(each) for each in value) + "]"
    if value == current_version(getattr(value, "app", "")):
        return as_toml({"current": value.app})
    return as_toml({"env": value.variable})


def written_as_toml(whole):
    lines = [
        f"{key} = {as_toml(value)}"
        for key, value in whole.items()
        if key not in ("releases", "environments")
    ]
    for table, key in (("release", "releases"), ("environment", "environments")):
        for name, values in whole.get(key, {}).items():
            lines.append(f"[{table}.{name}]")
            lines += [f"{each} = {as_toml(value)}" for each, value in values.items()]
    return "\n".join(lines)


def outcome(make):
    try:
        return make()
    except Trouble as trouble:
        return [
            (each.code, each.place.key.replace("environments", "environment").replace(
                "releases", "release"))
            for each in trouble.diagnostics
        ]  # fmt: skip


@given(WHOLE)
@settings(max_examples=300, deadline=None)
def test_python_and_toml_agree(whole):
    text = written_as_toml(whole)
    in_python = dict(whole)
    in_python["releases"] = [
        release(name, **values) for name, values in whole["releases"].items()
    ]
    if "environments" in whole:
        in_python["environments"] = [
            environment(name, **values)
            for name, values in whole["environments"].items()
        ]
    from_python = outcome(lambda: check_config(**in_python))
    from_toml = outcome(lambda: parse(text))
    assert from_toml == from_python
    if not isinstance(from_python, list):
        assert select(from_toml, environ={}) == select(from_python, environ={})

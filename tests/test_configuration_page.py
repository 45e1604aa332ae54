"""docs/configuration.md: names, defaults and examples are those of the code."""

import re
import tomllib
from pathlib import Path

from dodo_relkit.artifacts.templating import built_in_variables
from dodo_relkit.release import compilers, spec
from dodo_relkit.release.config import KEYS, check_config
from dodo_relkit.release.settings import HOOKS, NOT_YET, SETTINGS
from dodo_relkit.release.toml_form import TOML, config_from_toml

PAGE = (Path(__file__).parent.parent / "docs/configuration.md").read_text("utf-8")


def rows(heading):
    """Return the cells of the first table behind a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]


def test_every_setting_has_its_row_and_its_default():
    written = {row[0].strip("` "): row[2].strip() for row in settings_rows()}
    assert list(written) == list(SETTINGS)
    for name, setting in SETTINGS.items():
        default = setting.default
        if default is None:
            assert not written[name].startswith("`"), name
        else:
            shown = [] if default == () else default
            assert written[name] == f"`{shown!r}`".replace("'", '"'), name


def settings_rows():
    return rows("Settings of a release or an environment")


def test_every_key_of_the_whole_has_its_row():
    assert [row[0].strip("` ") for row in rows("The whole")] == list(KEYS)
    toml = [re.sub(r"`\[?([a-z_]+).*", r"\1", row[1]) for row in rows("The whole")]
    names = zip(KEYS, toml, strict=True)
    assert {key if found == "same" else found for key, found in names} == set(TOML.keys)


def test_what_is_not_there_yet_is_named():
    named = re.search(r"Distillery's other settings.*?\n\n", PAGE, re.DOTALL)[0]
    names = set(re.findall(r"`(\w+)`", named))
    assert names == set(NOT_YET) - set(HOOKS) - {"overrides"}


def test_every_built_in_variable_is_named():
    named = {
        name for row in rows("Templates") for name in re.findall(r"`(\w+)`", row[0])
    }
    known = built_in_variables(
        release_name="",
        release_version="",
        dev_mode=False,
        include_erts=True,
        include_src=False,
        include_system_libs=True,
        erl_opts="",
        run_erl_env="",
        erts_vsn="",
        output_dir="",
    )
    assert named == {*known, "cookie", "node_name"}


def test_both_forms_of_the_example_say_the_same():
    code, toml = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE, re.DOTALL)[:2]
    made = {}
    scope = {
        **vars(spec),
        **vars(compilers),
        "Relkit": lambda **given: made.update(given),
    }
    exec(re.sub(r"from dodo_relkit import .*\n", "", code), scope)
    assert check_config(**made) == config_from_toml(tomllib.loads(toml), "relkit.toml")

"""The settings that shape an upgrade, through `doit release`: the text that is made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.release.spec import release
from dodo_relkit.release.upgrade_settings import STRATEGIES
from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.appup.strategies import Strategy
from dodo_relkit.upgrade.appup.wishes import unknown_names, wishes_for
from tests.doit_projects import run
from tests.test_upgrade_release import DODO, tasks_of, write_version

OUTPUT = "_build/default/rel"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project with its release 1.0.0."""
    project = tmp_path_factory.mktemp("first") / "project"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    write_version(project, "1.0.0", "one")
    run(project, "release")
    return project


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Path:
    """Return a copy of that project, whose next version is 1.1.0."""
    return Path(shutil.copytree(first, tmp_path / "project", symlinks=True))


def wish(project: Path, **settings: object) -> None:
    """Write version 1.1.0 with these settings."""
    write_version(
        project, "1.1.0", "two", include_erts=False, upgrade_from=["1.0.0"], **settings
    )


def appup_text(project: Path) -> str:
    """Return the appup of bump without its comments, on one line."""
    path = project / "_build/default/relkit/bump/upgrade/appups/bump.appup"
    lines = path.read_text().splitlines()
    return re.sub(r"\s+", "", "".join(x for x in lines if "%%" not in x))


def scripts(project: Path) -> tuple[list[Term], list[Term]]:
    """Return the scripts of the relup, up and down."""
    path = project / OUTPUT / "bump/releases/1.1.0/relup"
    match consult_one(path.read_bytes(), str(path)):
        case ("1.1.0", [("1.0.0", [], up)], [("1.0.0", [], down)]):
            return up, down
        case other:
            raise AssertionError(other)


def load(purge: str, module: str = "bump") -> Term:
    """Return the low-level instruction that loads a module."""
    return (Atom("load"), (Atom(module), Atom(purge), Atom(purge)))


def test_without_settings_code_is_purged_brutally(project: Path) -> None:
    wish(project)
    run(project, "release")
    assert appup_text(project).count("{load_module,bump}") == 2
    for script in scripts(project):
        assert load("brutal_purge") in script


@pytest.mark.parametrize(
    "purge", ["soft", {"bump": "soft"}, {"default": "soft", "bump_sup": "brutal"}]
)
def test_purge_reaches_appup_and_relup(project: Path, purge: object) -> None:
    wish(project, purge=purge)
    run(project, "release")
    soft = "{load_module,bump,soft_purge,soft_purge,[]}"
    assert appup_text(project).count(soft) == 2
    for script in scripts(project):
        assert load("soft_purge") in script


def test_a_purge_of_another_module_changes_nothing(project: Path) -> None:
    wish(project, purge={"default": "brutal", "bump_sup": "soft"})
    run(project, "release")
    assert "soft_purge" not in appup_text(project)


@pytest.mark.parametrize(
    ("strategies", "instruction"),
    [
        ({"bump": "update_soft"}, "{update,bump,soft}"),
        ({"bump": "update_advanced"}, "{update,bump,{advanced,[]}}"),
        ({"bump": "restart_app"}, "{restart_application,bump}"),
        ({"bump_sup": "restart_app"}, "{restart_application,bump}"),
        ({"bump": "restart_emulator"}, "restart_emulator"),
    ],
)
def test_a_strategy_takes_the_place_of_the_choice(
    project: Path, strategies: dict[str, str], instruction: str
) -> None:
    wish(project, upgrade_strategies=strategies)
    run(project, "release")
    entry = f'{{"1.0.0",[{instruction}]}}'
    assert appup_text(project) == f'{{"1.1.0",[{entry}],[{entry}]}}.'


def test_a_skipped_module_stays_as_it_is(project: Path) -> None:
    wish(project, upgrade_strategies={"bump": "skip"})
    run(project, "release")
    assert appup_text(project) == '{"1.1.0",[{"1.0.0",[]}],[{"1.0.0",[]}]}.'
    assert not any("bump" in str(each) for each in scripts(project)[0])


def test_names_that_mean_nothing_are_told(project: Path) -> None:
    wish(project, upgrade_strategies={"bumb": "skip"}, purge={"bump_sub": "soft"})
    said = run(project, "release").stderr
    assert "RK783 warning: upgrade_strategies names bumb, which is no module" in said
    assert "RK783 warning: purge names bump_sub, which is no module" in said


def test_another_strategy_makes_the_appup_and_what_follows(project: Path) -> None:
    wish(project)
    run(project, "release")
    wish(project, upgrade_strategies={"bump": "update_soft"})
    ran = tasks_of(run(project, "release").stdout)
    assert ran == {"appups", "relup", "review", "tar"}


TRANSFORMS = """
from dodo_relkit.terms.model import Atom

def tell(app, start, end, direction, instructions, options):
    words = f"{app} {start} {end} {direction} {options['mark']}"
    call = (Atom("io"), Atom("put_chars"), [words])
    return [*instructions, (Atom("apply"), call)]

def soften(app, start, end, direction, instructions, options):
    return [
        (Atom("update"), each[1], Atom("soft")) if each[0] is Atom("load_module")
        else each
        for each in instructions
    ]

def number(*_):
    return 17

def python(app, start, end, direction, instructions, options):
    return [*instructions, {"load": None}]

def unknown(*_):
    return [(Atom("lode_module"), Atom("bump"))]

def crash(*_):
    return 1 // 0

def forget(*_):
    return []
"""


@pytest.fixture
def hooked(project: Path) -> Path:
    """Return the project with Python functions in rel/hooks.py."""
    (project / "rel").mkdir()
    (project / "rel/hooks.py").write_text(TRANSFORMS)
    return project


TOLD_UP = '{apply,{io,put_chars,["bump1.0.01.1.0upx"]}}'
TOLD_DOWN = '{apply,{io,put_chars,["bump1.1.01.0.0downx"]}}'


@pytest.mark.parametrize(
    "told",
    [
        ["rel.hooks:tell", {"mark": "x"}],
        {"function": "rel.hooks:tell", "options": {"mark": "x"}},
    ],
)
def test_transforms_change_generated_appups(hooked: Path, told: object) -> None:
    wish(hooked, appup_transforms=["rel.hooks:soften", told])
    run(hooked, "release")
    assert appup_text(hooked) == (
        f'{{"1.1.0",[{{"1.0.0",[{{update,bump,soft}},{TOLD_UP}]}}],'
        f'[{{"1.0.0",[{{update,bump,soft}},{TOLD_DOWN}]}}]}}.'
    )
    up, down = scripts(hooked)
    assert (Atom("suspend"), [Atom("bump")]) in up
    assert "'bump 1.1.0 1.0.0 down x'" in str(down)
    path = hooked / "_build/default/relkit/bump/upgrade/appups/bump.appup"
    assert "%% made by rel.hooks:soften, rel.hooks:tell" in path.read_text()
    assert not (hooked / "rel/__pycache__").exists()


def test_transforms_change_appups_of_the_user(hooked: Path) -> None:
    mine = hooked / "rel/appups/bump"
    mine.mkdir(parents=True)
    entry = '{<<"1\\\\.0.*">>,[{load_module,bump}]}'
    (mine / "1.1.0.appup").write_text(f'{{"1.1.0",[{entry}],[{entry}]}}.\n')
    wish(hooked, appup_transforms=["rel.hooks:soften"])
    run(hooked, "release")
    entry = '{"1.0.0",[{update,bump,soft}]}'
    assert appup_text(hooked) == f'{{"1.1.0",[{entry}],[{entry}]}}.'
    assert (mine / "1.1.0.appup").read_text().count("load_module") == 2


def test_an_edited_transform_runs_again(hooked: Path) -> None:
    wish(hooked, appup_transforms=["rel.hooks:soften"])
    run(hooked, "release")
    assert tasks_of(run(hooked, "release").stdout) == set()
    text = TRANSFORMS.replace('Atom("soft")', '(Atom("advanced"), [])')
    (hooked / "rel/hooks.py").write_text(text)
    ran = tasks_of(run(hooked, "release").stdout)
    assert ran == {"appups", "relup", "review", "tar"}
    assert "{update,bump,{advanced,[]}}" in appup_text(hooked)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            "rel.hooks:number",
            (
                "RK747 error: the transform rel.hooks:number of bump (1.0.0 to 1.1.0) "
                "made 17: it must return a list or tuple of instructions"
            ),
        ),
        ("rel.hooks:python", "made {'load': None}: it is no Erlang term"),
        ("rel.hooks:unknown", "made {lode_module,bump}: "),
        (
            "rel.hooks:crash",
            "RK786 error: rel.hooks:crash failed: ZeroDivisionError: integer division",
        ),
        ("rel.hooks:absent", "RK785 error: rel.hooks:absent: "),
        (
            "rel.nowhere:f",
            (
                "RK784 error: rel.nowhere, which rel.nowhere:f names, cannot be "
                "imported: ModuleNotFoundError: No module named 'rel.nowhere'"
            ),
        ),
        ("rel.damaged:f", "RK784 error: rel.damaged, which rel.damaged:f names, "),
    ],
)
def test_a_transform_that_is_wrong_stops_the_build(
    hooked: Path, function: str, said: str
) -> None:
    (hooked / "rel/damaged.py").write_text("def f(:\n")
    wish(hooked, appup_transforms=[function])
    done = run(hooked, "release", expect=1)
    assert said in done.stdout
    assert not (hooked / OUTPUT / "bump-1.1.0.tar.gz").exists()


def test_an_appup_is_checked_as_the_transforms_leave_it(hooked: Path) -> None:
    wish(hooked, appup_transforms=["rel.hooks:forget"])
    said = run(hooked, "release").stderr
    assert "RK750 warning: the appup of bump, from 1.0.0, says nothing of" in said


HOOK = """
from dodo_relkit.terms.model import Atom

def mark(script, way):
    words = f"{way.direction.value} {way.base_vsn} {way.top_vsn}"
    return [*script, (Atom("apply"), (Atom("io"), Atom("put_chars"), [words]))]

def nothing(script, way):
    return None

def high(script, way):
    return [*script, (Atom("load_module"), Atom("bump"))]

def crash(script, way):
    raise KeyError("place")
"""


def test_the_hook_has_the_last_word_on_the_relup(project: Path) -> None:
    (project / "hook.py").write_text(HOOK)
    wish(project, relup_hook="hook:mark")
    run(project, "release")
    put = Atom("io"), Atom("put_chars")
    up, down = scripts(project)
    assert up[-1] == (Atom("apply"), (*put, ["up 1.0.0 1.1.0"]))
    assert down[-1] == (Atom("apply"), (*put, ["down 1.0.0 1.1.0"]))
    (project / "hook.py").write_text(HOOK.replace("*script, (", "("))
    done = run(project, "release", expect=1)
    assert "RK729" in done.stdout


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("hook:nothing", "RK787 error: hook:nothing returned None on the way up from"),
        ("hook:high", "RK728 error: "),
        ("hook:crash", "RK786 error: hook:crash failed: KeyError: 'place'"),
        ("hook:other", "RK785 error: hook:other: "),
        (
            "hooks:mark",
            "RK784 error: hooks, which hooks:mark names, cannot be imported",
        ),
    ],
)
def test_a_hook_that_is_wrong_stops_the_build(
    project: Path, function: str, said: str
) -> None:
    (project / "hook.py").write_text(HOOK)
    wish(project, relup_hook=function)
    assert said in run(project, "release", expect=1).stdout
    assert not (project / OUTPUT / "bump/releases/1.1.0/relup").exists()


# Values


def test_the_strategies_are_those_of_the_generator() -> None:
    assert [each.value for each in Strategy] == list(STRATEGIES)


def test_modules_of_elixir_may_be_written_as_in_elixir() -> None:
    modules = ["Elixir.Web", "Elixir.Web.Router", "web"]
    wishes = wishes_for(
        "web",
        modules,
        strategies={"Web": "skip", "Elixir.Web.Router": "load", "Other": "load"},
        purge={"Web": "soft"},
    )
    assert wishes.strategies == {
        "Elixir.Web": Strategy.SKIP,
        "Elixir.Web.Router": Strategy.LOAD,
    }
    assert list(wishes.purges) == ["Elixir.Web"]
    names = ["Web", "web", "default", "Router"]
    assert unknown_names(names, {"web": modules}) == ("Router",)


def test_the_wish_of_one_application_is_not_that_of_another() -> None:
    asked = {"strategies": {"one_m": "restart_app", "two": "load"}, "purge": "soft"}
    assert wishes_for("two", ["two_m"], **asked).strategies == {}
    assert wishes_for("one", ["one_m"], **asked).strategies != {}


@pytest.mark.parametrize(
    "settings",
    [
        {"purge": "hard"},
        {"purge": {"m": "hard"}},
        {"purge": 1},
        {"purge": {1: "soft"}},
        {"upgrade_strategies": {"m": "reload"}},
        {"upgrade_strategies": ["m"]},
        {"appup_transforms": "m:f"},
        {"appup_transforms": ["m.f"]},
        {"appup_transforms": [("m:f", 1)]},
        {"appup_transforms": [{"function": "m:f", "option": {}}]},
        {"appup_transforms": [lambda: 0]},
        {"relup_hook": "m:f:g"},
        {"relup_hook": "../m:f"},
        {"relup_hook": ["m:f"]},
    ],
)
def test_values_of_the_wrong_form_are_refused(settings: dict[str, object]) -> None:
    from dodo_relkit.release.config import check_config

    with pytest.raises(Trouble) as caught:
        check_config(releases=[release("web", **settings)])
    codes = {each.code for each in caught.value.diagnostics}
    assert codes <= {Code.SETTING_TYPE, Code.SETTING_VALUE}

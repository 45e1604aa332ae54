"""The tasks of an upgrade: what makes which of them run, and what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doit_projects import (
    build,
    compile_module,
    run,
    set_settings,
    write_app,
    write_project,
)

WORK = "_build/dev/relkit/web"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with 1.1.0 and the way from 1.0.0; two applications changed."""
    project = write_project(tmp_path_factory.mktemp("upgraded") / "project")
    run(project, "release")
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    write_app(project, "web", vsn="1.1", uses=("store",), modules=modules("web", 7))
    write_app(project, "store", vsn="1.1", modules=modules("store", 7))
    run(project, "release")
    return project


@pytest.fixture
def project(upgraded: Path, tmp_path: Path) -> Path:
    """Return a copy of that project, built once more: the copy looks otherwise."""
    copy = Path(shutil.copytree(upgraded, tmp_path / "project", symlinks=True))
    build(copy)
    return copy


def modules(name: str, answer: int) -> dict[str, int]:
    return {f"{name}_one": answer, f"{name}_two": 2}


def looks(project: Path) -> dict[str, tuple[int, int]]:
    """Return how each file of our own for the upgrade looks."""
    return {
        str(path.relative_to(project / WORK / "upgrade")): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
        )
        for path in (project / WORK / "upgrade").rglob("*")
        if path.is_file()
    }


def test_a_module_makes_its_appup_and_what_follows(project: Path) -> None:
    before = looks(project)
    relup = project / "_build/dev/rel/web/releases/1.1.0/relup"
    assert "web_two" not in relup.read_text()
    compile_module(project / "lib/web", "web_two", 8)
    assert build(project) == {"lib", "appups", "relup", "review", "tar"}
    changed = {name for name, look in looks(project).items() if look != before[name]}
    assert changed == {"appups/web.appup", "review.txt", "review.html"}
    assert "web_two" in relup.read_text()
    assert build(project) == set()


def test_an_appup_of_the_users_makes_what_follows(project: Path) -> None:
    run(project, "relkit", "appup", "store", "--write")
    mine = project / "rel/appups/store/1.1.appup"
    assert build(project) == {"appups"}
    before = looks(project)
    mine.write_text(mine.read_text().replace("{load_module", "{update"))
    assert build(project) == {"appups", "relup", "review", "tar"}
    changed = {name for name, look in looks(project).items() if look != before[name]}
    assert changed == {"appups/store.appup", "review.txt", "review.html"}
    assert build(project) == set()


def test_an_application_that_stays_after_all_has_no_appup(project: Path) -> None:
    write_app(project, "store", modules=modules("store", 1))
    build(project)
    assert [path.name for path in (project / WORK / "upgrade/appups").iterdir()] == [
        "web.appup"
    ]
    assert "RK782" in run(project, "relkit", "appup", "store", expect=1).stderr


def test_a_comment_in_an_appup_goes_no_further(project: Path) -> None:
    run(project, "relkit", "appup", "store", "--write")
    build(project)
    mine = project / "rel/appups/store/1.1.appup"
    mine.write_text(mine.read_text() + "%% mine\n")
    assert build(project) == {"appups", "relup", "review"}


def test_a_run_with_nothing_to_do_imports_nothing_heavy(project: Path) -> None:
    def loaded() -> set[str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "doit", "release"],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        return set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))

    build(project)
    idle = loaded()
    assert "dodo_relkit.edge.signatures" in idle
    heavy = {"networkx", "jinja2", "erlang", "tarfile", "dodo_relkit.terms"}
    heavy |= {
        "dodo_relkit.upgrade.appup.generate",
        "dodo_relkit.edge.upgrades.hook_imports",
    }
    assert idle & heavy == set()
    compile_module(project / "lib/web", "web_two", 9)
    assert loaded() >= heavy - {"networkx", "erlang"}


# What the user's functions import

HOOKS = """
from dodo_relkit.terms.model import Atom
from rel.words import WORD, mark

def tell(app, start, end, direction, instructions, options):
    return mark(instructions, WORD)

def last(script, way):
    from rel.deep import late
    return late.word(script)
"""
FILES = {
    "rel/hooks.py": HOOKS,
    "rel/words.py": """
from dodo_relkit.terms.model import Atom
from .deep.far import WORD
def mark(instructions, word):
    call = (Atom("io"), Atom("put_chars"), [word])
    return [*instructions, (Atom("apply"), call)]
""",
    "rel/deep/__init__.py": "",
    "rel/deep/far.py": 'WORD = "far"\n',
    "rel/deep/late.py": "def word(script):\n    return script\n",
    "rel/other.py": "",
}


@pytest.fixture
def hooked(project: Path) -> Path:
    """Return the project with functions that import modules of the project."""
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    set_settings(
        project, appup_transforms=["rel.hooks:tell"], relup_hook="rel.hooks:last"
    )
    build(project)
    settle(project)
    assert build(project) == set()
    return project


def settle(project: Path) -> None:
    """Have the files of the hooks look older than a build, and build."""
    for name in FILES:
        os.utime(project / name, (1e9, 1e9))
    build(project)


def appup(project: Path) -> str:
    return (project / WORK / "upgrade/appups/web.appup").read_text()


def test_what_a_transform_imports_is_watched(hooked: Path) -> None:
    assert '["far"]' in appup(hooked)
    (hooked / "rel/deep/far.py").write_text('WORD = "near"\n')
    said = run(hooked, "relkit", "why", "release:web:dev:appups").stdout
    assert "rel/deep/far.py changed" in said
    assert build(hooked) == {"appups", "relup", "review", "tar"}
    assert '["near"]' in appup(hooked)
    (hooked / "rel/other.py").write_text("nothing = 1\n")
    settle(hooked)
    (hooked / "rel/other.py").write_text("nothing = 2\n")
    assert build(hooked) == set()


def test_what_a_hook_imports_when_it_is_called_is_watched(hooked: Path) -> None:
    (hooked / "rel/deep/late.py").write_text(
        "from dodo_relkit.terms.model import Atom\n"
        "def word(script):\n"
        '    call = (Atom("io"), Atom("put_chars"), ["late"])\n'
        '    return [*script, (Atom("apply"), call)]\n'
    )
    # The transforms are in the same file as the hook, which imports it.
    assert build(hooked) == {"appups", "relup", "review", "tar"}
    relup = hooked / "_build/dev/rel/web/releases/1.1.0/relup"
    assert '"late"' in relup.read_text()


def test_a_file_that_changed_while_it_was_read_is_read_again(hooked: Path) -> None:
    (hooked / "rel/deep/far.py").write_text('WORD = "near"\n')
    os.utime(hooked / "rel/deep/far.py", (4e9, 4e9))
    assert "appups" in build(hooked)
    assert build(hooked) == {"appups", "relup"}
    os.utime(hooked / "rel/deep/far.py", (1e9, 1e9))
    build(hooked)
    assert build(hooked) == set()


def test_installed_modules_are_not_watched(hooked: Path) -> None:
    text = FILES["rel/deep/far.py"] + "import doit, json, dodo_relkit, nowhere_at_all\n"
    text = text.replace(", nowhere_at_all", "\ndef f():\n    import nowhere.at.all")
    (hooked / "rel/deep/far.py").write_text(text)
    settle(hooked)
    saved = seen(hooked, "release:web:dev:appups")
    assert set(saved) == set(FILES) - {"rel/other.py"}


def seen(project: Path, task: str) -> dict[str, object]:
    """Return what doit saved of the files that a task found out."""
    program = (
        "import json, sys; from doit.dependency import Dependency, SqliteDB;"
        "print(json.dumps(Dependency(SqliteDB, '.doit.sqlite')"
        f".get_values({task!r})['seen']['files']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


# The review


NOTICED = """
-module(web_one).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2]).
init(Arguments) -> {ok, other:make(Arguments)}.
handle_call(_, _, State) -> {reply, NUMBER, State}.
handle_cast(_, State) -> {noreply, State}.
"""


def write_server(project: Path, number: int) -> None:
    source = project / "lib/web/web_one.erl"
    source.write_text(NOTICED.replace("NUMBER", str(number)))
    ebin = project / "lib/web/ebin"
    subprocess.run(["erlc", "+debug_info", "-o", ebin, source], check=True)
    source.unlink()


@pytest.fixture
def unread(tmp_path: Path) -> Path:
    """Return a project with a server whose state cannot be read."""
    project = write_project(tmp_path / "project")
    write_app(project, "spare", lib="more/set")
    write_server(project, 1)
    build(project)
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    write_app(project, "web", vsn="1.1", uses=("store",))
    write_server(project, 2)
    return project


def test_a_notice_is_no_warning(unread: Path) -> None:
    set_settings(unread, warnings_as_errors=True, cookie="bV8nXq2LrT0zKe5w")
    said = run(unread, "release").stderr
    assert "RK761 notice: whether the state of web_one changes its shape" in said
    assert {*re.findall(r"^RK\d+ (\w+):", said, re.MULTILINE)} == {"notice"}


def test_findings_are_said_once_and_kept(unread: Path) -> None:
    assert "RK761" in run(unread, "release").stderr
    again = run(unread, "release")
    assert "RK761" not in again.stdout + again.stderr
    for _ in range(2):
        assert "\nRK761 notice: " in run(unread, "relkit", "review").stdout


def test_what_was_said_of_appups_is_kept_too(unread: Path) -> None:
    set_settings(unread, upgrade_strategies={"wab": "skip"})
    assert (
        "RK783 warning: upgrade_strategies names wab" in run(unread, "release").stderr
    )
    text = run(unread, "relkit", "review").stdout
    _, _, notes = text.partition("Of the baselines and the appups the build said:\n")
    assert "\nRK783 warning: upgrade_strategies names wab" in notes
    page = (unread / WORK / "upgrade/review.html").read_text()
    assert "RK783 warning: upgrade_strategies names wab" in page
    set_settings(unread, upgrade_strategies={})
    run(unread, "release")
    text = run(unread, "relkit", "review").stdout
    assert "RK783" not in text
    assert "the build said" not in text


def test_modules_of_applications_that_stay_are_reviewed_too(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")

    def put(name: str, text: str) -> None:
        source = project / f"lib/{name.partition('_')[0]}/{name}.erl"
        source.write_text(f"-module({name}).\n-export([f/1]).\n{text}\n")
        command = ["erlc", "+debug_info", "-o", source.parent / "ebin", source]
        subprocess.run(command, check=True)
        source.unlink()

    put("web_one", "-record(cart, {a}).\nf(#cart{a = A}) -> A.")
    put("other_one", "-record(cart, {a}).\nf(#cart{a = A}) -> A.")
    set_settings(project, applications=["web", "other", "sasl"])
    build(project)
    set_settings(project, version="1.1.0", upgrade_from=["1.0.0"])
    write_app(project, "web", vsn="1.1", uses=("store",))
    put("web_one", "-record(cart, {b, a}).\nf(#cart{a = A}) -> A.")
    said = run(project, "release").stderr
    assert "RK764 warning: the record #cart changed (+b), and other_one uses it" in said

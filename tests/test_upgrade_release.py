"""`doit release` with `upgrade_from`: appups, relup, tarball, and a live upgrade."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from dodo_relkit.terms.model import Atom
from dodo_relkit.terms.text import consult_one
from tests.doit_projects import run
from tests.nodes import booted, unpack

DODO = """
import json
from pathlib import Path
from dodo_relkit import Relkit, erlc, release

settings = json.loads(Path("settings.json").read_text())
relkit = Relkit(
    default_release="bump",
    releases=[release("bump", applications=["bump", "sasl"], **settings)],
    compile=erlc(),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""

SOURCES = {
    "bump_app.erl": """
-module(bump_app).
-behaviour(application).
-export([start/2, stop/1]).
start(_, _) -> bump_sup:start_link().
stop(_) -> ok.
""",
    "bump_sup.erl": """
-module(bump_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
init([]) ->
    {ok, {#{}, [#{id => bump, start => {bump, start_link, []}}]}}.
""",
}

SERVER = """
-module(bump).
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2, next/0]).
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init([]) -> {ok, 0}.
next() -> gen_server:call(?MODULE, next).
handle_call(next, _, Count) -> {reply, {ANSWER, Count + 1}, Count + 1}.
handle_cast(_, Count) -> {noreply, Count}.
"""


def write_version(project: Path, vsn: str, answer: str, **settings: object) -> None:
    """Write version `vsn` of the application and of the release."""
    source = project / "src"
    source.mkdir(exist_ok=True)
    for name, text in SOURCES.items():
        (source / name).write_text(text)
    (source / "bump.erl").write_text(SERVER.replace("ANSWER", answer))
    (source / "bump.app.src").write_text(
        f'{{application,bump,[{{description,"d"}},{{vsn,"{vsn}"}},'
        "{registered,[bump,bump_sup]},{applications,[kernel,stdlib]},"
        "{mod,{bump_app,[]}}]}.\n"
    )
    written = {"version": vsn, "cookie": "bV8nXq2LrT0zKe5w", **settings}
    (project / "settings.json").write_text(json.dumps(written))


def tasks_of(done: str) -> set[str]:
    """Return the artifacts whose tasks ran."""
    lines = [line for line in done.splitlines() if line.startswith(".  release:")]
    return {line.split(":")[-1] for line in lines}


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of which 1.0.0 and, with an upgrade from it, 1.1.0 was built."""
    project = tmp_path_factory.mktemp("upgraded") / "project"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    write_version(project, "1.0.0", "one")
    run(project, "release")
    write_version(project, "1.1.0", "two", delta=True, upgrade_from=["1.0.0"])
    run(project, "release")
    return project


def output(project: Path) -> Path:
    """Return the directory that has the release directory and the tarballs."""
    return project / "_build/default/rel"


def test_the_relup_is_in_the_release_and_in_the_tarball(upgraded: Path) -> None:
    path = output(upgraded) / "bump/releases/1.1.0/relup"
    match consult_one(path.read_bytes(), str(path)):
        case ("1.1.0", [("1.0.0", [], up)], [("1.0.0", [], down)]):
            assert Atom("point_of_no_return") in up
            assert Atom("point_of_no_return") in down
        case other:
            raise AssertionError(other)
    with tarfile.open(output(upgraded) / "bump-1.1.0.tar.gz") as archive:
        assert "releases/1.1.0/relup" in archive.getnames()


def test_the_delta_is_small(upgraded: Path) -> None:
    full = (output(upgraded) / "bump-1.1.0.tar.gz").stat().st_size
    delta = (output(upgraded) / "bump-1.1.0.delta.tar.gz").stat().st_size
    assert delta < full / 50


def test_nothing_changed_nothing_runs(upgraded: Path) -> None:
    assert tasks_of(run(upgraded, "release").stdout) == set()


def test_a_changed_module_reaches_only_what_follows_from_it(upgraded: Path) -> None:
    write_version(upgraded, "1.1.0", "three", delta=True, upgrade_from=["1.0.0"])
    ran = tasks_of(run(upgraded, "release").stdout)
    # The instructions stay the same, so the relup does: early cut-off.
    assert ran == {"lib", "appups", "delta", "review", "tar"}
    write_version(upgraded, "1.1.0", "two", delta=True, upgrade_from=["1.0.0"])
    ran = tasks_of(run(upgraded, "release").stdout)
    assert ran == {"lib", "appups", "delta", "review", "tar"}


def test_an_application_that_changed_must_have_another_version(
    upgraded: Path, tmp_path: Path
) -> None:
    project = tmp_path / "reused"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    baseline = output(upgraded) / "bump-1.0.0.tar.gz"
    write_version(project, "1.0.0", "other", upgrade_from=[str(baseline)])
    settings = json.loads((project / "settings.json").read_text())
    (project / "settings.json").write_text(json.dumps(settings | {"version": "1.2.0"}))
    done = run(project, "release", expect=1)
    assert "RK740 error: bump 1.0.0 is not the bump 1.0.0 of" in done.stdout
    assert not (output(project) / "bump/releases/1.2.0/relup").exists()


def test_flags_ask_for_an_upgrade_once(upgraded: Path, tmp_path: Path) -> None:
    project = tmp_path / "flags"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    write_version(project, "1.0.0", "one")
    run(project, "release")
    write_version(project, "1.0.1", "two")
    run(project, "release", "--upgrade")
    assert (output(project) / "bump/releases/1.0.1/relup").is_file()


def test_a_live_node_goes_up_and_down_and_keeps_its_state(
    upgraded: Path, tmp_path: Path
) -> None:
    root = unpack(output(upgraded) / "bump-1.0.0.tar.gz", tmp_path / "node")
    with booted(root, "bump") as node:
        assert node.ask("bump:next().") == "{one,1}"
        delta = output(upgraded) / "bump-1.1.0.delta.tar.gz"
        (root / "releases" / delta.name).write_bytes(delta.read_bytes())
        for call, expected in (
            ('release_handler:unpack_release("bump-1.1.0.delta").', '{ok,"1.1.0"}'),
            ('release_handler:install_release("1.1.0").', '{ok,"1.0.0",[]}'),
            ("bump:next().", "{two,2}"),
            ('release_handler:make_permanent("1.1.0").', "ok"),
            ('release_handler:install_release("1.0.0").', '{ok,"1.0.0",[]}'),
            ("bump:next().", "{one,3}"),
        ):
            assert node.ask(call) == expected, call


DANGEROUS = SERVER.replace("{ok, 0}", "{ok, {count, 0}}").replace(
    "handle_call(next, _, Count) -> {reply, {ANSWER, Count + 1}, Count + 1}.",
    "handle_call(next, _, {count, Count}) ->\n"
    "    {reply, {ANSWER, Count + 1}, {count, Count + 1}}.",
)


@pytest.fixture
def dangerous(upgraded: Path, tmp_path: Path) -> Path:
    """Return a project whose server keeps another state than that of 1.0.0."""
    project = tmp_path / "dangerous"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    baseline = str(output(upgraded) / "bump-1.0.0.tar.gz")
    write_version(project, "2.0.0", "two", upgrade_from=[baseline])
    (project / "src/bump.erl").write_text(DANGEROUS.replace("ANSWER", "two"))
    return project


def test_the_review_tells_of_a_state_that_nobody_changes(dangerous: Path) -> None:
    done = run(dangerous, "release")
    assert "RK760 warning: on the way up, processes of bump go on with" in done.stderr
    text = run(dangerous, "relkit", "review").stdout
    assert (
        "up from 1.0.0\n  application bump: 1.0.0 to 2.0.0\n  bump: code loaded (3)\n"
    ) in text
    assert "down to 1.0.0\n  application bump: 2.0.0 to 1.0.0\n" in text
    assert "SEVERE\nRK760" in text
    page = dangerous / "_build/default/relkit/bump/upgrade/review.html"
    html = page.read_text()
    assert "RK760" in html
    assert "<li>application bump: 1.0.0 to 2.0.0</li>" in html
    assert "<li><pre>{load,{bump,brutal_purge,brutal_purge}}</pre></li>" in html
    assert "http" not in html.replace('charset="utf-8"', "")
    assert (output(dangerous) / "bump-2.0.0.tar.gz").exists()


def test_strict_upgrades_stop_before_the_tarball(dangerous: Path) -> None:
    settings = json.loads((dangerous / "settings.json").read_text())
    (dangerous / "settings.json").write_text(
        json.dumps(settings | {"strict_upgrades": True})
    )
    done = run(dangerous, "release", expect=1)
    assert "RK760" in done.stdout
    assert not (output(dangerous) / "bump-2.0.0.tar.gz").exists()


def test_an_appup_can_be_taken_over_and_edited(dangerous: Path) -> None:
    run(dangerous, "release")
    shown = run(dangerous, "relkit", "appup", "bump").stdout
    assert "{load_module,bump}" in shown
    assert run(dangerous, "relkit", "appup", "bump", "--write").stdout == (
        "wrote rel/appups/bump/2.0.0.appup\n"
    )
    mine = dangerous / "rel/appups/bump/2.0.0.appup"
    mine.write_text(mine.read_text().replace("{load_module,bump}", "{update,bump}"))
    assert tasks_of(run(dangerous, "release").stdout) == {
        "appups",
        "relup",
        "review",
        "tar",
    }
    relup = (output(dangerous) / "bump/releases/2.0.0/relup").read_text()
    assert "{suspend,[bump]}" in relup
    mine.write_text('{"2.0.0",[{"1.0.0",[]}],[{"1.0.0",[]}]}.\n')
    done = run(dangerous, "release")
    assert (
        "RK750 warning: the appup of bump, from 1.0.0, says nothing of" in done.stderr
    )

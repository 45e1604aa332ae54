"""docs/upgrades.md: its files are written, its commands run, its settings built."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dodo_relkit.release.settings import SETTINGS
from dodo_relkit.terms.model import Atom
from dodo_relkit.terms.text import consult
from tests.pages import Block, Terminal, alike, blocks_of, write

PAGE = Path(__file__).parent.parent / "docs/upgrades.md"
RELEASE = 'version="0.2.0",\n            applications=["tally", "sasl"],'
TOLD = re.compile(r"^RK\d+ \w+:", re.MULTILINE)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Walk through the page: write each file, run each command."""
    project = tmp_path_factory.mktemp("page") / "tally"
    project.mkdir()
    terminal = Terminal(project)
    try:
        for block in blocks_of(PAGE):
            if block.path:
                write(project / block.path, block.text)
            elif block.kind == "console":
                follow(terminal, block)
        yield terminal
    finally:
        terminal.leave()


def follow(terminal: Terminal, block: Block) -> None:
    """Run the commands of a block; they must print what it shows."""
    for command, shown in block.commands:
        printed, code = terminal.type(command)
        where = f"{PAGE.name}, block of line {block.line}: $ {command}"
        report = f"{where}\n{printed}\n--- page\n{shown}"
        assert code == 0, report
        if shown:
            assert alike(printed, shown), report
        assert bool(TOLD.search(printed)) is bool(TOLD.search(shown)), report


def test_the_page_says_what_happens(walked: Terminal) -> None:
    assert sum(len(list(block.commands)) for block in blocks_of(PAGE)) > 20
    assert (walked.project / "_build/default/rel/tally/releases/0.2.0/relup").is_file()


def fragments() -> list[Block]:
    """Return the parts of a dodo.py that the page shows: releases with settings."""
    return [each for each in blocks_of(PAGE) if each.text.startswith("release(")]


@pytest.mark.parametrize("number", range(len(fragments())))
def test_the_settings_build(walked: Terminal, tmp_path: Path, number: int) -> None:
    fragment = fragments()[number].text
    project = Path(shutil.copytree(walked.project, tmp_path / "tally", symlinks=True))
    output = project / "_build/default/rel"
    write(project / "artifacts/none", "")
    shutil.copy(output / "tally-0.1.0.tar.gz", project / "artifacts")
    settings = fragment.removeprefix("release(").rstrip().removesuffix(")")
    settings = re.sub(r'"tally",|version="0.2.0",', "", settings).rstrip(", \n") + ","
    given = (project / "dodo.py").read_text()
    assert RELEASE in given
    (project / "dodo.py").write_text(given.replace(RELEASE, f"{RELEASE}\n{settings}"))
    terminal = Terminal(project)
    printed, code = terminal.type("doit release")
    assert code == 0, printed
    relup = (output / "tally/releases/0.2.0/relup").read_text()
    assert ("up 0.1.0, done" in relup) is ("relup_hook" in fragment)
    if "appup_transforms" in fragment:
        appup, _ = terminal.type("doit relkit appup tally")
        assert "{update,tally,soft,soft_purge,soft_purge,[]}" in appup
        assert appup.index("this is tally") < appup.index("{update,tally")
        assert "tally: 0.1.0 to 0.2.0, info" in appup
        assert "tally: 0.2.0 to 0.1.0, info" in appup


def test_the_delta_says_where_it_fits(walked: Terminal, tmp_path: Path) -> None:
    project = Path(shutil.copytree(walked.project, tmp_path / "tally", symlinks=True))
    given = (project / "dodo.py").read_text()
    (project / "dodo.py").write_text(given.replace(RELEASE, f"{RELEASE} delta=True,"))
    terminal = Terminal(project)
    printed, code = terminal.type("doit release --upgrade")
    assert code == 0, printed
    delta = "_build/default/rel/tally-0.2.0.delta.tar.gz"
    made, code = terminal.type(f"tar -xOzf {delta} releases/0.2.0/delta.config")
    assert code == 0, made
    (shown,) = [
        each.text for each in blocks_of(PAGE) if each.text.startswith("{delta,")
    ]
    assert shape(made) == shape(shown)
    assert consult(made.encode())[:2] == consult(shown.encode())[:2]


def shape(text: str) -> list[object]:
    """Return the terms of a file with what depends on the machine left out."""

    def outline(term: object) -> object:
        match term:
            case Atom() | int():
                return term
            case str():
                return re.sub(r"[0-9a-f.]+", "0", term)
            case tuple() | list():
                return [outline(each) for each in term]
        raise AssertionError(term)

    return [outline(each) for each in consult(text.encode())]


def test_settings_and_codes_that_are_named_are_there() -> None:
    from dodo_relkit.codes import Code

    text = PAGE.read_text("utf-8")
    numbers = {code.number for code in Code}
    assert set(re.findall(r"RK\d{3}", text)) <= numbers
    named = set(re.findall(r"`([a-z]\w*)=", text)) | {
        "purge", "upgrade_strategies", "appup_transforms", "relup_hook", "upgrade_from"
    }  # fmt: skip
    assert named <= set(SETTINGS)

"""The relups of the samples are those that systools makes of the same files.

Every pair of versions, several at once, with generated appups. What is added for
consolidated protocols, of which systools knows nothing, comes after.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.text import consult_one
from tests.nodes import build, copy_sample
from tests.test_relup_random import entries_of

OUTPUT = "_build/prod/rel"
RULES = [
    ("2.0.0", ["1.0.0"]),
    ("3.0.0", ["2.0.0"]),
    ("3.0.0", ["1.0.0"]),
    ("3.0.0", ["1.0.0", "2.0.0"]),
]
"""Versions of the sample, and what they are upgraded from."""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project `upgrade` of which 1.0.0 and 2.0.0 were built."""
    project = copy_sample("upgrade", tmp_path_factory.mktemp("relups"))
    shutil.rmtree(project / "rel", ignore_errors=True)
    for version in "12":
        build(project, "release", f"version={version}")
    return project


def upgraded_from(project: Path, copy: Path, olds: Sequence[str]) -> Path:
    """Copy a project and set what it is upgraded from; return the copy."""
    shutil.copytree(project, copy, symlinks=True)
    dodo = copy / "dodo.py"
    text, times = re.subn(
        r"upgrade_from=.*\n", f"upgrade_from={olds!r},\n", dodo.read_text()
    )
    assert times == 1
    dodo.write_text(text)
    return copy


def of_systools(release: Path, name: str, new: str, olds: Sequence[str]) -> Term:
    """Return the relup that systools makes in a release directory."""
    bases = ", ".join(f'"releases/{name}-{old}"' for old in olds)
    call = (
        f'ok = systools:make_relup("releases/{name}-{new}", [{bases}], [{bases}], '
        '[{path, ["lib/*/ebin"]}, {outdir, "."}]), halt().'
    )
    subprocess.run(
        ["erl", "-noshell", "-eval", call], cwd=release, check=True, timeout=60
    )
    return consult_one((release / "relup").read_bytes(), "relup")


def of_release(release: Path, new: str) -> Term:
    """Return the relup that was built."""
    path = release / f"releases/{new}/relup"
    return consult_one(path.read_bytes(), str(path))


@pytest.mark.parametrize(("new", "olds"), RULES)
def test_every_pair(versions: Path, tmp_path: Path, new: str, olds: list[str]) -> None:
    project = upgraded_from(versions, tmp_path / "till", olds)
    build(project, "release", f"version={new[0]}")
    release = project / OUTPUT / "till"
    appup = project / "_build/prod/relkit/till/upgrade/appups/till.appup"
    shutil.copy(appup, release / f"lib/till-{new}/ebin")
    ours = of_release(release, new)
    assert sorted(entry[0] for entry in ours[1]) == olds
    assert entries_of(of_systools(release, "till", new, olds)) == entries_of(ours)
    for way in (*ours[1], *ours[2]):
        assert ("till_protocol" in str(way)) is (way[0] == "1.0.0")


def test_elixir(tmp_path: Path) -> None:
    project = copy_sample("upgrade_elixir", tmp_path)
    for version in "12":
        build(project, STATION=version)
    release = project / OUTPUT / "station"
    appup = project / "_build/prod/relkit/station/upgrade/appups/station.appup"
    shutil.copy(appup, release / "lib/station-2.0.0/ebin")
    theirs = of_systools(release, "station", "2.0.0", ["1.0.0"])
    ours = of_release(release, "2.0.0")
    vsn, *ways = ours
    shortened = (vsn, *([_without_protocols(way)] for (way,) in ways))
    assert entries_of(theirs) == entries_of(shortened)


def _without_protocols(entry: tuple[Term, Term, list[Term]]) -> tuple[Term, ...]:
    """Leave out what reloads protocols; it is there, and last."""
    old, description, script = entry
    ours = [
        each
        for each in script
        if type(each) is tuple
        and each[0] is Atom("apply")
        and each[1][0] in {Atom("code"), Atom("erl_eval")}
    ]
    assert ours and script[-len(ours) :] == ours
    return (old, description, script[: -len(ours)])

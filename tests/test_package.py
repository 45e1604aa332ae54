"""The wheel that users install: what is in it, and what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"networkx", "jinja2", "erlang"}

# The backend works in the current directory, so it runs in a process of its own.
BUILD = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    directory = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(directory)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(directory / done.stdout.strip())


def test_the_wheel_is_whole(wheel):
    names = set(wheel.namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "dodo_relkit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "dodo_relkit/py.typed" in wanted
    assert any("/templates/" in name for name in wanted)
    assert wanted <= names


def test_the_wheel_has_nothing_else(wheel):
    assert {name.split("/")[0] for name in wheel.namelist()} == {
        "dodo_relkit",
        f"dodo_relkit-{version()}.dist-info",
    }


def test_the_wheel_says_who_it_is(wheel):
    info = f"dodo_relkit-{version()}.dist-info"
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "relkit = dodo_relkit.edge.plugin:RelkitCommand" in entry_points


@pytest.mark.parametrize(
    "statement",
    [
        "import dodo_relkit",
        "from dodo_relkit import *",
        "from dodo_relkit import LOAD, Relkit, environment, erlc, release",
        "import dodo_relkit.edge.plugin",
        "import dodo_relkit.edge.loader",
    ],
)
def test_what_doit_loads_is_light(statement):
    loaded = modules_after(statement)
    assert loaded & HEAVY == set()
    assert "dodo_relkit" in loaded


def test_heaviness_is_seen():
    assert modules_after("import networkx") & HEAVY == {"networkx"}


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a new Python has after the statement."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def version() -> str:
    import dodo_relkit

    return dodo_relkit.__version__

"""Every error of the list, shown by a tiny project of its own."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dodo_relkit.codes import Code, Severity
from tests.nodes import SAMPLES, clean_environment, copy_sample

BROKEN = SAMPLES / "broken"
FOLDERS = sorted(path.name for path in BROKEN.glob("RK*"))

NOT_OPENED = "a build opens no object file; a check of calls tells it as RK351"
FIRST_DOOR = "the check of the settings tells it first, as RK208 or RK220"
NOT_READ_BACK = "a build writes this file and does not read it"

UPGRADES = ("RK7", "RK8")
"""Hot upgrades take two releases: tests of their own show these errors."""

UNSHOWN: dict[str, str] = {
    "RK105": "the only external term that is read is start_clean.boot of an OTP",
    "RK106": "what a build writes as an external term is checked before",
    "RK107": "needs a term nested deeper than any file worth keeping here",
    "RK131": NOT_OPENED,
    "RK132": NOT_OPENED,
    "RK133": NOT_OPENED,
    "RK134": NOT_OPENED,
    "RK135": NOT_OPENED,
    "RK307": "needs a directory that root cannot read, or one far too deep",
    "RK349": "an error only where the target is OTP 26 or newer",
    "RK501": FIRST_DOOR,
    "RK502": FIRST_DOOR,
    "RK533": NOT_READ_BACK,
    "RK603": "needs a file that root cannot read",
    "RK606": "needs a file of more than 8 GiB, or a name that no file has",
    "RK607": "the table gives every file a place of its own",
    "RK608": "needs a file that changes while it is copied",
    "RK612": "needs two builds at the same moment",
    "RK613": "what no other code is for: a loop of links, a disk that fails",
}
"""Errors that no project can show, and why."""


def test_there_are_projects():
    assert len(FOLDERS) > 50


def test_every_error_is_shown_or_explained():
    errors = {
        code.number
        for code in Code
        if code.severity is Severity.ERROR and not code.number.startswith(UPGRADES)
    }
    assert set(FOLDERS) - errors == set()
    assert set(UNSHOWN) - errors == set()
    assert set(UNSHOWN) & set(FOLDERS) == set()
    assert errors - set(FOLDERS) - set(UNSHOWN) == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_fails_with_its_code(folder, tmp_path):
    expected = tomllib.loads((BROKEN / folder / "expected.toml").read_text())
    assert expected["code"] == folder
    project = copy_sample(f"broken/{folder}", tmp_path)
    for file in project.rglob("*.rel"):
        file.write_text(with_versions(file.read_text()))
    if "first" in expected:
        run(project, expected["first"], expected)
    done = run(project, expected.get("command", ["-m", "doit", "release"]), expected)
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert "Traceback" not in output
    shown = set(re.findall(r"\b(RK\d\d\d) error", output))
    assert shown == {folder, *expected.get("also", [])}, output
    for word in expected["words"]:
        assert word in output, output


def run(project, command, expected):
    """Run Python with the arguments of `command` in the project."""
    return subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=project,
        env=clean_environment(**expected.get("environment", {})),
        capture_output=True,
        text=True,
        timeout=120,
    )


def with_versions(text: str) -> str:
    """Return the text of a `.rel` file with the versions of the installed OTP."""
    for name, version in versions().items():
        text = text.replace(f"@{name}@", version)
    return text


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the installed kernel, stdlib and ERTS."""
    erl = shutil.which("erl")
    assert erl is not None
    root = Path(erl).resolve().parent.parent
    return {
        name: found.name.split("-")[1]
        for name, pattern in (
            ("kernel", "lib/kernel-*"),
            ("stdlib", "lib/stdlib-*"),
            ("erts", "erts-*"),
        )
        for found in root.glob(pattern)
    }

"""The project's own scripts: sound, and usable from anywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHELL = ["script/demo", "script/prepare", "script/test", ".ci/run"]


def test_every_script_is_known():
    scripts = {str(path.relative_to(ROOT)) for path in (ROOT / "script").iterdir()}
    assert scripts == {*SHELL[:3], "script/make-codes"}


@pytest.mark.parametrize("script", [*SHELL, "script/make-codes"])
def test_is_executable(script):
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("script", SHELL)
def test_shellcheck_finds_nothing(script):
    done = subprocess.run(
        ["shellcheck", script], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("script", SHELL[:3])
def test_needs_no_more_than_posix(script):
    text = (ROOT / script).read_text()
    assert text.startswith("#!/bin/sh\n")
    done = subprocess.run(
        ["busybox", "sh", "-n", script],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


@pytest.mark.parametrize("script", [*SHELL, "script/make-codes"])
def test_names_no_place_of_one_machine(script):
    text = (ROOT / script).read_text()
    for word in ("/work", "/home", "http://", "https://", "index-url"):
        assert word not in text

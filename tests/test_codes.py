"""The codes: numbers that never clash, and their page in the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from dodo_relkit.codes import Code

ROOT = Path(__file__).parent.parent


def test_numbers_are_well_formed_and_unique():
    numbers = [code.number for code in Code]
    assert [n for n in numbers if not re.fullmatch(r"RK[1-8]\d\d", n)] == []
    assert [n for n, times in Counter(numbers).items() if times > 1] == []


def test_every_code_has_words():
    for code in Code:
        words = code.value
        assert words.title
        assert not words.title.endswith(".")
        assert words.text
        assert not words.text.endswith("."), words.number
        for line in words.advice.splitlines():
            assert line == line.strip(), words.number
            assert line, words.number


def test_the_page_is_current():
    done = subprocess.run(
        [sys.executable, "script/make-codes", "--check"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_page_names_every_code():
    page = (ROOT / "docs/codes.md").read_text(encoding="utf-8")
    shown = re.findall(r"^### (RK\d+):", page, re.MULTILINE)
    assert shown == sorted(code.number for code in Code)

"""What the documents say is so: the example of the README loads, links are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.nodes import doit

ROOT = Path(__file__).parent.parent
PAGES = [
    page
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "sample_projects/**/*.md")
    for page in sorted(ROOT.glob(pattern))
]


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the README in this language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path):
    example, *additions = blocks("python")
    assert "task_release" in example
    (tmp_path / "dodo.py").write_text("\n".join([example, *additions]))
    return tmp_path


def test_the_example_lists_its_tasks(project):
    done = doit(project, "list", "--all")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"release", "release:myapp:dev", "release:myapp:prod:boot"} <= {*names}
    assert {"deploy", "image"} <= {*names}


def test_the_commands_shown_are_understood(project):
    for command in blocks("console") + [(ROOT / "README.md").read_text()]:
        for name in re.findall(r"doit relkit (\w+)", command):
            done = doit(project, "help", "relkit")
            assert name in done.stdout, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_there_are_pages():
    assert len(PAGES) > 8

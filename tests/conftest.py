"""Fixtures that several test files use, and: in CI nothing is skipped."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.doit_projects import build, write_project
from tests.oracle import Oracle, the_oracle

# Under a terminal that can do nothing Erlang shows no prompt after `attach`.
os.environ["TERM"] = "xterm"


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Return the live Erlang node to compare with."""
    return the_oracle()


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has been built once; for copies (`copy_project`)."""
    project = write_project(tmp_path_factory.mktemp("built") / "project")
    build(project)
    return project


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """With `CI` set, report a skipped test as failed."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must run: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """With `CI` set, report a file that skips itself as failed."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must run: {report.longrepr}"
    return report

"""Versions of an application on a live node, in the form most upgrade tests need."""

from __future__ import annotations

from pathlib import Path

from tests.live_upgrade import Built, Live, erlang_version
from tests.upgrade_sources import application

OK = "{ok,[]}"
"""What release_handler answers when no process is left in old code."""


def versions(directory: Path, name: str, *each: dict[str, str]) -> list[Built]:
    """Compile the versions 1, 2, ... of an application that starts NAME_sup."""
    return [
        erlang_version(
            directory,
            name,
            str(number),
            {f"{name}_app": application(f"{name}_sup"), **sources},
            f"{name}_app",
        )
        for number, sources in enumerate(each, start=1)
    ]


def up_and_down(live: Live, old: Built, new: Built, asked: str, *answers: str) -> None:
    """Go up and down twice; what is asked has these answers, old and new."""
    before, after = answers
    _same(live.ask(asked), before)
    for _ in range(2):
        _same(live.up(new), OK)
        _same(live.ask(asked), after)
        _same(live.down(old), OK)
        _same(live.ask(asked), before)


def _same(found: str, expected: str) -> None:
    assert found == expected, f"{found} is not {expected}"

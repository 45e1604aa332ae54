"""How the inputs look that a step found out itself, to be saved with its task.

`seen_same` of uptodate.py asks the next time whether they still look so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from dodo_relkit.edge.uptodate import Look, look_at

CLOCK_STEP = 20_000_000
"""Nanoseconds by which a file's time may be behind the clock."""


def moment() -> int:
    """Return when a step begins to read, for `looks`: nanoseconds."""
    return time.time_ns() - CLOCK_STEP


def looks(paths: Iterable[str], started: int) -> dict[str, Look]:
    """Return how each path looks; relative to the project's root.

    What changed since `started` gets no look, so that it is read again: it may have
    changed after it was read.
    """
    relative = sorted({os.path.relpath(each) for each in paths})
    return {
        each: [] if _is_newer(each, started) else look_at(each) for each in relative
    }


def _is_newer(path: str, started: int) -> bool:
    try:
        return Path(path).stat().st_mtime_ns >= started
    except OSError:
        return False

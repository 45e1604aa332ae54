"""Which of two version texts is the later one. Refuses no text.

OTP versions have any number of parts (`13.1.5`, `8.5.4.3`), others have words
(`1.0.0-rc.1`, `git-abc1`), so neither packaging nor semver can read them.
"""

from __future__ import annotations

import re

VersionKey = tuple[tuple[int, int, str], ...]

_PART = re.compile(r"\d+|[^\d.]+")
_PRE_RELEASE, _END, _NUMBER, _BUILD = range(4)


def version_key(vsn: str) -> VersionKey:
    """Return what orders versions: `1.0-rc1`, `1.0`, `1.0+build`, `1.0.1`, `1.10`."""
    return (*map(_part_key, _PART.findall(vsn)), (_END, 0, ""))


def _part_key(part: str) -> tuple[int, int, str]:
    if part.isdecimal():
        return (_NUMBER, int(part), "")
    return (_BUILD if part.startswith("+") else _PRE_RELEASE, 0, part)

"""Which file or directory a baseline's text means, and how it looks.

Loaded on every run of doit: it looks at names and stats, reads no file and imports
nothing of terms. What stands in the release is read by `baselines.py`.
"""

# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH120, PTH208
# Paths are text here: objects would cost more than the looking.

from __future__ import annotations

import os
from collections.abc import Iterator

LATEST = "latest"
"""The text that means the newest other version in the output directory."""


def baseline_signature(
    given: str, *, output: str, name: str, current_vsn: str = ""
) -> str:
    """Return how the baseline `given` looks: another text when it may be another one.

    `output` is the release directory of the build, `name` the release's, and
    `current_vsn` the version being built, as far as it is known. Of a release in a
    directory the `.rel` files and which applications there are count. The object
    files do not: who compares them asks `tree_signature` of their directories.
    """
    if given == LATEST:
        found = [each for each in versions_in(output, name) if each != current_vsn]
        return "\n".join(_version_look(output, name, each) for each in sorted(found))
    if is_version_in(given, output, name):
        return _version_look(output, name, given)
    path, vsn = split_version(given)
    if os.path.isdir(path):
        return "\n".join([vsn, *_directory_look(path)])
    return f"{vsn} {_look(path)}"


def versions_in(output: str, name: str) -> tuple[str, ...]:
    """Return the versions of the release in the output directory, in no order."""
    try:
        found = os.listdir(f"{output}/releases")
    except OSError:
        return ()
    return tuple(each for each in found if is_version_in(each, output, name))


def is_version_in(vsn: str, output: str, name: str) -> bool:
    """Return whether the output directory has the release in this version."""
    plain = vsn not in ("", ".", "..") and "/" not in vsn and "\0" not in vsn
    return plain and os.path.isfile(f"{output}/releases/{vsn}/{name}.rel")


def tarball_beside(output: str, name: str, vsn: str) -> str:
    """Return the place of our own tarball of a version, where there may be none."""
    return os.path.join(os.path.dirname(output), f"{name}-{vsn}.tar.gz")


def split_version(given: str) -> tuple[str, str]:
    """Return the path and the version of `PATH@VERSION`, which may be ''.

    A path that exists is one, even with an `@` in it; nothing before it is no path.
    """
    path, _, vsn = given.rpartition("@")
    if not path or os.path.lexists(given):
        return given, ""
    return path, vsn


def _version_look(output: str, name: str, vsn: str) -> str:
    tarball = _look(tarball_beside(output, name, vsn))
    return f"{vsn} {_look(f'{output}/releases/{vsn}/{name}.rel')} {tarball}"


def _directory_look(root: str) -> Iterator[str]:
    releases = f"{root}/releases"
    yield _look(f"{releases}/start_erl.data")
    for folder in (releases, *sorted(_paths(releases))):
        for path in sorted(_paths(folder)):
            if path.endswith(".rel"):
                yield f"{path} {_look(path)}"
    yield from sorted(_paths(f"{root}/lib"))


def _paths(directory: str) -> list[str]:
    try:
        return [f"{directory}/{each}" for each in os.listdir(directory)]
    except OSError:
        return []


def _look(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "absent"
    # Not the time of change: it moves when our tarball gets or loses its second name.
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns}"

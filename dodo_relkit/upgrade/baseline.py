"""What a baseline is: an earlier release that an upgrade starts from.

Reads nothing: how one is found in a directory or a tarball is in `edge/baselines.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.release.versions import VersionKey, version_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """An earlier release."""

    rel: Rel
    directories: Mapping[str, str]
    """The directory of each application of the `.rel`, the parent of its `ebin`, by
    name. Only read, never written."""
    root: str
    """The release directory, or where the tarball was unpacked."""
    origin: str
    """What it is called in words: the file or directory that was given."""
    contents: str = ""
    """Of a tarball: the file that lists all it held, also what was not unpacked."""
    consolidated: str = ""
    """The directory of Elixir's consolidated protocols; empty when it has none."""
    has_erts: bool = False
    """Whether it brings its own run-time system."""
    outside: tuple[str, ...] = ()
    """Applications that are not in the release itself but in the target OTP."""
    stripped: tuple[str, ...] = ()
    """Applications whose object files have no debug information, as `web`, or
    `web (web_one web_two)` when only some have none; OTP's own do not count."""
    linked: tuple[str, ...] = ()
    """Applications that are links to where they are compiled (`dev_mode`)."""

    @property
    def vsn(self) -> str:
        """The version of the release."""
        return self.rel.vsn

    @property
    def erts_vsn(self) -> str:
        """The version of the run-time system."""
        return self.rel.erts_vsn


def latest(versions: Iterable[str], *, other_than: str = "") -> str:
    """Return the newest of the versions but `other_than`, '' when there is none left.

    `other_than` is the one being built. What `git describe` calls a version,
    `0.2.1-3-gd3adb3f`, is later than the version it begins with and earlier than the
    next one (Distillery orders so as well).
    """
    others = [each for each in versions if each != other_than]
    return max(others, key=_age, default="")


def baseline_warnings(baseline: Baseline) -> tuple[Diagnostic, ...]:
    """Return what makes a baseline worth less than it could be.

    BASELINE_STRIPPED and BASELINE_LINKED.
    """
    found = []
    for code, apps in (
        (Code.BASELINE_STRIPPED, baseline.stripped),
        (Code.BASELINE_LINKED, baseline.linked),
    ):
        if apps:
            found.append(diagnostic(code, baseline=baseline.origin, apps=apps))
    return tuple(found)


def dump_baselines(baselines: Iterable[Baseline]) -> bytes:
    """Return the JSON text of baselines, for a file that later tasks read."""
    plain = [asdict(each) for each in baselines]
    return (json.dumps(plain, indent=1) + "\n").encode()


def load_baselines(content: bytes) -> tuple[Baseline, ...]:
    """Return the baselines that `dump_baselines` wrote down."""
    return tuple(_load(each) for each in json.loads(content))


_DESCRIBED = re.compile(r"(?P<base>.+)-(?P<commits>\d+)-g?(?P<hash>[0-9a-f]{4,40})")


def _age(vsn: str) -> tuple[VersionKey, int, str]:
    """Return what orders versions: a later one is larger."""
    found = _DESCRIBED.fullmatch(vsn)
    if found is None:
        return (version_key(vsn), 0, vsn)
    return (version_key(found["base"]), int(found["commits"]), vsn)


def _load(plain: dict[str, Any]) -> Baseline:
    rel = plain["rel"]
    apps = tuple(_load_entry(each) for each in rel["apps"])
    tuples = {key: tuple(plain[key]) for key in ("outside", "stripped", "linked")}
    return Baseline(**{**plain, **tuples, "rel": Rel(**{**rel, "apps": apps})})


def _load_entry(plain: dict[str, Any]) -> RelApp:
    included = plain["included"]
    if included is not None:
        included = tuple(included)
    return RelApp(**{**plain, "included": included})

"""From the name of a `.rel` to a checked release: what all of systools begins with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.edge.otp import find_otp_root, library_path, read_target
from dodo_relkit.edge.systools.calls import check_calls
from dodo_relkit.edge.systools.options import ReadOptions
from dodo_relkit.edge.systools.path import SearchPath, expand, make_search_path
from dodo_relkit.edge.systools.read import read_apps, read_rel
from dodo_relkit.edge.systools.sources import check_sources
from dodo_relkit.edge.systools.terms import (
    SystoolsError,
    error_term,
    warnings_as_errors_term,
)
from dodo_relkit.release.checks import check_release
from dodo_relkit.release.model import Release
from dodo_relkit.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRelease:
    """A release that was read by path and found sound."""

    release: Release
    target: Target
    path: SearchPath
    """All directories that were searched."""
    own_path: tuple[str, ...]
    """Those of the option `path`, wildcards expanded."""
    warnings: tuple[Diagnostic, ...]

    @property
    def cwd(self) -> str:
        """The directory that relative names start from."""
        return self.path.cwd


def read_release(name: str, options: ReadOptions) -> ReadRelease:
    """Return the release of `<name>.rel`, its applications searched by path.

    Raises `SystoolsError` with systools' error, `Trouble` when there is no target OTP.
    """
    cwd = options.cwd or str(Path.cwd())
    root = find_otp_root(options.otp_root or True)
    target = read_target(root)
    own_path = expand(cwd, options.path)
    path = make_search_path(cwd, [*own_path, *library_path(root, os.environ)])
    rel = read_rel(name, path)
    release = read_apps(rel, path, target)
    found = [
        *check_release(release, target),
        *(check_sources(release, cwd) if options.src_tests else []),
        *_check_calls(release, path, options.exref),
    ]
    error = error_term(found)
    if error is not None:
        raise SystoolsError(error, found)
    warnings = [each for each in found if not _is_unwanted(each, options)]
    if warnings and options.warnings_as_errors:
        found = [diagnostic(Code.WARNINGS_AS_ERRORS), *warnings]
        raise SystoolsError(warnings_as_errors_term(warnings), found)
    return ReadRelease(
        release=release,
        target=target,
        path=path,
        own_path=tuple(own_path),
        warnings=tuple(warnings),
    )


def _check_calls(
    release: Release, path: SearchPath, exref: bool | tuple[str, ...]
) -> list[Diagnostic]:
    if exref is False:
        return []
    return check_calls(release, path, None if exref is True else frozenset(exref))


def _is_unwanted(found: Diagnostic, options: ReadOptions) -> bool:
    return options.no_warn_sasl and found.code is Code.MISSING_SASL

"""Where a profile's inputs are searched, on this machine: applications, protocols."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.otp import find_otp_root
from dodo_relkit.edge.scan_look import Places
from dodo_relkit.edge.search import search
from dodo_relkit.edge.tree_look import PARTS, SOURCE_PARTS
from dodo_relkit.release.compilers import Erlc, Gleam, Rebar3
from dodo_relkit.release.profile import Profile


def places_of(profile: Profile, layout: Layout) -> Places:
    """Return where to search: lib directories, Elixir's own, the target OTP's.

    Raises `Trouble` (RK401 and on) when there is no target OTP.
    """
    patterns = [*profile.lib_dirs]
    if not isinstance(profile.compile, Erlc | Rebar3 | Gleam):
        patterns += elixir_lib()
    return Places(
        patterns=tuple(patterns),
        exclude=(layout.output, layout.work),
        target_lib=f"{find_otp_root(profile.include_erts)}/lib",
    )


def elixir_lib() -> list[str]:
    """Return the `lib` of the Elixir on PATH, found without starting it.

    `elixir` is `<root>/bin/elixir`, often through links, and its applications are in
    `<root>/lib`.
    """
    program = shutil.which("elixir", path=os.environ.get("PATH", ""))
    if program is None:
        return []
    library = Path(program).resolve().parent.parent / "lib"
    return [str(library)] if (library / "elixir" / "ebin").is_dir() else []


def application_parts(profile: Profile) -> tuple[str, ...]:
    """Return which directories of an application belong into the release."""
    return (*PARTS, *SOURCE_PARTS) if profile.include_src else PARTS


def consolidated_parents(profile: Profile) -> list[str]:
    """Return the directories that hold a `consolidated`, as Mix lays them.

    `_build/<env>/lib/<app>` for a single application, `_build/<env>` for an umbrella.
    """
    spots = search(profile.lib_dirs).spots
    apps = [spot.path for found in spots for spot in found]
    parents = [str(Path(each).parent) for each in profile.lib_dirs]
    return sorted(
        {each for each in [*apps, *parents] if Path(each, "consolidated").is_dir()}
    )

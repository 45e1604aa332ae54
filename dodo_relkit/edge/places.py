"""Where the applications of a profile are searched, on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.otp import find_otp_root
from dodo_relkit.edge.scan import Places
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

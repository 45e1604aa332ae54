"""The step that runs a compiler that is not ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.erlc import STDERR
from dodo_relkit.edge.steps import Saved


def command_step(argv: Sequence[str], environ: Mapping[str, str]) -> Saved:
    """Run a compiler; what it says goes to standard error.

    Raises `Trouble` (RK551) when it is missing or fails.
    """
    words = " ".join(argv)
    try:
        done = subprocess.run(
            argv, env={**os.environ, **environ}, stdout=STDERR, check=False
        )
    except FileNotFoundError:
        reason = f"the program {argv[0]} is not on PATH"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)]) from None
    if done.returncode:
        reason = f"`{words}` ended with exit code {done.returncode}"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)])
    return {}, ()

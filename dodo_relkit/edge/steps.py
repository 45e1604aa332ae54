"""What each task does, by the name of the step. Importing this is what costs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.checking import checks_step
from dodo_relkit.edge.deciding import plan_step, scan_step
from dodo_relkit.edge.elixir_config import config_step
from dodo_relkit.edge.erlc import STDERR, erlc_step
from dodo_relkit.edge.producing import Saved, row_step
from dodo_relkit.edge.tarball import tar_step
from dodo_relkit.edge.trees import consolidated_step, erts_step, lib_step


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


STEPS: Mapping[str, Callable[..., Saved]] = {
    "command": command_step,
    "erlc": erlc_step,
    "scan": scan_step,
    "plan": plan_step,
    "checks": checks_step,
    "config": config_step,
    "row": row_step,
    "lib": lib_step,
    "erts": erts_step,
    "consolidated": consolidated_step,
    "tar": tar_step,
}

"""An Elixir configuration as Erlang terms: the step that has Elixir evaluate it.

What it comes to is one more layer of sys.config; how layers are merged is said in
formats/sys_config.py. What was looked at is saved with the task, so that it runs
again when that is not as it was (`seen_same` in uptodate.py).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.erlc import STDERR
from dodo_relkit.edge.files import write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.producing import absent_files
from dodo_relkit.edge.seen import looks, moment
from dodo_relkit.edge.stamps import describe, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.uptodate import Look, look_at_variable
from dodo_relkit.formats.sys_config import dump_sys_config, load_sys_config
from dodo_relkit.release.compilers import mix_env
from dodo_relkit.release.profile import Profile, elixir_configs

PROGRAM = Path(__file__).with_name("evaluate_config.exs")


def config_step(profile: Profile, layout: Layout) -> Saved:
    """Evaluate the Elixir files of the setting `sys_config`; write each as terms.

    Saves what they looked at. Raises `Trouble`: RK552 for files that are not there,
    RK546 when Elixir is missing or fails, RK516 for a value without a text form, as
    all that `load_sys_config` raises.
    """
    absent = absent_files(profile, "sys_config")
    if absent:
        raise Trouble(absent)
    env = mix_env(profile.compile, profile.environment)
    files: dict[str, Look] = {}
    variables: dict[str, str] = {}
    warnings: list[Diagnostic] = []
    made = []
    for path in elixir_configs(profile):
        started = moment()
        terms, read, asked = _evaluate(path, env)
        files |= looks([path, *read], started)
        variables |= {name: look_at_variable(name) for name in asked}
        config, found = load_sys_config(terms, f"{path}, evaluated")
        warnings += found
        # The next step takes the file for a template.
        content = dump_sys_config(config).replace(b"<%", b"<%%")
        write_file(layout.evaluated(path), content)
        made.append(describe(layout.evaluated(path), content))
    write_stamp(layout.stamp("config"), made)
    return {"seen": {"files": files, "variables": variables}}, tuple(warnings)


def _evaluate(path: str, env: str) -> tuple[bytes, list[str], list[str]]:
    """Return the terms, the files that were looked at, and the variables."""
    with tempfile.TemporaryDirectory() as results:
        command = ["elixir", str(PROGRAM), path, env, results]
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "MIX_ENV": env},
                stdout=STDERR,
                check=False,
            )
        except FileNotFoundError:
            raise _not_evaluated(path, "the program elixir is not on PATH") from None
        if done.returncode:
            reason = f"elixir ended with exit code {done.returncode}"
            raise _not_evaluated(path, reason)
        terms = Path(results, "terms").read_bytes()
        files, variables = (
            Path(results, name).read_text("utf-8").splitlines()
            for name in ("files", "variables")
        )
    return terms, files, variables


def _not_evaluated(path: str, reason: str) -> Trouble:
    place = Place(file=path)
    return Trouble([diagnostic(Code.ELIXIR_CONFIG, place, file=path, reason=reason)])

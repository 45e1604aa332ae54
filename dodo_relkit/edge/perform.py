"""The actions of all tasks: runs a step and turns trouble into doit's failure."""

from __future__ import annotations

import os
import sys
from typing import Any

from doit.exceptions import TaskFailed

from dodo_relkit.codes import Code, Severity
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic, render_all


def perform(
    step: str, *arguments: Any, strict: bool = False
) -> dict[str, Any] | TaskFailed:
    """Run the step of that name (`STEPS` in steps.py) and return what it saves.

    The steps are imported here and not before: with them come networkx, Jinja2 and
    erlang-py, which a run in which nothing is to do must not pay for. Warnings go to
    standard error, or fail the task when it is `strict` (the setting
    warnings_as_errors) and one is more than a notice; trouble becomes a failed task
    without a traceback.
    """
    from dodo_relkit.edge.steps import find_step

    try:
        saved, warnings = find_step(step)(*arguments)
    except Trouble as trouble:
        return TaskFailed(render_all(trouble.diagnostics))
    except OSError as error:
        return _refused(error)
    if strict and any(each.code.severity is not Severity.NOTICE for each in warnings):
        return TaskFailed(render_all([*warnings, diagnostic(Code.WARNINGS_AS_ERRORS)]))
    tell(warnings)
    return saved


def clean(cleaner: str, *arguments: Any, dryrun: bool) -> TaskFailed | None:
    """Remove what a task made (`CLEANERS` in cleaning.py), and say so.

    When `dryrun`, as doit says for `doit clean -n`, only say so.
    """
    from dodo_relkit.edge.cleaning import CLEANERS, remove

    try:
        made = CLEANERS[cleaner](*arguments)
        for path in made.paths:
            sys.stdout.write(f"removing {path}\n")
        if not dryrun:
            remove(made)
    except Trouble as trouble:
        return TaskFailed(render_all(trouble.diagnostics))
    except OSError as error:
        return _refused(error)
    return None


def _refused(error: OSError) -> TaskFailed:
    """Return the failure for what no step expects of the disk, as a loop of links."""
    path = os.fsdecode(error.filename or "a file")
    reason = error.strerror or str(error)
    return TaskFailed(render_all([diagnostic(Code.REFUSED, path=path, reason=reason)]))


def tell(warnings: tuple[Diagnostic, ...]) -> None:
    """Write warnings to standard error."""
    if warnings:
        sys.stderr.write(render_all(warnings) + "\n")

"""Where the step of each task is. Importing a step is what a task costs at least.

A table of names, so that only what a run needs is imported: copying a module must not
wait for the parser of Erlang's terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from dodo_relkit.diagnostics import Diagnostic

Saved = tuple[dict[str, Any], tuple[Diagnostic, ...]]
"""What a step gives: values for `getargs`, and warnings."""

STEPS: Mapping[str, tuple[str, str]] = {
    "command": ("running", "command_step"),
    "erlc": ("erlc", "erlc_step"),
    "scan": ("deciding", "scan_step"),
    "plan": ("deciding", "plan_step"),
    "checks": ("checking", "checks_step"),
    "config": ("elixir_config", "config_step"),
    "row": ("producing", "row_step"),
    "lib": ("trees", "lib_step"),
    "erts": ("trees", "erts_step"),
    "consolidated": ("trees", "consolidated_step"),
    "tar": ("tarball", "tar_step"),
    "baselines": ("upgrades.steps", "baselines_step"),
    "appups": ("upgrades.appups", "appups_step"),
    "relup": ("upgrades.steps", "relup_step"),
    "delta": ("upgrades.steps", "delta_step"),
    "review": ("upgrades.reviewing", "review_step"),
}
"""Module in this package and function, by the name of the step."""


def find_step(name: str) -> Callable[..., Saved]:
    """Return the step of that name."""
    module, function = STEPS[name]
    step: Callable[..., Saved] = getattr(
        import_module(f"dodo_relkit.edge.{module}"), function
    )
    return step

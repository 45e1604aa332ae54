"""doit's LOADER plugin: tasks from TOML where there is no dodo.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader

CONFIG_FILES = ("relkit.toml", "pyproject.toml")


class RelkitLoader(DodoTaskLoader):  # type: ignore[misc]  # doit is untyped
    """Loads a dodo.py if there is one, else the tasks of the TOML configuration.

    Chosen with `loader = "relkit"` under `[tool.doit]` in pyproject.toml.
    """

    def setup(self, opt_values: dict[str, Any]) -> None:
        """Fill the namespace in which doit looks for tasks and DOIT_CONFIG."""
        has_dodo = Path(opt_values["cwdPath"] or ".", opt_values["dodoFile"]).exists()
        if has_dodo or opt_values["seek_file"]:
            super().setup(opt_values)
            return
        from dodo_relkit.edge.project import Relkit

        relkit = Relkit.from_toml()
        self.namespace = {
            "relkit": relkit,
            "task_release": relkit.task_creator(),
            "DOIT_CONFIG": relkit.doit_config(),
        }

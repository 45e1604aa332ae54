"""doit's LOADER plugin: tasks from TOML where there is no dodo.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidCommand


class RelkitLoader(DodoTaskLoader):  # type: ignore[misc]  # doit is untyped
    """Loads a dodo.py if there is one, else the tasks of the TOML configuration.

    Chosen with `loader = "relkit"` under `[tool.doit]` in pyproject.toml.
    """

    def setup(self, opt_values: dict[str, Any]) -> None:
        """Fill the namespace in which doit looks for tasks and DOIT_CONFIG."""
        dodo_file = opt_values["dodoFile"]
        is_asked_for = dodo_file != "dodo.py" or opt_values["seek_file"]
        if is_asked_for or Path(dodo_file).exists():
            super().setup(opt_values)
            return
        from dodo_relkit.edge.project import Relkit

        directory = opt_values["cwdPath"] or "."
        if not Path(directory).is_dir():
            raise InvalidCommand(f"there is no directory {directory}")
        os.chdir(directory)
        relkit = Relkit.from_toml()
        self.namespace = {
            "relkit": relkit,
            "task_release": relkit.task_creator(),
            "DOIT_CONFIG": relkit.doit_config(),
        }

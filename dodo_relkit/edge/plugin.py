"""`doit relkit …`: doit's COMMAND plugin. The sub-commands are in `commands/`.

doit loads this module with every `doit help`, so it imports nothing else of ours.
"""

from __future__ import annotations

from typing import Any

from doit.cmd_base import DoitCmdBase

OPTIONS = (
    {
        "name": "format",
        "short": "",
        "long": "format",
        "type": str,
        "default": "",
        "help": "plan, why: text or json. graph: dot, mermaid, json or text "
        "[default: text, and dot for graph tasks]",
    },
    {
        "name": "force",
        "short": "",
        "long": "force",
        "type": bool,
        "default": False,
        "help": "init: replace files that are there",
    },
    {
        "name": "write",
        "short": "",
        "long": "write",
        "type": bool,
        "default": False,
        "help": "appup: write it into rel/appups, for you to edit",
    },
)


class RelkitCommand(DoitCmdBase):  # type: ignore[misc]  # doit is untyped
    """The command `relkit`."""

    name = "relkit"
    doc_purpose = "releases: init, plan, why, graph, review, appup"
    doc_usage = (
        "init | plan [TASK ...] | why TASK|APP | graph [tasks|apps] [TASK ...] "
        "| review [TASK ...] | appup APP"
    )
    doc_description = """
init   write a dodo.py for the project in this directory
plan   say what a run would do, and why, without doing it
why    say why a task would run, or why an application is in the release
graph  draw the tasks, or the applications of a release
review print what an upgrade will do to the processes of a node
appup  print the appup of an application; with --write make it yours to edit
"""
    cmd_options = OPTIONS

    def execute(self, params: Any, args: list[str]) -> int:
        """Run a sub-command; `init` does so before there is a dodo.py."""
        from dodo_relkit.edge.commands import verbs

        args = _take_options(params, args)
        if args[:1] == ["init"]:
            return verbs.init(force=params["force"])
        code: int = super().execute(params, args)
        return code

    def _execute(self, format: str, write: bool) -> int:  # noqa: A002 - doit's way
        """Run one of the other sub-commands; doit has loaded the tasks."""
        from doit.control import TaskControl

        from dodo_relkit.edge.commands import verbs

        try:
            return verbs.run(
                verbs.Asked(
                    words=tuple(self.sel_tasks or ()),
                    style=format,
                    write=write,
                    # It finds which task makes a file that another depends on.
                    tasks=TaskControl(self.task_list).tasks,
                    dep_manager=self.dep_manager,
                )
            )
        finally:
            self.dep_manager.close()


def _take_options(params: Any, args: list[str]) -> list[str]:
    """Return the words without the options that stand behind them; note those.

    doit stops looking for options at the first word.
    """
    words = []
    waiting = iter(args)
    for word in waiting:
        if word in ("--force", "--write"):
            params[word.removeprefix("--")] = True
        elif word == "--format":
            params["format"] = next(waiting, "")
        elif word.startswith("--format="):
            params["format"] = word.removeprefix("--format=")
        else:
            words.append(word)
    return words

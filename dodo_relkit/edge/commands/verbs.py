"""The sub-commands of `doit relkit`: what they print. Each returns an exit code.

They raise doit's `InvalidCommand` for words that are none of theirs, `Trouble` for what
is not there; `run` puts the latter in words.
"""

from __future__ import annotations

import fnmatch
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic, render_all
from dodo_relkit.edge.commands.explain import Forecast, forecasts
from dodo_relkit.edge.layout import Layout
from dodo_relkit.release.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of `doit relkit`."""

    words: tuple[str, ...]
    """The sub-command and its arguments."""
    style: str
    """What `--format` says; '' when it says nothing."""
    tasks: Mapping[str, Any]
    """doit's tasks, by name."""
    write: bool
    """Whether `--write` was said."""
    dep_manager: Any
    """doit's record of the last run."""


def run(asked: Asked) -> int:
    """Run the sub-command that is asked for; raises doit's `InvalidCommand`."""
    commands: dict[str, Callable[[Asked], int]] = {
        "plan": plan,
        "why": why,
        "graph": graph,
        "review": review,
        "appup": appup,
    }
    command = commands.get(asked.words[0] if asked.words else "")
    if command is None:
        raise InvalidCommand(f"say one of: init, {', '.join(commands)}")
    try:
        return command(asked)
    except Trouble as trouble:
        sys.stderr.write(render_all(trouble.diagnostics) + "\n")
        return 1


def init(*, force: bool) -> int:
    """Write a dodo.py for the project in the current directory."""
    from dodo_relkit.edge.commands.scaffold import scaffold

    try:
        written = scaffold(force=force)
    except Trouble as trouble:
        sys.stderr.write(render_all(trouble.diagnostics) + "\n")
        return 1
    for path in written:
        print_line(f"wrote {path}")
    return 0


def plan(asked: Asked) -> int:
    """Print what a run would do to each task, and why."""
    names = _task_names(asked, asked.words[1:] or _default_tasks(asked))
    found = list(forecasts(names, asked.tasks, asked.dep_manager))
    if _is_json(asked):
        print_line(json.dumps([asdict(each) for each in found], indent=1))
        return 0
    for each in found:
        print_forecast(each)
    if all(each.verdict == "skip" for each in found):
        print_line("nothing to do")
    return 0


def why(asked: Asked) -> int:
    """Print why a task would run, or why an application is in a release."""
    if len(asked.words) != 2:
        raise InvalidCommand("say a task or an application: doit relkit why NAME")
    name = asked.words[1]
    if name not in asked.tasks:
        return _why_application(asked, name)
    found = [
        each
        for each in forecasts([name], asked.tasks, asked.dep_manager)
        if each.task == name or not asked.tasks[name].actions
    ]
    if _is_json(asked):
        print_line(json.dumps([asdict(each) for each in found], indent=1))
        return 0
    for each in found:
        print_forecast(each)
        if each.verdict == "skip":
            print_line("    nothing it depends on has changed")
    return 0


def graph(asked: Asked) -> int:
    """Print the graph of the tasks, or of a release's applications."""
    from dodo_relkit.edge.commands.drawing import STYLES, apps_graph, draw, tasks_graph

    what, *rest = asked.words[1:] or ("tasks",)
    style = asked.style or ("dot" if what == "tasks" else "text")
    if what not in ("tasks", "apps") or style not in STYLES:
        usage = f"say tasks or apps, and --format one of: {', '.join(STYLES)}"
        raise InvalidCommand(usage)
    if what == "tasks":
        names = _task_names(asked, tuple(rest) or _default_tasks(asked))
        print_line(draw(tasks_graph(names, asked.tasks), style))
        return 0
    for profile, layout in _profiles(asked, tuple(rest)):
        print_line(draw(apps_graph(profile, layout), style))
    return 0


def appup(asked: Asked) -> int:
    """Print the appup of an application; with `--write` make it the user's to edit."""
    if len(asked.words) != 2:
        raise InvalidCommand("say an application: doit relkit appup NAME [--write]")
    from dodo_relkit.edge.files import write_file
    from dodo_relkit.formats.appup import load_appup
    from dodo_relkit.terms.model import string_text
    from dodo_relkit.terms.text import consult_one

    name = asked.words[1]
    for profile, layout in _profiles(asked, ()):
        made = Path(layout.appup(name))
        if not made.is_file():
            missing = diagnostic(Code.NO_APPUP_MADE, app=name, release=profile.key)
            raise Trouble([missing])
        content = made.read_bytes()
        if not asked.write:
            print_line(content.decode())
            continue
        version = string_text(load_appup(consult_one(content, str(made)), "").vsn)
        place = Path("rel", "appups", name, f"{version}.appup")
        if place.exists():
            raise Trouble([diagnostic(Code.ALREADY_THERE, path=str(place))])
        write_file(place, content)
        print_line(f"wrote {place}")
    return 0


def review(asked: Asked) -> int:
    """Print what the review of an upgrade found, and where its page is."""
    for _, layout in _profiles(asked, asked.words[1:]):
        page = Path(layout.review("txt"))
        if not page.is_file():
            raise Trouble([diagnostic(Code.NOT_REVIEWED, release=layout.name)])
        print_line(page.read_text("utf-8"))
        print_line(f"as a page: {layout.review('html')}")
    return 0


def print_forecast(each: Forecast) -> None:
    """Print one task's line, and a line for each reason."""
    print_line(f"{each.verdict:8} {each.task}")
    for reason in each.reasons:
        print_line(f"    {reason}")


def print_line(text: str) -> None:
    """Write a line to standard output; stay silent when nobody reads on."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain again at exit.
        sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115


def _is_json(asked: Asked) -> bool:
    if asked.style not in ("", "text", "json"):
        raise InvalidCommand(f"--format is text or json, not {asked.style}")
    return asked.style == "json"


def _default_tasks(asked: Asked) -> tuple[str, ...]:
    ours = [name for name, task in asked.tasks.items() if _is_alias(task)]
    return tuple(ours) or tuple(asked.tasks)


def _is_alias(task: Any) -> bool:
    return bool((task.meta or {}).get("relkit", {}).get("alias"))


def _task_names(asked: Asked, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks that the names mean; in a name `*` stands for anything."""
    found = {name: fnmatch.filter(asked.tasks, name) for name in names if "*" in name}
    unknown = [name for name in names if not found.get(name, name in asked.tasks)]
    if unknown:
        raise InvalidCommand(f"there is no task {', '.join(unknown)}")
    return tuple(each for name in names for each in found.get(name, [name]))


def _why_application(asked: Asked, name: str) -> int:
    from dodo_relkit.edge.commands.explain_app import why_application

    for profile, layout in _profiles(asked, ()):
        for line in why_application(profile, layout, name):
            print_line(line)
    return 0


def _profiles(asked: Asked, names: tuple[str, ...]) -> list[tuple[Profile, Layout]]:
    """Return the named profiles (tasks as `release:foo:prod`), or the default one."""
    found: dict[str, tuple[Profile, Layout]] = {}
    for task in asked.tasks.values():
        if (task.meta or {}).get("relkit", {}).get("artifact") == "plan":
            _, profile, layout = task.actions[0].args
            found[task.name.removesuffix(":plan")] = (profile, layout)
    chosen = names or tuple(
        need for name in _default_tasks(asked) for need in asked.tasks[name].task_dep
    )
    unknown = [name for name in chosen if name not in found]
    if unknown:
        known = ", ".join(found)
        raise InvalidCommand(f"{', '.join(unknown)} is no release; say {known}")
    return [found[name] for name in chosen]

"""What a run of doit would do, and why, without doing it.

Asks the same functions as doit does (uptodate.py); only the words are made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doit.task import result_dep

from dodo_relkit.edge.uptodate import (
    input_changes,
    inputs_same,
    output_changes,
    outputs_same,
    seen_changes,
    seen_same,
    settings_changes,
    settings_same,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would become of one task."""

    task: str
    verdict: str
    """`run`, `may run` (what it depends on may come out the same), or `skip`."""
    reasons: tuple[str, ...] = ()


def forecasts(
    names: Iterable[str], tasks: Mapping[str, Any], dep_manager: Any
) -> Iterator[Forecast]:
    """Yield what would become of the named tasks and all they need, needs first.

    `tasks` are doit's, by name; `dep_manager` is doit's record of the last run. Tasks
    without actions (groups) are left out.
    """
    done: dict[str, Forecast] = {}
    for name in in_order(names, tasks):
        task = tasks[name]
        wanted = {*task.task_dep, *task.setup_tasks}
        needs = [
            each
            for each, forecast in done.items()
            if each in wanted and forecast.verdict != "skip"
        ]
        done[name] = _forecast(task, needs, tasks, dep_manager)
        if task.actions:
            yield done[name]


def in_order(names: Iterable[str], tasks: Mapping[str, Any]) -> list[str]:
    """Return the named tasks and all they depend on, each after what it needs."""
    order: dict[str, None] = {}
    waiting = [(name, False) for name in reversed(list(names))]
    while waiting:
        name, has_needs = waiting.pop()
        if name in order:
            continue
        if has_needs:
            order[name] = None
            continue
        needs = [*tasks[name].task_dep, *tasks[name].setup_tasks]
        waiting.append((name, True))
        waiting += [(each, False) for each in reversed(needs) if each not in order]
    return list(order)


def reasons(task: Any, tasks: Mapping[str, Any], dep_manager: Any) -> tuple[str, ...]:
    """Return why a task would run now, in words; nothing when it would not."""
    values = dep_manager.get_values(task.name)
    status = dep_manager.get_status(task, tasks, get_log=True)
    if status.status == "up-to-date":
        return ()
    if status.status == "error":
        return (str(status.error_reason),)
    found = [
        line
        for kind, detail in status.reasons.items()
        for line in _words(kind, detail, values)
    ]
    unique = tuple(dict.fromkeys(found))
    if "it has not run yet" in unique:
        return ("it has not run yet",)
    return unique


def _forecast(
    task: Any, needs: Sequence[str], tasks: Mapping[str, Any], dep_manager: Any
) -> Forecast:
    why = reasons(task, tasks, dep_manager) if task.actions else ()
    missing = [line for line in why if not line.startswith("Dependent file")]
    if missing or (why and not needs):
        return Forecast(task=task.name, verdict="run", reasons=why)
    if needs:
        after = f"after {', '.join(needs)}"
        verdict = "run" if why else "may run"
        return Forecast(task=task.name, verdict=verdict, reasons=(after,))
    return Forecast(task=task.name, verdict="skip")


def _words(kind: str, detail: Any, values: Mapping[str, Any]) -> Iterator[str]:
    match kind:
        case "uptodate_false":
            for function, arguments, _ in detail:
                yield from _uptodate_words(function, arguments, values)
        case "has_no_dependencies":
            yield "it has no dependencies, so it always runs"
        case "missing_target":
            yield from (f"{path} is not there" for path in detail)
        case "changed_file_dep":
            yield from (f"{path} changed" for path in sorted(detail))
        case "added_file_dep":
            yield from (f"{path} is a new dependency" for path in detail)
        case "removed_file_dep":
            yield from (f"{path} is no dependency any more" for path in detail)
        case _:
            yield f"{kind}: {detail}"


def _uptodate_words(
    function: Any, arguments: Sequence[Any], values: Mapping[str, Any]
) -> list[str]:
    if function is settings_same:
        return settings_changes(values, *arguments)
    if function is outputs_same:
        return output_changes(values)
    if function is inputs_same:
        return input_changes(values, *arguments)
    if function is seen_same:
        return seen_changes(values)
    if function is False:
        return ["it always runs"]
    if isinstance(function, result_dep):
        return [f"the result of {function.dep_name} is another"]
    return [f"{getattr(function, '__name__', function)} says so"]

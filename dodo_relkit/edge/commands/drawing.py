"""Graphs as text: of doit's tasks, and of the applications of a release."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.commands.explain import in_order
from dodo_relkit.edge.layout import Layout
from dodo_relkit.release.facets import FACETS
from dodo_relkit.release.model import Release
from dodo_relkit.release.plan import load_release
from dodo_relkit.release.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A directed graph to draw."""

    name: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str, str], ...]
    """From, to, and what the edge is: '' for the usual one."""


def tasks_graph(names: Iterable[str], tasks: Mapping[str, Any]) -> Drawing:
    """Return the graph of the named tasks and what they need.

    An edge goes from a task to one that needs it. `tasks` are doit's.
    """
    nodes = tuple(in_order(names, tasks))
    edges = tuple(
        (need, name, "") for name in nodes for need in sorted(set(tasks[name].task_dep))
    )
    return Drawing(name="tasks", nodes=nodes, edges=edges)


def apps_graph(profile: Profile, layout: Layout) -> Drawing:
    """Return the graph of the applications of a planned release, in `.rel` order.

    An edge goes from an application to one that it uses, or includes. Raises
    `Trouble` (RK553) when there is no plan yet.
    """
    release = planned_release(profile, layout)
    edges = []
    for entry in release.rel.apps:
        spec = release.apps[entry.name].spec
        edges += [(entry.name, use, "") for use in spec.applications]
        edges += [(entry.name, each, "includes") for each in release.includes(entry)]
    present = tuple(edge for edge in edges if edge[1] in release.apps)
    nodes = tuple(entry.name for entry in release.rel.apps)
    return Drawing(name=release.rel.name, nodes=nodes, edges=present)


def planned_release(profile: Profile, layout: Layout) -> Release:
    """Return the release of the plan on disk. Raises `Trouble` (RK553) without one."""
    try:
        facets = {facet: Path(layout.facet(facet)).read_bytes() for facet in FACETS}
    except FileNotFoundError:
        raise Trouble([diagnostic(Code.NOT_PLANNED, release=profile.key)]) from None
    return load_release(facets)


def draw(drawing: Drawing, style: str) -> str:
    """Return the graph as text; `style` is a key of `STYLES`."""
    return STYLES[style](drawing)


def as_dot(drawing: Drawing) -> str:
    """Return the graph in Graphviz' language."""
    lines = [f"digraph {_quoted(drawing.name)} {{", "  rankdir=LR;"]
    lines += [f"  {_quoted(node)};" for node in drawing.nodes]
    for start, end, kind in drawing.edges:
        style = f" [style=dashed, label={_quoted(kind)}]" if kind else ""
        lines.append(f"  {_quoted(start)} -> {_quoted(end)}{style};")
    return "\n".join([*lines, "}"])


def as_mermaid(drawing: Drawing) -> str:
    """Return the graph in Mermaid's language, which forges and wikis draw."""
    ids = {node: f"n{number}" for number, node in enumerate(drawing.nodes)}
    lines = ["graph LR"]
    lines += [f'  {ids[node]}["{node}"]' for node in drawing.nodes]
    for start, end, kind in drawing.edges:
        arrow = f"-. {kind} .->" if kind else "-->"
        lines.append(f"  {ids[start]} {arrow} {ids[end]}")
    return "\n".join(lines)


def as_json(drawing: Drawing) -> str:
    """Return the graph as JSON: `nodes`, and `edges` with `from`, `to`, `kind`."""
    edges = [
        {"from": start, "to": end, "kind": kind} for start, end, kind in drawing.edges
    ]
    plain = {"name": drawing.name, "nodes": list(drawing.nodes), "edges": edges}
    return json.dumps(plain, indent=1)


def as_text(drawing: Drawing) -> str:
    """Return a line for each node, with those its edges lead to."""
    lines = []
    for node in drawing.nodes:
        ends = [
            f"{end} ({kind})" if kind else end
            for start, end, kind in drawing.edges
            if start == node
        ]
        lines.append(f"{node} -> {', '.join(ends)}" if ends else node)
    return "\n".join(lines)


STYLES: Mapping[str, Callable[[Drawing], str]] = {
    "dot": as_dot,
    "mermaid": as_mermaid,
    "json": as_json,
    "text": as_text,
}
"""The ways to draw, by the value of `--format`."""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

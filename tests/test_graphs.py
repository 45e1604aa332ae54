"""Graphs: post-order, cycles, condensation, checked against their definitions."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from dodo_relkit.graphs import condense, find_cycle, post_order

NODES = "abcdefg"
graphs = st.dictionaries(
    st.sampled_from(NODES), st.lists(st.sampled_from(NODES), unique=True, max_size=4)
)


def reachable(graph: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    left = [start]
    while left:
        for near in graph.get(left.pop(), []):
            if near not in found:
                found.add(near)
                left.append(near)
    return found


def test_order_follows_what_is_given() -> None:
    #   a ─▶ c, b      b ─▶ d
    assert post_order({"a": ["c", "b"], "b": ["d"]}) == ["c", "d", "b", "a"]
    assert post_order({"b": ["d"], "a": ["b", "c"]}) == ["d", "b", "c", "a"]
    assert post_order({}) == []


@given(graphs)
def test_neighbours_come_first(graph: dict[str, list[str]]) -> None:
    order = post_order(graph)
    assert len(order) == len(set(order))
    assert set(order) == {*graph, *(each for near in graph.values() for each in near)}
    if not find_cycle(graph):
        for node, near in graph.items():
            assert all(order.index(each) < order.index(node) for each in near)


@given(graphs)
def test_a_cycle_is_one(graph: dict[str, list[str]]) -> None:
    path = find_cycle(graph)
    assert bool(path) is any(node in reachable(graph, node) for node in graph)
    for node, following in zip(path, (*path[1:], *path[:1]), strict=True):
        assert following in graph[node]
    assert len(set(path)) == len(path)


@given(graphs)
def test_components(graph: dict[str, list[str]]) -> None:
    components = condense(graph)
    place = {node: at for at, nodes in enumerate(components) for node in nodes}
    for node, at in place.items():
        for other in reachable(graph, node):
            together = node in reachable(graph, other)
            assert (at == place[other]) is together
            assert place[other] <= at


def test_a_deep_graph() -> None:
    chain = {str(at): [str(at + 1)] for at in range(20_000)}
    assert post_order(chain)[0] == "20000"
    assert find_cycle(chain) == ()
    assert len(condense(chain)) == 20_001


def test_networkx_waits_for_a_question() -> None:
    program = (
        "import sys, dodo_relkit.graphs, dodo_relkit.systools;"
        "print([name for name in ('networkx', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

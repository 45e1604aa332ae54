"""Questions about directed graphs: post-order, a cycle, condensation.

The only door to networkx, which is imported when a question is asked: importing it
costs more than a build that has nothing to do may take. Knows nothing of Erlang.
A graph is a mapping from each node to its neighbours; order is kept everywhere, and
a neighbour that is no key of the mapping is a node without neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from networkx import DiGraph

Graph = Mapping[str, Sequence[str]]


def post_order(graph: Graph) -> list[str]:
    """Return all nodes, each after the neighbours that can be visited before it.

    Depth first from each node in the order of the mapping, neighbours in the order
    given. Without cycles every node comes after all its neighbours.
    """
    import networkx

    return list(networkx.dfs_postorder_nodes(_digraph(graph)))


def find_cycle(graph: Graph) -> tuple[str, ...]:
    """Return the nodes of one cycle, each a neighbour of the one before; or ().

    The last is followed by the first. Of several cycles it is the one that a
    depth-first search in the given order meets first.
    """
    import networkx

    try:
        edges = networkx.find_cycle(_digraph(graph))
    except networkx.NetworkXNoCycle:
        return ()
    return tuple(edge[0] for edge in edges)


def condense(graph: Graph) -> list[tuple[str, ...]]:
    """Return the strongly connected components, neighbours before who points at them.

    The nodes of a component stand in the order of the mapping.
    """
    import networkx

    directed = _digraph(graph)
    place = {node: index for index, node in enumerate(directed)}
    components = networkx.strongly_connected_components(directed)
    return [tuple(sorted(nodes, key=place.__getitem__)) for nodes in components]


def condense_topmost_first(graph: Graph) -> list[tuple[str, ...]]:
    """Return the strongly connected components, who points at them before them.

    Of components that may come next, the one whose first node stands first in the
    mapping comes first; so where there is a choice, the order of the mapping is kept.
    """
    import networkx

    directed = _digraph(graph)
    place = {node: index for index, node in enumerate(directed)}
    condensed = networkx.condensation(directed)
    components = {
        number: tuple(sorted(members, key=place.__getitem__))
        for number, members in condensed.nodes(data="members")
    }
    order = networkx.lexicographical_topological_sort(
        condensed, key=lambda number: place[components[number][0]]
    )
    return [components[number] for number in order]


def weak_components(graph: Graph) -> list[tuple[str, ...]]:
    """Return the parts of the graph that no edge connects, and their nodes.

    Both in the order of the mapping.
    """
    import networkx

    directed = _digraph(graph)
    part_of = {
        node: number
        for number, nodes in enumerate(networkx.weakly_connected_components(directed))
        for node in nodes
    }
    parts: dict[int, list[str]] = {}
    for node in directed:
        parts.setdefault(part_of[node], []).append(node)
    return [tuple(nodes) for nodes in parts.values()]


def _digraph(graph: Graph) -> DiGraph[str]:
    import networkx

    directed: DiGraph[str] = networkx.DiGraph()
    directed.add_nodes_from(graph)
    directed.add_edges_from(
        (node, neighbour) for node, near in graph.items() for neighbour in near
    )
    return directed

"""The plan's facets on disk."""

from __future__ import annotations

from dodo_relkit.edge.files import read_file
from dodo_relkit.edge.layout import Layout


def read_facet(layout: Layout, facet: str) -> bytes:
    """Return the content of a facet's file."""
    return read_file(layout.facet(facet))

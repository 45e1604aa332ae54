"""Fixtures that several test files use."""

from __future__ import annotations

import pytest

from tests.oracle import Oracle, the_oracle


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Return the live Erlang node to compare with."""
    return the_oracle()

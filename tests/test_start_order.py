"""Start order: depth first, in the order of the `.rel`, and linear in its size."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.release.checks import check_sound
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.needs import needs_of
from dodo_relkit.release.obstacles import find_obstacles
from dodo_relkit.release.order import start_order
from tests.apps import made_up_app


def release_of(*apps: App) -> Release:
    entries = tuple(RelApp(name=app.spec.name, vsn=app.spec.vsn) for app in apps)
    return Release(
        rel=Rel(name="r", vsn="1", erts_vsn="13", apps=entries),
        apps={app.spec.name: app for app in apps},
    )


def order_of(*apps: App) -> str:
    return "".join(start_order(needs_of(release_of(*apps))))


def test_each_after_what_it_uses() -> None:
    #   a ─▶ c ─▶ d      b ─▶ d
    a, b = made_up_app("a", ["c"]), made_up_app("b", ["d"])
    c, d = made_up_app("c", ["d"]), made_up_app("d")
    assert order_of(a, b, c, d) == "dcab"
    assert order_of(b, a, d, c) == "dbca"
    assert order_of(d, c, b, a) == "dcba"


def test_choices_follow_the_rel_and_not_the_app_file() -> None:
    a = made_up_app("a", ["d", "c", "b"])
    b, c, d = (made_up_app(name) for name in "bcd")
    assert order_of(a, c, b, d) == "cbda"


def test_included_applications_come_before_who_includes_them() -> None:
    #   t includes x, y;  y uses x;  u uses x: waits for t
    t = made_up_app("t", includes=["x", "y"])
    x, y = made_up_app("x"), made_up_app("y", ["x"])
    u = made_up_app("u", ["x"])
    assert order_of(u, t, y, x) == "xytu"


def test_who_uses_the_top_forgets_what_lies_below_it() -> None:
    # systools drops x from y's uses since t is there, then t since y is part of it
    t = made_up_app("t", includes=["x", "y"])
    x, y = made_up_app("x"), made_up_app("y", ["x", "t"])
    assert order_of(t, y, x) == "yxt"


def test_a_missing_optional_application_orders_nothing() -> None:
    a = made_up_app("a", ["o", "b"], optional=["o"])
    b = made_up_app("b")
    assert order_of(a, b) == "ba"
    assert order_of(a, b, made_up_app("o")) == "boa"


NAMES = [f"app{at}" for at in range(8)]


@given(st.permutations(NAMES), st.data())
def test_where_nothing_is_in_the_way_each_comes_after_its_needs(
    rank: list[str], data: st.DataObject
) -> None:
    uses = {
        name: data.draw(st.lists(st.sampled_from(rank[:at]), unique=True)) if at else []
        for at, name in enumerate(rank)
    }
    needs = needs_of(release_of(*(made_up_app(name, uses[name]) for name in NAMES)))
    obstacles = find_obstacles(needs)
    assert (obstacles.circular, obstacles.unplaced) == ((), ())
    order = start_order(needs)
    assert sorted(order) == NAMES
    assert all(
        order.index(use) < order.index(name) for name in NAMES for use in uses[name]
    )


def seconds(count: int) -> float:
    apps = [
        made_up_app(f"a{at}", [f"a{use}" for use in range(max(0, at - 20), at)])
        for at in range(count)
    ]
    release = release_of(*reversed(apps))
    start = time.perf_counter()
    assert check_sound(release) == []
    return time.perf_counter() - start


def test_order_is_near_linear() -> None:
    seconds(100)
    small = min(seconds(500) for _ in range(3))
    large = min(seconds(4000) for _ in range(2))
    assert large < 40 * small + 0.1  # 8 times as many; quadratic would be 64

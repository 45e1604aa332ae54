"""The sample `upgrade` goes v1, v2, v3, v2, v1 under load and loses nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.nodes import Node, booted, build, copy_sample, unpack

ROUNDS = 10
CLIENTS = 4
SEEN = """
Names = [till, tax, chime],
Apps = [{A, V} || {A, _, V} <- application:which_applications(),
                  lists:member(A, Names)],
Files = [F || {A, _} <- Apps, F <- filelib:wildcard(code:lib_dir(A) ++ "/ebin/*.beam")],
Now = maps:from_list([{M, Md5} || F <- Files, {ok, {M, Md5}} <- [beam_lib:md5(F)]]),
Ours = [M || {M, _} <- code:all_loaded(),
             N <- Names,
             lists:prefix(atom_to_list(N), atom_to_list(M))],
{lists:sort(Apps),
 lists:sort([I || {I, _, _, _} <- supervisor:which_children(till_sup)]),
 [M || M <- Ours,
       erlang:check_old_code(M) orelse maps:get(M, Now, none) =/= M:module_info(md5)]}.
"""
"""The applications, the children, and the modules that have old code or other code
than the files of the version that runs."""

STAYING = ("till_conn_sup", "till_gate", "till_stock", "till_tcp", "till_total")
RUNNING = {
    "1.0.0": ('[{chime,"1.0.0"},{till,"1.0.0"}]', ("till_bell",)),
    "2.0.0": (
        '[{chime,"1.0.0"},{tax,"1.0.0"},{till,"2.0.0"}]',
        ("till_bell", "till_audit"),
    ),
    "3.0.0": ('[{tax,"1.0.0"},{till,"3.0.0"}]', ("till_audit",)),
}
"""Of each version: the applications of the sample, and the children that change."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the tarballs of all three versions are."""
    project = copy_sample("upgrade", tmp_path_factory.mktemp("upgrade"))
    for version in "123":
        build(project, "release", f"version={version}")
    return project / "_build/prod/rel"


@pytest.fixture
def node(built: Path, tmp_path: Path) -> Iterator[Node]:
    """Return version 1 as it runs, with the tarballs of the others beside it."""
    root = unpack(built / "till-1.0.0.tar.gz", tmp_path / "node")
    for version in ("2.0.0", "3.0.0"):
        tarball = f"till-{version}.tar.gz"
        (root / "releases" / tarball).hardlink_to(built / tarball)
    with booted(root, "till") as running:
        yield running


@dataclass
class Client:
    """One connection, which it keeps, and what it knows it sold."""

    port: int
    item: str
    sold: int = 0
    sales: int = 0
    longest: float = 0.0
    """How long it waited for an answer, at most, in seconds."""
    wrong: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Sell until told to stop; end at the first answer that is not right."""
        try:
            self._sell(stop)
        except OSError as error:
            self.wrong.append(f"{self.item} after {self.sold}: {error!r}")

    def _sell(self, stop: threading.Event) -> None:
        with Line(self.port) as line:
            while not stop.wait(0.002):
                self.sold += 2
                asked = time.monotonic()
                answer = line.ask(f"sell {self.item} 2")
                self.longest = max(self.longest, time.monotonic() - asked)
                if answer != f"sold {self.sold}":
                    self.wrong.append(f"{self.item} {self.sold}: {answer!r}")
                    return
                self.sales += 1


class Line:
    """A connection to the till."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.answers = self.socket.makefile()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.close()
        self.socket.close()

    def ask(self, text: str) -> str:
        """Return the answer to one line."""
        self.socket.sendall(f"{text}\n".encode())
        return self.answers.readline().strip()


def visitors(
    port: int, stop: threading.Event, wrong: list[str], met: list[str]
) -> None:
    """Connect again and again: who comes during an upgrade is answered as well."""
    while not stop.wait(0.02):
        try:
            with Line(port) as line:
                met.append(line.ask("version"))
        except OSError as error:
            wrong.append(f"a visitor: {error!r}")
        if met and met[-1] not in {"v1", "v2", "v3"}:
            wrong.append(f"a visitor: {met[-1]!r}")


def change_to(node: Node, command: str, version: str) -> None:
    """Change the version of the running node and look whether all of it did."""
    done = node.command(command, version)
    assert done.returncode == 0, done.stdout + done.stderr
    applications, children = RUNNING[version]
    expected = ",".join(sorted([*STAYING, *children]))
    seen = "".join(node.ask(SEEN).split())
    assert seen == f"{{{applications},[{expected}],[]}}"


def processes(node: Node) -> str:
    """Return who the processes are that every version has."""
    return node.ask(f"[whereis(P) || P <- [{', '.join(STAYING)}]].")


def test_up_and_down_again_and_again_under_load(node: Node) -> None:
    port = int(node.ask("till_tcp:port()."))
    before = processes(node)
    with Line(port) as line:
        assert [line.ask("turn"), line.ask("turn")] == ["shut", "open"]
    stop = threading.Event()
    clients = [Client(port, f"item{number}") for number in range(CLIENTS)]
    wrong: list[str] = []
    met: list[str] = []
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in clients]
    threads.append(threading.Thread(target=visitors, args=(port, stop, wrong, met)))
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            for version in ("2.0.0", "3.0.0"):
                change_to(node, "upgrade", version)
            for version in ("2.0.0", "1.0.0"):
                change_to(node, "downgrade", version)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert [*wrong, *(each for client in clients for each in client.wrong)] == []
    sales = sum(client.sales for client in clients)
    assert sales > 100 * ROUNDS
    assert max(client.longest for client in clients) < 5, (
        "it was not suspended in order"
    )
    assert {"v1", "v2", "v3"} == set(met)
    with Line(port) as line:
        assert line.ask("total") == f"{sales} sales, {2 * sales} sold"
        assert line.ask("gate") == "{open,2}"
        for client in clients:
            assert line.ask(f"sell {client.item} 0") == f"sold {client.sold}"
    assert processes(node) == before


def test_each_version_sees_the_state_in_its_own_shape(node: Node) -> None:
    with Line(int(node.ask("till_tcp:port()."))) as line:
        assert line.ask("sell apple 100") == "sold 100"
        assert line.ask("turn") == "shut"
        assert line.ask("sell apple 1") == "shut"
        change_to(node, "upgrade", "2.0.0")
        assert node.ask("ets:tab2list(till_stock).") == '[{<<"apple">>,100,19}]'
        assert node.ask("sys:get_state(till_gate).") == "{shut,{0,1}}"
        assert line.ask("ring") == "ding 1"
        assert line.ask("audit") == "0"
        change_to(node, "upgrade", "3.0.0")
        assert line.ask("ring") == "what?"
        assert line.ask("turn") == "open"
        assert line.ask("sell apple 100") == "sold 200"
        assert line.ask("audit") == "1"
        assert line.ask("total") == "2 sales, 200 sold, 100 at most"
        change_to(node, "downgrade", "2.0.0")
        assert line.ask("tax apple") == "38"
        assert line.ask("ring") == "ding 1"  # a new bell
        change_to(node, "downgrade", "1.0.0")
        assert line.ask("total") == "2 sales, 200 sold"
        assert line.ask("gate") == "{open,2}"
        assert node.ask("ets:tab2list(till_stock).") == '[{<<"apple">>,200}]'


def test_a_version_is_skipped(node: Node) -> None:
    """From 1 to 3 and back: the appup tells code_change which state there is."""
    before = processes(node)
    with Line(int(node.ask("till_tcp:port()."))) as line:
        assert line.ask("sell apple 100") == "sold 100"
        assert [line.ask("turn"), line.ask("turn")] == ["shut", "open"]
        change_to(node, "upgrade", "3.0.0")
        assert line.ask("version") == "v3"
        assert line.ask("gate") == "{open,2}"
        assert line.ask("tax apple") == "19"
        assert line.ask("sell apple 7") == "sold 107"
        assert line.ask("total") == "2 sales, 107 sold, 7 at most"
        assert node.ask("sys:get_state(till_gate).") in {
            "{open,#{opened => 1,shut => 1}}",
            "{open,#{shut => 1,opened => 1}}",
        }
        change_to(node, "downgrade", "1.0.0")
        assert line.ask("version") == "v1"
        assert line.ask("total") == "2 sales, 107 sold"
        assert line.ask("gate") == "{open,2}"
        assert node.ask("ets:tab2list(till_stock).") == '[{<<"apple">>,107}]'
    assert processes(node) == before

"""What a new release has otherwise and no instruction brings to a running node.

The review must tell of it, and a live node shows that it is so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.doit_projects import run
from tests.nodes import Node, booted
from tests.test_appup_releases import DODO, build, go, node_of, tree
from tests.test_appup_releases import write as write_app
from tests.upgrade_sources import application, child, server, supervisor

WORK = Path("_build/default/relkit/shop/upgrade")
ARGUMENTS = "-sname inn@localhost\n-setcookie bV8nXq2LrT0zKe5w\n+P 5000\n+Q {}\n"
PORTS = {"1.0": 7000, "1.1": 9000}
START = {"1.0": "load", "1.1": "temporary"}


def write_host(libraries: Path, vsn: str, includes: str) -> None:
    """Compile the application that runs the tree of another below its own."""
    sources = {
        "host_app": application("host_sup"),
        "host_sup": supervisor(
            child("host_srv"), child(f"{includes}_sup", more=", type => supervisor")
        ),
        "host_srv": server("1"),
    }
    file = write_app(libraries, "host", vsn, sources) / "ebin/host.app"
    head, _, rest = file.read_text().partition("{vsn,")
    file.write_text(f"{head}{{included_applications,[{includes}]}},{{vsn,{rest}")


def build_inn(project: Path, vsn: str) -> str:
    """Build a release of the project."""
    return build(
        project,
        f"{vsn}.0",
        applications=["host", "lodger", "guest", "sasl", {"tool": START[vsn]}],
        lib_dirs=[f"lib-{vsn}"],
        vm_args=f"{vsn}.args",
        upgrade_from=[] if vsn == "1.0" else ["1.0.0"],
    )


@pytest.fixture(scope="module")
def inn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project with 1.0.0, where host includes lodger, and 1.1.0, where it
    includes guest. Both are in both, and what is not included runs by itself."""
    project = tmp_path_factory.mktemp("inn") / "project"
    project.mkdir()
    (project / "dodo.py").write_text(DODO)
    for vsn, includes in (("1.0", "lodger"), ("1.1", "guest")):
        libraries = project / f"lib-{vsn}"
        write_host(libraries, vsn, includes)
        for name in ("lodger", "guest", "tool"):
            write_app(libraries, name, "1.0", tree(name, "1"))
        (project / f"{vsn}.args").write_text(ARGUMENTS.format(PORTS[vsn]))
        build_inn(project, vsn)
    return project


def findings(project: Path, number: str) -> list[str]:
    """Return what the review says under a number, each in one line."""
    lines = (project / WORK / "review.txt").read_text().splitlines()
    return [line for line in lines if line.startswith(f"{number} ")]


def test_the_review_tells_what_waits_for_a_restart(inn: Path) -> None:
    words = [line.partition(": ")[2] for line in findings(inn, "RK774")]
    goes_on = "a running node goes on as it was started"
    assert words == [
        f"the start type of tool changed (load before, temporary now): {goes_on}",
        "the arguments of the VM, vm.args, changed (without +Q 7000, with +Q 9000): "
        + goes_on,
    ]


STOPS = "becomes included in host, but no instruction stops it as an application"
STARTS = "becomes an application of its own, but no instruction starts it"


def test_the_review_tells_of_inclusions(inn: Path) -> None:
    """Severe, once for each application and way."""
    text = (inn / WORK / "review.txt").read_text()
    assert text.count("SEVERE") == text.count("RK775 ") == 4
    for way, included, own in (("up", "guest", "lodger"), ("down", "lodger", "guest")):
        assert f"on the way {way}, {included} {STOPS}: it runs on beside that" in text
        assert f"on the way {way}, {own} {STARTS}: nothing of it runs" in text


def runs(node: Node) -> str:
    """Return the applications that run, whose servers run, and host's children."""
    return node.ask(
        "{[A || {A, _, _} <- application:which_applications(), "
        "A =:= lodger orelse A =:= guest orelse A =:= tool], "
        "[N || N <- [lodger_srv, guest_srv], whereis(N) =/= undefined], "
        "lists:sort([I || {I, P, _, _} <- supervisor:which_children(host_sup), "
        "is_pid(P)]), "
        "erlang:system_info(port_limit) div 8192}."
    )


def test_a_live_node_without_instructions(inn: Path, tmp_path: Path) -> None:
    """What the review says is so: lodger is gone, guest runs where it ran, so that the
    child of host does not; the command says it and leaves the version to be decided."""
    root = node_of(inn, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        assert runs(node) == "{[guest],[lodger_srv,guest_srv],[host_srv,lodger_sup],1}"
        done = node.command("upgrade", "1.1.0")
        assert done.returncode == 4
        assert "child guest_sup of host_sup does not run: its name" in done.stderr
        assert runs(node) == "{[guest],[guest_srv],[host_srv],1}"


def test_a_live_node_with_instructions(inn: Path, tmp_path: Path) -> None:
    """The counter-case: the instructions that the review asks for, in host's appup."""
    project = shutil.copytree(inn, tmp_path / "project", symlinks=True)
    run(project, "relkit", "appup", "host", "--write")
    appup = project / "rel/appups/host/1.1.appup"
    before, *ways = appup.read_text().split("{update,host_sup,supervisor}")
    assert len(ways) == 2
    edited = [before]
    for way, stop, start in zip(
        ways, ("guest", "lodger"), ("lodger", "guest"), strict=True
    ):
        first = f"{{apply,{{application,stop,[{stop}]}}}},\n"
        last = f",\n{{apply,{{application,start,[{start}]}}}}\n"
        instructions, end, rest = way.partition("\n  ]}")
        edited.append(
            f"{first}{{update,host_sup,supervisor}}{instructions}{last}{end}{rest}"
        )
    appup.write_text("".join(edited))
    build_inn(project, "1.1")
    assert findings(project, "RK775") == []
    root = node_of(project, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        go(node, "upgrade", "1.1.0")
        assert runs(node) == "{[lodger],[lodger_srv,guest_srv],[guest_sup,host_srv],1}"
        go(node, "downgrade", "1.0.0")
        assert runs(node) == "{[guest],[lodger_srv,guest_srv],[host_srv,lodger_sup],1}"

"""pipeline: tasks before the release that make code, tasks after it that use it."""

from __future__ import annotations

import hashlib

from tests.nodes import booted, build, copy_sample, ran, unpack


def test_the_whole_pipeline(tmp_path):
    project = copy_sample("pipeline", tmp_path)
    output = build(project, "checksum", "label")
    order = ran(output)
    wanted = ["generate", "compile", "release:fortune:prod:tar", "checksum"]
    assert sorted(wanted, key=order.index) == wanted
    tarball = project / "_build/prod/rel/fortune-2.0.0.tar.gz"
    digest, name = (project / "build/fortune.sha256").read_text().split()
    assert digest == hashlib.sha256(tarball.read_bytes()).hexdigest()
    assert (project / name).exists() or (tarball.parent / name).exists()
    assert (project / "build/label.txt").read_text() == (
        "fortune 2.0.0 is fortune-2.0.0.tar.gz\n"
    )
    root = unpack(tarball, tmp_path / "elsewhere")
    with booted(root, "fortune") as node:
        assert node.ask("fortune:count().") == "3"
        assert node.ask("fortune:tell(1).") == '<<"Let it crash.">>'


def test_a_changed_source_goes_all_the_way(tmp_path):
    project = copy_sample("pipeline", tmp_path)
    build(project, "checksum", "label")
    assert ran(build(project, "checksum", "label")) == []
    before = (project / "build/fortune.sha256").read_text()
    with open(project / "fortunes.txt", "a") as fortunes:
        fortunes.write("Measure twice.\n")
    again = ran(build(project, "checksum", "label"))
    assert {"generate", "compile", "release:fortune:prod:tar", "checksum"} <= {*again}
    assert (project / "build/fortune.sha256").read_text() != before
    root = unpack(
        project / "_build/prod/rel/fortune-2.0.0.tar.gz", tmp_path / "elsewhere"
    )
    with booted(root, "fortune") as node:
        assert node.ask("fortune:tell(4).") == '<<"Measure twice.">>'

"""Which files are made: one row for each artifact. How they are made: makers.py.

    _build/<env>/rel/<name>/
      bin/<name>                                        start_script
      lib/<app>-<vsn>/{ebin,priv,include}               lib
      erts-<vsn>/bin/                                   erts
      releases/RELEASES                                 RELEASES
      releases/start_erl.data                           start_erl.data
      releases/<vsn>/<name>.rel                         rel
      releases/<name>.rel, releases/<name>-<vsn>.rel    the same: release_handler wants
                                                        releases/X.rel in X.tar.gz
      releases/<vsn>/start.script                       script
      releases/<vsn>/start.boot                         boot
      releases/<vsn>/start_clean.{script,boot}          start_clean
      releases/<vsn>/no_dot_erlang.boot                 no_dot_erlang
      releases/<vsn>/sys.config                         sys.config
      releases/<vsn>/vm.args                            vm.args
      releases/<vsn>/consolidated/                      consolidated
    _build/<env>/rel/<name>-<vsn>.tar.gz                tar

A row is made from facets of the plan, from files the user wrote and from rows above
it, by a function without side effects. The trees (lib, erts, consolidated) and the
tarball are not rows: what they hold is not known before the disk is looked at.
This module is loaded on every run of doit, so it imports nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One artifact we promise to make."""

    name: str
    """Last part of the task's name; the key of its maker."""
    doc: str
    """One line for `doit list`."""
    paths: tuple[str, ...]
    """Below the release directory; `{name}` and `{vsn}` stand for the release's."""
    facets: tuple[str, ...]
    """The facets of the plan that its maker reads."""
    settings: tuple[str, ...] = ()
    """Settings of the profile that its maker reads; `overlay` stands for all those
    that templates see, `cookie_variable` for that part of `cookie`."""
    files: tuple[str, ...] = ()
    """Settings of the profile that name the files which its maker reads."""
    needs: tuple[str, ...] = ()
    """Rows whose first file its maker reads."""
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Something whose extent is not known before the disk is looked at."""

    name: str
    doc: str
    facets: tuple[str, ...]
    """The facets of the plan that its step reads."""
    settings: tuple[str, ...] = ()


BOOT_FACETS = ("apps", "specs", "target")

TABLE = (
    Row(
        name="rel",
        doc="the .rel file: which applications, versions and start types",
        paths=(
            "releases/{vsn}/{name}.rel",
            "releases/{name}.rel",
            "releases/{name}-{vsn}.rel",
        ),
        facets=("apps",),
    ),
    Row(
        name="script",
        doc="start.script, the boot script as text",
        paths=("releases/{vsn}/start.script",),
        facets=BOOT_FACETS,
        settings=("no_dot_erlang",),
    ),
    Row(
        name="boot",
        doc="start.boot, the boot script as the VM reads it",
        paths=("releases/{vsn}/start.boot",),
        facets=("target",),
        needs=("script",),
    ),
    Row(
        name="start_clean",
        doc="start_clean.script and .boot, which start no application of yours",
        paths=("releases/{vsn}/start_clean.boot", "releases/{vsn}/start_clean.script"),
        facets=BOOT_FACETS,
    ),
    Row(
        name="no_dot_erlang",
        doc="no_dot_erlang.boot: start_clean that does not read .erlang",
        paths=("releases/{vsn}/no_dot_erlang.boot",),
        facets=BOOT_FACETS,
    ),
    Row(
        name="sys.config",
        doc="sys.config, the applications' configuration",
        paths=("releases/{vsn}/sys.config",),
        facets=("identity",),
        settings=("overlay",),
        files=("sys_config",),
    ),
    Row(
        name="vm.args",
        doc="vm.args, the VM's arguments",
        paths=("releases/{vsn}/vm.args",),
        facets=("identity",),
        settings=("overlay", "cookie"),
        files=("vm_args",),
    ),
    Row(
        name="start_script",
        doc="bin/<name>, the start script",
        paths=("bin/{name}",),
        facets=("identity",),
        settings=("include_erts", "erl_opts", "run_erl_env", "cookie_variable"),
        mode=0o755,
    ),
    Row(
        name="RELEASES",
        doc="RELEASES, what release_handler knows of this installation",
        paths=("releases/RELEASES",),
        facets=("apps", "target"),
    ),
    Row(
        name="start_erl.data",
        doc="start_erl.data: which versions start",
        paths=("releases/start_erl.data",),
        facets=("identity",),
    ),
)

TREES = (
    Tree(
        name="lib",
        doc="the applications, copied (or linked in dev_mode) into lib/",
        facets=("sources", "target"),
        settings=("dev_mode", "include_src"),
    ),
    Tree(
        name="erts",
        doc="the run-time system, copied into erts-<vsn>/",
        facets=("target", "identity"),
        settings=("include_erts",),
    ),
    Tree(
        name="consolidated",
        doc="Elixir's consolidated protocols",
        facets=("identity",),
        settings=("dev_mode",),
    ),
    Tree(
        name="checks",
        doc="look for undefined functions, and for sources newer than objects",
        facets=("apps", "sources"),
        settings=("exref", "src_tests"),
    ),
)

ROWS = {row.name: row for row in TABLE}
"""The rows by name."""

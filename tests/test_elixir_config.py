"""An Elixir configuration in `sys_config`: evaluated as Mix does, and when to again."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.nodes import build, doit, path_without_erlang, ran

TASK = "release:quiet:default:config"
SYS_CONFIG = "_build/default/rel/quiet/releases/0.1.0/sys.config"
DODO = """\
from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "quiet",
            applications=["sasl"],
            include_erts=False,
            cookie="qX3vT8mZ1nR5kW9bL2dF",
            sys_config=["config/config.exs", "over.config"],
            tar=False,
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dodo.py").write_text(DODO)
    (tmp_path / "config").mkdir()
    (tmp_path / "over.config").write_text("[{quiet, [{over, true}]}].\n")
    return tmp_path


def configure(project: Path, text: str, name: str = "config") -> None:
    (project / f"config/{name}.exs").write_text(f"import Config\n{text}\n")


def configured(project: Path) -> str:
    return (project / SYS_CONFIG).read_text("utf-8")


VALUES = """
config :quiet,
  text: "grün <%= not_a_template %> <%% ${VAR}",
  chars: 'abc',
  far: [1, 1_000_000, 0x10FFFF],
  number: 1.0e-7,
  big: 123_456_789_012_345_678_901_234_567_890,
  map: %{:b => 1, :a => %{"k" => [nil, true]}, {1, 2} => :"odd atom"},
  bits: <<1::3>>,
  bytes: <<0, 255>>,
  fun: &String.upcase/1,
  improper: [1 | 2]
config :quiet, Quiet.Repo, pool: 3, opts: [a: 1]
config :quiet, Quiet.Repo, opts: [b: 2]
config :logger, level: :warning
"""


COMPARE = """
wanted = Config.Reader.read!("config/config.exs", env: :dev)
{:ok, [made]} = :file.consult(hd(System.argv()))
IO.inspect({
  Enum.sort(made[:quiet]) === Enum.sort([{:over, true} | wanted[:quiet]]),
  made[:logger],
  length(made[:quiet])
})
"""


def test_every_value_arrives_as_elixir_gives_it(project):
    configure(project, VALUES)
    build(project)
    answer = subprocess.run(
        ["elixir", "-e", COMPARE, SYS_CONFIG],
        check=True,
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert answer.stdout == "{true, [level: :warning], 12}\n"


def test_a_value_without_a_text_form_is_an_error(project):
    configure(project, "config :quiet, now: self(), later: fn -> 1 end")
    done = doit(project, "release")
    assert done.returncode == 1
    assert done.stdout.count("RK516 error") == 2, done.stdout
    assert "config/config.exs, evaluated" in done.stdout
    assert "{now,<" in done.stdout
    assert "{later,#Fun<" in done.stdout


def test_the_environment_is_told_in_every_way(project):
    old = 'use Mix.Config\nconfig :quiet, Mix.env(), System.get_env("MIX_ENV")'
    configure(project, 'config :quiet, env: config_env()\nimport_config "old.exs"')
    (project / "config/old.exs").write_text(old)
    dodo = (project / "dodo.py").read_text()
    named = 'environments=[environment("stage")],\n    releases=['
    dodo = dodo.replace("releases=[", named).replace("import ", "import environment, ")
    (project / "dodo.py").write_text(dodo)
    build(project)
    made = (project / SYS_CONFIG.replace("default", "stage")).read_text()
    assert "{env,stage}" in made
    assert '{stage,<<"stage">>}' in made


def test_a_missing_elixir_is_an_error(project, tmp_path_factory):
    configure(project, "config :quiet, a: 1")
    build(project)  # finds the OTP without a path to it, once that is known
    (project / "config/config.exs").write_text("import Config\n")
    path = path_without_erlang(tmp_path_factory.mktemp("path") / "bin")
    otp = Path(shutil.which("erl")).resolve().parent.parent
    done = doit(project, "release", PATH=path, ERL_ROOTDIR=str(otp))
    assert done.returncode == 1
    assert "RK546 error" in done.stdout
    assert "elixir is not on PATH" in done.stdout


IMPORTS = """
import_config "more.exs"
for file <- Path.wildcard("config/parts/*.exs"), do: import_config Path.expand(file)
config :quiet, version: File.read!("VERSION"), who: System.get_env("WHO", "nobody")
if File.exists?("config/local.exs"), do: import_config "local.exs"
"""


@pytest.fixture
def settled(project):
    configure(project, IMPORTS)
    configure(project, "config :quiet, more: 1", "more")
    (project / "config/parts").mkdir()
    configure(project, "config :quiet, part: 1", "parts/a")
    (project / "VERSION").write_text("1.0")
    time.sleep(0.03)  # what was just written is looked at again
    assert TASK in ran(build(project))
    assert TASK not in ran(build(project))
    return project


CHANGES = {
    "itself": ("config/config.exs", "import Config\nconfig :quiet, new: 1\n"),
    "imported": ("config/more.exs", "import Config\nconfig :quiet, more: [new: 1]\n"),
    "new by wildcard": ("config/parts/b.exs", "import Config\nconfig :quiet, new: 1\n"),
    "gone": ("config/parts/a.exs", None),
    "read": ("VERSION", "1.1 is new"),
    "looked for": ("config/local.exs", "import Config\nconfig :quiet, new: 1\n"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_file_that_it_looks_at_changes(settled, kind):
    path, text = CHANGES[kind]
    if text is None:
        (settled / path).unlink()
    else:
        (settled / path).write_text(text)
    assert "release:quiet:default:config" in doit(settled, "relkit", "plan").stdout
    assert TASK in ran(build(settled))
    made = configured(settled)
    assert "part" not in made if text is None else "new" in made
    time.sleep(0.03)
    build(settled)
    assert TASK not in ran(build(settled))


def test_a_variable_that_it_looks_at_changes(settled):
    why = doit(settled, "relkit", "why", TASK, WHO="me").stdout
    assert "the environment variable WHO changed" in why
    assert TASK in ran(build(settled, WHO="me"))
    assert '{who,<<"me">>}' in configured(settled)
    assert TASK not in ran(build(settled, WHO="me", OTHER="x"))
    database = b"".join(path.read_bytes() for path in settled.glob(".doit*"))
    assert b"WHO" in database


def test_what_is_the_same_again_makes_nothing_after_it(settled):
    configure(settled, "config :quiet, more: 1\n# with a remark", "more")
    names = [name for name in ran(build(settled)) if ":" in name]
    assert names == [TASK]


def test_clean(settled):
    build(settled, "clean")
    assert not (settled / "_build").exists()
    assert (settled / "config/config.exs").exists()

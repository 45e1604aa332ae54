"""The review of Elixir code: one upgrade that each finding is about, one it is not.

Which tests are about a finding (+), and about what is none (-). In the column Erlang
without a file: `test_upgrade_review.py`; in the column Elixir: here, where `module` is
`test_module`, which has a case for each.

| code  | Erlang                                       | Elixir                      |
|-------|----------------------------------------------|-----------------------------|
| RK760 | + record_changed_and_nothing_changes_it      | + - module                  |
|       | - record_changed_and_code_change_handles_it  |                             |
| RK761 | + state_that_cannot_be_read                  | + - module                  |
|       | - record_changed_and_code_change_handles_it  |                             |
| RK762 | + code_change_that_matches_the_new_record... | + - module                  |
|       | - code_change_for_another_version            |                             |
| RK763 | + - funs_held                                | + - funs_held               |
| RK764 | + - record_shared_with_a_module_left_out     | + - a_struct_shared_...     |
| RK765 | + - process_without_instruction              | + - module                  |
| RK766 | + - restart_nobody_asked_for                 | + - a_restart_...           |
| RK767 | + - child_that_does_not_list_its_module      | + - a_child_that_does_...   |
| RK768 | + - callback_mode                            | + - module                  |
| RK769 | + - advanced_without_code_change             | + - module                  |
| RK770 | `test_appup_children.py`                     | + - a_child_that_says_...   |
|       | + server_whose_child_says_dynamic            |                             |
|       | - dynamic_harms_..., dynamic_is_right_...    |                             |
| RK776 | + - a_process_of_another_kind                | + - a_supervisor_becomes... |
| RK777 | + - in `test_upgrade_kept_records.py`        | + - structs, there          |
| RK778 | + - in `test_upgrade_supervisor_inits.py`    | + - elixir, there           |
| RK779 | + - in `test_upgrade_messages.py`            | + - elixir, there           |
| RK790 | `test_upgrade_who_starts.py`                 | in the same file:           |
|       | + who_is_spawned_... - instructions_that_... | + elixir_task - elixir      |
| RK792 | + - instructions_that_leave_...              | + - elixir                  |
| RK795 | + - in `test_upgrade_first_start.py`         | + - elixir, there           |

What cannot occur in Elixir: RK764 for records, since those of `Record` are macros, and
nothing but tuples is left in the code; RK768 for a GenServer, which has no such
callback, but for a `:gen_statem`; RK769 and RK767 where `use GenServer` writes the
code_change and the child specification, so the cases have `@behaviour` alone, and
a map.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.review.findings import AppUpgrade
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import Built, elixir_versions

SOURCE = """
defmodule M.Steady do
  use GenServer
  def init(_), do: {:ok, %{a: 1}}
  def handle_call(_, _, s), do: {:reply, VSN, s}
end
defmodule M.Grows do
  use GenServer
  def init(_), do: {:ok, STATE}
end
defmodule M.Unread do
  use GenServer
  def init(some), do: {:ok, Enum.sort(some)}
  def handle_call(_, _, s), do: {:reply, VSN, s}
end
defmodule M.Lax do
  use GenServer
  defstruct FIELDS
  def init(_), do: {:ok, %__MODULE__{a: 1}}
  def code_change({:down, _}, s, _), do: {:ok, Map.delete(s, :b)}
  def code_change(_, %__MODULE__{a: _} = s, _), do: {:ok, Map.put(s, :b, VSN)}
end
defmodule M.Strict do
  use GenServer
  defstruct FIELDS
  def init(_), do: {:ok, %__MODULE__{a: 1}}
  def code_change({:down, _}, s, _), do: {:ok, Map.delete(s, :b)}
  def code_change(_, %__MODULE__{LAST: _} = s, _), do: {:ok, Map.put(s, :b, VSN)}
end
defmodule M.Bare do
  @behaviour GenServer
  def init(_), do: {:ok, 1}
  def handle_call(_, _, s), do: {:reply, VSN, s}
  def handle_cast(_, s), do: {:noreply, s}
end
defmodule M.Mode do
  @behaviour :gen_statem
  def init(_), do: {:ok, :on, 1}
  def callback_mode, do: MODE
  def on(_, _, _), do: :keep_state_and_data
  def handle_event(_, _, _, _), do: :keep_state_and_data
  def code_change(_, s, d, _), do: {:ok, s, d}
end
defmodule M.Other do
  def other, do: VSN
end
defmodule M.Listed do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    Supervisor.init(
      [
        %{id: :no, start: {M.Steady, :start_link, []}, modules: [M.Other]},
        %{id: :yes, start: {M.Steady, :start_link, []}, modules: [M.Steady]},
        M.Steady
      ],
      strategy: :one_for_one
    )
  end
end
defmodule M.Dynamic do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    Supervisor.init(
      [
        %{id: :no, start: {M.Steady, :start_link, []}, modules: :dynamic},
        %{id: :events, start: {M.Events, :start_link, []}, modules: :dynamic},
        %{id: :yes, start: {M.Steady, :start_link, []}, modules: [M.Steady]}
      ],
      strategy: :one_for_one
    )
  end
end
defmodule M.Events do
  @behaviour :gen_event
  def start_link, do: :gen_event.start_link({:local, __MODULE__})
  def init(s), do: {:ok, s}
  def handle_event(_, s), do: {:ok, s}
  def handle_call(_, s), do: {:ok, s, s}
end
"""
HELD = {
    "State": ("def init(_), do: {:ok, fn -> VSN end}", "is part of the state"),
    "Put": (
        "def init(_), do: (Process.put(:f, fn -> VSN end); {:ok, 1})",
        "is put into the process dictionary",
    ),
    "Spawn": (
        "def init(_), do: (spawn(fn -> VSN end); {:ok, 1})",
        "a process of its own runs",
    ),
    "Task": (
        "def init(_), do: (Task.start_link(fn -> VSN end); {:ok, 1})",
        "a process of its own runs",
    ),
    "Agent": (
        "def init(_), do: (Agent.start_link(fn -> fn -> VSN end end); {:ok, 1})",
        "is the state of an Agent",
    ),
    "Start": ("def init(_), do: (Agent.start_link(fn -> VSN end); {:ok, 1})", None),
    "Env": (
        "def init(_), do: (Application.put_env(:m, :f, fn -> VSN end); {:ok, 1})",
        "is put into the environment",
    ),
    "Table": (
        "def init(t), do: (:ets.insert(t, {:f, fn -> VSN end}); {:ok, 1})",
        "is put into an ETS table",
    ),
    "Term": (
        "def init(_), do: (:persistent_term.put(:f, fn -> VSN end); {:ok, 1})",
        "is put into persistent_term",
    ),
    "Sent": (
        "def init(p), do: (send(p, fn -> VSN end); {:ok, 1})",
        "is sent to another process",
    ),
    "Cast": (
        "def init(p), do: (GenServer.cast(p, {:run, fn -> VSN end}); {:ok, 1})",
        "is sent to another process",
    ),
    "Capture": ("def init(_), do: {:ok, &init/1, VSN}", "is part of the state"),
    "Used": ("def init(l), do: {:ok, Enum.map(l, fn x -> x + VSN end)}", None),
    "Remote": ("def init(_), do: {:ok, &M.Remote.init/1, VSN}", None),
    "Result": (
        "def init(t), do: (:ets.insert(t, {:v, (fn -> VSN end).()}); {:ok, 1})",
        None,
    ),
}
"""Modules that make a fun, by name, and who holds it."""

USERS = """
defmodule M.Lax do
  defstruct [:a]
end
defmodule U.Builds do
  def f, do: %M.Lax{a: 1}
end
defmodule U.Field do
  def f(%M.Lax{a: a}), do: a
end
defmodule U.Matches do
  def f(%M.Lax{}), do: 1
end
defmodule U.Names do
  def f, do: M.Lax
end
defmodule U.Sup do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    spec = %{id: :far, start: {U.Server, :start_link, []}, modules: :dynamic}
    Supervisor.init([spec], strategy: :one_for_one)
  end
end
defmodule U.Server do
  use GenServer
  def init(_), do: {:ok, 1}
end
"""


def source(vsn: str, state: str, fields: str, last: str, mode: str) -> str:
    """Return one version of the application."""
    held = [
        f"defmodule M.{name} do\n  use GenServer\n  {text}\nend\n"
        for name, (text, _) in HELD.items()
    ]
    text = SOURCE + "".join(held)
    text = text.replace("VSN", vsn).replace("STATE", state).replace("MODE", mode)
    return text.replace("FIELDS", fields).replace("LAST", last)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """Both versions of m, then an application u that was compiled with the first."""
    root = tmp_path_factory.mktemp("review")
    sources = {
        "1": source("1", "%{a: 1}", "[:a]", "a", ":state_functions"),
        "2": source("2", "%{a: 1, b: 2}", "[:a, :b]", "b", ":handle_event_function"),
    }
    (users,) = elixir_versions(root, "u", {"1": USERS})
    modules = {
        name: chunks
        for name, chunks in users.version.modules.items()
        if name.startswith("Elixir.U.")
    }
    users.version = replace(users.version, modules=modules)
    return [*elixir_versions(root, "m", sources), users]


@pytest.fixture(scope="module")
def found(built: list[Built]):
    """Return what reviews the generated instructions, or these in both directions."""
    old, new, users = (each.version for each in built)
    way = generate(old, new)

    @functools.cache
    def reviewed(up: str | None = None, restart_asked: bool = False):
        given = [
            tuple(step.instruction for step in steps)
            if up is None
            else tuple(parse_term(f"[{up}]."))
            for steps in (way.up, way.down)
        ]
        upgrade = AppUpgrade(
            old=old, new=new, up=given[0], down=given[1], restart_asked=restart_asked
        )
        return [each.diagnostic for each in review([upgrade], [users])]

    return reviewed


def about(diagnostics, code: Code, fact: str, value: str):
    """Return the findings of one code about one thing."""
    return [
        each
        for each in diagnostics
        if each.code is code and each.facts.get(fact) == value
    ]


STATIC = (
    "{update, 'Elixir.M.Mode', static, default, {advanced, []}, brutal_purge,"
    " brutal_purge, []}"
)
ADVANCED = "{update, 'Elixir.M.%s', {advanced, []}}"
CASES = [
    (Code.REVIEW_STATE, "Grows", None, 2, "Steady", None),
    (Code.REVIEW_STATE, "Grows", None, 2, "Lax", None),
    (Code.REVIEW_STATE_UNREAD, "Unread", None, 1, "Steady", None),
    (Code.REVIEW_CLAUSE, "Strict", None, 1, "Lax", None),
    (Code.REVIEW_NO_INSTRUCTION, "Steady", "", 2, "Other", ""),
    (Code.REVIEW_NO_INSTRUCTION, "Steady", "", 2, "Steady",
     "{load_module, 'Elixir.M.Steady'}"),
    (Code.REVIEW_CALLBACK_MODE, "Mode", "{update, 'Elixir.M.Mode', soft}", 2,
     "Mode", STATIC),
    (Code.REVIEW_NO_CODE_CHANGE, "Bare", ADVANCED % "Bare", 2,
     "Bare", "{update, 'Elixir.M.Bare', soft}"),
    (Code.REVIEW_NO_CODE_CHANGE, "Bare", ADVANCED % "Bare", 2,
     "Steady", ADVANCED % "Steady"),
]  # fmt: skip
"""Code; a module it is about, the instructions (None: generated), how often; a module
it is not about, and the instructions."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].name}-{case[4]}")
def test_module(found, case):
    code, module, up, times, other, other_up = case
    positive = about(found(up), code, "module", f"Elixir.M.{module}")
    assert len(positive) == times
    assert positive[0].place.file.endswith("m.ex")
    assert about(found(other_up), code, "module", f"Elixir.M.{other}") == []


@pytest.mark.parametrize("name", HELD)
def test_funs_held(found, name):
    told = about(found(), Code.REVIEW_HELD_FUN, "module", f"Elixir.M.{name}")
    holder = HELD[name][1]
    assert [each.facts["holder"] for each in told] == ([holder] if holder else [])
    assert all(each.place.line for each in told)


def test_a_struct_shared_with_a_module_left_out(found):
    told = about(found(), Code.REVIEW_SHARED, "what", "the struct %M.Lax{}")
    assert [each.facts["user"] for each in told] == [
        "Elixir.U.Builds",
        "Elixir.U.Field",
    ]
    assert told[0].facts["changes"] == "+b"


@pytest.mark.parametrize("up", ["{restart_application, m}", "restart_new_emulator"])
def test_a_restart_nobody_asked_for(found, up):
    def restarts(**how):
        return [e for e in found(up, **how) if e.code is Code.REVIEW_RESTART]

    assert len(restarts()) == 2
    assert restarts(restart_asked=True) == []


def test_a_child_that_does_not_list_its_module(found):
    told = [e for e in found() if e.code is Code.REVIEW_NOT_FOUND]
    assert [(each.facts["supervisor"], each.facts["child"]) for each in told] == [
        ("Elixir.M.Listed", "no")
    ]


def test_a_child_that_says_dynamic(found):
    """Also of an application that stays as it is; not if nobody is suspended."""
    told = [e for e in found() if e.code is Code.REVIEW_DYNAMIC]
    assert [(each.facts["supervisor"], each.facts["child"]) for each in told] == [
        ("Elixir.M.Dynamic", "no"),
        ("Elixir.U.Sup", "far"),
    ]
    load = "{load_module, 'Elixir.M.Steady'}"
    assert Code.REVIEW_DYNAMIC not in {each.code for each in found(load)}


KINDS = """
defmodule K.Top do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: Supervisor.init([K.In], strategy: :one_for_one)
end
defmodule K.In do
  use KIND
  def start_link(_), do: KIND.start_link(__MODULE__, [], name: __MODULE__)
  def init(_), do: INIT
end
"""
INIT = {
    "Supervisor": "Supervisor.init([], strategy: :one_for_one)",
    "DynamicSupervisor": "DynamicSupervisor.init(strategy: :one_for_one)",
}


def test_a_supervisor_becomes_a_dynamic_one(tmp_path):
    """Severe when it is updated; the generated appup exchanges it."""
    sources = {
        str(vsn): KINDS.replace("KIND", kind).replace("INIT", text)
        for vsn, (kind, text) in enumerate(INIT.items(), 1)
    }
    old, new = (each.version for each in elixir_versions(tmp_path, "k", sources))
    way = generate(old, new)
    exchange = tuple(step.instruction for step in way.up)
    update = tuple(parse_term("[{update, 'Elixir.K.In', supervisor}]."))
    for script, times in ((update, 2), (exchange, 0)):
        upgrade = AppUpgrade(old=old, new=new, up=script, down=script)
        told = [each.diagnostic.code for each in review([upgrade])]
        assert told == [Code.REVIEW_SWITCHED] * times

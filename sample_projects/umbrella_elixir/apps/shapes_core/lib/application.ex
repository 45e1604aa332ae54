defmodule ShapesCore.Application do
  use Application

  @impl true
  def start(_type, _args) do
    history = %{
      id: ShapesCore.History,
      start: {Agent, :start_link, [ShapesCore.History, :new, [], [name: ShapesCore.History]]}
    }

    Supervisor.start_link([history], strategy: :one_for_one, name: ShapesCore.Supervisor)
  end
end

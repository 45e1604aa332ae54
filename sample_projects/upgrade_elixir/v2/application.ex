defmodule Station.Application do
  use Application

  @impl true
  def start(_type, _args), do: Station.Supervisor.start_link([])
end

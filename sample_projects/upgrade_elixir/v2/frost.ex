defmodule Station.Frost do
  @moduledoc "How often it froze since this version runs."
  use GenServer

  def start_link(_arg), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def count, do: GenServer.call(__MODULE__, :count)
  def froze, do: GenServer.call(__MODULE__, :froze)

  @impl true
  def init(count), do: {:ok, count}

  @impl true
  def handle_call(:count, _from, count), do: {:reply, count, count}
  def handle_call(:froze, _from, count), do: {:reply, :ok, count + 1}
end

defmodule Station.Log do
  @moduledoc "What was measured, in degrees Celsius: a list, newest first."
  use GenServer

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)
  def add(reading), do: GenServer.call(__MODULE__, {:add, Station.Degrees.celsius(reading)})
  def report, do: GenServer.call(__MODULE__, :report)

  @impl true
  def init(_arg), do: {:ok, []}

  @impl true
  def handle_call({:add, celsius}, _from, readings), do: {:reply, :ok, [celsius | readings]}
  def handle_call(:report, _from, readings), do: {:reply, {:v1, readings}, readings}
end

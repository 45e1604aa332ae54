defmodule Station.Log do
  @moduledoc "What was measured, in degrees Celsius, and the lowest of it."
  use GenServer

  defstruct readings: [], lowest: nil

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)
  def add(reading), do: GenServer.call(__MODULE__, {:add, Station.Degrees.celsius(reading)})
  def report, do: GenServer.call(__MODULE__, :report)

  @impl true
  def init(_arg), do: {:ok, %__MODULE__{}}

  @impl true
  def handle_call({:add, celsius}, _from, log) do
    if celsius < 0, do: :ok = Station.Frost.froze()
    {:reply, :ok, from_list([celsius | log.readings])}
  end

  def handle_call(:report, _from, log), do: {:reply, {:v2, log.readings, log.lowest}, log}

  # Both ways are here: on the way down it is still this version that is asked.
  @impl true
  def code_change({:down, _vsn}, log, _extra), do: {:ok, log.readings}
  def code_change(_vsn, readings, _extra), do: {:ok, from_list(readings)}

  defp from_list(readings) do
    %__MODULE__{readings: readings, lowest: Enum.min(readings, fn -> nil end)}
  end
end

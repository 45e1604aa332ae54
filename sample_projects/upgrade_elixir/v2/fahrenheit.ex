defmodule Station.Fahrenheit do
  defstruct [:degrees]

  defimpl Station.Degrees do
    def celsius(reading), do: div((reading.degrees - 32) * 5, 9)
  end
end

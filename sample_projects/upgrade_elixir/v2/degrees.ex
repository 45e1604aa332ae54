defprotocol Station.Degrees do
  @doc "A reading in degrees Celsius."
  def celsius(reading)
end

defimpl Station.Degrees, for: Integer do
  def celsius(reading), do: reading
end

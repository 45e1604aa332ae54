defprotocol ShapesCore.Area do
  @doc "The area of a shape."
  def of(shape)
end

defmodule ShapesCore.Square do
  defstruct [:side]

  defimpl ShapesCore.Area do
    def of(square), do: square.side * square.side
  end
end

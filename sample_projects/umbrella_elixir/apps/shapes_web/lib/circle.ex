defmodule ShapesWeb.Circle do
  defstruct [:radius]

  # An implementation in another application than the protocol: the protocol must be
  # consolidated over the whole umbrella.
  defimpl ShapesCore.Area do
    def of(circle), do: 3 * circle.radius * circle.radius
  end
end

defmodule ShapesWeb do
  @doc "The areas of a square and a circle, and whether the protocol is consolidated."
  def report do
    {
      ShapesCore.History.ask(%ShapesCore.Square{side: 3}),
      ShapesCore.History.ask(%ShapesWeb.Circle{radius: 2}),
      Protocol.consolidated?(ShapesCore.Area)
    }
  end
end

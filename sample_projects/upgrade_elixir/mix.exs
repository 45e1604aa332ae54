defmodule Station.MixProject do
  use Mix.Project

  # The sources as they were at each version, so that one project can build both.
  @major System.get_env("STATION", "2")

  def project do
    [
      app: :station,
      version: "#{@major}.0.0",
      elixir: "~> 1.14",
      elixirc_paths: ["v#{@major}"],
      deps: []
    ]
  end

  def application do
    [mod: {Station.Application, []}]
  end
end

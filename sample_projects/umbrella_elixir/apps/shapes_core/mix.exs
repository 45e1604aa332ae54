defmodule ShapesCore.MixProject do
  use Mix.Project

  def project do
    [
      app: :shapes_core,
      version: "0.1.0",
      build_path: "../../_build",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      deps: []
    ]
  end

  def application do
    [mod: {ShapesCore.Application, []}]
  end
end

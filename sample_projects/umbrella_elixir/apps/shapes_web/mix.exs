defmodule ShapesWeb.MixProject do
  use Mix.Project

  def project do
    [
      app: :shapes_web,
      version: "0.2.0",
      build_path: "../../_build",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      deps: [{:shapes_core, in_umbrella: true}]
    ]
  end

  def application do
    [extra_applications: [:logger], mod: {ShapesWeb.Application, []}]
  end
end

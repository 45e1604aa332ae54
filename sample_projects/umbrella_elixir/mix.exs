defmodule Shapes.Umbrella.MixProject do
  use Mix.Project

  def project do
    [apps_path: "apps", version: "0.2.0", deps: []]
  end
end

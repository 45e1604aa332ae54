# Evaluates an Elixir configuration as Mix does, and notes what it looked at.
#
# Arguments: the file, the Mix environment, and the directory for the results:
#   terms      the configuration as one Erlang term
#   files      the files and directories that were read or looked for, one a line
#   variables  the names of the environment variables that were read, one a line
[file, env, results] = System.argv()
Mix.start()
Mix.env(String.to_atom(env))

note = fn note, found ->
  receive do
    {:trace, _, :call, {_, function, [argument | _]}} ->
      note.(note, [{function, to_string(argument)} | found])

    {:give, to} ->
      send(to, {:found, found})
  end
end

watcher = spawn(fn -> note.(note, []) end)
:erlang.trace_pattern({:os, :getenv, 1}, true, [])
for function <- [:read_file, :read_file_info, :list_dir],
    do: :erlang.trace_pattern({:file, function, :_}, true, [])

:erlang.trace(self(), true, [:call, tracer: watcher])
config = Config.Reader.read!(file, env: Mix.env(), target: Mix.target())
:erlang.trace(self(), false, [:call])
delivered = :erlang.trace_delivered(self())

receive do
  {:trace_delivered, _, ^delivered} -> send(watcher, {:give, self()})
end

found =
  receive do
    {:found, found} -> found |> Enum.uniq() |> Enum.sort()
  end

{variables, files} = Enum.split_with(found, fn {function, _} -> function == :getenv end)
lines = fn pairs -> Enum.map(pairs, fn {_, name} -> [name, ?\n] end) end
terms = :io_lib.format("~tp.~n", [config])
File.write!(Path.join(results, "terms"), :unicode.characters_to_binary(terms))
File.write!(Path.join(results, "files"), lines.(files))
File.write!(Path.join(results, "variables"), lines.(variables))

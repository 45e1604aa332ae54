%% How one version leads to another: with instructions while the node runs, or with a
%% restart of its run-time system, before or after them, or with a restart alone.
-module(relkit_relup).
-export([way/3, script/3]).

%% `live`; `last` (restart_emulator), `first` (restart_new_emulator: the instructions
%% are for the new run-time system); `alone` (--restart, which needs no relup).
way(#{restart := true}, _, _) -> alone;
way(Job, Package, From) ->
    Script = script(Job, Package, From),
    Restarts = [I || I <- Script, I =:= restart_emulator orelse I =:= restart_new_emulator],
    case {Restarts, Script} of
        {[], _} -> live;
        {[restart_emulator], _} -> last;
        {[restart_new_emulator], [restart_new_emulator | _]} -> first;
        _ ->
            relkit_words:stop(2, "the relup restarts the run-time system more than once, or "
                "the new one too late: that is not done here, use --restart", [])
    end.

%% The instructions from one version to another, as release_handler looks for them.
script(#{releases := Releases}, #{vsn := To, dir := Dir}, From) ->
    Above = Dir ++ "/releases/" ++ To ++ "/relup",
    Below = Releases ++ "/" ++ From ++ "/relup",
    {Ups, _} = relup(Above, To),
    {_, Downs} = relup(Below, From),
    case {lists:keyfind(From, 1, Ups), lists:keyfind(To, 1, Downs)} of
        {false, false} ->
            relkit_words:stop(2, "no relup leads from ~ts to ~ts: that of ~ts leads up from "
                "~ts, that of ~ts down to ~ts. With --restart the node restarts into "
                "version ~ts without one",
                [From, To, To, list(Ups), From, list(Downs), To]);
        {false, {_, _, Script}} -> Script;
        {{_, _, Script}, _} -> Script
    end.

relup(File, Vsn) ->
    Bad = fun() -> relkit_words:stop(2, "~ts", [relkit_words:reason({bad_relup_file, File})]) end,
    case filelib:is_regular(File) andalso relkit_files:consult(File) of
        false -> {[], []};
        {ok, [{Vsn, Ups, Downs}]} when length(Ups) >= 0, length(Downs) >= 0 ->
            lists:all(fun(Way) -> is_way(Way) end, Ups ++ Downs) orelse Bad(),
            {Ups, Downs};
        _ -> Bad()
    end.

is_way({Vsn, _, Script}) when length(Script) >= 0 -> io_lib:printable_unicode_list(Vsn);
is_way(_) -> false.

list([]) -> "none";
list(Ways) -> lists:join(", ", [element(1, Way) || Way <- Ways]).

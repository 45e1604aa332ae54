%% An upgrade that restarts the node: who starts it again, what that start is told, and
%% which version then runs.
%%
%% The start script takes what it is told from releases/.upgrade/restart, once (mend.sh).
%% That file gets its name when all is prepared; any start before that, and any start
%% after the one that took it, is one of the permanent version.
-module(relkit_restart).
-export([check/3, who/1, broke_off/4, install/5, alone/3, wait/4, withdraw/1, is_restarting/3, runs_again/1,
    starts/1, clean/1]).

%% Refuses what would not come back.
check(#{erts_included := Included, otp_lib := OtpLib} = Job, Way, #{vsn := Vsn, rel := Rel}) ->
    starter(Job),
    {release, _, {erts, Erts}, Apps} = Rel,
    lists:keymember(sasl, 1, Apps) orelse
        stop(2, "version ~ts has no sasl: once it runs, it cannot be made permanent", [Vsn]),
    Included orelse filelib:is_dir(filename:dirname(OtpLib) ++ "/erts-" ++ Erts) orelse
        stop(2, "version ~ts wants the run-time system ~ts, which is not in ~ts",
             [Vsn, Erts, filename:dirname(OtpLib)]),
    case relkit_node:ask(Job, application, get_env, [sasl, start_prg]) of
        {ok, Program} when Way =/= alone ->
            filelib:is_regular(Program) orelse
                stop(2, "start_prg of sasl is ~ts, which is not there: leave it away", [Program]);
        _ -> ok
    end.

%% What starts the node again; `daemon` is known to the start script, too.
starter(Job) ->
    case who(Job) of
        none ->
            stop(2, "this restarts the node, and nobody would start it again. Start it with "
                 "daemon, or put -heart into vm.args; where something else starts it "
                 "whenever it ends, set RELEASE_SUPERVISED=yes for it", []);
        Who -> Who
    end.

who(#{supervised := Given} = Job) ->
    Own = relkit_node:ask(Job, os, getenv, ["RELEASE_SUPERVISED"]),
    Heart = is_pid(relkit_node:ask(Job, erlang, whereis, [heart])),
    Command = relkit_node:ask(Job, os, getenv, ["HEART_COMMAND"]),
    No = [false, "", "no", "false", "0"],
    case [Who || Who <- [Own, Given], not lists:member(Who, No)] of
        _ when Heart, Command =/= false -> "heart";
        ["daemon" | _] -> "daemon";
        [_ | _] -> "supervisor";
        [] -> none
    end.

%% Lets release_handler install a version and restart the node: restarting | {error, Why},
%% or {badrpc, Why} if it did not end.
%%
%% At the end it calls heart:set_cmd with a command that none of our nodes has, and
%% crashes where there is no heart. So while it works, another process has the name of
%% heart and takes that call as the sign that all is prepared.
install(#{target := Target, releases := Releases} = Job, Way, Package, From, How) ->
    #{vsn := Vsn} = Package,
    Boot = case Way of first -> "__new_emulator__" ++ From; last -> Vsn end,
    relkit_files:keep(Job, "RELEASES"),
    tell(Job, Package, Boot, From),
    monitor_node(Target, true),
    Bindings = lists:foldl(
        fun({Name, Value}, All) -> erl_eval:add_binding(Name, Value, All) end,
        erl_eval:new_bindings(),
        [{'Client', self()}, {'Vsn', Vsn}, {'How', How},
         {'Told', Releases ++ "/.upgrade/told"}, {'Restart', Releases ++ "/.upgrade/restart"}]),
    spawn(Target, erl_eval, exprs, [parsed(in_place_of_heart()), Bindings]),
    Answer =
        receive
            {installed, Ended} -> Ended;
            {nodedown, Target} -> self() ! {nodedown, Target}, down
        end,
    case {Answer, is_told(Job)} of
        {_, true} -> restarting;
        {down, false} -> {badrpc, nodedown};
        {{answer, {error, Why}}, false} -> not_now(Job, Why);
        {Other, false} -> {badrpc, Other}
    end.

not_now(#{target := Target} = Job, Why) ->
    monitor_node(Target, false),
    relkit_files:restore(Job, "RELEASES"),
    {error, Why}.

%% What runs on the node.
in_place_of_heart() ->
    "Heart = whereis(heart), "
    "is_pid(Heart) andalso unregister(heart), "
    "register(heart, self()), "
    "{_, Watch} = spawn_monitor(fun() -> "
        "exit({answer, release_handler:install_release(Vsn, How)}) "
    "end), "
    "Handler = whereis(release_handler), "
    "Loop = fun Next() -> "
        "receive "
            "{Handler, set_cmd, _} -> Handler ! {heart, file:rename(Told, Restart)}, Next(); "
            "{'DOWN', Watch, process, _, Ended} -> Ended; "
            "Other -> is_pid(Heart) andalso (Heart ! Other), Next() "
        "end "
    "end, "
    "End = Loop(), "
    "unregister(heart), "
    "is_pid(Heart) andalso register(heart, Heart), "
    "Client ! {installed, End}.".

parsed(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    Exprs.

%% Restarts the node into a version that release_handler takes for one it installed.
alone(#{target := Target, releases := Releases} = Job, #{vsn := Vsn} = Package, From) ->
    relkit_files:keep(Job, "RELEASES"),
    {ok, [Known]} = file:consult(Releases ++ "/RELEASES"),
    New = [tried(Release, Vsn) || Release <- Known],
    Text = io_lib:format("%% ~s~n~tp.~n", [epp:encoding_to_string(utf8), New]),
    tell(Job, Package, Vsn, From),
    %% In place, so that it still belongs to whom it belongs.
    relkit_files:done(
        file:write_file(Releases ++ "/RELEASES", unicode:characters_to_binary(Text))),
    monitor_node(Target, true),
    relkit_files:done(file:rename(Releases ++ "/.upgrade/told", Releases ++ "/.upgrade/restart")),
    catch relkit_node:ask(Job, init, reboot, []),
    restarting.

%% release_handler calls it current once the node runs it, and unpacked if not.
tried({release, Name, Vsn, Erts, Libs, Status}, Vsn) when Status =/= permanent ->
    {release, Name, Vsn, Erts, Libs, tmp_current};
tried(Release, _) -> Release.

%% What take_restart in mend.sh reads: who starts the node; the versions of the run-time
%% system, of the boot file, of the release, and of the one before.
tell(#{releases := Releases} = Job, #{vsn := Vsn, rel := Rel}, Boot, From) ->
    {release, _, {erts, Erts}, _} = Rel,
    Line = lists:join(" ", [starter(Job), Erts, Boot, Vsn, From]),
    relkit_files:write(Releases ++ "/.upgrade/told", [Line, "\n"], 8#644).

%% Whether a start into the version is wanted, or was begun.
is_told(#{releases := Releases}) ->
    lists:any(
        fun(Name) -> filelib:is_regular(Releases ++ "/.upgrade/" ++ Name) end,
        ["restart", "restarting"]).

%% Takes back what no start has taken yet.
withdraw(#{releases := Releases}) -> file:delete(Releases ++ "/.upgrade/restart").

%% Waits until the node is gone and runs again, as this version; ends the command with
%% what runs else. The cookie of the version may be another one.
wait(#{target := Target, patience := Patience} = Job, Vsn, From, Cookie) ->
    receive
        {nodedown, Target} -> ok
    end,
    Cookies = lists:usort([list_to_atom(C) || C <- [Cookie], C =/= ""] ++ [erlang:get_cookie()]),
    case comes_up(Job, Cookies, erlang:monotonic_time(second) + Patience) of
        Vsn ->
            global:set_lock({relkit_upgrade, self()}, [Target], 5),
            ok;
        none ->
            put(gone, true),
            Taken = withdraw(Job) =/= ok,
            stop(4, "the node went down for version ~ts and does not answer after ~w s~ts. "
                 "The next start is one of version ~ts",
                 [Vsn, Patience, [", though it was started" || Taken], starts(Job)]);
        Other ->
            stop(4, "version ~ts did not come up (before: ~ts). The node restarted and runs ~ts",
                 [Vsn, From, Other])
    end.

starts(#{releases := Releases}) ->
    {_, Data} = file:read_file(Releases ++ "/start_erl.data"),
    case is_binary(Data) andalso string:lexemes(unicode:characters_to_list(Data), " \n") of
        [_, Vsn | _] -> Vsn;
        _ -> "none: releases/start_erl.data is missing or broken"
    end.

comes_up(#{target := Target} = Job, [Cookie | Others], Until) ->
    erlang:set_cookie(Target, Cookie),
    Late = erlang:monotonic_time(second) > Until,
    case relkit_node:up(Job) of
        Vsn when Vsn =/= none -> Vsn;
        none when Late -> none;
        _ ->
            timer:sleep(100),
            comes_up(Job, Others ++ [Cookie], Until)
    end.

%% Whether the applications restart, or soon do, since release_handler failed.
is_restarting(_, _, 0) -> false;
is_restarting(#{target := Target} = Job, Handler, Times) ->
    Status = rpc:call(Target, init, get_status, []),
    Now = rpc:call(Target, erlang, whereis, [release_handler]),
    case {Status, Now} of
        {{started, _}, Handler} ->
            timer:sleep(100),
            is_restarting(Job, Handler, Times - 1);
        _ -> true
    end.

%% Ends the command: release_handler broke off while it installed a version. Most of all
%% that is the node going down, since an application could not start or has ended. Who
%% would start it again is known from before; a daemon is so for an upgrade only.
broke_off(#{target := Target, releases := Releases} = Job, Vsn, Why, Who) ->
    case {relkit_node:goes_down(Job), Who} of
        {false, _} ->
            stop(4, "release_handler broke off the upgrade to ~ts: ~ts. ~ts runs on, between "
                 "two versions: restart it. It starts as ~ts",
                 [Vsn, relkit_words:reason(Why), Target, starts(Job)]);
        {true, By} when By =:= "heart"; By =:= "supervisor" ->
            %% So that the start which follows puts right what is half done.
            relkit_files:remove(Releases ++ "/.upgrade/before/owner"),
            stop(4, "~ts went down while it installed version ~ts: its log says why. ~ts",
                 [Target, Vsn, runs_again(Job)]);
        {true, _} ->
            put(gone, true),
            stop(4, "~ts went down while it installed version ~ts: its log says why. Nothing "
                 "starts it by itself. It starts as ~ts", [Target, Vsn, starts(Job)])
    end.

runs_again(#{target := Target, patience := Patience} = Job) ->
    case comes_up(Job, [erlang:get_cookie()], erlang:monotonic_time(second) + Patience) of
        none ->
            put(gone, true),
            relkit_words:say("~ts does not come back", [Target]);
        Vsn -> relkit_words:say("The node restarted and runs ~ts", [Vsn])
    end.

%% Between two run-time systems release_handler makes a release of its own.
clean(#{releases := Releases}) ->
    [
        relkit_files:remove(Path)
     || Path <- [Releases ++ "/new_start_erl.data"
                 | filelib:wildcard(Releases ++ "/__new_emulator__*")]
    ].

stop(Status, Format, Arguments) -> relkit_words:stop(Status, Format, Arguments).

%% The commands that change the version of a running node. Runs in the VM that asks;
%% on the node only functions of OTP are called.
%%
%% What stock release_handler writes in place is kept first, below releases/.upgrade,
%% so that a node killed at any moment starts again in a whole version: the start
%% script puts it back (upgrade.sh). Exit codes: see `help` there.
-module(relkit_upgrade).
-export([main/1]).

%% Takes a map, made in upgrade.sh; returns {ExitCode, Words}.
main(#{action := "versions", target := Target} = Job) ->
    try
        case relkit_node:ask(Job, erlang, whereis, [release_handler]) of
            undefined -> {1, ""};
            _ -> {0, lists:join("\n", relkit_node:versions(relkit_node:which(Job)))}
        end
    catch
        throw:gone -> {1, say("~ts went away meanwhile", [Target])};
        throw:{stop, _, Words} -> {1, Words}
    end;
main(#{action := Action} = Job) ->
    try
        open(Job),
        {0, act(Action, Job)}
    catch
        throw:{stop, 3, Words} -> {case get(runs) of undefined -> 3; _ -> 4 end, Words};
        throw:{stop, Status, Words} -> {Status, Words};
        throw:gone -> went(Job);
        Class:Reason:Stack ->
            unforeseen(Job, Class, Reason, Stack)
    after
        close(Job)
    end.

act("unpack", Job) ->
    Known = relkit_node:which(Job),
    #{vsn := Vsn} = Package = package(Job, Known),
    lists:keymember(Vsn, 1, Known) andalso
        stop(2, "version ~ts is unpacked already", [Vsn]),
    relkit_config:read(Job, Vsn, relkit_config:of_version(Job, Package)),
    register(Job, Known, Package),
    say("version ~ts is unpacked", [Vsn]);
act("install", #{version := Vsn} = Job) ->
    lists:keymember(Vsn, 1, relkit_node:which(Job)) orelse
        stop(2, "version ~ts is not unpacked", [Vsn]),
    act("upgrade", Job);
act("upgrade", Job) ->
    Known = relkit_node:which(Job),
    From = relkit_node:running(Known),
    #{vsn := Vsn} = Package = package(Job, Known),
    Vsn =/= From orelse stop(2, "version ~ts runs already", [Vsn]),
    relkit_config:read(Job, Vsn, relkit_config:of_version(Job, Package)),
    case relkit_relup:way(Job, Package, From) of
        live = Way -> relkit_config:same_cookie(Job, Package, relkit_package:installed(Job, From));
        Way -> relkit_restart:check(Job, Way, Package)
    end,
    register(Job, Known, Package),
    Installed = relkit_package:installed(Job, Vsn),
    Config = relkit_config:of_version(Job, Installed),
    relkit_install:go(Way, Job, Installed, From, Config),
    relkit_children:check(Way, Job, Installed, From),
    case Job of
        #{permanent := true} ->
            commit(Job, Vsn, From, Config),
            say("version ~ts runs (before: ~ts) and is permanent", [Vsn, From]);
        _ ->
            say("version ~ts runs (before: ~ts) until the node restarts: make it permanent "
                "with commit", [Vsn, From])
    end;
act("commit", #{version := Given} = Job) ->
    Known = relkit_node:which(Job),
    Vsn = relkit_node:running(Known),
    Given =:= "" orelse Given =:= Vsn orelse
        stop(2, "version ~ts does not run: ~ts does", [Given, Vsn]),
    case lists:keyfind(Vsn, 1, Known) of
        {_, _, permanent} -> say("version ~ts is permanent already", [Vsn]);
        _ ->
            Config = relkit_config:of_version(Job, relkit_package:installed(Job, Vsn)),
            relkit_config:read(Job, Vsn, Config),
            commit(Job, Vsn, Vsn, Config),
            say("version ~ts is permanent", [Vsn])
    end;
act("uninstall", #{version := Vsn} = Job) ->
    Known = relkit_node:which(Job),
    case lists:keyfind(Vsn, 1, Known) of
        false ->
            is_left(Job, Vsn) orelse stop(2, "version ~ts is not here", [Vsn]),
            remove(Job, Vsn, Known),
            say("version ~ts is gone", [Vsn]);
        {_, _, permanent} -> stop(2, "version ~ts is permanent: the node starts it", [Vsn]);
        {_, _, current} -> stop(2, "version ~ts runs", [Vsn]);
        _ -> uninstall(Job, Vsn, Known)
    end.

%% Refuses a node that cannot be changed from here; holds off everybody else.
open(#{target := Target, root := Root, releases := Releases} = Job) ->
    Status = element(1, relkit_node:ask(Job, init, get_status, [])),
    Status =:= started orelse
        stop(1, "~ts is ~ts: give the command when it is up", [Target, Status]),
    is_pid(relkit_node:ask(Job, erlang, whereis, [release_handler])) orelse
        stop(1, "~ts has no sasl, which does the upgrade: put sasl into the release", [Target]),
    {ok, Host} = relkit_node:ask(Job, inet, gethostname, []),
    There = relkit_node:ask(Job, code, root_dir, []),
    {{ok, Host}, There} =:= {inet:gethostname(), Root} orelse
        stop(1, "~ts runs from ~ts of ~ts, not from here", [Target, There, Host]),
    global:set_lock({relkit_upgrade, self()}, [Target], 0) orelse
        stop(75, "another upgrade of ~ts is going on", [Target]),
    [] =/= element(2, hd([K || {_, _, permanent} = K <- relkit_node:which(Job)])) orelse
        stop(1, "the node does not know what it is made of: ~ts/RELEASES is missing or "
             "broken", [Releases]),
    %% The lock is lost while the node restarts.
    relkit_files:is_owned(Job) andalso stop(75, "another upgrade of ~ts is going on", [Target]),
    put(locked, true),
    relkit_config:put_back(Job),
    relkit_files:remove(Releases ++ "/.upgrade"),
    Owner = Releases ++ "/.upgrade/before/owner",
    relkit_files:write(Owner, os:getpid(), 8#600),
    element(1, relkit_node:ask(Job, file, read_file, [Owner])) =:= ok orelse
        stop(1, "the node cannot read what is written here: give the commands as the user that "
             "runs it", []).

%% What was kept is needed no more, unless the node is gone: then it is looked at when
%% it starts.
close(#{releases := Releases} = Job) ->
    case {get(locked), get(gone)} of
        {undefined, _} -> ok;
        {true, undefined} ->
            relkit_config:put_back(Job),
            relkit_restart:clean(Job),
            relkit_files:remove(Releases ++ "/.upgrade");
        {true, true} ->
            [relkit_files:remove(Releases ++ "/.upgrade/" ++ Part)
             || Part <- ["stage", "before/owner"]]
    end.

%% A version that is installed can still take the node down.
went(Job) ->
    case {get(runs), get(who)} of
        {Vsn, Who} when Vsn =/= undefined, Who =/= undefined ->
            try
                relkit_restart:broke_off(Job, Vsn, nodedown, Who)
            catch
                throw:{stop, Status, Words} -> {Status, Words}
            end;
        _ -> {4, gone(Job)}
    end.

gone(#{releases := Releases, target := Target} = Job) ->
    put(gone, true),
    get(locked) =:= true andalso relkit_restart:withdraw(Job),
    Starts =
        case file:read_file(Releases ++ "/.upgrade/before/start_erl.data") of
            {ok, Before} -> Before;
            {error, _} -> element(2, file:read_file(Releases ++ "/start_erl.data"))
        end,
    say("~ts went away meanwhile. It starts as ~ts", [Target, lists:last(words(Starts))]).

%% A fault of these modules. What runs is looked at, since 3 says that all is as it was.
unforeseen(#{target := Target} = Job, Class, Reason, Stack) ->
    Said = say("this was not foreseen here, so please report it: ~s, ~ts~n~tp",
        [Class, relkit_words:reason(Reason), Stack]),
    case {get(runs), get(locked) =:= true andalso relkit_node:up(Job)} of
        {_, none} -> {4, say("~ts.~n~ts", [gone(Job), Said])};
        {undefined, Vsn} when is_list(Vsn) -> {3, say("~ts runs ~ts.~n~ts", [Target, Vsn, Said])};
        {undefined, false} -> {3, Said};
        {Vsn, _} -> {4, say("~ts runs ~ts.~n~ts", [Target, Vsn, Said])}
    end.

words(Text) -> string:lexemes(unicode:characters_to_list(Text), " \n").

%% ---- Which version, and whether it will do ----

%% Where a version is and what it is: #{vsn, dir, rel}; `stage` when it came from a
%% tarball that is unpacked there.
package(#{file := [_ | _] = File} = Job, Known) -> staged(Job, Known, File);
package(#{version := Vsn} = Job, Known) ->
    case {lists:keymember(Vsn, 1, Known), relkit_package:find(Job, Vsn)} of
        {true, _} -> relkit_package:installed(Job, Vsn);
        {false, nowhere} ->
            Package = relkit_package:installed(Job, Vsn),
            relkit_package:check(Job, Known, Package),
            Package;
        {false, File} -> staged(Job, Known, File)
    end.

staged(#{version := Wanted, releases := Releases} = Job, Known, File) ->
    #{rel := {release, {_, Vsn}, _, _}} = Read = relkit_package:read(Job, File),
    lists:member(Wanted, ["", Vsn]) orelse
        stop(2, "~ts holds version ~ts, not ~ts", [File, Vsn, Wanted]),
    is_sane(Vsn) orelse
        stop(2, "~ts holds a version ~tp: no such version can be used", [File, Vsn]),
    Package = Read#{vsn => Vsn, dir => Releases ++ "/.upgrade/stage"},
    case lists:keymember(Vsn, 1, Known) of
        true ->
            relkit_package:stage(Job, File, Package),
            relkit_package:same(Job, Package),
            relkit_package:installed(Job, Vsn);
        false ->
            relkit_package:fits(Known, maps:get(delta, Read)),
            relkit_package:stage(Job, File, Package),
            relkit_package:check(Job, Known, Package),
            Package#{stage => true}
    end.

is_sane(Vsn) ->
    re:run(Vsn, "^[A-Za-z0-9._+~-]+$", [dollar_endonly]) =/= nomatch
        andalso not lists:member(Vsn, [".", ".."]).

%% ---- What is changed ----

register(#{root := Root, otp_lib := OtpLib} = Job, Known, #{vsn := Vsn, rel := Rel} = Package) ->
    maps:is_key(stage, Package) andalso relkit_package:place(Job, Known, Package),
    lists:keymember(Vsn, 1, Known) orelse
        begin
            {release, _, _, Apps} = Rel,
            Own = own_libs(Job),
            Dirs = [{App, AppVsn, lib_dir(Root, OtpLib, Own, App, AppVsn)}
                    || {App, AppVsn} <- [{element(1, A), element(2, A)} || A <- Apps]],
            #{releases := Releases, name := Name} = Job,
            File = Releases ++ "/" ++ Vsn ++ "/" ++ Name ++ ".rel",
            try
                relkit_node:written(Job, ["RELEASES"], set_unpacked, [File, Dirs], Vsn)
            catch
                throw:{stop, 3, Words} ->
                    maps:is_key(stage, Package) andalso is_left(Job, Vsn)
                        andalso remove(Job, Vsn, Known),
                    stop(3, "~ts", [Words])
            end
        end.

%% Since OTP 25 a path that is not absolute is below the root.
own_libs(#{root := Root} = Job) ->
    Relative = [release_handler, root_dir_relative_read_file, 1],
    case relkit_node:ask(Job, erlang, function_exported, Relative) of
        true -> "lib";
        _ -> Root ++ "/lib"
    end.

lib_dir(Root, OtpLib, Own, App, Vsn) ->
    case filelib:is_dir(Root ++ "/lib/" ++ atom_to_list(App) ++ "-" ++ Vsn) of
        true -> Own;
        false -> OtpLib
    end.

%% Makes a version permanent; Before ran when the command was given.
commit(Job, Vsn, Before, Config) ->
    try
        commit(Job, Vsn, Config)
    catch
        throw:{stop, 3, Words} ->
            Starts = relkit_restart:starts(Job),
            Status = if Vsn =:= Before, Vsn =/= Starts -> 3; true -> 4 end,
            stop(Status, "~ts. The node runs ~ts; the version that it starts is ~ts",
                 [Words, Vsn, Starts])
    end.

commit(Job, Vsn, Config) ->
    {Old, _, _} = lists:keyfind(permanent, 3, relkit_node:which(Job)),
    relkit_node:written(Job, ["RELEASES", "start_erl.data"], make_permanent, [Vsn], Vsn),
    %% Not the template that release_handler names.
    relkit_install:next_boot(Job, Vsn, Config),
    new_script(Job, Vsn, Old).

%% The start script of a version comes with it, and stays in its directory.
new_script(#{root := Root, releases := Releases, name := Name}, Vsn, Old) ->
    Script = Root ++ "/bin/" ++ Name,
    Own = Releases ++ "/" ++ Vsn ++ "/" ++ Name ++ ".sh",
    [Now, New] = [file:read_file(File) || File <- [Script, Own]],
    case {Now, New} of
        {Same, Same} -> ok;
        {{ok, Text}, {ok, Other}} ->
            Kept = Releases ++ "/" ++ Old ++ "/" ++ Name ++ ".sh",
            filelib:is_regular(Kept) orelse relkit_files:write(Kept, Text, 8#755),
            relkit_files:write(Script, Other, 8#755);
        _ -> ok
    end.

uninstall(Job, Vsn, Known) ->
    lists:member(none, [rel(Job, V) || {V, _, _} <- Known])
        andalso stop(2, "a version has no .rel file: nothing is removed", []),
    relkit_node:written(Job, ["RELEASES"], set_removed, [Vsn], Vsn),
    remove(Job, Vsn, lists:keydelete(Vsn, 1, Known)),
    say("version ~ts is gone", [Vsn]).

%% Whether a command that was killed left a version that RELEASES does not name.
is_left(Job, Vsn) -> rel(Job, Vsn) =/= none.

%% Removes a version and what no other one uses. Its directory, which tells what that
%% is, goes last and at once: who is killed here can be followed by another uninstall.
remove(#{root := Root, releases := Releases} = Job, Vsn, Others) ->
    {Erts, Libs} = rel(Job, Vsn),
    Rels = [rel(Job, V) || {V, _, _} <- Others],
    Used = lists:append([L || {_, L, _} <- Others]),
    [relkit_files:remove(Root ++ "/lib/" ++ Lib) || Lib <- Libs -- Used],
    lists:member(none, Rels) orelse lists:keymember(Erts, 1, Rels) orelse
        relkit_files:remove(Root ++ "/erts-" ++ Erts),
    file:rename(Releases ++ "/" ++ Vsn, Releases ++ "/.upgrade/removed"),
    relkit_files:remove(Releases ++ "/.upgrade/removed").

%% The run-time system of a version and the directories of its applications, or none.
rel(#{releases := Releases, name := Name}, Vsn) ->
    case relkit_files:consult(Releases ++ "/" ++ Vsn ++ "/" ++ Name ++ ".rel") of
        {ok, [{release, {_, Vsn}, {erts, Erts}, Apps}]} ->
            {Erts, [atom_to_list(element(1, A)) ++ "-" ++ element(2, A) || A <- Apps]};
        _ -> none
    end.

say(Format, Arguments) -> relkit_words:say(Format, Arguments).

stop(Status, Format, Arguments) -> relkit_words:stop(Status, Format, Arguments).

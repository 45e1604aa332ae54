%% Takes the node to a version that is unpacked, and says what became of it if that fails.
-module(relkit_install).
-export([go/5, next_boot/3]).

%% Leaves the node in the version, or ends the command.
go(live, Job, #{vsn := Vsn} = Package, From, Config) ->
    ok = install(live, Job, Package, From, Config),
    put(runs, Vsn),
    new_paths(Job, Vsn, From);
go(Way, Job, #{vsn := Vsn} = Package, From, Config) ->
    Cookie = relkit_config:cookie(Job, Package),
    restarting =
        case Way of
            alone -> relkit_restart:alone(Job, Package, From);
            _ -> install(Way, Job, Package, From, Config)
        end,
    relkit_restart:wait(Job, Vsn, From, Cookie),
    put(runs, Vsn),
    Way =:= first andalso new_paths(Job, Vsn, From),
    next_boot(Job, Vsn, Config).

install(Way, #{target := Target, options := Options} = Job, #{vsn := Vsn} = Package, From, Config) ->
    Handler = relkit_node:ask(Job, erlang, whereis, [release_handler]),
    Before = relkit_config:of_version(Job, relkit_package:installed(Job, From)),
    Old = relkit_config:read(Job, From, Before),
    relkit_config:lend(Job, Vsn, Config),
    Way =:= first andalso relkit_config:lend(Job, From, Before),
    case relkit_node:attempt(Job, release_handler, check_install_release, [Vsn]) of
        {ok, _, _} -> ok;
        {Wrong, Why} when Wrong =:= error; Wrong =:= badrpc ->
            stop(2, "version ~ts cannot be installed: ~ts", [Vsn, relkit_words:reason(Why)])
    end,
    Env = relkit_node:ask(Job, application_controller, prep_config_change, []),
    How = [{update_paths, true} | Options],
    Who = relkit_restart:who(Job),
    Result =
        case Way of
            live ->
                monitor_node(Target, true),
                relkit_node:call(Job, release_handler, install_release, [Vsn, How]);
            _ -> relkit_restart:install(Job, Way, Package, From, How)
        end,
    case Result of
        {ok, _, _} ->
            put(who, Who), % it may go down yet, which that monitor tells
            ok;
        restarting -> restarting;
        {badrpc, Broken} -> relkit_restart:broke_off(Job, Vsn, Broken, Who);
        {error, Reason} -> failed(Job, Vsn, From, Handler, Reason, Old, Env)
    end.

%% What was consolidated for a version lies in a directory of that version.
new_paths(#{releases := Releases} = Job, Vsn, From) ->
    Dir = Releases ++ "/" ++ Vsn ++ "/consolidated",
    relkit_node:attempt(Job, code, del_path, [Releases ++ "/" ++ From ++ "/consolidated"]),
    filelib:is_dir(Dir) andalso relkit_node:attempt(Job, code, add_patha, [Dir]),
    [
        begin
            relkit_node:attempt(Job, code, purge, [Module]),
            relkit_node:attempt(Job, code, load_file, [Module])
        end
     || Beam <- filelib:wildcard(Dir ++ "/*.beam"),
        {ok, {Module, Sum}} <- [beam_lib:md5(Beam)],
        relkit_node:attempt(Job, erlang, get_module_info, [Module, md5]) =/= Sum
    ],
    relkit_node:attempt(Job, os, putenv, ["RELEASE_VSN", Vsn]).

%% release_handler restarts the applications when it fails after the point of no
%% return; before that, it leaves the new version's application data behind.
failed(#{releases := Releases} = Job, Vsn, From, Handler, Reason, Old, Env) ->
    Words = relkit_words:reason(Reason),
    case relkit_restart:is_restarting(Job, Handler, 10) of
        false ->
            {ok, File} = file:read_file(Releases ++ "/" ++ From ++ "/start.boot"),
            {script, _, Boot} = binary_to_term(File),
            Apps = [App || {apply, {application, load, [App]}} <- Boot]
                ++ [App || {kernelProcess, _, {application_controller, start, [App]}} <- Boot],
            relkit_node:attempt(Job, application_controller, change_application_data, [Apps, Old]),
            relkit_node:attempt(Job, application_controller, config_change, [Env]),
            stop(3, "version ~ts was not installed: ~ts. The node runs ~ts", [Vsn, Words, From]);
        true ->
            stop(4, "the upgrade to ~ts failed half-way: ~ts. ~ts",
                 [Vsn, Words, relkit_restart:runs_again(Job)])
    end.

%% What `restart` starts.
next_boot(#{releases := Releases} = Job, Vsn, Config) ->
    Boot = Releases ++ "/" ++ Vsn ++ "/start",
    relkit_node:ask(Job, init, make_permanent, [Boot, Config =/= "" andalso Config]).

stop(Status, Format, Arguments) -> relkit_words:stop(Status, Format, Arguments).

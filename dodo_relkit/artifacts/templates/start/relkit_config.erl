%% The configuration of a version as a start of it would have it, and lent to
%% release_handler, which reads one file only: releases/<vsn>/sys.config.
-module(relkit_config).
-export([of_version/2, cookie/2, same_cookie/3, read/3, lend/3, put_back/1]).

%% The file that the node would read, had it been started as this version: made by the
%% start script in the environment of the node. Empty when there is none.
%% release_handler takes one that it cannot read for an empty one.
of_version(Job, #{vsn := Vsn} = Package) ->
    {Path, Target, _} = answer(Job, Package),
    same_name(Job, Vsn, Target),
    Path.

%% The cookie that a node of the version has, or "" for that of the user.
cookie(Job, Package) ->
    {_, _, Cookie} = answer(Job, Package),
    Cookie.

answer(#{script := Script} = Job, #{vsn := Vsn, dir := Dir}) ->
    Own = Dir ++ "/releases/" ++ Vsn,
    More = [{"RELKIT_RELEASE_DIR", Own}, {"RELKIT_RELEASE_VSN", Vsn}, {"RELEASE_VSN", false}],
    Port = open_port({spawn_executable, "/bin/sh"},
        [{args, [Script, "config_of"]}, {env, environment(Job) ++ More}, exit_status, binary]),
    case output(Port, <<>>) of
        {0, Said} ->
            [Cookie, Target | Path] = lists:reverse(string:split(Said, "\n", all)),
            {text(lists:join("\n", lists:reverse(Path))), text(Target), text(Cookie)};
        _ -> relkit_words:stop(2, "the configuration of version ~ts cannot be made", [Vsn])
    end.

%% A running node keeps its name; the commands look for the one of the version.
same_name(#{target := Target}, Vsn, Other) ->
    Other =:= atom_to_list(Target) orelse
        relkit_words:stop(2, "version ~ts names the node ~tp, but it runs as ~ts: give it the "
            "same name in vm.args, or set RELEASE_NODE for the node and here",
            [Vsn, Other, Target]).

%% So it does its cookie; the commands take the one of the version that starts.
same_cookie(Job, #{vsn := Vsn} = Package, From) ->
    New = cookie(Job, Package),
    New =:= cookie(Job, From)
        orelse New =:= atom_to_list(relkit_node:ask(Job, erlang, get_cookie, []))
        orelse relkit_words:stop(2, "version ~ts has another cookie, but the node that runs "
            "keeps its own: give it the same one, set RELEASE_COOKIE for the node and here, "
            "or upgrade with --restart", [Vsn]).

text(Bytes) -> unicode:characters_to_list(Bytes).

output(Port, Text) ->
    receive
        {Port, {data, More}} -> output(Port, <<Text/binary, More/binary>>);
        {Port, {exit_status, Status}} -> {Status, Text}
    end.

%% The terms of a configuration, once it is sure that a start could read them.
read(_, _, "") -> [];
read(Job, Vsn, File) ->
    Wrong = fun(Words) ->
        relkit_words:stop(2, "the configuration of version ~ts cannot be used: ~ts (~ts)",
            [Vsn, Words, File])
    end,
    case relkit_files:consult(File) of
        {ok, [Terms]} when length(Terms) >= 0 ->
            [Wrong(relkit_words:say("~tP is not {Application, [{Key, Value}]}", [Term, 12]))
             || Term <- Terms, not is_part(Term)],
            Includes = [{Name, included(Job, File, Name)} || Name <- Terms, is_list(Name)],
            [Wrong(relkit_words:say("what it includes cannot be read: ~ts", [Name]))
             || {Name, Path} <- Includes, not is_readable(Path)],
            [proplists:get_value(Term, Includes, Term) || Term <- Terms];
        {ok, _} -> Wrong("it is not one list");
        {error, Why} -> Wrong(Why)
    end.

is_part({App, Env}) when is_atom(App), length(Env) >= 0 ->
    lists:all(fun(Pair) -> is_tuple(Pair) andalso size(Pair) =:= 2 end, Env);
is_part(File) -> is_list(File) andalso io_lib:printable_unicode_list(File).

%% Where a start looks for a file that sys.config names. release_handler does not look
%% beside sys.config.
included(Job, File, Name) ->
    Own = filename:rootname(Name, ".config") ++ ".config",
    Beside = filename:join(filename:dirname(File), Own),
    {ok, Cwd} = relkit_node:ask(Job, file, get_cwd, []),
    case filename:pathtype(Own) =:= relative andalso not filelib:is_regular(Beside) of
        true -> filename:join(Cwd, Own);
        false -> Beside
    end.

is_readable(Path) ->
    case relkit_files:consult(Path) of
        {ok, [Terms]} when length(Terms) >= 0 ->
            lists:all(fun(Term) -> is_tuple(Term) andalso is_part(Term) end, Terms);
        _ -> false
    end.

%% The variables of the node, as this VM has to write them down to get the same bytes.
environment(Job) ->
    Ways = {relkit_node:ask(Job, file, native_name_encoding, []), file:native_name_encoding()},
    [
        {Name, recoded(Ways, Value)}
     || Line <- relkit_node:ask(Job, os, getenv, []),
        [Name, Value] <- [string:split(Line, "=")],
        Name =/= "RELEASE_VSN",
        re:run(Name, "^[A-Za-z_][A-Za-z0-9_]*$") =/= nomatch
    ].

recoded({latin1, utf8}, Value) -> unicode:characters_to_list(list_to_binary(Value));
recoded({utf8, latin1}, Value) -> binary_to_list(unicode:characters_to_binary(Value));
recoded(_, Value) -> Value.

%% Puts a configuration where release_handler reads it, until put_back.
lend(_, _, "") -> ok;
lend(#{releases := Releases} = Job, Vsn, Config) ->
    Own = Releases ++ "/" ++ Vsn ++ "/sys.config",
    Kept = Releases ++ "/.upgrade/before/" ++ Vsn ++ ".config",
    Text = lent(Job, Vsn, Config),
    case file:read_file(Own) of
        {ok, Text} -> ok;
        {ok, _} ->
            relkit_files:done(file:rename(Own, Kept)),
            relkit_files:write(Own, Text, 8#600);
        {error, enoent} ->
            relkit_files:write(Kept, "none", 8#600),
            relkit_files:write(Own, Text, 8#600)
    end.

lent(Job, Vsn, Config) ->
    {ok, Text} = file:read_file(Config),
    case {file:consult(Config), read(Job, Vsn, Config)} of
        {{ok, [Terms]}, Terms} -> Text;
        {_, Terms} ->
            All = io_lib:format("%% ~s~n~tp.~n", [epp:encoding_to_string(utf8), Terms]),
            unicode:characters_to_binary(All)
    end.

put_back(#{releases := Releases}) ->
    [
        case file:read_file(Kept) of
            {ok, <<"none">>} -> file:delete(Place), file:delete(Kept);
            _ -> relkit_files:done(file:rename(Kept, Place))
        end
     || Kept <- filelib:wildcard(Releases ++ "/.upgrade/before/*.config"),
        Place <- [Releases ++ "/" ++ filename:basename(Kept, ".config") ++ "/sys.config"],
        filelib:is_dir(filename:dirname(Place))
    ].


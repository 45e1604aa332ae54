%% Files written as a whole or not at all, and kept before somebody else writes them.
%% A file that is kept lies in releases/.upgrade/before; `upgrade.sh` puts it back.
-module(relkit_files).
-export([keep/2, drop/2, restore/2, is_owned/1, consult/1, write/3, done/1, remove/1]).

keep(#{releases := Releases}, File) ->
    case {file:read_file(Releases ++ "/" ++ File), file:read_file_info(Releases ++ "/" ++ File)} of
        {{ok, Text}, {ok, Info}} ->
            write(Releases ++ "/.upgrade/before/" ++ File, Text, element(8, Info));
        {{error, Why}, _} ->
            relkit_words:stop(3, "cannot read releases/~ts: ~ts", [File, relkit_words:reason(Why)])
    end.

drop(#{releases := Releases}, File) -> file:delete(Releases ++ "/.upgrade/before/" ++ File).

restore(#{releases := Releases}, File) ->
    file:rename(Releases ++ "/.upgrade/before/" ++ File, Releases ++ "/" ++ File).

%% Whether the VM that keeps them is another one, and still there; as owner_runs in mend.sh.
is_owned(#{root := Root, releases := Releases}) ->
    case file:read_file(Releases ++ "/.upgrade/before/owner") of
        {ok, Pid} ->
            Line = file:read_file("/proc/" ++ binary_to_list(Pid) ++ "/cmdline"),
            os:cmd("kill -0 " ++ binary_to_list(Pid)) =:= "" andalso
                (element(1, Line) =:= error orelse
                    binary:match(element(2, Line), unicode:characters_to_binary(Root)) =/= nomatch);
        {error, _} -> false
    end.

%% {ok, Terms} | {error, Words}. file:consult/1 crashes on bytes that are no text.
consult(File) ->
    try file:consult(File) of
        {ok, Terms} -> {ok, Terms};
        {error, Why} -> {error, file:format_error(Why)}
    catch
        error:_ -> {error, "it is not in the encoding that it names, or in UTF-8"}
    end.

%% All of a file or nothing.
write(File, Text, Mode) ->
    New = File ++ ".new",
    make(filename:dirname(File)),
    done(file:write_file(New, "")),
    done(file:change_mode(New, Mode band 8#777)),
    done(file:write_file(New, Text)),
    done(file:rename(New, File)).

%% filelib:ensure_dir/1 says enoent for whatever it is.
make(Dir) ->
    filelib:is_dir(Dir) orelse
        begin
            make(filename:dirname(Dir)),
            done(file:make_dir(Dir))
        end.

done(ok) -> ok;
done({error, Why}) ->
    relkit_words:stop(3, "cannot write below releases: ~ts", [relkit_words:reason(Why)]).

remove(Path) ->
    case file:read_link_info(Path) of
        {error, enoent} -> ok;
        {ok, Info} when element(3, Info) =:= directory ->
            [remove(Path ++ "/" ++ Name) || Name <- element(2, file:list_dir_all(Path))],
            file:del_dir(Path);
        _ -> file:delete(Path)
    end.

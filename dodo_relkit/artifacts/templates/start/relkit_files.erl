%% Files written as a whole or not at all, and kept before somebody else writes them.
%% A file that is kept lies in releases/.upgrade/before; `upgrade.sh` puts it back.
-module(relkit_files).
-export([keep/2, drop/2, restore/2, is_owned/1, write/3, done/1, remove/1]).

keep(#{releases := Releases}, File) ->
    {ok, Text} = file:read_file(Releases ++ "/" ++ File),
    {ok, Info} = file:read_file_info(Releases ++ "/" ++ File),
    write(Releases ++ "/.upgrade/before/" ++ File, Text, element(8, Info)).

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

%% All of a file or nothing.
write(File, Text, Mode) ->
    New = File ++ ".new",
    done(filelib:ensure_dir(File)),
    done(file:write_file(New, "")),
    done(file:change_mode(New, Mode band 8#777)),
    done(file:write_file(New, Text)),
    done(file:rename(New, File)).

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

%% Which version a tarball brings, whether it is whole and fits, and how it gets below
%% the root: as a whole or not at all. Knows nothing of the running node.
-module(relkit_package).
-export([find/2, installed/2, read/2, fits/2, stage/3, same/2, check/3, place/3]).

%% The tarball of a version, at the places of Distillery and relx: a path or nowhere.
find(#{root := Root, name := Name}, Vsn) ->
    Dir = Root ++ "/releases/",
    Places = [
        Dir ++ Name ++ "-" ++ Vsn ++ ".tar.gz",
        Dir ++ Name ++ "-" ++ Vsn ++ ".delta.tar.gz",
        Dir ++ Vsn ++ "/" ++ Name ++ "-" ++ Vsn ++ ".tar.gz",
        Dir ++ Vsn ++ "/" ++ Name ++ ".tar.gz"
    ],
    case [Place || Place <- Places, filelib:is_regular(Place)] of
        [File | _] -> File;
        [] -> nowhere
    end.

%% A version that is unpacked: #{vsn, dir, rel}.
installed(#{root := Root, releases := Releases, name := Name}, Vsn) ->
    File = Releases ++ "/" ++ Vsn ++ "/" ++ Name ++ ".rel",
    filelib:is_regular(File) orelse
        refuse("there is no version ~ts: put ~ts-~ts.tar.gz into ~ts, or give its path",
            [Vsn, Name, Vsn, Releases]),
    case relkit_files:consult(File) of
        {ok, [{release, {_, Vsn}, _, _} = Rel]} -> #{vsn => Vsn, dir => Root, rel => Rel};
        _ -> refuse("~ts is not that of version ~ts", [File, Vsn])
    end.

%% What a whole tarball says of itself: #{rel, size, delta}.
read(#{name := Name}, File) ->
    Size = inflated_size(File),
    Table =
        case erl_tar:table(File, [compressed, verbose]) of
            {ok, Found} -> Found;
            {error, eof} ->
                broken(File, "it ends within a file. If it was compressed in several parts, "
                    "compress it in one");
            {error, Why} -> broken(File, relkit_words:reason(Why))
        end,
    [member(File, Path, Type) || {Path, Type, _, _, _, _, _} <- Table],
    Paths = [Path || {Path, _, _, _, _, _, _} <- Table],
    Rels = [Path || Path <- Paths, is_rel(parts(Path), Name)],
    case [Rel || {release, {Named, _}, _, _} = Rel <- consult_in(File, Rels), Named =:= Name] of
        [Rel | More] ->
            [Rel] =:= lists:usort([Rel | More]) orelse
                broken(File, ["its .rel files for ", Name, " differ"]),
            is_release(Rel) orelse
                broken(File, relkit_words:reason({bad_rel_data, Rel})),
            {release, {_, Vsn}, _, _} = Rel,
            Deltas = [Path || Path <- Paths, parts(Path) =:= ["releases", Vsn, "delta.config"]],
            #{rel => Rel, size => Size, delta => consult_in(File, Deltas)};
        [] ->
            refuse("~ts holds no release ~ts: no releases/~ts-<version>.rel", [File, Name, Name])
    end.

%% A tarball made by hand may have ./releases for releases.
parts(Path) ->
    case filename:split(Path) of
        ["." | Parts] -> Parts;
        Parts -> Parts
    end.

is_rel(["releases", Last], Name) -> lists:prefix(Name, Last) andalso is_rel_name(Last);
is_rel(["releases", _, Last], Name) -> Last =:= Name ++ ".rel";
is_rel(_, _) -> false.

is_rel_name(Name) -> filename:extension(Name) =:= ".rel".

%% What the commands put together to paths has no slash in it.
is_release({release, {_, Vsn}, {erts, Erts}, Apps}) when length(Apps) >= 0 ->
    IsApp = fun(App) ->
        is_tuple(App) andalso lists:member(size(App), [2, 3, 4])
            andalso is_atom(element(1, App)) andalso is_name(atom_to_list(element(1, App)))
            andalso is_name(element(2, App))
    end,
    io_lib:printable_unicode_list(Vsn) andalso is_name(Erts) andalso lists:all(IsApp, Apps);
is_release(_) -> false.

is_name(Text) ->
    io_lib:printable_unicode_list(Text) andalso Text =/= "" andalso not lists:member($/, Text).

member(File, Path, Type) ->
    is_list(Path) orelse broken(File, "a file name in it is not in UTF-8"),
    lists:member(Type, [regular, directory, symlink]) orelse
        broken(File, [Path, " in it is neither a file nor a directory nor a symbolic link"]),
    Safe = filename:pathtype(Path) =:= relative
        andalso not lists:member("..", filename:split(Path)),
    Safe orelse broken(File, ["it would write to ", Path]).

%% The terms of some files of a tarball.
consult_in(_, []) -> [];
consult_in(File, Paths) ->
    case erl_tar:extract(File, [compressed, memory, {files, Paths}]) of
        {ok, Read} -> lists:append([terms(File, Path, Text) || {Path, Text} <- Read]);
        {error, Why} -> broken(File, relkit_words:reason(Why))
    end.

terms(File, Path, Text) ->
    Encoding = case epp:read_encoding_from_binary(Text) of none -> utf8; Named -> Named end,
    Chars = unicode:characters_to_list(Text, Encoding),
    is_list(Chars) orelse
        broken(File, [Path, " is neither in UTF-8 nor says what it is in (% coding: latin-1)"]),
    case erl_scan:string(Chars) of
        {ok, Tokens, _} -> terms(File, Path, Tokens, [], []);
        _ -> broken(File, [Path, " cannot be read"])
    end.

terms(_, _, [], [], Terms) -> lists:reverse(Terms);
terms(File, Path, [{dot, _} = Dot | Tokens], Term, Terms) ->
    case erl_parse:parse_term(lists:reverse([Dot | Term])) of
        {ok, Read} -> terms(File, Path, Tokens, [], [Read | Terms]);
        _ -> broken(File, [Path, " cannot be read"])
    end;
terms(File, Path, [Token | Tokens], Term, Terms) ->
    terms(File, Path, Tokens, [Token | Term], Terms);
terms(File, Path, [], _, _) -> broken(File, [Path, " ends too early"]).

%% How much it unpacks to. zlib compares the check sums; an archive ends with zeros.
inflated_size(File) ->
    Fd =
        case file:open(File, [read, raw, binary]) of
            {ok, Opened} -> Opened;
            {error, Why} -> refuse("cannot read ~ts: ~ts", [File, relkit_words:reason(Why)])
        end,
    Z = zlib:open(),
    try
        zlib:inflateInit(Z, 31, reset),
        {Size, Tail} = inflate(Fd, Z, 0, <<>>),
        zlib:inflateEnd(Z),
        Tail =:= <<0:8192>> orelse error(cut),
        Size
    catch
        error:_ -> broken(File, "it is cut off, or damaged")
    after
        zlib:close(Z),
        file:close(Fd)
    end.

inflate(Fd, Z, Size, Tail) ->
    case file:read(Fd, 262144) of
        {ok, Data} ->
            Out = iolist_to_binary([Tail, zlib:inflate(Z, Data)]),
            Keep = max(0, byte_size(Out) - 1024),
            <<_:Keep/binary, NewTail/binary>> = Out,
            inflate(Fd, Z, Size + byte_size(Out) - byte_size(Tail), NewTail);
        eof -> {Size, Tail}
    end.

%% Unpacks to a directory of its own, where nobody looks for a version.
stage(#{free := Free}, File, #{dir := Stage, size := Size}) ->
    Needed = Size + Size div 10 + 1048576,
    Needed =< Free orelse
        refuse("the disk is too full: ~ts unpacks to ~w kB, ~w kB are free",
               [File, Needed div 1024, Free div 1024]),
    ok = filelib:ensure_dir(Stage ++ "/x"),
    case erl_tar:extract(File, [compressed, {cwd, Stage}]) of
        ok -> ok;
        {error, Why} -> refuse("cannot unpack ~ts: ~ts", [File, relkit_words:reason(Why)])
    end.

%% Refuses a version that is here with other content: that would be used.
same(#{root := Root, name := Name}, #{dir := Dir, vsn := Vsn}) ->
    Own = "/releases/" ++ Vsn,
    [
        refuse("version ~ts is here already, with another ~ts: uninstall it first, or give "
               "the new one another version", [Vsn, File])
     || File <- files(Dir ++ Own),
        file:read_file([Dir, Own, "/", File]) =/= file:read_file([Root, Own, "/", File])
    ],
    [same_code(Dir, Root, Lib, Name) || Lib <- dirs(Dir, "lib")],
    ok.

%% Refuses what cannot run here: `Known` has the `which_releases` of the node.
check(#{root := Root, name := Name, otp_lib := OtpLib} = Job, Known, #{rel := Rel, dir := Dir}) ->
    {release, {_, Vsn}, {erts, Erts}, Apps} = Rel,
    Places = [Dir ++ "/lib/", Root ++ "/lib/", OtpLib ++ "/"],
    Absent = [
        App ++ "-" ++ AppVsn
     || {App, AppVsn} <- apps(Apps),
        not lists:any(
            fun(Place) -> filelib:is_dir(Place ++ App ++ "-" ++ AppVsn ++ "/ebin") end, Places)
    ],
    Absent =:= [] orelse
        refuse("version ~ts wants what is neither in it nor here: ~ts",
               [Vsn, lists:join(", ", Absent)]),
    Boot = Dir ++ "/releases/" ++ Vsn ++ "/start.boot",
    filelib:is_regular(Boot) orelse refuse("version ~ts has no start.boot", [Vsn]),
    is_boot(Boot, Vsn) orelse refuse("start.boot of version ~ts is no boot file of it", [Vsn]),
    Program = "/erts-" ++ Erts ++ "/bin/erlexec",
    maps:get(erts_included, Job) =:= false orelse
        lists:any(fun(Place) -> filelib:is_regular(Place ++ Program) end, [Dir, Root]) orelse
        refuse("version ~ts wants the run-time system ~ts, which is neither in it nor here",
               [Vsn, Erts]),
    Used = lists:append([Libs || {_, Libs, _} <- Known]),
    [same_code(Dir, Root, Lib, Name) || Lib <- dirs(Dir, "lib"), lists:member(Lib, Used)],
    ok.

is_boot(File, Vsn) ->
    {ok, Text} = file:read_file(File),
    case catch binary_to_term(Text) of
        {script, {_, Vsn}, [_ | _]} -> true;
        _ -> false
    end.

%% A delta fits where one of its baselines is. `delta.config` is made in
%% artifacts/delta.py.
fits(_, []) -> ok;
fits(Known, Terms) ->
    case {lists:keyfind(delta, 1, Terms), lists:keyfind(fits, 1, Terms)} of
        {{delta, 1}, {fits, Fits}} ->
            Here = [{Vsn, digest(Libs)} || {Vsn, Libs, _} <- Known],
            lists:any(fun(Fit) -> lists:member(Fit, Here) end, Fits) orelse
                refuse("this tarball only holds what changed since ~ts, and ~ts: take the "
                       "full tarball, or one made for what is here",
                       [lists:join(", ", [Vsn || {Vsn, _} <- Fits]), not_here(Fits, Here)]);
        _ ->
            refuse("delta.config of the tarball is of a kind that is not known here", [])
    end.

not_here(Fits, Here) ->
    case [Vsn || {Vsn, _} <- Fits, lists:keymember(Vsn, 1, Here)] of
        [] -> ["here is ", lists:join(", ", [Vsn || {Vsn, _} <- Here])];
        Same -> ["the ", lists:join(", ", Same), " that is here has other applications"]
    end.

digest(Libs) ->
    Sum = erlang:md5(unicode:characters_to_binary([[Lib, "\n"] || Lib <- lists:sort(Libs)])),
    lists:flatten([io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= Sum]).

apps(Apps) -> [{atom_to_list(element(1, App)), element(2, App)} || App <- Apps].

%% The same version of an application must not have other code: the old one would stay.
same_code(Dir, Root, Lib, Name) ->
    New = beams(Dir ++ "/lib/" ++ Lib),
    Old = beams(Root ++ "/lib/" ++ Lib),
    Differ = [
        filename:basename(Beam, ".beam")
     || {Beam, File} <- New, differs(File, proplists:get_value(Beam, Old))
    ],
    Differ =:= [] orelse not filelib:is_dir(Root ++ "/lib/" ++ Lib) orelse
        refuse("~ts is here already with other code in ~ts: nothing of it would be used. "
               "Give that application another version and build ~ts again",
               [Lib, lists:join(", ", Differ), Name]).

beams(Dir) -> [{filename:basename(File), File} || File <- filelib:wildcard(Dir ++ "/ebin/*.beam")].

differs(_, undefined) -> true;
differs(New, Old) ->
    file:read_file(New) =/= file:read_file(Old) andalso
        beam_lib:md5(New) =/= beam_lib:md5(Old).

%% Moves everything to its place; the directory of the version comes last, so that a
%% version whose directory is there is whole. What is there stays, like in
%% unpack_release, unless no version uses it. A cookie of the tarball would be that of
%% every version here.
place(#{root := Root, name := Name}, Known, #{dir := Dir, rel := {release, {_, Vsn}, _, _}}) ->
    Used = lists:append([Libs || {_, Libs, _} <- Known]),
    Trash = Root ++ "/releases/.upgrade/trash",
    [
        move(Dir ++ "/lib/" ++ Lib, Root ++ "/lib/" ++ Lib, Trash)
     || Lib <- dirs(Dir, "lib"),
        not (lists:member(Lib, Used) andalso filelib:is_dir(Root ++ "/lib/" ++ Lib))
    ],
    [move(Dir ++ "/" ++ Erts, Root ++ "/" ++ Erts, Trash)
     || "erts-" ++ _ = Erts <- dirs(Dir, ""), not filelib:is_dir(Root ++ "/" ++ Erts)],
    Own = Dir ++ "/releases/" ++ Vsn,
    Rels = [Own ++ "/" ++ Name ++ ".rel", Dir ++ "/releases/" ++ Name ++ "-" ++ Vsn ++ ".rel",
            Dir ++ "/releases/" ++ Name ++ ".rel"],
    [Rel | _] = [File || File <- Rels, filelib:is_regular(File)],
    Rel =:= hd(Rels) orelse done(element(1, file:copy(Rel, hd(Rels)))),
    filelib:is_regular(Dir ++ "/bin/" ++ Name) andalso
        done(file:rename(Dir ++ "/bin/" ++ Name, Own ++ "/" ++ Name ++ ".sh")),
    [
        begin
            done(filelib:ensure_dir(Root ++ "/" ++ File)),
            done(file:rename(Dir ++ "/" ++ File, Root ++ "/" ++ File))
        end
     || File <- files(Dir),
        is_other(filename:split(File), Vsn),
        not filelib:is_regular(Root ++ "/" ++ File)
    ],
    move(Own, Root ++ "/releases/" ++ Vsn, Trash).

is_other(["lib" | _], _) -> false;
is_other(["erts-" ++ _ | _], _) -> false;
is_other(["releases", Vsn | _], Vsn) -> false;
is_other(["releases", File], _) ->
    not lists:member(File, ["RELEASES", "start_erl.data", "COOKIE"]) andalso not is_rel_name(File);
is_other(_, _) -> true.

move(From, To, Trash) ->
    case file:read_link_info(To) of
        {error, enoent} -> done(filelib:ensure_dir(To));
        _ ->
            Away = Trash ++ integer_to_list(erlang:unique_integer([positive])),
            done(file:rename(To, Away))
    end,
    done(file:rename(From, To)).

done(ok) -> ok;
done({error, Why}) ->
    refuse("cannot put the new version into place: ~ts", [relkit_words:reason(Why)]).

files(Dir) ->
    Below = length(Dir) + 1,
    filelib:fold_files(Dir, "", true, fun(File, All) -> [lists:nthtail(Below, File) | All] end, []).

dirs(Dir, Below) ->
    case file:list_dir(filename:join(Dir, Below)) of
        {ok, Names} ->
            lists:sort([N || N <- Names, filelib:is_dir(filename:join([Dir, Below, N]))]);
        {error, _} -> []
    end.

broken(File, Words) -> refuse("~ts cannot be used: ~ts", [File, Words]).

%% Ends the command. Nothing was changed that anybody looks at.
refuse(Format, Arguments) -> relkit_words:stop(2, Format, Arguments).

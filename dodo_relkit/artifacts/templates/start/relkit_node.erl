%% What the node is asked and told. Only functions of OTP are called there.
-module(relkit_node).
-export([ask/4, which/1, running/1, versions/1, written/5]).

ask(#{target := Target}, Module, Function, Arguments) ->
    case rpc:call(Target, Module, Function, Arguments, infinity) of
        {badrpc, nodedown} -> throw(gone);
        Answer -> Answer
    end.

which(Job) ->
    All = ask(Job, release_handler, which_releases, []),
    [{Vsn, Libs, Status} || {_, Vsn, Libs, Status} <- All].

running(Known) ->
    case lists:keyfind(current, 3, Known) of
        {Vsn, _, _} -> Vsn;
        false -> element(1, lists:keyfind(permanent, 3, Known))
    end.

versions(Known) ->
    Runs = running(Known),
    [
        io_lib:format("~s ~ts ~s", [mark(Vsn =:= Runs), Vsn, Status])
     || {Vsn, _, Status} <- lists:keysort(1, Known)
    ].

mark(true) -> "*";
mark(false) -> " ".

%% Lets release_handler write files that are kept before, and put back if it fails.
written(Job, Files, Function, Arguments, Vsn) ->
    [relkit_files:keep(Job, File) || File <- Files],
    case ask(Job, release_handler, Function, Arguments) of
        {error, Why} ->
            [relkit_files:restore(Job, File) || File <- Files],
            Words = relkit_words:reason(Why),
            relkit_words:stop(3, "~s of version ~ts failed: ~ts", [Function, Vsn, Words]);
        _ -> [relkit_files:drop(Job, File) || File <- Files]
    end.

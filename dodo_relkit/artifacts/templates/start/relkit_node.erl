%% What the node is asked and told. Only functions of OTP are called there.
-module(relkit_node).
-export([ask/4, attempt/4, call/4, goes_down/1, which/1, running/1, versions/1, up/1, written/5]).

%% What a function gives that fails only where something is wrong with the node.
ask(Job, Module, Function, Arguments) ->
    case attempt(Job, Module, Function, Arguments) of
        {badrpc, Why} ->
            relkit_words:stop(3, "the node cannot do ~s:~s: ~ts",
                [Module, Function, relkit_words:reason(Why)]);
        Answer -> Answer
    end.

%% What a function gives, or {badrpc, Why}.
attempt(Job, Module, Function, Arguments) ->
    case call(Job, Module, Function, Arguments) of
        {badrpc, nodedown} -> throw(gone);
        {badrpc, {'EXIT', {_, {gen_server, call, [release_handler | _]}}}} = Failed ->
            goes_down(Job) andalso throw(gone),
            Failed;
        Answer -> Answer
    end.

%% The same, where the node may go down by what it does: {badrpc, nodedown}. One that is
%% told to stop is gone.
call(#{target := Target}, Module, Function, Arguments) ->
    case rpc:call(Target, Module, Function, Arguments, infinity) of
        {badrpc, nodedown} = Down -> Down;
        {badrpc, _} = Failed ->
            case rpc:call(Target, init, get_status, [], infinity) of
                {started, _} -> Failed;
                {badrpc, _} -> {badrpc, nodedown};
                _ -> throw(gone)
            end;
        Answer -> Answer
    end.

%% Whether the node goes down or is. init says `started` while it does if nobody told it to.
goes_down(#{patience := Patience} = Job) ->
    goes_down(Job, 10, erlang:monotonic_time(second) + Patience).

goes_down(_, 0, _) -> false;
goes_down(#{target := Target} = Job, Times, Until) ->
    receive
        {nodedown, Target} ->
            self() ! {nodedown, Target},
            true
    after 200 ->
        Late = erlang:monotonic_time(second) > Until,
        case rpc:call(Target, application, which_applications, [], 10000) of
            {badrpc, Why} when Late; Why =:= nodedown -> true;
            {badrpc, _} -> goes_down(Job, Times, Until);
            _ -> goes_down(Job, Times - 1, Until)
        end
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

%% The version that runs once all applications are started; none if they are not, or if
%% nobody answers. init says `started` also while the node goes down because one could
%% not start.
up(#{target := Target}) ->
    Call = fun(Module, Function) -> rpc:call(Target, Module, Function, [], 10000) end,
    Up = net_kernel:hidden_connect_node(Target) =:= true
        andalso is_started(Call(init, get_status))
        andalso is_list(Call(application, which_applications)),
    case Up andalso Call(release_handler, which_releases) of
        [_ | _] = Releases ->
            case running([{Vsn, Libs, Status} || {_, Vsn, Libs, Status} <- Releases]) of
                "__new_emulator__" ++ _ -> none;
                Vsn -> Vsn
            end;
        _ -> none
    end.

is_started({started, _}) -> true;
is_started(_) -> false.

%% Lets release_handler write files that are kept before, and put back if it fails.
written(Job, Files, Function, Arguments, Vsn) ->
    [relkit_files:keep(Job, File) || File <- Files],
    case attempt(Job, release_handler, Function, Arguments) of
        {Wrong, Why} when Wrong =:= error; Wrong =:= badrpc ->
            [relkit_files:restore(Job, File) || File <- Files],
            Words = relkit_words:reason(Why),
            relkit_words:stop(3, "~s of version ~ts failed: ~ts", [Function, Vsn, Words]);
        _ -> [relkit_files:drop(Job, File) || File <- Files]
    end.

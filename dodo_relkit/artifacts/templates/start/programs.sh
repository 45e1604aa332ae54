
# ---- What the asking VM runs ------------------------------------------------

# A VM of its own does the asking: erl_call would need the cookie as an argument.
# Nothing of the text below, of what is asked or of the cookie is an argument either:
# all goes through the environment, which only the same user can read.

# Evaluates the text of a variable.
erl_loader='{ok, T, _} = erl_scan:string(os:getenv("RELKIT_PROGRAM")),
    {ok, E} = erl_parse:parse_exprs(T), erl_eval:exprs(E, []).'

# Binds Env, which gives a variable as UTF-8 and forgets it, and Finish, which ends
# the VM when all output is out; slowly and in order if applications were started.
erl_prelude='
Env = fun(Name) ->
    Text = case {os:getenv(Name), file:native_name_encoding()} of
        {false, _} -> <<>>;
        {Bytes, latin1} -> list_to_binary(Bytes);
        {Chars, utf8} -> unicode:characters_to_binary(Chars)
    end,
    os:unsetenv(Name),
    Text
end,
Env("RELKIT_PROGRAM"),
io:setopts(standard_io, [{encoding, unicode}]),
io:setopts(standard_error, [{encoding, unicode}]),
Complain = fun(Text) -> io:put_chars(standard_error, [Text, "\n"]) end,
Finish = fun(Status) ->
    Started = [App || {App, _, _} <- application:which_applications()],
    case Started -- [kernel, stdlib, compiler, elixir] of
        [] ->
            catch logger_std_h:filesync(default),
            halt(Status);
        _ ->
            init:stop(Status),
            receive after infinity -> ok end
    end
end,
'

# Binds Target; goes on when the node answers.
erl_connect='
case Env("RELKIT_COOKIE") of
    <<>> -> ok;
    Cookie -> erlang:set_cookie(node(), binary_to_atom(Cookie, latin1))
end,
Target = binary_to_atom(Env("RELKIT_TARGET"), utf8),
[Name, Host] = string:split(atom_to_list(Target), "@"),
Registered = fun() ->
    case catch erl_epmd:port_please(Name, Host, 3000) of
        {port, _, _} -> true;
        _ -> false
    end
end,
Connect = fun() -> net_kernel:hidden_connect_node(Target) =:= true end,
Refused = fun() ->
    Complain(case Registered() of
        true -> ["node ", atom_to_list(Target), " refuses the connection: ",
                 "is this its cookie?"];
        false -> ["node ", atom_to_list(Target), " is not running"]
    end),
    Finish(1)
end,
'

erl_ping='
case Connect() of
    true -> io:put_chars("pong\n"), Finish(0);
    false -> io:put_chars("pang\n"), Refused()
end.
'

erl_pid='
Connect() orelse Refused(),
io:put_chars([rpc:call(Target, os, getpid, []), "\n"]),
Finish(0).
'

# Prints the process id when it is one of this machine, after the node is gone.
erl_stop='
Connect() orelse Refused(),
Pid = rpc:call(Target, os, getpid, []),
There = rpc:call(Target, inet, gethostname, []),
monitor_node(Target, true),
ok = rpc:call(Target, init, stop, []),
receive {nodedown, Target} -> ok end,
[io:put_chars([Pid, "\n"]) || There =:= inet:gethostname()],
Finish(0).
'

erl_restart='
Connect() orelse Refused(),
ok = rpc:call(Target, init, restart, []),
Finish(0).
'

erl_reboot='
Connect() orelse Refused(),
case rpc:call(Target, erlang, whereis, [heart]) of
    undefined ->
        Complain("the node has no heart that would start it again: "
                 "put -heart into vm.args, or use restart"),
        Finish(1);
    _ ->
        ok = rpc:call(Target, init, reboot, []),
        Finish(0)
end.
'

# Waits until the operating system process has started all its applications. init says
# `started` also while the node goes down because one could not start.
erl_wait='
Pid = binary_to_list(Env("RELKIT_PID")),
Until = erlang:monotonic_time(second) + binary_to_integer(Env("RELKIT_SECONDS")),
Started = fun() ->
    Connect() andalso rpc:call(Target, os, getpid, []) =:= Pid andalso
        case rpc:call(Target, init, get_status, []) of
            {started, _} -> is_list(rpc:call(Target, application, which_applications, []));
            _ -> false
        end
end,
Wait = fun Loop() ->
    Gone = os:cmd("kill -0 " ++ Pid) =/= "",
    Late = erlang:monotonic_time(second) > Until,
    case Gone orelse Started() of
        true when Gone -> 1;
        true -> 0;
        false when Late -> 2;
        false -> timer:sleep(100), Loop()
    end
end,
Finish(Wait()).
'

# Binds Program and Bindings: what evaluates the user text, here or elsewhere, to
# {ok, Term}, {shown, Text} or {error, Text}; and Report, which prints that.
erl_evaluate='
Language = Env("RELKIT_LANGUAGE"),
File = Env("RELKIT_FILE"),
Source = case {Env("RELKIT_SOURCE"), File} of
    {Given, <<>>} -> Given;
    _ ->
        case file:read_file(File) of
            {ok, Read} -> Read;
            {error, Why} ->
                Complain(["cannot read ", File, ": ", file:format_error(Why)]),
                halt(1)
        end
end,
Arguments = [Env("RELKIT_ARGUMENT_" ++ integer_to_list(Number))
    || Number <- lists:seq(1, binary_to_integer(Env("RELKIT_ARGUMENTS")))],
{ok, Tokens, _} = erl_scan:string(binary_to_list(Env("RELKIT_EVALUATOR"))),
{ok, Program} = erl_parse:parse_exprs(Tokens),
Bindings = lists:foldl(
    fun({Variable, Bound}, All) -> erl_eval:add_binding(Variable, Bound, All) end,
    erl_eval:new_bindings(),
    [{list_to_atom("Language"), Language}, {list_to_atom("Source"), Source},
     {list_to_atom("Kind"), Env("RELKIT_KIND")},
     {list_to_atom("File"), case File of <<>> -> <<"nofile">>; _ -> File end},
     {list_to_atom("Arguments"), Arguments}]),
Report = fun
    ({value, {ok, Term}, _}) -> io:format("~tp~n", [Term]), Finish(0);
    ({value, {shown, Shown}, _}) -> io:put_chars([Shown, "\n"]), Finish(0);
    ({value, {error, Shown}, _}) -> Complain(Shown), Finish(1);
    ({badrpc, Reason}) -> Complain(io_lib:format("~tp", [Reason])), Finish(1)
end,
'

# What Program is.
erl_evaluator='
Elixir = Language =:= <<"elixir">>,
ElixirModule = fun(Name) -> list_to_atom(lists:flatten(["Elixir.", Name])) end,
Chars = fun(Text) -> unicode:characters_to_list(Text) end,
Erlang = fun(Text) ->
    Fail = fun({Line, Module, Reason}) ->
        throw({syntax, io_lib:format("line ~w: ~ts", [Line, Module:format_error(Reason)])})
    end,
    Tokens = case erl_scan:string(Chars(Text)) of
        {ok, Scanned, _} -> Scanned;
        {error, About, _} -> Fail(About)
    end,
    Dot = fun(Token) -> element(1, Token) =:= dot end,
    Each = fun
        Loop([], Last, _) -> Last;
        Loop(More, _, Bound) ->
            {One, Rest} = lists:splitwith(fun(Token) -> not Dot(Token) end, More),
            case erl_parse:parse_exprs(One ++ [{dot, 1}]) of
                {ok, Exprs} ->
                    {value, Next, NowBound} = erl_eval:exprs(Exprs, Bound),
                    Loop(lists:nthtail(min(1, length(Rest)), Rest), Next, NowBound);
                {error, Wrong} -> Fail(Wrong)
            end
    end,
    Each(Tokens, ok, erl_eval:new_bindings())
end,
Call = fun(Text) ->
    case re:run(Text, "^:?([\\w.]+)[.:]([^./:]+)/(\\d+)$", [unicode, {capture, all_but_first, list}]) of
        {match, [Module, Function, Arity]} ->
            Alias = hd(Module) =:= string:to_upper(hd(Module)),
            Given = case {Language, Alias} of
                {<<"erlang">>, false} -> [Chars(Argument) || Argument <- Arguments];
                _ -> Arguments
            end,
            Passed = case list_to_integer(Arity) of
                1 when Kind =:= <<"argv">> -> [Given];
                Number when Number =:= length(Given) -> Given;
                Number ->
                    throw({syntax, io_lib:format("~ts takes ~w arguments, ~w are given",
                        [Text, Number, length(Given)])})
            end,
            Called = case Alias of
                true -> ElixirModule(string:replace(Module, "Elixir.", ""));
                false -> list_to_atom(Module)
            end,
            apply(Called, list_to_atom(Function), Passed);
        nomatch ->
            throw({syntax, ["--mfa wants Module.function/arity, got ", Text]})
    end
end,
Inspect = fun(Term) ->
    (ElixirModule("Kernel")):inspect(Term,
        [{pretty, true}, {limit, infinity}, {printable_limit, infinity}])
end,
try
    Elixir andalso ({ok, _} = application:ensure_all_started(elixir)),
    Value = case {Kind, Elixir} of
        {<<"expression">>, true} ->
            Code = ElixirModule("Code"),
            element(1, Code:eval_string(Source, [], [{file, File}]));
        {<<"expression">>, false} -> Erlang(Source);
        _ -> Call(Source)
    end,
    case Elixir of
        true -> {shown, Inspect(Value)};
        false -> {ok, Value}
    end
catch
    throw:{syntax, Message} -> {error, unicode:characters_to_binary(Message)};
    Class:Reason:Stack when Elixir ->
        {error, (ElixirModule("Exception")):format(Class, Reason, Stack)};
    Class:Reason:Stack ->
        {error, unicode:characters_to_binary(
            io_lib:format("~ts: ~tp~n~tp", [Class, Reason, Stack]))}
end.
'

erl_rpc='
Connect() orelse Refused(),
Report(rpc:call(Target, erl_eval, exprs, [Program, Bindings])).
'

erl_eval='
Report(erl_eval:exprs(Program, Bindings)).
'

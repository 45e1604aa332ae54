%% The comparison partner of the tests: evaluates Erlang expressions for them.
%% A request is a 4-byte length and term_to_binary({Expression, Input}); the text
%% Expression is evaluated with the variable In bound to Input. The answer is a
%% 4-byte length and term_to_binary({ok, Value}) or ({raised, Class, Reason}).
-module(oracle).
-export([main/0]).

main() ->
    Port = open_port({fd, 0, 1}, [binary, {packet, 4}, eof]),
    {ok, Null} = file:open("/dev/null", [write]),
    group_leader(Null, self()),
    loop(Port).

loop(Port) ->
    receive
        {Port, {data, Request}} ->
            port_command(Port, term_to_binary(answer(binary_to_term(Request)))),
            loop(Port);
        {Port, eof} ->
            halt(0)
    end.

answer({Expression, In}) ->
    try
        {ok, Tokens, _} = erl_scan:string(Expression),
        {ok, Exprs} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Exprs, [{'In', In}]),
        {ok, Value}
    catch
        Class:Reason -> {raised, Class, Reason}
    end.

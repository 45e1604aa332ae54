%% A line of a client to the line that answers it.
-module(till_words).
-export([answer/1]).

answer(Line) -> do(string:lexemes(Line, " \r\n")).

do([<<"version">>]) ->
    <<"v2">>;
do([<<"sell">>, Item, Amount]) ->
    sell(till_gate:look(), Item, binary_to_integer(Amount));
do([<<"total">>]) ->
    #{sales := Sales, sum := Sum} = till_total:read(),
    io_lib:format("~b sales, ~b sold", [Sales, Sum]);
do([<<"turn">>]) ->
    atom_to_binary(till_gate:turn());
do([<<"gate">>]) ->
    io_lib:format("~p", [till_gate:look()]);
do([<<"ring">>]) ->
    {Sound, Times} = till_bell:ring(),
    io_lib:format("~s ~b", [Sound, Times]);
do([<<"audit">>]) ->
    io_lib:format("~b", [till_audit:count()]);
do([<<"tax">>, Item]) ->
    io_lib:format("~b", [till_stock:tax(Item)]);
do(_) ->
    <<"what?">>.

sell({shut, _}, _Item, _Amount) ->
    <<"shut">>;
sell({open, _}, Item, Amount) ->
    ok = till_total:add(Amount),
    ok = till_audit:note(Item),
    io_lib:format("sold ~b", [till_stock:sell(Item, Amount)]).

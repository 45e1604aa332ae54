%% How much was sold in all: a map; in version 2 without the largest sale.
-module(till_total).
-behaviour(gen_server).
-export([start_link/0, add/1, read/0]).
-export([init/1, handle_call/3, handle_cast/2, code_change/3]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

add(Amount) -> gen_server:call(?MODULE, {add, Amount}, infinity).

read() -> gen_server:call(?MODULE, read, infinity).

init([]) -> {ok, #{sales => 0, sum => 0, largest => 0}}.

handle_call({add, Amount}, _From, #{sales := Sales, sum := Sum, largest := Largest}) ->
    Largest1 = max(Amount, Largest),
    {reply, ok, #{sales => Sales + 1, sum => Sum + Amount, largest => Largest1}};
handle_call(read, _From, State) ->
    {reply, State, State}.

handle_cast(_Message, State) -> {noreply, State}.

code_change({down, v1}, #{sales := Sales, sum := Sum}, _Extra) -> {ok, {Sales, Sum}};
code_change(v1, {Sales, Sum}, _Extra) ->
    {ok, #{sales => Sales, sum => Sum, largest => 0}};
code_change({down, _}, State, _Extra) -> {ok, maps:remove(largest, State)};
code_change(_, State, _Extra) -> {ok, State#{largest => 0}}.

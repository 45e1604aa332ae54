%% Owns the table of what was sold: {Item, Sold}.
-module(till_stock).
-vsn(v1).
-behaviour(gen_server).
-export([start_link/0, sell/2]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% The answer is how many of it were sold so far.
sell(Item, Amount) -> gen_server:call(?MODULE, {sell, Item, Amount}, infinity).

init([]) -> {ok, ets:new(?MODULE, [named_table])}.

handle_call({sell, Item, Amount}, _From, Table) ->
    {reply, ets:update_counter(Table, Item, Amount, {Item, 0}), Table}.

handle_cast(_Message, Table) -> {noreply, Table}.

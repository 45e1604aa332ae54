%% Owns the table of what was sold: {{item, Item}, Sold, Tax}; in version 2
%% the key was the item alone.
-module(till_stock).
-behaviour(gen_server).
-export([start_link/0, sell/2, tax/1]).
-export([init/1, handle_call/3, handle_cast/2, code_change/3]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% The answer is how many of it were sold so far.
sell(Item, Amount) -> gen_server:call(?MODULE, {sell, Item, Amount}, infinity).

tax(Item) -> gen_server:call(?MODULE, {tax, Item}, infinity).

init([]) -> {ok, ets:new(?MODULE, [named_table])}.

handle_call({sell, Item, Amount}, _From, Table) ->
    Counts = [{2, Amount}, {3, tax:on(Amount)}],
    [Sold, _] = ets:update_counter(Table, {item, Item}, Counts, {{item, Item}, 0, 0}),
    {reply, Sold, Table};
handle_call({tax, Item}, _From, Table) ->
    {reply, ets:lookup_element(Table, {item, Item}, 3), Table}.

handle_cast(_Message, Table) -> {noreply, Table}.

code_change({down, v1}, Table, _Extra) ->
    Rows = [{Item, Sold} || {{item, Item}, Sold, _} <- ets:tab2list(Table)],
    {ok, replace(Table, Rows)};
code_change(v1, Table, _Extra) ->
    Rows = [{{item, Item}, Sold, tax:on(Sold)} || {Item, Sold} <- ets:tab2list(Table)],
    {ok, replace(Table, Rows)};
code_change({down, _}, Table, _Extra) ->
    Rows = [{Item, Sold, Tax} || {{item, Item}, Sold, Tax} <- ets:tab2list(Table)],
    {ok, replace(Table, Rows)};
code_change(_, Table, _Extra) ->
    Rows = [{{item, Item}, Sold, Tax} || {Item, Sold, Tax} <- ets:tab2list(Table)],
    {ok, replace(Table, Rows)}.

replace(Table, Rows) ->
    true = ets:delete_all_objects(Table),
    true = ets:insert(Table, Rows),
    Table.

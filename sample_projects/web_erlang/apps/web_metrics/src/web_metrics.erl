-module(web_metrics).
-behaviour(gen_server).
-export([start_link/0, count/1, counts/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

count(Path) ->
    gen_server:cast(?MODULE, {count, Path}).

%% Returns how often each path was asked for, as a map.
counts() ->
    gen_server:call(?MODULE, counts).

init([]) ->
    {ok, #{}}.

handle_call(counts, _From, Counts) ->
    {reply, Counts, Counts}.

handle_cast({count, Path}, Counts) ->
    {noreply, maps:update_with(Path, fun(N) -> N + 1 end, 1, Counts)}.

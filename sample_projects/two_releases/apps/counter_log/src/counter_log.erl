-module(counter_log).
-behaviour(gen_server).
-export([start_link/0, next/0, all/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

next() ->
    gen_server:call(?MODULE, next).

all() ->
    gen_server:call(?MODULE, all).

init([]) ->
    {ok, []}.

handle_call(next, _From, Seen) ->
    N = counter:next(),
    {reply, N, [N | Seen]};
handle_call(all, _From, Seen) ->
    {reply, lists:reverse(Seen), Seen}.

handle_cast(_Request, Seen) ->
    {noreply, Seen}.

%% Rings; the state is how often it did.
-module(till_bell).
-behaviour(gen_server).
-export([start_link/0, ring/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

ring() -> gen_server:call(?MODULE, ring, infinity).

init([]) -> {ok, 0}.

handle_call(ring, _From, Rung) -> {reply, {chime:sound(), Rung + 1}, Rung + 1}.

handle_cast(_Message, Rung) -> {noreply, Rung}.

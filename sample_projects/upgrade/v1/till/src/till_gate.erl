%% Whether the shop is open or shut; the data is how often that changed.
-module(till_gate).
-vsn(v1).
-behaviour(gen_statem).
-export([start_link/0, turn/0, look/0]).
-export([callback_mode/0, init/1, handle_event/4]).

start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

turn() -> gen_statem:call(?MODULE, turn).

look() -> gen_statem:call(?MODULE, look).

callback_mode() -> handle_event_function.

init([]) -> {ok, open, 0}.

handle_event({call, From}, turn, open, Turns) ->
    {next_state, shut, Turns + 1, {reply, From, shut}};
handle_event({call, From}, turn, shut, Turns) ->
    {next_state, open, Turns + 1, {reply, From, open}};
handle_event({call, From}, look, State, Turns) ->
    {keep_state_and_data, {reply, From, {State, Turns}}}.

%% Whether the shop is open or shut; the data is how often it was opened and
%% shut; in version 1 it was the sum of both.
-module(till_gate).
-behaviour(gen_statem).
-export([start_link/0, turn/0, look/0]).
-export([callback_mode/0, init/1, handle_event/4, code_change/4]).

start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

turn() -> gen_statem:call(?MODULE, turn).

look() -> gen_statem:call(?MODULE, look).

callback_mode() -> handle_event_function.

init([]) -> {ok, open, {0, 0}}.

handle_event({call, From}, turn, open, {Opened, Shut}) ->
    {next_state, shut, {Opened, Shut + 1}, {reply, From, shut}};
handle_event({call, From}, turn, shut, {Opened, Shut}) ->
    {next_state, open, {Opened + 1, Shut}, {reply, From, open}};
handle_event({call, From}, look, State, {Opened, Shut}) ->
    {keep_state_and_data, {reply, From, {State, Opened + Shut}}}.

%% It began open, so it was opened as often as it was shut, or once less.
code_change({down, _}, State, {Opened, Shut}, _Extra) -> {ok, State, Opened + Shut};
code_change(_, State, Turns, _Extra) -> {ok, State, {Turns div 2, Turns - Turns div 2}}.

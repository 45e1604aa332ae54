%% Whether the shop is open or shut; the data is how often it was opened and
%% shut, as a map; in version 2 it was a tuple.
-module(till_gate).
-behaviour(gen_statem).
-export([start_link/0, turn/0, look/0]).
-export([callback_mode/0, init/1, handle_event/4, code_change/4]).

start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

turn() -> gen_statem:call(?MODULE, turn).

look() -> gen_statem:call(?MODULE, look).

callback_mode() -> handle_event_function.

init([]) -> {ok, open, #{opened => 0, shut => 0}}.

handle_event({call, From}, turn, open, #{shut := Shut} = Data) ->
    {next_state, shut, Data#{shut := Shut + 1}, {reply, From, shut}};
handle_event({call, From}, turn, shut, #{opened := Opened} = Data) ->
    {next_state, open, Data#{opened := Opened + 1}, {reply, From, open}};
handle_event({call, From}, look, State, #{opened := Opened, shut := Shut}) ->
    {keep_state_and_data, {reply, From, {State, Opened + Shut}}}.

code_change({down, v1}, State, #{opened := Opened, shut := Shut}, _Extra) ->
    {ok, State, Opened + Shut};
code_change(v1, State, Turns, _Extra) ->
    {ok, State, #{opened => Turns div 2, shut => Turns - Turns div 2}};
code_change({down, _}, State, #{opened := Opened, shut := Shut}, _Extra) ->
    {ok, State, {Opened, Shut}};
code_change(_, State, {Opened, Shut}, _Extra) ->
    {ok, State, #{opened => Opened, shut => Shut}}.

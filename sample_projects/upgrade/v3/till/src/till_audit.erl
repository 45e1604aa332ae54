%% Remembers what was sold last, and how often anything was.
-module(till_audit).
-behaviour(gen_server).
-export([start_link/0, note/1, count/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

note(Item) -> gen_server:cast(?MODULE, {note, Item}).

count() -> gen_server:call(?MODULE, count, infinity).

init([]) -> {ok, {none, 0}}.

handle_call(count, _From, {Last, Count}) -> {reply, Count, {Last, Count}}.

handle_cast({note, Item}, {_, Count}) -> {noreply, {Item, Count + 1}}.

%% How much was sold in all: {Sales, Sum}.
-module(till_total).
-vsn(v1).
-behaviour(gen_server).
-export([start_link/0, add/1, read/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

add(Amount) -> gen_server:call(?MODULE, {add, Amount}, infinity).

read() -> gen_server:call(?MODULE, read, infinity).

init([]) -> {ok, {0, 0}}.

handle_call({add, Amount}, _From, {Sales, Sum}) -> {reply, ok, {Sales + 1, Sum + Amount}};
handle_call(read, _From, {Sales, Sum}) -> {reply, {Sales, Sum}, {Sales, Sum}}.

handle_cast(_Message, State) -> {noreply, State}.

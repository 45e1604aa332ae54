-module(web_store_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    Store = #{id => web_store, start => {web_store, start_link, []}},
    {ok, {#{}, [Store]}}.

%% Supervises the listener and the supervisor of web_store, which is an included
%% application: it is loaded with the release but started here.
-module(web_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    Store = #{id => web_store_sup,
              start => {web_store_sup, start_link, []},
              type => supervisor},
    Listener = #{id => web_listener, start => {web_listener, start_link, []}},
    {ok, {#{strategy => rest_for_one}, [Store, Listener]}}.

-module(till_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, {#{strategy => one_for_one}, [
        #{id => till_total, start => {till_total, start_link, []}},
        #{id => till_gate, start => {till_gate, start_link, []}},
        #{id => till_stock, start => {till_stock, start_link, []}},
        #{id => till_audit, start => {till_audit, start_link, []}},
        #{id => till_conn_sup, start => {till_conn_sup, start_link, []},
          type => supervisor},
        #{id => till_tcp, start => {till_tcp, start_link, []}}
    ]}}.

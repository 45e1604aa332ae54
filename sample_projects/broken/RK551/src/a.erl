-module(a).
-export([f/0]).

f() -> g(.

-module(tax).
-export([on/1]).

on(Amount) -> Amount * 19 div 100.

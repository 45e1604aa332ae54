"""What Erlang data is: values, text form, binary form."""

"""What Erlang's files say: bytes in, values out, and back."""

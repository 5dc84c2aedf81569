"""Start, watch, cancel, limit and confine child processes; typed messages to and from them."""

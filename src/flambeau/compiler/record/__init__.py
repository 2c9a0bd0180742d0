"""Recording: running a function on symbols to learn what it computes."""

"""One small network trained four times, each time with less written by hand."""

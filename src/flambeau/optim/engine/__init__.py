"""The engine of the optimizers: rules per parameter, and everything around them once."""

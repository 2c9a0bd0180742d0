"""Datasets, samplers and loaders; ``flambeau.utils.data`` is their public path."""

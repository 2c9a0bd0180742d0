"""Tensors: storage, views, versions, indexing, printing, and the one way to compute anything."""

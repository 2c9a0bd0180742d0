"""``vmap``: a function of one example as a function of a batch of them."""

from flambeau.func.batching.vmap import vmap as vmap

__all__ = ["vmap"]

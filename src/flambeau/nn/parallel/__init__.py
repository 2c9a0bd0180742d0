"""PyTorch's path for modules on several devices."""

from flambeau.nn.data_parallel import DataParallel as DataParallel


def __getattr__(name: str) -> object:
    if name == "DistributedDataParallel":
        raise AttributeError(
            f"flambeau.nn.parallel has no {name!r}: there is one process; "
            "guard its use with distributed.is_initialized()"
        )
    raise AttributeError(f"module 'flambeau.nn.parallel' has no attribute {name!r}")

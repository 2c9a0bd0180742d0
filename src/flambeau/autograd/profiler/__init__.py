"""The profiler under PyTorch's older path for it."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__, {"flambeau.profiler": "record_function", "flambeau.profiler.older": "profile"}
)

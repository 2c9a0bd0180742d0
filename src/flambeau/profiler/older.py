"""The profiler with the arguments that it had in PyTorch's older path for it."""

from __future__ import annotations

from flambeau.profiler.profile import profile as _profile


class profile(_profile):
    """Watch the calling thread's operations, with the arguments of ``torch.autograd.profiler``.

    Args:
        enabled: whether anything is watched.
        use_cuda, use_device, use_kineto, use_cpu: selectors without effect: there is the CPU only.
        record_shapes, with_flops, profile_memory, with_stack, with_modules: as for
            :class:`flambeau.profiler.profile`.

    Example:
        >>> import flambeau as fb
        >>> with fb.autograd.profiler.profile() as found:
        ...     y = fb.ones(2) + 1
        >>> [row.key for row in found.key_averages()]
        ['full', 'add']
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
    ) -> None:
        super().__init__(
            record_shapes=record_shapes,
            with_flops=with_flops,
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_modules=with_modules,
        )
        self._enabled = enabled

    def start(self) -> None:
        if self._enabled:
            super().start()

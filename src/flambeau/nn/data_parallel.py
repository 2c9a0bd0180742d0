"""PyTorch's wrapper for several devices, of which there is one."""

from __future__ import annotations

from typing import Any

from flambeau.nn.module import Module


class DataParallel(Module):
    """Calls a module; on several devices, with a part of the batch on each.

    Args:
        module: the module.
        device_ids: without effect: there is one device.
        output_device: without effect.
        dim: the dimension of the batch.

    Attributes:
        module: the wrapped module.
        device_ids: empty.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.DataParallel(fb.nn.Linear(2, 1))
        >>> list(model.state_dict())
        ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)

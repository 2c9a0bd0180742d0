"""Losses scaled so that small gradients survive half precision."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

READY, UNSCALED, STEPPED = "ready", "unscaled", "stepped"
_DONE = {UNSCALED: "been unscaled", STEPPED: "stepped"}


class GradScaler:
    r"""Scales losses up before ``backward()`` and gradients down before the optimizer's step.

    A step whose gradients hold inf or nan is left out, and the scale shrinks by
    ``backoff_factor``; after ``growth_interval`` good steps in a row it grows by ``growth_factor``.

    .. math::
        s \leftarrow \begin{cases} s \cdot \text{backoff} & \text{a gradient is not finite} \\
        s \cdot \text{growth} & \text{growth\_interval good steps} \end{cases}

    Args:
        device: ``"cpu"``. For another device the scaler is off, and says so.
        init_scale: the first scale.
        growth_factor: greater than 1.
        backoff_factor: less than 1.
        growth_interval: good steps before the scale grows.
        enabled: whether it does anything.

    Raises:
        ValueError: if a factor is on the wrong side of 1.

    Example:
        >>> import flambeau as fb
        >>> w = fb.tensor([2.0], requires_grad=True)
        >>> optimizer, scaler = fb.optim.SGD([w], lr=0.5), fb.amp.GradScaler("cpu", init_scale=8.0)
        >>> scaler.scale((w * 3).sum()).backward()
        >>> w.grad
        tensor([24.])
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> w
        tensor([0.5000], requires_grad=True)

    Reference:
        Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2.
    """

    def __init__(
        self,
        device: str = "cpu",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device.partition(":")[0] != "cpu":
            warnings.warn(
                f"GradScaler: there is no device {device!r}; it is off", UserWarning, stacklevel=2
            )
            enabled = False
        _check(growth_factor > 1, "growth_factor", "a number greater than 1", growth_factor)
        _check(0 < backoff_factor < 1, "backoff_factor", "a number in (0, 1)", backoff_factor)
        _check(init_scale > 0, "init_scale", "a positive number", init_scale)
        self._device, self._enabled = device, enabled
        self._scale = float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval, self._growth_tracker = growth_interval, 0
        # id of an optimizer -> how far it is in this iteration, and whether inf or nan was found
        self._states: dict[int, tuple[str, bool]] = {}

    # --- an iteration -------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """Multiply a tensor, or every tensor of a list or tuple, by the scale.

        Example:
            >>> import flambeau as fb
            >>> fb.amp.GradScaler("cpu", init_scale=4.0).scale(fb.tensor(0.5))
            tensor(2.)
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale  # type: ignore[operator]
        if isinstance(outputs, Iterable):
            scaled = [self.scale(x) for x in outputs]
            return tuple(scaled) if isinstance(outputs, tuple) else scaled
        raise ValueError(
            message(
                "GradScaler.scale: outputs must be tensors",
                expected="a tensor, or a list or tuple of them",
                got=type(outputs).__name__,
            )
        )

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale.

        Call it between ``backward()`` and :meth:`step` to look at gradients, or to clip them.

        Raises:
            RuntimeError: if that was done since the last :meth:`update`, or a gradient is float16.
        """
        if not self._enabled:
            return
        state, _ = self._states.get(id(optimizer), (READY, False))
        if state != READY:
            raise RuntimeError(
                message(
                    f"unscale_: the optimizer has {_DONE[state]} since the last update()",
                    expected="one call of unscale_() before step()",
                    got="a second call",
                    help="call update() at the end of each iteration",
                )
            )
        self._states[id(optimizer)] = UNSCALED, self._divide_gradients(optimizer)

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)`` if all gradients are finite, after unscaling them.

        Returns:
            What the optimizer's step returns; ``None`` if it was left out.

        Raises:
            RuntimeError: if it was called since the last :meth:`update`, or with a closure.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(
                message(
                    "GradScaler.step: a closure cannot be scaled",
                    expected="no closure",
                    got="closure=",
                    help="call step() of the optimizer itself",
                )
            )
        state, found = self._states.get(id(optimizer), (READY, False))
        if state == STEPPED:
            raise RuntimeError(
                message(
                    "GradScaler.step: the optimizer has stepped since the last update()",
                    expected="one step before each update()",
                    got="a second step",
                )
            )
        if state == READY:
            self.unscale_(optimizer)
            found = self._states[id(optimizer)][1]
        result = None if found else optimizer.step(*args, **kwargs)
        self._states[id(optimizer)] = STEPPED, found
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Grow or shrink the scale after the iteration's steps, or set it.

        Raises:
            RuntimeError: if no optimizer has been unscaled or has stepped.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)  # type: ignore[arg-type]
        elif not self._states:
            raise RuntimeError(
                message(
                    "GradScaler.update: nothing was unscaled since the last update()",
                    expected="a step() before it",
                    got="none",
                )
            )
        elif any(found for _, found in self._states.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._count_good_step()
        self._states.clear()

    def _count_good_step(self) -> None:
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = self._scale * self._growth_factor
            if math.isfinite(np.float32(grown)):
                self._scale = grown
            self._growth_tracker = 0

    def _divide_gradients(self, optimizer: Any) -> bool:
        """Whether some gradient is not finite; they are divided by the scale."""
        gradients = [
            p.grad
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        for gradient in gradients:
            if gradient._array.dtype == np.float16:
                raise ValueError(
                    message(
                        "GradScaler: a gradient is float16, and too short to be unscaled",
                        expected="parameters in float32, cast by autocast",
                        got="a parameter in float16",
                        help="leave the model in float32",
                    )
                )
        inverse = 1.0 / self._scale
        found = False
        for gradient in gradients:
            found = found or not bool(PUBLIC["isfinite"](gradient).all())
            gradient.detach().mul_(inverse)
        return found

    # --- its numbers --------------------------------------------------------------------------

    def get_scale(self) -> float:
        """The scale; 1 if the scaler is off."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """By what the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set by what the scale grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By what the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set by what the scale shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many good steps the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Its numbers under PyTorch's names; empty if it is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the numbers of another scaler.

        Raises:
            RuntimeError: if ``state_dict`` is of a scaler that was off.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                message(
                    "GradScaler.load_state_dict: the state is empty",
                    expected="the state of a scaler that was on",
                    got="{}",
                )
            )
        self._scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


def _check(holds: bool, name: str, expected: str, got: Any) -> None:
    if not holds:
        raise ValueError(
            message(f"GradScaler: {name} is out of range", expected=expected, got=repr(got))
        )

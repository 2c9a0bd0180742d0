"""PyTorch's path for numbers that stand for several equal ones."""

from flambeau.core.repeated import repeater as _ntuple

_single, _pair, _triple, _quadruple = _ntuple(1), _ntuple(2), _ntuple(3), _ntuple(4)

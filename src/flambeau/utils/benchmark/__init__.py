"""Timing, under PyTorch's path for it."""

from flambeau.inspect.timing import Compare as Compare
from flambeau.inspect.timing import Measurement as Measurement
from flambeau.inspect.timing import Timer as Timer

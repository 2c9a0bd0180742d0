"""Libraries for other devices under PyTorch's path for them: there are none."""

from flambeau.backends import cuda as cuda
from flambeau.backends import cudnn as cudnn
from flambeau.backends import mps as mps

__all__ = ["cuda", "cudnn", "mps"]

"""Libraries for other devices under PyTorch's path for them: there are none."""

from flambeau.backends import cuda as cuda
from flambeau.backends import cudnn as cudnn
from flambeau.backends import mkl as mkl
from flambeau.backends import mkldnn as mkldnn
from flambeau.backends import mps as mps
from flambeau.backends import openmp as openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]

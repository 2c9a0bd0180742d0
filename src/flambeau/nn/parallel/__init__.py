"""PyTorch's path for modules on several devices."""

from flambeau.nn.data_parallel import DataParallel as DataParallel

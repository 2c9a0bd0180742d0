"""Signal processing under PyTorch's path for it: what ``torch.signal`` has."""

from flambeau.signal import windows as windows

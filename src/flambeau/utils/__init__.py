"""What PyTorch keeps under ``utils``: loading data, and TensorBoard's files."""

from flambeau.core.late import late

__getattr__, __dir__ = late(__name__, {}, modules="checkpoint data tensorboard")

"""What PyTorch keeps under ``utils``: loading data, TensorBoard's files, timing."""

from flambeau.core.late import late

__getattr__, __dir__ = late(__name__, {}, modules="benchmark checkpoint data tensorboard")

"""TensorBoard's files, under PyTorch's name for them."""

from flambeau.inspect.event_log import SummaryWriter as SummaryWriter

"""The sampler for several processes, under PyTorch's inner path for it."""

from flambeau.data.distributed_sampler import DistributedSampler as DistributedSampler

"""Samplers, under PyTorch's inner path for them."""

from flambeau.data.samplers import BatchSampler as BatchSampler
from flambeau.data.samplers import RandomSampler as RandomSampler
from flambeau.data.samplers import Sampler as Sampler
from flambeau.data.samplers import SequentialSampler as SequentialSampler
from flambeau.data.samplers import SubsetRandomSampler as SubsetRandomSampler
from flambeau.data.samplers import WeightedRandomSampler as WeightedRandomSampler

"""Loading data, under PyTorch's names."""

from importlib import import_module as _import_module

from flambeau.data.collation import default_collate as default_collate
from flambeau.data.collation import default_convert as default_convert
from flambeau.data.datasets import ChainDataset as ChainDataset
from flambeau.data.datasets import ConcatDataset as ConcatDataset
from flambeau.data.datasets import Dataset as Dataset
from flambeau.data.datasets import IterableDataset as IterableDataset
from flambeau.data.datasets import StackDataset as StackDataset
from flambeau.data.datasets import Subset as Subset
from flambeau.data.datasets import TensorDataset as TensorDataset
from flambeau.data.distributed_sampler import DistributedSampler as DistributedSampler
from flambeau.data.loader import DataLoader as DataLoader
from flambeau.data.samplers import BatchSampler as BatchSampler
from flambeau.data.samplers import RandomSampler as RandomSampler
from flambeau.data.samplers import Sampler as Sampler
from flambeau.data.samplers import SequentialSampler as SequentialSampler
from flambeau.data.samplers import SubsetRandomSampler as SubsetRandomSampler
from flambeau.data.samplers import WeightedRandomSampler as WeightedRandomSampler
from flambeau.data.splitting import random_split as random_split
from flambeau.data.worker_info import WorkerInfo as WorkerInfo
from flambeau.data.worker_info import get_worker_info as get_worker_info


def __getattr__(name: str) -> object:
    if name in {"dataloader", "dataset", "distributed", "sampler"}:
        return _import_module(f"flambeau.utils.data.{name}")
    raise AttributeError(f"module 'flambeau.utils.data' has no attribute {name!r}")

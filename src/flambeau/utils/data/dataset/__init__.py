"""Datasets, under PyTorch's inner path for them."""

from flambeau.data.datasets import ChainDataset as ChainDataset
from flambeau.data.datasets import ConcatDataset as ConcatDataset
from flambeau.data.datasets import Dataset as Dataset
from flambeau.data.datasets import IterableDataset as IterableDataset
from flambeau.data.datasets import StackDataset as StackDataset
from flambeau.data.datasets import Subset as Subset
from flambeau.data.datasets import TensorDataset as TensorDataset
from flambeau.data.splitting import random_split as random_split

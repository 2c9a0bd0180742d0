"""The loader, under PyTorch's inner path for it."""

from flambeau.data.collation import default_collate as default_collate
from flambeau.data.collation import default_convert as default_convert
from flambeau.data.loader import DataLoader as DataLoader
from flambeau.data.worker_info import get_worker_info as get_worker_info

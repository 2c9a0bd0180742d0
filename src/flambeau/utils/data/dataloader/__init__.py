"""The loader, under PyTorch's inner path for it."""

from flambeau.data.collation import default_collate as default_collate
from flambeau.data.loader import DataLoader as DataLoader

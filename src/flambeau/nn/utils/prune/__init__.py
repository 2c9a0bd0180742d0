"""PyTorch's path for pruning."""

from flambeau.nn.pruning import custom_from_mask as custom_from_mask
from flambeau.nn.pruning import global_unstructured as global_unstructured
from flambeau.nn.pruning import identity as identity
from flambeau.nn.pruning import is_pruned as is_pruned
from flambeau.nn.pruning import l1_unstructured as l1_unstructured
from flambeau.nn.pruning import ln_structured as ln_structured
from flambeau.nn.pruning import random_structured as random_structured
from flambeau.nn.pruning import random_unstructured as random_unstructured
from flambeau.nn.pruning import remove as remove
from flambeau.nn.pruning_methods import BasePruningMethod as BasePruningMethod
from flambeau.nn.pruning_methods import CustomFromMask as CustomFromMask
from flambeau.nn.pruning_methods import Identity as Identity
from flambeau.nn.pruning_methods import L1Unstructured as L1Unstructured
from flambeau.nn.pruning_methods import LnStructured as LnStructured
from flambeau.nn.pruning_methods import PruningContainer as PruningContainer
from flambeau.nn.pruning_methods import RandomStructured as RandomStructured
from flambeau.nn.pruning_methods import RandomUnstructured as RandomUnstructured

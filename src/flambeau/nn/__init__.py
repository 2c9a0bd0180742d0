"""Modules, their parameters and containers, layers, and initial values."""

from __future__ import annotations

from flambeau.nn import functional as functional
from flambeau.nn import init as init
from flambeau.nn import parameter as parameter
from flambeau.nn import utils as utils
from flambeau.nn.activation import CELU as CELU
from flambeau.nn.activation import ELU as ELU
from flambeau.nn.activation import GELU as GELU
from flambeau.nn.activation import SELU as SELU
from flambeau.nn.activation import Hardshrink as Hardshrink
from flambeau.nn.activation import Hardsigmoid as Hardsigmoid
from flambeau.nn.activation import Hardswish as Hardswish
from flambeau.nn.activation import LeakyReLU as LeakyReLU
from flambeau.nn.activation import LogSigmoid as LogSigmoid
from flambeau.nn.activation import Mish as Mish
from flambeau.nn.activation import ReLU as ReLU
from flambeau.nn.activation import Sigmoid as Sigmoid
from flambeau.nn.activation import SiLU as SiLU
from flambeau.nn.activation import Softplus as Softplus
from flambeau.nn.activation import Softshrink as Softshrink
from flambeau.nn.activation import Softsign as Softsign
from flambeau.nn.activation import Tanh as Tanh
from flambeau.nn.activation import Tanhshrink as Tanhshrink
from flambeau.nn.activation import Threshold as Threshold
from flambeau.nn.containers import ModuleDict as ModuleDict
from flambeau.nn.containers import ModuleList as ModuleList
from flambeau.nn.containers import Sequential as Sequential
from flambeau.nn.distances import CosineSimilarity as CosineSimilarity
from flambeau.nn.distances import PairwiseDistance as PairwiseDistance
from flambeau.nn.dropout import AlphaDropout as AlphaDropout
from flambeau.nn.dropout import Dropout as Dropout
from flambeau.nn.dropout import Dropout1d as Dropout1d
from flambeau.nn.dropout import Dropout2d as Dropout2d
from flambeau.nn.dropout import Dropout3d as Dropout3d
from flambeau.nn.dropout import FeatureAlphaDropout as FeatureAlphaDropout
from flambeau.nn.embedding import Embedding as Embedding
from flambeau.nn.global_hooks import (
    register_module_buffer_registration_hook as register_module_buffer_registration_hook,
)
from flambeau.nn.global_hooks import (
    register_module_forward_hook as register_module_forward_hook,
)
from flambeau.nn.global_hooks import (
    register_module_forward_pre_hook as register_module_forward_pre_hook,
)
from flambeau.nn.global_hooks import (
    register_module_full_backward_hook as register_module_full_backward_hook,
)
from flambeau.nn.global_hooks import (
    register_module_full_backward_pre_hook as register_module_full_backward_pre_hook,
)
from flambeau.nn.global_hooks import (
    register_module_module_registration_hook as register_module_module_registration_hook,
)
from flambeau.nn.global_hooks import (
    register_module_parameter_registration_hook as register_module_parameter_registration_hook,
)
from flambeau.nn.lazy import LazyLinear as LazyLinear
from flambeau.nn.linear import Bilinear as Bilinear
from flambeau.nn.linear import Identity as Identity
from flambeau.nn.linear import Linear as Linear
from flambeau.nn.losses import BCELoss as BCELoss
from flambeau.nn.losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from flambeau.nn.losses import CrossEntropyLoss as CrossEntropyLoss
from flambeau.nn.losses import HuberLoss as HuberLoss
from flambeau.nn.losses import L1Loss as L1Loss
from flambeau.nn.losses import MSELoss as MSELoss
from flambeau.nn.losses import NLLLoss as NLLLoss
from flambeau.nn.losses import SmoothL1Loss as SmoothL1Loss
from flambeau.nn.losses_margin import MultiLabelMarginLoss as MultiLabelMarginLoss
from flambeau.nn.losses_margin import MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss
from flambeau.nn.losses_margin import MultiMarginLoss as MultiMarginLoss
from flambeau.nn.losses_margin import SoftMarginLoss as SoftMarginLoss
from flambeau.nn.losses_probability import CTCLoss as CTCLoss
from flambeau.nn.losses_probability import GaussianNLLLoss as GaussianNLLLoss
from flambeau.nn.losses_probability import KLDivLoss as KLDivLoss
from flambeau.nn.losses_probability import PoissonNLLLoss as PoissonNLLLoss
from flambeau.nn.losses_ranking import CosineEmbeddingLoss as CosineEmbeddingLoss
from flambeau.nn.losses_ranking import HingeEmbeddingLoss as HingeEmbeddingLoss
from flambeau.nn.losses_ranking import MarginRankingLoss as MarginRankingLoss
from flambeau.nn.losses_ranking import TripletMarginLoss as TripletMarginLoss
from flambeau.nn.losses_ranking import (
    TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss,
)
from flambeau.nn.module import Module as Module
from flambeau.nn.parameter import Buffer as Buffer
from flambeau.nn.parameter import Parameter as Parameter
from flambeau.nn.parameter import UninitializedBuffer as UninitializedBuffer
from flambeau.nn.parameter import UninitializedParameter as UninitializedParameter
from flambeau.nn.parameter_containers import ParameterDict as ParameterDict
from flambeau.nn.parameter_containers import ParameterList as ParameterList
from flambeau.nn.rectifiers import Hardtanh as Hardtanh
from flambeau.nn.rectifiers import PReLU as PReLU
from flambeau.nn.rectifiers import ReLU6 as ReLU6
from flambeau.nn.rectifiers import RReLU as RReLU
from flambeau.nn.shape import Flatten as Flatten
from flambeau.nn.shape import Unflatten as Unflatten
from flambeau.nn.softmax import GLU as GLU
from flambeau.nn.softmax import LogSoftmax as LogSoftmax
from flambeau.nn.softmax import Softmax as Softmax
from flambeau.nn.softmax import Softmax2d as Softmax2d
from flambeau.nn.softmax import Softmin as Softmin

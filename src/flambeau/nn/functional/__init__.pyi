# Written by tools/write_stubs.py.
import builtins
from flambeau.nn.functional.affine_losses import linear_cross_entropy as linear_cross_entropy
from flambeau.nn.functional.attention import multi_head_attention_forward as multi_head_attention_forward
from flambeau.nn.functional.bags import embedding_bag as embedding_bag
from flambeau.nn.functional.inplace import elu_ as elu_
from flambeau.nn.functional.inplace import hardtanh_ as hardtanh_
from flambeau.nn.functional.inplace import leaky_relu_ as leaky_relu_
from flambeau.nn.functional.inplace import relu as relu
from flambeau.nn.functional.inplace import rrelu_ as rrelu_
from flambeau.nn.functional.interpolation import interpolate as interpolate
from flambeau.nn.functional.interpolation import upsample as upsample
from flambeau.nn.functional.interpolation import upsample_bilinear as upsample_bilinear
from flambeau.nn.functional.interpolation import upsample_nearest as upsample_nearest
from flambeau.nn.functional.lookup import embedding as embedding
from flambeau.nn.functional.normalisation import batch_norm as batch_norm
from flambeau.nn.functional.normalisation import group_norm as group_norm
from flambeau.nn.functional.normalisation import instance_norm as instance_norm
from flambeau.nn.functional.normalisation import layer_norm as layer_norm
from flambeau.nn.functional.normalisation import local_response_norm as local_response_norm
from flambeau.nn.functional.normalisation import normalize as normalize
from flambeau.nn.functional.padding import pad as pad
from flambeau.nn.functional.pooling import fractional_max_pool2d as fractional_max_pool2d
from flambeau.nn.functional.pooling import fractional_max_pool2d_with_indices as fractional_max_pool2d_with_indices
from flambeau.nn.functional.pooling import fractional_max_pool3d as fractional_max_pool3d
from flambeau.nn.functional.pooling import fractional_max_pool3d_with_indices as fractional_max_pool3d_with_indices
from flambeau.nn.functional.pooling import lp_pool1d as lp_pool1d
from flambeau.nn.functional.pooling import lp_pool2d as lp_pool2d
from flambeau.nn.functional.pooling import lp_pool3d as lp_pool3d
from flambeau.nn.functional.pooling import max_pool1d_with_indices as max_pool1d_with_indices
from flambeau.nn.functional.pooling import max_pool2d_with_indices as max_pool2d_with_indices
from flambeau.nn.functional.pooling import max_pool3d_with_indices as max_pool3d_with_indices
from flambeau.nn.functional.pooling import max_unpool1d as max_unpool1d
from flambeau.nn.functional.pooling import max_unpool2d as max_unpool2d
from flambeau.nn.functional.pooling import max_unpool3d as max_unpool3d
from flambeau.nn.functional.softmax_family import gumbel_softmax as gumbel_softmax
from flambeau.nn.functional.softmax_family import log_softmax as log_softmax
from flambeau.nn.functional.softmax_family import softmax as softmax
from flambeau.nn.functional.softmax_family import softmin as softmin
from flambeau.nn.functional.spatial_transformer import affine_grid as affine_grid
from flambeau.nn.functional.spatial_transformer import grid_sample as grid_sample
from flambeau.ops.activation import gelu as gelu
from flambeau.ops.activation import logsigmoid as logsigmoid
from flambeau.ops.activation import mish as mish
from flambeau.ops.activation import silu as silu
from flambeau.ops.activation import softplus as softplus
from flambeau.ops.activation import softsign as softsign
from flambeau.ops.activation import tanhshrink as tanhshrink
from flambeau.ops.adaptive_pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from flambeau.ops.adaptive_pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from flambeau.ops.adaptive_pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from flambeau.ops.adaptive_pooling import adaptive_max_pool1d as adaptive_max_pool1d
from flambeau.ops.adaptive_pooling import adaptive_max_pool2d as adaptive_max_pool2d
from flambeau.ops.adaptive_pooling import adaptive_max_pool3d as adaptive_max_pool3d
from flambeau.ops.attention import scaled_dot_product_attention as scaled_dot_product_attention
from flambeau.ops.average_pooling import avg_pool1d as avg_pool1d
from flambeau.ops.average_pooling import avg_pool2d as avg_pool2d
from flambeau.ops.average_pooling import avg_pool3d as avg_pool3d
from flambeau.ops.contraction import bilinear as bilinear
from flambeau.ops.convolution_calls import conv_tbc as conv_tbc
from flambeau.ops.counting import one_hot as one_hot
from flambeau.ops.ctc import ctc_loss as ctc_loss
from flambeau.ops.distances import cosine_similarity as cosine_similarity
from flambeau.ops.distances import pairwise_distance as pairwise_distance
from flambeau.ops.dropout import alpha_dropout as alpha_dropout
from flambeau.ops.dropout import dropout as dropout
from flambeau.ops.dropout import dropout1d as dropout1d
from flambeau.ops.dropout import dropout2d as dropout2d
from flambeau.ops.dropout import dropout3d as dropout3d
from flambeau.ops.dropout import feature_alpha_dropout as feature_alpha_dropout
from flambeau.ops.exponential_units import celu as celu
from flambeau.ops.exponential_units import celu_ as celu_
from flambeau.ops.exponential_units import elu as elu
from flambeau.ops.exponential_units import selu as selu
from flambeau.ops.exponential_units import selu_ as selu_
from flambeau.ops.gating import glu as glu
from flambeau.ops.linear import linear as linear
from flambeau.ops.losses_binary import binary_cross_entropy as binary_cross_entropy
from flambeau.ops.losses_classification import cross_entropy as cross_entropy
from flambeau.ops.losses_classification import nll_loss as nll_loss
from flambeau.ops.losses_logits import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from flambeau.ops.losses_margin import multi_margin_loss as multi_margin_loss
from flambeau.ops.losses_margin import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from flambeau.ops.losses_margin import soft_margin_loss as soft_margin_loss
from flambeau.ops.losses_multilabel import multilabel_margin_loss as multilabel_margin_loss
from flambeau.ops.losses_probability import gaussian_nll_loss as gaussian_nll_loss
from flambeau.ops.losses_probability import kl_div as kl_div
from flambeau.ops.losses_probability import poisson_nll_loss as poisson_nll_loss
from flambeau.ops.losses_ranking import cosine_embedding_loss as cosine_embedding_loss
from flambeau.ops.losses_ranking import hinge_embedding_loss as hinge_embedding_loss
from flambeau.ops.losses_ranking import margin_ranking_loss as margin_ranking_loss
from flambeau.ops.losses_ranking import triplet_margin_loss as triplet_margin_loss
from flambeau.ops.losses_ranking import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
from flambeau.ops.losses_regression import huber_loss as huber_loss
from flambeau.ops.losses_regression import l1_loss as l1_loss
from flambeau.ops.losses_regression import mse_loss as mse_loss
from flambeau.ops.losses_regression import smooth_l1_loss as smooth_l1_loss
from flambeau.ops.normalisation import rms_norm as rms_norm
from flambeau.ops.pair_distances import pdist as pdist
from flambeau.ops.piecewise_activation import hardshrink as hardshrink
from flambeau.ops.piecewise_activation import hardsigmoid as hardsigmoid
from flambeau.ops.piecewise_activation import hardswish as hardswish
from flambeau.ops.piecewise_activation import hardtanh as hardtanh
from flambeau.ops.piecewise_activation import leaky_relu as leaky_relu
from flambeau.ops.piecewise_activation import relu6 as relu6
from flambeau.ops.piecewise_activation import softshrink as softshrink
from flambeau.ops.piecewise_activation import threshold as threshold
from flambeau.ops.piecewise_activation import threshold_ as threshold_
from flambeau.ops.random_slopes import rrelu as rrelu
from flambeau.ops.shuffling import channel_shuffle as channel_shuffle
from flambeau.ops.shuffling import channel_shuffle as native_channel_shuffle
from flambeau.ops.shuffling import pixel_shuffle as pixel_shuffle
from flambeau.ops.shuffling import pixel_unshuffle as pixel_unshuffle
from flambeau.ops.sliding_blocks import fold as fold
from flambeau.ops.sliding_blocks import unfold as unfold
from flambeau.ops.slopes import prelu as prelu
from flambeau.tensor.tensor import Tensor
from typing import Any

def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: builtins.int = 1) -> Tensor:
    """Slide kernels over an input of 1 dimension."""

def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: builtins.int = 1) -> Tensor:
    """Slide kernels over an input of 2 dimensions."""

def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: builtins.int = 1) -> Tensor:
    """Slide kernels over an input of 3 dimensions."""

def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: builtins.int = 1, dilation: Any = 1) -> Tensor:
    """The transpose of a convolution over 1 dimension."""

def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: builtins.int = 1, dilation: Any = 1) -> Tensor:
    """The transpose of a convolution over 2 dimensions."""

def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: builtins.int = 1, dilation: Any = 1) -> Tensor:
    """The transpose of a convolution over 3 dimensions."""

def max_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def max_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def relu_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.relu`; returns the tensor itself."""

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logistic function."""

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent."""

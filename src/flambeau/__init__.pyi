# Written by tools/write_stubs.py.
import builtins
from flambeau.core.dtypes import dtype as dtype
from flambeau.tensor.device import layout as layout
from flambeau.tensor.device import memory_format as memory_format
from flambeau.tensor.typed import TensorType as TensorType
from typing import Any
from flambeau.tensor.generator import Generator as Generator
from flambeau.amp.grad_scaler import GradScaler as GradScaler
from flambeau.inspect.history import History as History
from flambeau.core.shapes import Size as Size
from flambeau.tensor.tensor import Tensor as Tensor
from flambeau import accelerator as accelerator
from flambeau.ops.adaptive_pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from flambeau.ops.adaptive_pooling import _adaptive_max_pool1d_with_indices as adaptive_max_pool1d
from flambeau.ops.addmm import addbmm as addbmm
from flambeau.ops.combination import addcdiv as addcdiv
from flambeau.ops.combination import addcmul as addcmul
from flambeau.ops.addmm import addmm as addmm
from flambeau.ops.addmm import addmv as addmv
from flambeau.ops.addmm import addr as addr
from flambeau.ops.axes import adjoint as adjoint
from flambeau.ops.view_copies import alias_copy as alias_copy
from flambeau.ops.counting import all as all
from flambeau.ops.comparison import allclose as allclose
from flambeau.ops.extremes import amax as amax
from flambeau.ops.extremes import amin as amin
from flambeau.ops.extremes import aminmax as aminmax
from flambeau import amp as amp
from flambeau.ops.counting import any as any
from flambeau.ops.sequences import arange as arange
from flambeau.tensor.settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
from flambeau.ops.positions import argmax as argmax
from flambeau.ops.positions import argmin as argmin
from flambeau.ops.sorting import argsort as argsort
from flambeau.ops.masks import argwhere as argwhere
from flambeau import array_api as array_api
from flambeau.ops.strided import as_strided as as_strided
from flambeau.ops.inplace_views import as_strided_ as as_strided_
from flambeau.ops.view_copies import as_strided_copy as as_strided_copy
from flambeau.ops.scattered_views import as_strided_scatter as as_strided_scatter
from flambeau.tensor.construction import as_tensor as as_tensor
from flambeau.tensor.construction import asarray as asarray
from flambeau.ops.joining import atleast_1d as atleast_1d
from flambeau.ops.joining import atleast_2d as atleast_2d
from flambeau.ops.joining import atleast_3d as atleast_3d
from flambeau.amp.autocast import autocast as autocast
from flambeau import autograd as autograd
from flambeau.ops.average_pooling import avg_pool1d as avg_pool1d
from flambeau import backends as backends
from flambeau.ops.addmm import baddbmm as baddbmm
from flambeau.ops.windows import bartlett_window as bartlett_window
from flambeau.ops.running_statistics import batch_norm as batch_norm
from flambeau.ops.distributions import bernoulli as bernoulli
from flambeau.ops.contraction import bilinear as bilinear
from flambeau.ops.losses_by_number import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from flambeau.ops.histograms import bincount as bincount
from flambeau.ops.distributions import binomial as binomial
from flambeau.ops.windows import blackman_window as blackman_window
from flambeau.ops.combining import block_diag as block_diag
from flambeau.ops.matmul import bmm as bmm
from flambeau.ops.expansion import broadcast_shapes as broadcast_shapes
from flambeau.ops.expansion import broadcast_tensors as broadcast_tensors
from flambeau.ops.expansion import broadcast_to as broadcast_to
from flambeau.ops.searching import bucketize as bucketize
from flambeau.core.dtypes import can_cast as can_cast
from flambeau.ops.combining import cartesian_prod as cartesian_prod
from flambeau.ops.joining import cat as cat
from flambeau.ops.matrix_sums import cdist as cdist
from flambeau.ops.exponential_units import celu as celu
from flambeau.ops.exponential_units import celu_ as celu_
from flambeau.ops.contraction import chain_matmul as chain_matmul
from flambeau.ops.shuffling import channel_shuffle as channel_shuffle
from flambeau import checkpoint as checkpoint
from flambeau.ops.cholesky import cholesky as cholesky
from flambeau.ops.cholesky import cholesky_inverse as cholesky_inverse
from flambeau.ops.cholesky import cholesky_solve as cholesky_solve
from flambeau.ops.splitting import chunk as chunk
from flambeau.ops.clamping import clamp as clamp
from flambeau.ops.clamping import clamp_ as clamp_
from flambeau.ops.clamping import clamp as clip
from flambeau.ops.clamping import clamp_ as clip_
from flambeau.ops.copying import clone as clone
from flambeau.ops.joining import column_stack as column_stack
from flambeau.ops.combining import combinations as combinations
from flambeau.compiler import compile as compile
from flambeau.ops.complex_creation import complex_ as complex
from flambeau.ops.joining import cat as concat
from flambeau.ops.joining import cat as concatenate
from flambeau.func.with_operands import cond as cond
from flambeau.ops.complex_numbers import conj as conj
from flambeau.ops.complex_numbers import conj_physical as conj_physical
from flambeau.ops.complex_numbers import conj_physical_ as conj_physical_
from flambeau.ops.padding_constant import constant_pad_nd as constant_pad_nd
from flambeau.ops.convolution_calls import conv_tbc as conv_tbc
from flambeau.ops.covariance import corrcoef as corrcoef
from flambeau.ops.losses_by_number import cosine_embedding_loss as cosine_embedding_loss
from flambeau.ops.distances import cosine_similarity as cosine_similarity
from flambeau.ops.counting import count_nonzero as count_nonzero
from flambeau.ops.covariance import cov as cov
from flambeau.ops.matrix_sums import cross as cross
from flambeau.ops.losses_by_number import ctc_loss as ctc_loss
from flambeau import cuda as cuda
from flambeau.ops.scans import cummax as cummax
from flambeau.ops.scans import cummin as cummin
from flambeau.ops.products import cumprod as cumprod
from flambeau.ops.scans import cumsum as cumsum
from flambeau.ops.differences import cumulative_trapezoid as cumulative_trapezoid
from flambeau.ops.determinants import det as det
from flambeau.ops.identity import detach as detach
from flambeau.tensor.device import device as device
from flambeau.ops.triangular import diag as diag
from flambeau.ops.triangular import diag_embed as diag_embed
from flambeau.ops.triangular import diagflat as diagflat
from flambeau.ops.slicing import diagonal as diagonal
from flambeau.ops.view_copies import diagonal_copy as diagonal_copy
from flambeau.ops.scattered_views import diagonal_scatter as diagonal_scatter
from flambeau.ops.differences import diff as diff
from flambeau.ops.norms import dist as dist
from flambeau import distributed as distributed
from flambeau import distributions as distributions
from flambeau.ops.division import div as div
from flambeau.ops.division import div as divide
from flambeau.ops.matmul import dot as dot
from flambeau.ops.splitting import dsplit as dsplit
from flambeau.ops.joining import dstack as dstack
from flambeau.core.dtypes import dtype as dtype
from flambeau.ops.einsum import einsum as einsum
from flambeau.ops.embedding import embedding as embedding
from flambeau.ops.embedding import embedding_renorm_ as embedding_renorm_
from flambeau.ops.creation import empty as empty
from flambeau.ops.likes import empty_like as empty_like
from flambeau.ops.strided_creation import empty_permuted as empty_permuted
from flambeau.ops.strided_creation import empty_strided as empty_strided
from flambeau.autograd.modes import enable_grad as enable_grad
from flambeau.ops.comparison import equal as equal
from flambeau.ops.reshaped_copies import expand_copy as expand_copy
from flambeau.ops.creation import eye as eye
from flambeau import fft as fft
from flambeau.ops.copying import fill as fill
from flambeau.ops.copying import fill_ as fill_
from flambeau.core.limits import finfo as finfo
from flambeau.ops.views import flatten as flatten
from flambeau.ops.arranging import flip as flip
from flambeau.ops.arranging import fliplr as fliplr
from flambeau.ops.arranging import flipud as flipud
from flambeau.ops.exponential import float_power as float_power
from flambeau.ops.number_parts import frexp as frexp
from flambeau.ops.older_names import frobenius_norm as frobenius_norm
from flambeau.tensor.exchange import from_dlpack as from_dlpack
from flambeau.tensor.construction import from_numpy as from_numpy
from flambeau.tensor.construction import frombuffer as frombuffer
from flambeau.ops.creation import full as full
from flambeau.ops.likes import full_like as full_like
from flambeau import func as func
from flambeau.ops.gathering import gather as gather
from flambeau.ops.qr_decomposition import geqrf as geqrf
from flambeau.ops.contraction import outer as ger
from flambeau.amp.autocast import get_autocast_dtype as get_autocast_dtype
from flambeau.tensor.settings import get_default_device as get_default_device
from flambeau.core.dtypes import get_default_dtype as get_default_dtype
from flambeau.tensor.settings import get_deterministic_debug_mode as get_deterministic_debug_mode
from flambeau.ops.identity import get_device as get_device
from flambeau.tensor.settings import get_float32_matmul_precision as get_float32_matmul_precision
from flambeau.tensor.settings import get_num_interop_threads as get_num_interop_threads
from flambeau.compiler import get_num_threads as get_num_threads
from flambeau.tensor.generator import get_rng_state as get_rng_state
from flambeau.ops.sampled_gradient import gradient as gradient
from flambeau.ops.grid_samplers import grid_sampler as grid_sampler
from flambeau.ops.grid_samplers import grid_sampler_2d as grid_sampler_2d
from flambeau.ops.grid_samplers import grid_sampler_3d as grid_sampler_3d
from flambeau.ops.group_norm import group_norm as group_norm
from flambeau.ops.recurrent import gru as gru
from flambeau.ops.recurrent import gru_cell as gru_cell
from flambeau.ops.windows import hamming_window as hamming_window
from flambeau.ops.windows import hann_window as hann_window
from flambeau.ops.piecewise_activation import hardshrink as hardshrink
from flambeau.ops.place_arithmetic import hash_tensor as hash_tensor
from flambeau.ops.losses_by_number import hinge_embedding_loss as hinge_embedding_loss
from flambeau.ops.histograms import histc as histc
from flambeau.ops.histograms import histogram as histogram
from flambeau.ops.histograms import histogramdd as histogramdd
from flambeau.ops.splitting import hsplit as hsplit
from flambeau.ops.joining import hstack as hstack
from flambeau.core.limits import iinfo as iinfo
from flambeau.ops.complex_views import imag as imag
from flambeau.ops.indexed_writing import index_add as index_add
from flambeau.ops.indexed_writing import index_copy as index_copy
from flambeau.ops.indexed_writing import index_fill as index_fill
from flambeau.ops.advanced_indexing import index_put as index_put
from flambeau.ops.advanced_indexing import index_put_ as index_put_
from flambeau.ops.indexed_writing import index_reduce as index_reduce
from flambeau.ops.gathering import index_select as index_select
from flambeau.autograd.modes import inference_mode as inference_mode
from flambeau.random.process import initial_seed as initial_seed
from flambeau.ops.contraction import inner as inner
from flambeau import inspect as inspect
from flambeau.ops.running_statistics import instance_norm as instance_norm
from flambeau.ops.inverse import inverse as inverse
from flambeau.autograd.modes import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from flambeau.autograd.modes import is_anomaly_enabled as is_anomaly_enabled
from flambeau.amp.autocast import is_autocast_enabled as is_autocast_enabled
from flambeau.ops.casting import is_complex as is_complex
from flambeau.ops.complex_numbers import is_conj as is_conj
from flambeau.tensor.settings import is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled
from flambeau.ops.casting import is_floating_point as is_floating_point
from flambeau.tensor.modes import is_grad_enabled as is_grad_enabled
from flambeau.autograd.modes import is_inference_mode_enabled as is_inference_mode_enabled
from flambeau.ops.complex_numbers import is_neg as is_neg
from flambeau.ops.identity import is_nonzero as is_nonzero
from flambeau.ops.identity import is_same_size as is_same_size
from flambeau.ops.identity import is_signed as is_signed
from flambeau.ops.identity import is_tensor as is_tensor
from flambeau.tensor.settings import is_warn_always_enabled as is_warn_always_enabled
from flambeau.ops.comparison import isclose as isclose
from flambeau.ops.searching import isin as isin
from flambeau.ops.short_time_fourier import istft as istft
from flambeau.ops.windows import kaiser_window as kaiser_window
from flambeau.ops.losses_by_number import kl_div as kl_div
from flambeau.ops.contraction import kron as kron
from flambeau.ops.order_statistics import kthvalue as kthvalue
from flambeau.ops.normalisation import layer_norm as layer_norm
from flambeau.tensor.device import layout as layout
from flambeau.ops.number_parts import ldexp as ldexp
from flambeau.ops.number_parts import ldexp_ as ldexp_
from flambeau.ops.combination import lerp as lerp
from flambeau import linalg as linalg
from flambeau.ops.sequences import linspace as linspace
from flambeau.checkpoint.loading import load as load
from flambeau.ops.softmax import log_softmax as log_softmax
from flambeau.ops.log_scan import logcumsumexp as logcumsumexp
from flambeau.ops.determinants import logdet as logdet
from flambeau.ops.special import logit as logit
from flambeau.ops.special import logit_ as logit_
from flambeau.ops.sequences import logspace as logspace
from flambeau.ops.softmax import logsumexp as logsumexp
from flambeau.ops.recurrent import lstm as lstm
from flambeau.ops.recurrent import lstm_cell as lstm_cell
from flambeau.ops.lu_decomposition import lu as lu
from flambeau.ops.lu_decomposition import lu_solve as lu_solve
from flambeau.ops.lu_decomposition import lu_unpack as lu_unpack
from flambeau.tensor.generator import manual_seed as manual_seed
from flambeau.ops.losses_by_number import margin_ranking_loss as margin_ranking_loss
from flambeau import masked as masked
from flambeau.ops.masking import masked_fill as masked_fill
from flambeau.ops.placing import masked_scatter as masked_scatter
from flambeau.ops.masks import masked_select as masked_select
from flambeau.ops.matmul import matmul as matmul
from flambeau.ops.matrix_exponential import matrix_exp as matrix_exp
from flambeau.ops.contraction import matrix_power as matrix_power
from flambeau.ops.extremes import max as max
from flambeau.ops.max_pooling import max_pool1d_with_indices as max_pool1d_with_indices
from flambeau.ops.reduction import mean as mean
from flambeau.ops.order_statistics import median as median
from flambeau.tensor.device import memory_format as memory_format
from flambeau.ops.combining import meshgrid as meshgrid
from flambeau.ops.extremes import min as min
from flambeau.ops.matmul import mm as mm
from flambeau.ops.order_statistics import mode as mode
from flambeau.ops.axes import movedim as moveaxis
from flambeau.ops.axes import movedim as movedim
from flambeau import mps as mps
from flambeau.ops.sorting import msort as msort
from flambeau.ops.distributions import multinomial as multinomial
from flambeau.ops.matmul import mv as mv
from flambeau.ops.special_gamma import mvlgamma as mvlgamma
from flambeau.ops.signs import nan_to_num as nan_to_num
from flambeau.ops.signs import nan_to_num_ as nan_to_num_
from flambeau.ops.quantiles import nanmean as nanmean
from flambeau.ops.order_statistics import nanmedian as nanmedian
from flambeau.ops.quantiles import nanquantile as nanquantile
from flambeau.ops.quantiles import nansum as nansum
from flambeau.ops.slicing import narrow as narrow
from flambeau.ops.view_copies import narrow_copy as narrow_copy
from flambeau.ops.norms_with_statistics import native_batch_norm as native_batch_norm
from flambeau.ops.shuffling import channel_shuffle as native_channel_shuffle
from flambeau.ops.norms_with_statistics import native_group_norm as native_group_norm
from flambeau.ops.norms_with_statistics import native_layer_norm as native_layer_norm
from flambeau import nn as nn
from flambeau.autograd.modes import no_grad as no_grad
from flambeau.ops.masks import nonzero as nonzero
from flambeau.ops.place_arithmetic import nonzero_static as nonzero_static
from flambeau.ops.norms import norm as norm
from flambeau.ops.weight_normalisation import norm_except_dim as norm_except_dim
from flambeau.ops.distributions import normal as normal
from flambeau.ops.older_names import nuclear_norm as nuclear_norm
from flambeau.ops.identity import numel as numel
from flambeau.ops.creation import ones as ones
from flambeau.ops.likes import ones_like as ones_like
from flambeau import optim as optim
from flambeau.ops.qr_decomposition import householder_product as orgqr
from flambeau.ops.qr_decomposition import ormqr as ormqr
from flambeau.ops.contraction import outer as outer
from flambeau.ops.distances import pairwise_distance as pairwise_distance
from flambeau.ops.low_rank import pca_lowrank as pca_lowrank
from flambeau.ops.pair_distances import pdist as pdist
from flambeau.ops.axes import permute as permute
from flambeau.ops.reshaped_copies import permute_copy as permute_copy
from flambeau.ops.pseudoinverse import pinverse as pinverse
from flambeau.ops.shuffling import pixel_shuffle as pixel_shuffle
from flambeau.ops.shuffling import pixel_unshuffle as pixel_unshuffle
from flambeau.ops.distributions import poisson as poisson
from flambeau.ops.losses_by_number import poisson_nll_loss as poisson_nll_loss
from flambeau.ops.complex_creation import polar as polar
from flambeau.ops.special import polygamma as polygamma
from flambeau.ops.arithmetic import positive as positive
from flambeau.ops.slopes import prelu as prelu
from flambeau.ops.products import prod as prod
from flambeau import profiler as profiler
from flambeau.inspect.progress_bar import progress as progress
from flambeau.core.dtypes import promote_types as promote_types
from flambeau.ops.placing import put as put
from flambeau.ops.qr_decomposition import qr as qr
from flambeau.ops.quantiles import quantile as quantile
from flambeau.ops.sampling import rand as rand
from flambeau.ops.sampling import rand_like as rand_like
from flambeau.ops.sampling import randint as randint
from flambeau.ops.sampling import randint_like as randint_like
from flambeau.ops.sampling import randn as randn
from flambeau.ops.sampling import randn_like as randn_like
from flambeau import random as random
from flambeau.ops.sampling import randperm as randperm
from flambeau.ops.older_names import range as range
from flambeau.ops.views import ravel as ravel
from flambeau.ops.complex_numbers import real as real
from flambeau.ops.norms import renorm as renorm
from flambeau.ops.arranging import repeat_interleave as repeat_interleave
from flambeau.ops.views import reshape as reshape
from flambeau.ops.inplace_views import resize_as_ as resize_as_
from flambeau.ops.complex_numbers import resolve_conj as resolve_conj
from flambeau.ops.complex_numbers import resolve_neg as resolve_neg
from flambeau.ops.identity import result_type as result_type
from flambeau.ops.normalisation import rms_norm as rms_norm
from flambeau.ops.recurrent import rnn_relu as rnn_relu
from flambeau.ops.recurrent import rnn_relu_cell as rnn_relu_cell
from flambeau.ops.recurrent import rnn_tanh as rnn_tanh
from flambeau.ops.recurrent import rnn_tanh_cell as rnn_tanh_cell
from flambeau.ops.arranging import roll as roll
from flambeau.ops.arranging import rot90 as rot90
from flambeau.ops.rounding import round as round
from flambeau.ops.rounding import round_ as round_
from flambeau.ops.joining import vstack as row_stack
from flambeau.ops.random_slopes import rrelu as rrelu
from flambeau.checkpoint.saving import save as save
from flambeau.ops.strided_creation import scalar_tensor as scalar_tensor
from flambeau.ops.scattering import scatter as scatter
from flambeau.ops.scattering import scatter_add as scatter_add
from flambeau.ops.scattering import scatter_reduce as scatter_reduce
from flambeau.ops.searching import searchsorted as searchsorted
from flambeau.random.process import seed as seed
from flambeau.ops.segments import segment_reduce as segment_reduce
from flambeau.ops.slicing import select as select
from flambeau.ops.view_copies import select_copy as select_copy
from flambeau.ops.scattered_views import select_scatter as select_scatter
from flambeau.ops.exponential_units import selu as selu
from flambeau.ops.exponential_units import selu_ as selu_
from flambeau.tensor.settings import set_default_device as set_default_device
from flambeau.core.dtypes import set_default_dtype as set_default_dtype
from flambeau.tensor.settings import set_default_tensor_type as set_default_tensor_type
from flambeau.tensor.settings import set_deterministic_debug_mode as set_deterministic_debug_mode
from flambeau.tensor.settings import set_float32_matmul_precision as set_float32_matmul_precision
from flambeau.tensor.settings import set_flush_denormal as set_flush_denormal
from flambeau.autograd.modes import set_grad_enabled as set_grad_enabled
from flambeau.tensor.settings import set_num_interop_threads as set_num_interop_threads
from flambeau.compiler import set_num_threads as set_num_threads
from flambeau.tensor.printing.options import set_printoptions as set_printoptions
from flambeau.tensor.generator import set_rng_state as set_rng_state
from flambeau.tensor.settings import set_warn_always as set_warn_always
from flambeau import signal as signal
from flambeau import sklearn as sklearn
from flambeau.ops.view_copies import slice_copy as slice_copy
from flambeau.ops.scattered_views import slice_scatter as slice_scatter
from flambeau.ops.determinants import slogdet as slogdet
from flambeau.ops.softmax import softmax as softmax
from flambeau.ops.sorting import sort as sort
from flambeau import special as special
from flambeau.ops.splitting import split as split
from flambeau.ops.view_copies import split_copy as split_copy
from flambeau.ops.splitting import split_with_sizes as split_with_sizes
from flambeau.ops.view_copies import split_with_sizes_copy as split_with_sizes_copy
from flambeau.ops.matmul import mm as spmm
from flambeau.ops.exponential import square as square
from flambeau.ops.exponential import square_ as square_
from flambeau.ops.views import squeeze as squeeze
from flambeau.ops.reshaped_copies import squeeze_copy as squeeze_copy
from flambeau.ops.joining import stack as stack
from flambeau.ops.statistics import std as std
from flambeau.ops.statistics import std_mean as std_mean
from flambeau.ops.short_time_fourier import stft as stft
from flambeau.ops.reduction import sum as sum
from flambeau.ops.singular_values import svd as svd
from flambeau.ops.low_rank import svd_lowrank as svd_lowrank
from flambeau.ops.axes import swapaxes as swapaxes
from flambeau.ops.axes import transpose as swapdims
from flambeau.ops.axes import t as t
from flambeau.ops.reshaped_copies import t_copy as t_copy
from flambeau.ops.masks import take as take
from flambeau.ops.masks import take_along_dim as take_along_dim
from flambeau.tensor.construction import tensor as tensor
from flambeau.ops.splitting import tensor_split as tensor_split
from flambeau.ops.contraction import tensordot as tensordot
from flambeau import testing as testing
from flambeau.ops.piecewise_activation import threshold as threshold
from flambeau.ops.piecewise_activation import threshold_ as threshold_
from flambeau.ops.arranging import tile as tile
from flambeau.ops.sorting import topk as topk
from flambeau.ops.matrix_sums import trace as trace
from flambeau.ops.axes import transpose as transpose
from flambeau.ops.reshaped_copies import transpose_copy as transpose_copy
from flambeau.ops.differences import trapezoid as trapezoid
from flambeau.ops.differences import trapezoid as trapz
from flambeau import tree as tree
from flambeau.ops.triangular_systems import triangular_solve as triangular_solve
from flambeau.ops.triangular import tril as tril
from flambeau.ops.triangular import tril_indices as tril_indices
from flambeau.ops.losses_by_number import triplet_margin_loss as triplet_margin_loss
from flambeau.ops.triangular import triu as triu
from flambeau.ops.triangular import triu_indices as triu_indices
from flambeau.tensor.settings import typename as typename
from flambeau.ops.splitting import unbind as unbind
from flambeau.ops.view_copies import unbind_copy as unbind_copy
from flambeau.ops.views import unflatten as unflatten
from flambeau.ops.view_copies import unfold_copy as unfold_copy
from flambeau.ops.uniqueness import unique as unique
from flambeau.ops.uniqueness import unique_consecutive as unique_consecutive
from flambeau.ops.place_arithmetic import unravel_index as unravel_index
from flambeau.ops.splitting import unsafe_chunk as unsafe_chunk
from flambeau.ops.splitting import unsafe_split as unsafe_split
from flambeau.ops.splitting import unsafe_split_with_sizes as unsafe_split_with_sizes
from flambeau.ops.views import unsqueeze as unsqueeze
from flambeau.ops.reshaped_copies import unsqueeze_copy as unsqueeze_copy
from flambeau.tensor.settings import use_deterministic_algorithms as use_deterministic_algorithms
from flambeau import utils as utils
from flambeau.ops.triangular import vander as vander
from flambeau.ops.statistics import var as var
from flambeau.ops.statistics import var_mean as var_mean
from flambeau.ops.matmul import vdot as vdot
from flambeau import version as version
from flambeau.ops.complex_views import view_as_complex as view_as_complex
from flambeau.ops.reshaped_copies import view_as_complex_copy as view_as_complex_copy
from flambeau.ops.complex_views import view_as_real as view_as_real
from flambeau.ops.reshaped_copies import view_as_real_copy as view_as_real_copy
from flambeau.ops.reshaped_copies import view_copy as view_copy
from flambeau.func.batching.vmap import vmap as vmap
from flambeau.ops.splitting import vsplit as vsplit
from flambeau.ops.joining import vstack as vstack
from flambeau.func.with_operands import while_loop as while_loop
from flambeau import xpu as xpu
from flambeau.ops.copying import zero_ as zero_
from flambeau.ops.creation import zeros as zeros
from flambeau.ops.likes import zeros_like as zeros_like

BFloat16Tensor: TensorType
BoolTensor: TensorType
ByteTensor: TensorType
CharTensor: TensorType
DoubleTensor: TensorType
FloatTensor: TensorType
HalfTensor: TensorType
IntTensor: TensorType
LongTensor: TensorType
ShortTensor: TensorType
bfloat16: dtype
bool: dtype
cdouble: dtype
cfloat: dtype
channels_last: memory_format
channels_last_3d: memory_format
complex128: dtype
complex64: dtype
contiguous_format: memory_format
default_generator: Generator
double: dtype
e: builtins.float
float: dtype
float16: dtype
float32: dtype
float64: dtype
half: dtype
inf: builtins.float
int: dtype
int16: dtype
int32: dtype
int64: dtype
int8: dtype
long: dtype
nan: builtins.float
newaxis: None
pi: builtins.float
preserve_format: memory_format
short: dtype
strided: layout
uint16: dtype
uint32: dtype
uint64: dtype
uint8: dtype
__version__: builtins.str
__all__: builtins.list[builtins.str]

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value of each element."""

def abs_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.abs`; returns the tensor itself."""

def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value of each element."""

def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose cosine is given; nan outside [-1, 1]."""

def acos_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.acos`; returns the tensor itself."""

def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic cosine is given; nan below 1."""

def acosh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.acosh`; returns the tensor itself."""

def add(input: Any, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Add two tensors, or a tensor and a number, elementwise."""

def addmv_(input: Any, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """In-place version of :func:`flambeau.addmv`; returns the tensor itself."""

def alpha_dropout(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = False) -> Tensor:
    """Saturated units at random: see :func:`flambeau.nn.functional.alpha_dropout`."""

def alpha_dropout_(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = True) -> Tensor:
    """Saturated units at random, in place: see :func:`flambeau.nn.functional.alpha_dropout`."""

def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians of complex numbers; 0 or π for real ones."""

def arccos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose cosine is given; nan outside [-1, 1]."""

def arccos_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.acos`; returns the tensor itself."""

def arccosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic cosine is given; nan below 1."""

def arccosh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.acosh`; returns the tensor itself."""

def arcsin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose sine is given; nan outside [-1, 1]."""

def arcsin_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.asin`; returns the tensor itself."""

def arcsinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic sine is given."""

def arcsinh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.asinh`; returns the tensor itself."""

def arctan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose tangent is given."""

def arctan2(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians of the point with ordinate ``input`` and abscissa ``other``."""

def arctan_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.atan`; returns the tensor itself."""

def arctanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic tangent is given; nan outside [-1, 1]."""

def arctanh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.atanh`; returns the tensor itself."""

def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose sine is given; nan outside [-1, 1]."""

def asin_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.asin`; returns the tensor itself."""

def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic sine is given."""

def asinh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.asinh`; returns the tensor itself."""

def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians whose tangent is given."""

def atan2(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians of the point with ordinate ``input`` and abscissa ``other``."""

def atan_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.atan`; returns the tensor itself."""

def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic tangent is given; nan outside [-1, 1]."""

def atanh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.atanh`; returns the tensor itself."""

def bitwise_and(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The bits that both operands have; on bool tensors the logical operation."""

def bitwise_left_shift(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Bits moved to the left: a multiplication by a power of 2."""

def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every bit turned over; on bool tensors the logical negation."""

def bitwise_or(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The bits that one of the operands has; on bool tensors the logical operation."""

def bitwise_right_shift(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Bits moved to the right, keeping the sign: a division by a power of 2, rounded down."""

def bitwise_xor(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The bits that exactly one of the operands has; on bool tensors the logical operation."""

def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Round each element up; integers stay what they are."""

def ceil_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.ceil`; returns the tensor itself."""

def clamp_max(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Keep elements below a bound."""

def clamp_min(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Keep elements above a bound."""

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

def copysign(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The size of one operand with the sign of the other, -0.0 included."""

def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cosine of angles in radians."""

def cos_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.cos`; returns the tensor itself."""

def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic cosine."""

def cosh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.cosh`; returns the tensor itself."""

def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Angles in degrees as radians."""

def deg2rad_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.deg2rad`; returns the tensor itself."""

def detach_(self: Any) -> Tensor:
    """Leave the graph in place: the tensor becomes a leaf that wants no gradient."""

def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of the logarithm of the gamma function."""

def dropout(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = False) -> Tensor:
    """Zeros at random: see :func:`flambeau.nn.functional.dropout`."""

def dropout_(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = True) -> Tensor:
    """Zeros at random, in place: see :func:`flambeau.nn.functional.dropout`."""

def eq(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function."""

def erf_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.erf`; returns the tensor itself."""

def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """What the error function lacks to 1, without loss of digits for large elements."""

def erfc_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.erfc`; returns the tensor itself."""

def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the error function; nan outside [-1, 1]."""

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The exponential function."""

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Two to the power of each element."""

def exp2_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.exp2`; returns the tensor itself."""

def exp_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.exp`; returns the tensor itself."""

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The exponential function minus 1, without loss of digits near 0."""

def expm1_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.expm1`; returns the tensor itself."""

def feature_alpha_dropout(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = False) -> Tensor:
    """Saturated channels at random: see :func:`flambeau.nn.functional.feature_alpha_dropout`."""

def feature_alpha_dropout_(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = True) -> Tensor:
    """Saturated channels at random, in place: see :func:`flambeau.nn.functional.feature_alpha_dropout`."""

def feature_dropout(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = False) -> Tensor:
    """Channels of zeros at random: see :func:`flambeau.nn.functional.feature_dropout`."""

def feature_dropout_(input: Tensor, p: builtins.float, train: builtins.bool, _inplace: builtins.bool = True) -> Tensor:
    """Channels of zeros at random, in place: see :func:`flambeau.nn.functional.feature_dropout`."""

def fix(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Round each element towards zero; integers stay what they are."""

def fix_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.trunc`; returns the tensor itself."""

def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Round each element down; integers stay what they are."""

def floor_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.floor`; returns the tensor itself."""

def floor_divide(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Divide elementwise and round down."""

def fmax(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; if one of them is nan, the other."""

def fmin(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; if one of them is nan, the other."""

def fmod(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The rest of a division, with the sign of the dividend, as C's ``fmod``."""

def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The part of each element after the decimal point, with its sign."""

def frac_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.frac`; returns the tensor itself."""

def gcd(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor, elementwise."""

def gcd_(input: Tensor, other: Any) -> Tensor:
    """In-place version of :func:`flambeau.gcd`; returns the tensor itself."""

def ge(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def greater(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def greater_equal(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def gt(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def heaviside(input: Any, values: Any, *, out: Tensor | None = None) -> Tensor:
    """The step function: 0 below 0, 1 above, a value of one's choice at 0."""

def hypot(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The hypotenuse of right triangles, without overflow on the way."""

def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind and order 0."""

def i0_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.i0`; returns the tensor itself."""

def igamma(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The part of the gamma function's integral that lies below a bound."""

def igammac(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The part of the gamma function's integral that lies above a bound."""

def isfinite(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is neither infinite nor nan."""

def isinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is inf or -inf."""

def isnan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is nan."""

def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is -inf."""

def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is inf."""

def isreal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is a real number: one whose imaginary part is 0."""

def lcm(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple, elementwise."""

def lcm_(input: Tensor, other: Any) -> Tensor:
    """In-place version of :func:`flambeau.lcm`; returns the tensor itself."""

def le(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def less(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def less_equal(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""

def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm."""

def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10; -inf at 0 and nan below."""

def log10_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.log10`; returns the tensor itself."""

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm of 1 plus each element, without loss of digits near 0."""

def log1p_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.log1p`; returns the tensor itself."""

def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2; -inf at 0 and nan below."""

def log2_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.log2`; returns the tensor itself."""

def log_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.log`; returns the tensor itself."""

def logaddexp(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of a sum of exponentials, without overflow."""

def logaddexp2(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The base-2 logarithm of a sum of powers of 2, without overflow."""

def logical_and(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Whether both elements are not zero."""

def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is zero."""

def logical_or(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Whether one of the elements is not zero."""

def logical_xor(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Whether exactly one of the elements is not zero."""

def lt(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def max_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def max_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: builtins.bool = False, return_indices: builtins.bool = False) -> Tensor:
    """The largest value of each window."""

def maximum(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; nan if either is nan."""

def minimum(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; nan if either is nan."""

def mul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Multiply elementwise."""

def multiply(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Multiply elementwise."""

def ne(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative of each element."""

def neg_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.neg`; returns the tensor itself."""

def negative(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative of each element."""

def negative_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.neg`; returns the tensor itself."""

def nextafter(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The next number that the type can hold, from one operand towards the other."""

def not_equal(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Compare elementwise."""

def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """Powers, elementwise."""

def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Angles in radians as degrees."""

def rad2deg_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.rad2deg`; returns the tensor itself."""

def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """One over each element."""

def reciprocal_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.reciprocal`; returns the tensor itself."""

def relu(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The rectifier: negative elements become 0."""

def relu_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.relu`; returns the tensor itself."""

def remainder(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The rest of a division, with the sign of the divisor, as Python's ``%``."""

def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """One over the square root; inf at 0 and nan below."""

def rsqrt_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.rsqrt`; returns the tensor itself."""

def rsub(input: Any, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Subtract the first operand from the second."""

def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sign of real elements, the direction of complex ones."""

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logistic function."""

def sigmoid_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.sigmoid`; returns the tensor itself."""

def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sign of each element: -1, 0 or 1."""

def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the sign bit of each element is set; it is for -0.0 too."""

def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sine of angles in radians."""

def sin_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.sin`; returns the tensor itself."""

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The normalised sinc function."""

def sinc_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.sinc`; returns the tensor itself."""

def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic sine."""

def sinh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.sinh`; returns the tensor itself."""

def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square root; nan below 0."""

def sqrt_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.sqrt`; returns the tensor itself."""

def sub(input: Any, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Subtract elementwise."""

def subtract(input: Any, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Subtract elementwise."""

def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tangent of angles in radians."""

def tan_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.tan`; returns the tensor itself."""

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent."""

def tanh_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.tanh`; returns the tensor itself."""

def true_divide(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Divide elementwise, without rounding the quotient."""

def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Round each element towards zero; integers stay what they are."""

def trunc_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.trunc`; returns the tensor itself."""

def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None) -> Any:
    """``input`` where a condition holds, ``other`` elsewhere."""

def xlogy(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """A factor times a logarithm, and 0 where the factor is 0."""

def xlogy_(input: Tensor, other: Any) -> Tensor:
    """In-place version of :func:`flambeau.xlogy`; returns the tensor itself."""

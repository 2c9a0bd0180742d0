"""Modules, their parameters and containers, layers, and initial values."""

from __future__ import annotations

from flambeau.core.late import late
from flambeau.nn.module import Module as Module
from flambeau.nn.parameter import Parameter as Parameter

__getattr__, __dir__ = late(
    __name__,
    {
        ".activation": (
            "CELU ELU GELU SELU Hardshrink Hardsigmoid Hardswish LeakyReLU LogSigmoid Mish "
            "ReLU Sigmoid SiLU Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
        ),
        ".adaptive_softmax": "AdaptiveLogSoftmaxWithLoss",
        ".affine_losses": "LinearCrossEntropyLoss",
        ".attention": "MultiheadAttention",
        ".average_pooling": (
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
            "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d "
            "LPPool2d LPPool3d"
        ),
        ".batch_norm": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm",
        ".containers": "ModuleDict ModuleList Sequential",
        ".convolution": "Conv1d Conv2d Conv3d",
        ".convolution_transposed": "ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        ".data_parallel": "DataParallel",
        ".distances": "CosineSimilarity PairwiseDistance",
        ".dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
        ".embedding": "Embedding",
        ".embedding_bag": "EmbeddingBag",
        ".global_hooks": (
            "register_module_buffer_registration_hook register_module_forward_hook "
            "register_module_forward_pre_hook register_module_full_backward_hook "
            "register_module_full_backward_pre_hook "
            "register_module_module_registration_hook "
            "register_module_parameter_registration_hook"
        ),
        ".instance_norm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
        ".lazy": "LazyLinear",
        ".lazy_layers": (
            "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d "
            "LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d "
            "LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d"
        ),
        ".linear": "Bilinear Identity Linear",
        ".losses": (
            "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss L1Loss MSELoss NLLLoss "
            "SmoothL1Loss"
        ),
        ".losses_margin": (
            "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss SoftMarginLoss"
        ),
        ".losses_probability": "CTCLoss GaussianNLLLoss KLDivLoss PoissonNLLLoss",
        ".losses_ranking": (
            "CosineEmbeddingLoss HingeEmbeddingLoss MarginRankingLoss TripletMarginLoss "
            "TripletMarginWithDistanceLoss"
        ),
        ".max_pooling": (
            "FractionalMaxPool2d FractionalMaxPool3d MaxPool1d MaxPool2d MaxPool3d "
            "MaxUnpool1d MaxUnpool2d MaxUnpool3d"
        ),
        ".normalisation": "GroupNorm LayerNorm LocalResponseNorm RMSNorm",
        ".padding": (
            "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d "
            "ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d "
            "ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
        ),
        ".parameter": "Buffer UninitializedBuffer UninitializedParameter",
        ".parameter_containers": "ParameterDict ParameterList",
        ".rearranging": "ChannelShuffle Fold PixelShuffle PixelUnshuffle Unfold",
        ".rectifiers": "Hardtanh PReLU ReLU6 RReLU",
        ".recurrent": "GRU LSTM RNN RNNBase",
        ".recurrent_cells": "GRUCell LSTMCell RNNCell RNNCellBase",
        ".shape": "Flatten Unflatten",
        ".softmax": "GLU LogSoftmax Softmax Softmax2d Softmin",
        ".transformer": "Transformer TransformerDecoder TransformerEncoder",
        ".transformer_layers": "TransformerDecoderLayer TransformerEncoderLayer",
        ".upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    },
    modules="functional init modules parallel parameter utils",
)

"""PyTorch's path for the fusion of layers."""

from flambeau.nn.fusion import fuse_conv_bn_eval as fuse_conv_bn_eval
from flambeau.nn.fusion import fuse_conv_bn_weights as fuse_conv_bn_weights
from flambeau.nn.fusion import fuse_linear_bn_eval as fuse_linear_bn_eval
from flambeau.nn.fusion import fuse_linear_bn_weights as fuse_linear_bn_weights

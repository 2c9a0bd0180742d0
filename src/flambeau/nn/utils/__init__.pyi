# Written by tools/write_stubs.py.
import builtins
from flambeau.nn.fusion import fuse_conv_bn_eval as fuse_conv_bn_eval
from flambeau.nn.fusion import fuse_conv_bn_weights as fuse_conv_bn_weights
from flambeau.nn.fusion import fuse_linear_bn_eval as fuse_linear_bn_eval
from flambeau.nn.fusion import fuse_linear_bn_weights as fuse_linear_bn_weights
from flambeau.nn.gradient_clipping import clip_grad_norm as clip_grad_norm
from flambeau.nn.gradient_clipping import clip_grad_norm_ as clip_grad_norm_
from flambeau.nn.gradient_clipping import clip_grad_value_ as clip_grad_value_
from flambeau.nn.gradient_clipping import clip_grads_with_norm_ as clip_grads_with_norm_
from flambeau.nn.gradient_clipping import get_total_norm as get_total_norm
from flambeau.nn.parameter_vectors import parameters_to_vector as parameters_to_vector
from flambeau.nn.parameter_vectors import vector_to_parameters as vector_to_parameters
from flambeau.nn.spectral_norm_hook import remove_spectral_norm as remove_spectral_norm
from flambeau.nn.spectral_norm_hook import spectral_norm as spectral_norm
from flambeau.nn.uninitialised import skip_init as skip_init
from flambeau.nn.utils import clip_grad as clip_grad
from flambeau.nn.utils import convert_parameters as convert_parameters
from flambeau.nn.utils import fusion as fusion
from flambeau.nn.utils import parametrizations as parametrizations
from flambeau.nn.utils import parametrize as parametrize
from flambeau.nn.utils import prune as prune
from flambeau.nn.utils import rnn as rnn
from flambeau.nn.utils import stateless as stateless
from flambeau.nn.weight_norm_hook import remove_weight_norm as remove_weight_norm
from flambeau.nn.weight_norm_hook import weight_norm as weight_norm

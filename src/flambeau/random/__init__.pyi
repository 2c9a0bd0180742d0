# Written by tools/write_stubs.py.
import builtins
from flambeau.random.categorical import multinomial as multinomial
from flambeau.random.continuous import cauchy as cauchy
from flambeau.random.continuous import exponential as exponential
from flambeau.random.continuous import geometric as geometric
from flambeau.random.continuous import log_normal as log_normal
from flambeau.random.counts import binomial as binomial
from flambeau.random.counts import poisson as poisson
from flambeau.random.draws import draws_bernoulli as draws_bernoulli
from flambeau.random.draws import draws_integers as draws_integers
from flambeau.random.draws import draws_inversion as draws_inversion
from flambeau.random.draws import draws_log_normal as draws_log_normal
from flambeau.random.draws import draws_multinomial as draws_multinomial
from flambeau.random.draws import draws_normal as draws_normal
from flambeau.random.draws import draws_permutation as draws_permutation
from flambeau.random.draws import draws_uniform as draws_uniform
from flambeau.random.gamma import dirichlet as dirichlet
from flambeau.random.gamma import standard_gamma as standard_gamma
from flambeau.random.generator import Generator as Generator
from flambeau.random.generator import Snapshot as Snapshot
from flambeau.random.masks import bernoulli as bernoulli
from flambeau.random.masks import dropout_noise as dropout_noise
from flambeau.random.masks import feature_shape as feature_shape
from flambeau.random.masks import rrelu_slopes as rrelu_slopes
from flambeau.random.normals import normal as normal
from flambeau.random.permutations import permutation as permutation
from flambeau.random.process import fork_rng as fork_rng
from flambeau.random.process import initial_seed as initial_seed
from flambeau.random.process import seed as seed
from flambeau.random.uniforms import uniform as uniform
from flambeau.random.whole_numbers import integers as integers
from flambeau.tensor.generator import Generator
from flambeau.tensor.generator import get_rng_state as get_rng_state
from flambeau.tensor.generator import manual_seed as manual_seed
from flambeau.tensor.generator import set_rng_state as set_rng_state
from typing import Any

DEFAULT_SEED: builtins.int

default_generator: Any

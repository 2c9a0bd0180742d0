"""PyTorch's random streams on NumPy: the same seed gives the same numbers, bit for bit.

Samplers take a `Generator` (or None for the process's own) and give NumPy arrays, or fill one
that is passed as ``into`` in the order of its memory, as PyTorch fills a tensor. The bits are
those of PyTorch 2.13 on a processor with AVX2 or AVX-512.
"""

from flambeau.core.late import late
from flambeau.random.generator import DEFAULT_SEED as DEFAULT_SEED
from flambeau.random.generator import Generator as Generator
from flambeau.random.generator import Snapshot as Snapshot
from flambeau.random.normals import normal as normal
from flambeau.random.process import default_generator as default_generator
from flambeau.random.process import fork_rng as fork_rng
from flambeau.random.process import initial_seed as initial_seed
from flambeau.random.process import manual_seed as manual_seed
from flambeau.random.process import seed as seed
from flambeau.random.uniforms import uniform as uniform

__getattr__, __dir__ = late(
    __name__,
    {
        ".categorical": "multinomial",
        ".continuous": "cauchy exponential geometric log_normal",
        ".counts": "binomial poisson",
        ".draws": (
            "draws_bernoulli draws_integers draws_inversion draws_log_normal draws_multinomial "
            "draws_normal draws_permutation draws_uniform"
        ),
        ".gamma": "dirichlet standard_gamma",
        ".masks": "bernoulli dropout_noise feature_shape rrelu_slopes",
        ".permutations": "permutation",
        ".whole_numbers": "integers",
    },
)

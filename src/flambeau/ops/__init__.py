"""Operations, one record each, grouped by family.

Importing a family registers its records, and its public functions in
:data:`flambeau.ops.publish.PUBLIC`. The families that nearly every program uses are imported here;
all others load when something of theirs is first asked for (:mod:`flambeau.ops.deferred`). A new
family needs no line here: ``tools/write_stubs.py`` finds it.
"""

from flambeau.ops import activation as activation
from flambeau.ops import addmm as addmm
from flambeau.ops import advanced_indexing as advanced_indexing
from flambeau.ops import arithmetic as arithmetic
from flambeau.ops import axes as axes
from flambeau.ops import bitwise as bitwise
from flambeau.ops import casting as casting
from flambeau.ops import clamping as clamping
from flambeau.ops import comparison as comparison
from flambeau.ops import copying as copying
from flambeau.ops import creation as creation
from flambeau.ops import division as division
from flambeau.ops import elementwise as elementwise
from flambeau.ops import elementwise_calls as elementwise_calls
from flambeau.ops import elementwise_samples as elementwise_samples
from flambeau.ops import error_functions as error_functions
from flambeau.ops import expansion as expansion
from flambeau.ops import exponential as exponential
from flambeau.ops import extremes as extremes
from flambeau.ops import filling as filling
from flambeau.ops import gamma_functions as gamma_functions
from flambeau.ops import gathering as gathering
from flambeau.ops import identity as identity
from flambeau.ops import indexing as indexing
from flambeau.ops import inplace_views as inplace_views
from flambeau.ops import inverse as inverse
from flambeau.ops import joining as joining
from flambeau.ops import likes as likes
from flambeau.ops import linear as linear
from flambeau.ops import masking as masking
from flambeau.ops import matmul as matmul
from flambeau.ops import matrix_products as matrix_products
from flambeau.ops import norms as norms
from flambeau.ops import numpy_style as numpy_style
from flambeau.ops import operands as operands
from flambeau.ops import operators as operators
from flambeau.ops import piecewise_activation as piecewise_activation
from flambeau.ops import publish as publish
from flambeau.ops import reduction as reduction
from flambeau.ops import return_types as return_types
from flambeau.ops import rounding as rounding
from flambeau.ops import same_type_creation as same_type_creation
from flambeau.ops import sampling as sampling
from flambeau.ops import selection as selection
from flambeau.ops import sequences as sequences
from flambeau.ops import shown_graph as shown_graph
from flambeau.ops import signs as signs
from flambeau.ops import single as single
from flambeau.ops import singular_values as singular_values
from flambeau.ops import slicing as slicing
from flambeau.ops import softmax as softmax
from flambeau.ops import special as special
from flambeau.ops import splitting as splitting
from flambeau.ops import strided as strided
from flambeau.ops import trigonometry as trigonometry
from flambeau.ops import view_record as view_record
from flambeau.ops import views as views
from flambeau.ops import writing as writing


def __getattr__(name: str) -> object:
    if name == "aten":
        from importlib import import_module

        return import_module("flambeau.ops.aten")
    raise AttributeError(f"module 'flambeau.ops' has no attribute {name!r}")

"""Operations, one record each, grouped by family."""

from flambeau.ops.arithmetic import add as add
from flambeau.ops.arithmetic import div as div
from flambeau.ops.arithmetic import mul as mul
from flambeau.ops.arithmetic import neg as neg
from flambeau.ops.arithmetic import sub as sub
from flambeau.ops.copying import clone as clone
from flambeau.ops.reduction import sum as sum
from flambeau.ops.views import reshape as reshape
from flambeau.ops.views import transpose as transpose

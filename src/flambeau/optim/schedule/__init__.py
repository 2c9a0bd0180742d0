"""Schedules: pure functions from the step to the value of a hyperparameter.

They have optax's names and arguments. Any function of the step can stand in their place.
"""

from flambeau.optim.schedule.combination import join_schedules as join_schedules
from flambeau.optim.schedule.combination import scale_schedule as scale_schedule
from flambeau.optim.schedule.combination import sgdr_schedule as sgdr_schedule
from flambeau.optim.schedule.combination import warmup_constant_schedule as warmup_constant_schedule
from flambeau.optim.schedule.combination import (
    warmup_cosine_decay_schedule as warmup_cosine_decay_schedule,
)
from flambeau.optim.schedule.combination import (
    warmup_exponential_decay_schedule as warmup_exponential_decay_schedule,
)
from flambeau.optim.schedule.combination import warmup_schedule as warmup_schedule
from flambeau.optim.schedule.combination import (
    warmup_stable_decay_schedule as warmup_stable_decay_schedule,
)
from flambeau.optim.schedule.decay import constant_schedule as constant_schedule
from flambeau.optim.schedule.decay import cosine_decay_schedule as cosine_decay_schedule
from flambeau.optim.schedule.decay import exponential_decay as exponential_decay
from flambeau.optim.schedule.decay import linear_schedule as linear_schedule
from flambeau.optim.schedule.decay import polynomial_schedule as polynomial_schedule
from flambeau.optim.schedule.decay import rex_schedule as rex_schedule
from flambeau.optim.schedule.definition import Schedule as Schedule
from flambeau.optim.schedule.definition import as_float32 as as_float32
from flambeau.optim.schedule.piecewise import cosine_onecycle_schedule as cosine_onecycle_schedule
from flambeau.optim.schedule.piecewise import linear_onecycle_schedule as linear_onecycle_schedule
from flambeau.optim.schedule.piecewise import (
    piecewise_constant_schedule as piecewise_constant_schedule,
)
from flambeau.optim.schedule.piecewise import (
    piecewise_interpolate_schedule as piecewise_interpolate_schedule,
)

"""PyTorch's learning-rate schedulers: functions of the epoch, shown to an optimizer."""

from flambeau.optim.lr_scheduler.combination import ChainedScheduler as ChainedScheduler
from flambeau.optim.lr_scheduler.combination import SequentialLR as SequentialLR
from flambeau.optim.lr_scheduler.multiples import ConstantLR as ConstantLR
from flambeau.optim.lr_scheduler.multiples import ExponentialLR as ExponentialLR
from flambeau.optim.lr_scheduler.multiples import LambdaLR as LambdaLR
from flambeau.optim.lr_scheduler.multiples import LinearLR as LinearLR
from flambeau.optim.lr_scheduler.multiples import MultiplicativeLR as MultiplicativeLR
from flambeau.optim.lr_scheduler.multiples import MultiStepLR as MultiStepLR
from flambeau.optim.lr_scheduler.multiples import PolynomialLR as PolynomialLR
from flambeau.optim.lr_scheduler.multiples import StepLR as StepLR
from flambeau.optim.lr_scheduler.plateau import ReduceLROnPlateau as ReduceLROnPlateau
from flambeau.optim.lr_scheduler.scheduler import LRScheduler as LRScheduler
from flambeau.optim.lr_scheduler.waves import CosineAnnealingLR as CosineAnnealingLR
from flambeau.optim.lr_scheduler.waves import (
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
)
from flambeau.optim.lr_scheduler.waves import CyclicLR as CyclicLR
from flambeau.optim.lr_scheduler.waves import OneCycleLR as OneCycleLR

_LRScheduler = LRScheduler  # its older name

"""The backward engine, gradient modes, user-defined functions and gradient checks."""

from flambeau.autograd import functional as functional
from flambeau.autograd import graph as graph
from flambeau.autograd import hooks as hooks
from flambeau.autograd.backward import backward as backward
from flambeau.autograd.backward import grad as grad
from flambeau.autograd.function import Function as Function
from flambeau.autograd.gradcheck import GradcheckError as GradcheckError
from flambeau.autograd.gradcheck import gradcheck as gradcheck
from flambeau.autograd.gradcheck import gradgradcheck as gradgradcheck
from flambeau.autograd.modes import detect_anomaly as detect_anomaly
from flambeau.autograd.modes import enable_grad as enable_grad
from flambeau.autograd.modes import inference_mode as inference_mode
from flambeau.autograd.modes import no_grad as no_grad
from flambeau.autograd.modes import set_detect_anomaly as set_detect_anomaly
from flambeau.autograd.modes import set_grad_enabled as set_grad_enabled
from flambeau.autograd.variable import Variable as Variable
from flambeau.core.late import late
from flambeau.tensor.graph import Node as Node

__getattr__, __dir__ = late(__name__, {}, modules="forward_ad grad_mode profiler")

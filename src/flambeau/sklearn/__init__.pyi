# Written by tools/write_stubs.py.
import builtins
from flambeau.sklearn.classifier import Classifier as Classifier
from flambeau.sklearn.regressor import Regressor as Regressor

"""Networks as estimators: scikit-learn's own checks, and its pipelines and searches."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import flambeau as fb
from flambeau.sklearn import Classifier, Regressor

IRIS = load_iris(return_X_y=True)
LINE = make_regression(60, 3, noise=1.0, random_state=0)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
@pytest.mark.filterwarnings("ignore")
def test_checks_of_scikit_learn(kind):
    results = check_estimator(kind(), on_fail=None, on_skip=None)
    wrong = [r for r in results if r["status"] not in ("passed", "skipped")]
    assert [(r["check_name"], r["exception"]) for r in wrong] == []
    # What is left away asks for packages that are not there.
    assert sum(r["status"] == "passed" for r in results) >= 48


def test_search_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), Classifier(random_state=0))
    choices = {"classifier__epochs": [1, 40], "classifier__hidden_sizes": [(), (16,)]}
    search = GridSearchCV(pipeline, choices, cv=3).fit(*IRIS)
    assert search.best_params_["classifier__epochs"] == 40
    assert search.best_score_ > 0.9
    assert search.predict_proba(IRIS[0]).sum(1) == pytest.approx(1.0)


def test_regression_with_several_outputs():
    x, y = LINE
    both = np.stack([y, 1000 - 3 * y], 1)
    found = Regressor(random_state=0).fit(x, both)
    assert found.predict(x).shape == both.shape
    assert found.score(x, both) > 0.95
    assert Regressor(random_state=0).fit(x, y).predict(x).shape == y.shape
    constant = Regressor(random_state=0, epochs=3).fit(x, np.full(60, 7.0))
    assert np.isfinite(constant.predict(x)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_those_of_the_samples(dtype):
    x, y = LINE
    found = Regressor(epochs=2).fit(x.astype(dtype), y)
    assert {p.dtype.numpy for p in found.module_.parameters()} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_a_seed_decides_everything_and_touches_no_other_stream(kind):
    x, y = IRIS
    state = fb.get_rng_state().tolist()
    module = fb.nn.Sequential(fb.nn.Linear(4, 8), fb.nn.Dropout(), fb.nn.Linear(8, 3))
    if kind is Regressor:
        y = np.eye(3)[y]
    fb.set_rng_state(fb.tensor(state, dtype=fb.uint8))
    first, second, other = [
        kind(module, epochs=3, random_state=seed).fit(x, y) for seed in (1, 1, 2)
    ]
    assert fb.get_rng_state().tolist() == state
    assert first.loss_curve_ == second.loss_curve_ != other.loss_curve_
    np.testing.assert_array_equal(first.predict(x), second.predict(x))
    assert first.module_ is not module
    assert len(first.loss_curve_) == 3


def test_training_is_that_of_a_loop_by_hand():
    x, y = (IRIS[0][:40].astype(np.float32), IRIS[1][:40])
    found = Classifier(
        lambda inputs, outputs: fb.nn.Linear(inputs, outputs),
        optimizer=fb.optim.SGD, lr=0.1, optimizer_options={"momentum": 0.5}, batch_size=16,
        epochs=2, random_state=5,
    ).fit(x, y)  # fmt: skip
    fb.manual_seed(np.random.RandomState(5).randint(2**31 - 1))
    model = fb.nn.Linear(4, 1)
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    losses = []
    for _ in range(2):
        total, order = 0.0, fb.randperm(40)
        for chosen in order.split(16):
            loss = fb.nn.functional.cross_entropy(model(fb.tensor(x)[chosen]), fb.tensor(y)[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        losses.append(total / 40)
    assert found.loss_curve_ == pytest.approx(losses, rel=1e-6)


def test_learning_piece_by_piece():
    x, y = IRIS
    names = np.array(["a", "b", "c"])[y]
    found = Classifier(random_state=0, lr=0.02)
    for _ in range(30):
        for part in range(3):
            found.partial_fit(x[part::3], names[part::3], classes=["c", "a", "b"])
    assert found.classes_.tolist() == ["a", "b", "c"]
    assert found.score(x, names) > 0.9
    with pytest.raises(ValueError, match=r"classes \['d'\] were not among those of the first call"):
        found.partial_fit(x[:1], ["d"])
    line = Regressor(random_state=0).partial_fit(*LINE)
    before = line.loss_curve_[0]
    for _ in range(20):
        line.partial_fit(*LINE)
    assert line.loss_curve_[-1] < before / 4


def test_copies():
    found = Classifier(epochs=2, random_state=3).fit(*IRIS)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict_proba(IRIS[0]), found.predict_proba(IRIS[0]))
    assert again.partial_fit(*IRIS).loss_curve_ == found.partial_fit(*IRIS).loss_curve_
    fresh = clone(found)
    assert fresh.get_params() == found.get_params()
    assert not hasattr(fresh, "module_")


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, 1.5])
def test_options_that_make_no_sense(name, value):
    with pytest.raises(ValueError) as raised:
        Classifier(**{name: value}).fit(*IRIS)
    assert str(raised.value) == (
        f"Classifier: {name} is not a positive integer\n"
        f"  expected: {name} >= 1\n"
        f"  got:      {name}={value}"
    )


def test_without_scikit_learn():
    code = (
        "import sys; sys.modules['sklearn.base'] = None\n"
        "import flambeau.sklearn\n"
        "try: flambeau.sklearn.Classifier\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install flambeau[sklearn]" in done.stdout

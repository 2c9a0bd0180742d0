"""A global that shares its name with an attribute is not read by who uses the attribute."""

import flambeau as fb

step = 0
factor = 1.0
model = fb.nn.Linear(2, 1)
optimizer = fb.optim.SGD(model.parameters(), lr=0.1)


def train(x):
    loss = model(x).square().sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def scaled(x):
    return [value * factor for value in (x, x)]


def looked_up(x):
    return x * globals()["factor"]


def test_a_counter_that_is_called_like_a_method():
    global step
    run = fb.compile(train)
    for step in range(30):  # noqa: B007 - the function must not look at it
        run(fb.ones(3, 2))
    assert step == 29
    assert str(run.report()).startswith("<compiled train>: 1 recording(s)")


def test_globals_that_are_read_are_noticed():
    global factor
    for function in (scaled, looked_up):
        run = fb.compile(function)
        for factor in (2.0, 3.0):
            found = run(fb.ones(1))
            found = found[1] if isinstance(found, list) else found
            assert found.item() == factor
    factor = 1.0

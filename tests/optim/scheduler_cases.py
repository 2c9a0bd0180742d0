"""Schedulers with arguments, as functions of a library and an optimizer."""

from __future__ import annotations


def of(name, *args, **kwargs):
    """A case: the library's scheduler of that name with these arguments."""
    return lambda lib, optimizer: getattr(lib.optim.lr_scheduler, name)(optimizer, *args, **kwargs)


def sequence(*parts, milestones):
    """A case: one after another."""
    return lambda lib, optimizer: lib.optim.lr_scheduler.SequentialLR(
        optimizer, [part(lib, optimizer) for part in parts], milestones
    )


def chain(*parts):
    """A case: all at once."""
    return lambda lib, optimizer: lib.optim.lr_scheduler.ChainedScheduler(
        [part(lib, optimizer) for part in parts]
    )


CASES = {
    "lambda": of("LambdaLR", lambda epoch: 0.99**epoch),
    "lambdas": of("LambdaLR", [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.9**epoch]),
    "multiplicative": of("MultiplicativeLR", lambda epoch: 0.99 if epoch % 2 else 1.005),
    "step": of("StepLR", 30, 0.7),
    "milestones": of("MultiStepLR", [10, 80, 80, 200], 0.3),
    "constant": of("ConstantLR", 0.25, 50),
    "linear": of("LinearLR", 0.1, 0.8, 300),
    "exponential": of("ExponentialLR", 0.995),
    "polynomial": of("PolynomialLR", 400, 2.5),
    "cosine": of("CosineAnnealingLR", 100, 0.01),
    "odd cosine": of("CosineAnnealingLR", 37),
    "restarts": of("CosineAnnealingWarmRestarts", 50),
    "longer restarts": of("CosineAnnealingWarmRestarts", 10, 2, 0.001),
    "cyclic": of("CyclicLR", 0.01, 0.1, 20, 30),
    "cyclic groups": of("CyclicLR", [0.01, 0.02], [0.1, 0.3], 20, mode="triangular2"),
    "cyclic range": of("CyclicLR", 0.01, 0.1, 20, mode="exp_range", gamma=0.999,
                       cycle_momentum=False),
    "cyclic own": of("CyclicLR", 0.01, 0.1, 25, scale_fn=lambda x: 1 / x, base_momentum=0.5),
    "one cycle": of("OneCycleLR", 0.3, 1001),
    "one linear cycle": of("OneCycleLR", [0.3, 0.1], epochs=77, steps_per_epoch=13,
                           anneal_strategy="linear", div_factor=5.0, final_div_factor=50.0),
    "three phases": of("OneCycleLR", 0.3, 1001, three_phase=True, pct_start=0.25),
    "no momentum": of("OneCycleLR", 0.3, 1001, cycle_momentum=False),
    "sequence": sequence(of("LinearLR", 0.1, 1.0, 20), of("CosineAnnealingLR", 200, 0.001),
                         of("ExponentialLR", 0.99), milestones=[20, 220]),
    "constant then decay": sequence(of("ConstantLR", 0.1, 2), of("ExponentialLR", 0.9),
                                    milestones=[2]),
    "chain": chain(of("ConstantLR", 0.1, 20), of("ExponentialLR", 0.99)),
    "chain of three": chain(of("LinearLR", 0.5, 1.0, 50), of("StepLR", 100, 0.5),
                            of("MultiStepLR", [30, 333])),
}  # fmt: skip

"""The first result: trains the tutorial's network, a regression and a digit classifier.

Run it with ``make train`` or ``python -m examples.train``.
"""

from __future__ import annotations

from examples import digits, regression
from examples.pictures import save_curves
from examples.tutorial import step4_optimizers


def main() -> None:
    """Run all three and sum up."""
    print("--- a network with one hidden layer, trained by Adam")
    losses = step4_optimizers.train()
    curve = save_curves("tutorial_step4", "Loss and optimizer", {"loss": losses})
    print("\n--- linear regression by gradient descent")
    fitted = regression.main()
    print("\n--- handwritten digits")
    classified = digits.main()

    print("\n--- summary")
    print(f"network      loss {losses[0]:.2f} -> {losses[-1]:.2f} in {len(losses)} epochs")
    print(
        f"regression   least squares {fitted['least squares']:.6f}; every table entry within "
        f"{fitted['difference']:.0e} of the printed figure"
    )
    print(f"digits       {classified['accuracy']:.1%} of unseen images recognised")
    pictures = (curve, fitted["picture"], classified["picture"])
    print("pictures     " + ", ".join(map(str, pictures)))


if __name__ == "__main__":
    main()

"""A training run that saves itself now and then, to be killed and resumed.

Dropout, shuffling, augmentation, momentum, a schedule, and gradients added up over two batches.
"""

import random
import sys
import time

import flambeau as fb
from flambeau.utils.data import DataLoader, Dataset


class Augmented(Dataset):
    """Rows with noise, from two random streams."""

    def __init__(self):
        self.x = fb.linspace(-1, 1, 120).reshape(40, 3)

    def __len__(self):
        return 40

    def __getitem__(self, index):
        x = self.x[index] + 0.1 * fb.rand(3) * random.random()
        return x, x.sum()


def train(path, epochs, workers, log, pause=0.0, compiled=False):
    """Train, and append the bits of every step's loss to a file."""
    fb.manual_seed(0)
    random.seed(0)
    model = fb.nn.Sequential(
        fb.nn.Linear(3, 16), fb.nn.ReLU(), fb.nn.Dropout(0.3), fb.nn.Linear(16, 1)
    )
    optimizer = fb.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    schedule = fb.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    own = fb.Generator().manual_seed(5)
    loader = DataLoader(Augmented(), 3, True, num_workers=workers, generator=own)
    run = fb.checkpoint.Run(
        model=model, optimizer=optimizer, scheduler=schedule, loader=loader, generator=own
    )

    def backward(x, y):
        loss = (model(x).squeeze(1) - y).square().mean() / 2
        loss.backward()
        return loss.detach()

    def update():
        optimizer.step()
        optimizer.zero_grad()

    if compiled:
        backward, update = fb.compile(backward), fb.compile(update)
    run.progress = {"epoch": 0, "step": 0}
    run.resume(path)
    while run.progress["epoch"] < epochs:
        for x, y in loader:
            loss = backward(x, y)
            run.progress["step"] += 1
            if run.progress["step"] % 2 == 0:
                update()
            with open(log, "a") as file:
                file.write(f"{run.progress['step']} {loss.item().hex()}\n")
            if run.progress["step"] % 5 == 0:
                run.save(path, keep=2)
            time.sleep(pause)
        schedule.step()
        run.progress["epoch"] += 1
    fb.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path + ".end")


if __name__ == "__main__":
    path, epochs, workers, log, pause, how = sys.argv[1:]
    train(path, int(epochs), int(workers), log, float(pause), how == "compiled")

"""A classifier of handwritten digits: 1,797 images of 8x8 pixels that scikit-learn brings along.

Run it with ``python -m examples.digits``.
"""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

import flambeau as fb
from examples.pictures import save_curves
from flambeau import nn
from flambeau.nn import functional as F


def make_data() -> tuple[fb.Tensor, fb.Tensor, fb.Tensor, fb.Tensor]:
    """Images and labels for training (75%) and for testing."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32)
    parts = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    return tuple(fb.from_numpy(np.ascontiguousarray(part)) for part in parts)


def accuracy(model: nn.Module, images: fb.Tensor, labels: fb.Tensor) -> float:
    """The share of images whose digit is recognised."""
    model.eval()
    with fb.no_grad():
        correct = model(images).argmax(dim=1) == labels
    model.train()
    return correct.float().mean().item()


def train(epochs: int = 30, batch: int = 64) -> tuple[float, list[float]]:
    """Train a network of one hidden layer; returns the test accuracy and the losses."""
    fb.manual_seed(0)
    train_images, test_images, train_labels, test_labels = make_data()
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    optimizer = fb.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    progress = tqdm(range(epochs), desc="digits", unit="epoch")
    for _ in progress:
        order = fb.randperm(len(train_images))
        for rows in order.split(batch):
            loss = F.cross_entropy(model(train_images[rows]), train_labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        progress.set_postfix(loss=f"{losses[-1]:.4f}")
    return accuracy(model, test_images, test_labels), losses


def main() -> dict[str, object]:
    """Train, report and save the curve."""
    reached, losses = train()
    print(f"test accuracy: {reached:.1%}")
    path = save_curves("digits", "Handwritten digits: loss per batch", {"loss": losses})
    return {"accuracy": reached, "picture": path}


if __name__ == "__main__":
    main()

"""A convolutional network with batch norm and pooling that tells bars from crosses; SGD."""

import flambeau as torch
import flambeau.nn.functional as F
from flambeau import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 12, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(12)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(torch.flatten(self.pool(x), 1))


def images(count):
    labels = torch.arange(count) % 3
    pictures = 0.5 * torch.randn(count, 1, 8, 8)
    places = torch.randint(1, 7, (count,))
    for i in range(count):
        if labels[i] != 1:
            pictures[i, 0, places[i], :] += 1.5
        if labels[i] != 0:
            pictures[i, 0, :, places[i]] += 1.5
    return pictures, labels


def train(compiled=False):
    torch.manual_seed(1)
    x, labels = images(64)
    model = Net()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )

    def step(x, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for i in range(50):
        rows = torch.arange(16) + 16 * (i % 4)
        losses.append(step(x[rows], labels[rows]).item())
    model.eval()
    with torch.no_grad():
        losses.append(F.cross_entropy(model(x), labels).item())
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

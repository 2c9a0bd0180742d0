"""A classifier of points in three rings: loader, dropout, label smoothing, Adam, step schedule."""

import flambeau as torch
from flambeau import nn, optim
from flambeau.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 16), nn.Tanh()
        )
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.layers(x))


def rings(count):
    labels = torch.randint(0, 3, (count,))
    angle = 6.2832 * torch.rand(count)
    radius = labels.float() + 0.3 * torch.randn(count) + 0.5
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1), labels


def train(compiled=False):
    torch.manual_seed(0)
    x, labels = rings(160)
    loader = DataLoader(TensorDataset(x, labels), batch_size=32, shuffle=True)
    model = Classifier()
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)

    def step(x, labels):
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for _ in range(10):
        model.train()
        for batch, target in loader:
            losses.append(step(batch, target).item())
        scheduler.step()
    model.eval()
    with torch.no_grad():
        losses.append((model(x).argmax(1) == labels).float().mean().item())
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

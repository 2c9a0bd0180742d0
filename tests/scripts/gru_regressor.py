"""A bidirectional GRU that adds up sequences of several lengths, packed."""

import flambeau as torch
from flambeau import nn
from flambeau.nn.utils.rnn import pack_padded_sequence, pad_sequence


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 12, batch_first=True, bidirectional=True)
        self.out = nn.Linear(24, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.out(torch.cat([h[0], h[1]], dim=1)).squeeze(1)


def batch_of(lengths):
    sequences = [torch.randn(length, 2) for length in lengths]
    targets = torch.stack([s[:, 0].sum() - s[-1, 1] for s in sequences])
    return pad_sequence(sequences, batch_first=True), targets


def train(compiled=False):
    torch.manual_seed(5)
    kinds = [(3, 7, 5, 1, 6, 2, 4, 7), (6, 2, 6, 5, 3, 3, 1, 4)]
    model = Regressor()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50)
    criterion = nn.SmoothL1Loss()

    def step(x, targets, lengths):
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), targets)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for i in range(50):
        lengths = kinds[i % 2]
        x, targets = batch_of(lengths)
        losses.append(step(x, targets, lengths).item())
        scheduler.step()
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

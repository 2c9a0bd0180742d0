"""A language model of characters: embeddings, LSTM, carried states, clipped gradients."""

import flambeau as torch
from flambeau import nn

TEXT = "the quick brown fox jumps over the lazy dog and the slow red hen walks under it; " * 10


class RNNModel(nn.Module):
    def __init__(self, tokens, size=16, hidden=24, layers=2, dropout=0.2):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(tokens, size)
        self.rnn = nn.LSTM(size, hidden, layers, dropout=dropout)
        self.decoder = nn.Linear(hidden, tokens)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(input)), hidden)
        return self.decoder(self.drop(output)).view(-1, self.decoder.out_features), hidden


def repackage_hidden(hidden):
    return tuple(h.detach() for h in hidden)


def train(compiled=False):
    torch.manual_seed(4)
    letters = sorted(set(TEXT))
    tokens = torch.tensor([letters.index(c) for c in TEXT])
    batch, length = 6, 8
    columns = len(tokens) // batch
    source = tokens[: columns * batch].view(batch, -1).t().contiguous()
    model = RNNModel(len(letters))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)

    def step(data, targets, hidden):
        optimizer.zero_grad()
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        return loss, repackage_hidden(hidden)

    if compiled:
        step = torch.compile(step)
    losses = []
    while len(losses) < 50:
        hidden = (torch.zeros(2, batch, 24), torch.zeros(2, batch, 24))
        for i in range(0, columns - length - 1, length):
            data = source[i : i + length]
            targets = source[i + 1 : i + 1 + length].reshape(-1)
            loss, hidden = step(data, targets, hidden)
            losses.append(loss.item())
    return losses[:50]


if __name__ == "__main__":
    print(*train(), sep="\n")

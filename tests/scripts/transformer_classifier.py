"""A transformer encoder that finds out whether a sequence has more of one token than another."""

import math

import flambeau as torch
from flambeau import nn, optim


class PositionalEncoding(nn.Module):
    def __init__(self, size, longest=32):
        super().__init__()
        position = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
        pe = torch.zeros(1, longest, size)
        pe[0, :, 0::2] = torch.sin(position * rate)
        pe[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class Classifier(nn.Module):
    def __init__(self, tokens=6, size=16):
        super().__init__()
        self.embedding = nn.Embedding(tokens, size, padding_idx=0)
        self.position = PositionalEncoding(size)
        layer = nn.TransformerEncoderLayer(
            size, nhead=2, dim_feedforward=32, dropout=0.1, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(size, 2)

    def forward(self, tokens):
        padding = tokens == 0
        x = self.encoder(self.position(self.embedding(tokens)), src_key_padding_mask=padding)
        kept = (~padding).unsqueeze(-1)
        return self.head((x * kept).sum(1) / kept.sum(1))


def train(compiled=False):
    torch.manual_seed(6)
    model = Classifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    warmup = optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 10))
    lengths = torch.tensor([4, 10, 7, 9, 5, 10, 8, 6])

    def step(tokens, labels):
        optimizer.zero_grad()
        loss = criterion(model(tokens), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for _ in range(50):
        tokens = torch.randint(1, 6, (8, 10))
        tokens = tokens.masked_fill(torch.arange(10) >= lengths.unsqueeze(1), 0)
        labels = ((tokens == 1).sum(1) > (tokens == 2).sum(1)).long()
        losses.append(step(tokens, labels).item())
        warmup.step()
    model.eval()
    with torch.no_grad():
        losses.append(criterion(model(tokens), labels).item())
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

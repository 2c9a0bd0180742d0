"""Ratings from factors of users and items with biases; Adagrad, mini-batches by random order."""

import flambeau as torch
from flambeau import nn


class Factors(nn.Module):
    def __init__(self, users, items, rank=4):
        super().__init__()
        self.user = nn.Embedding(users, rank)
        self.item = nn.Embedding(items, rank)
        self.user_bias = nn.Embedding(users, 1)
        self.item_bias = nn.Embedding(items, 1)
        self.mean = nn.Parameter(torch.zeros(()))
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_bias, self.item_bias):
            nn.init.zeros_(table.weight)

    def forward(self, users, items):
        dot = (self.user(users) * self.item(items)).sum(-1)
        return self.mean + self.user_bias(users)[:, 0] + self.item_bias(items)[:, 0] + dot


def train(compiled=False):
    torch.manual_seed(9)
    taste, kind = torch.randn(30, 2), torch.randn(20, 2)
    users, items = torch.randint(0, 30, (400,)), torch.randint(0, 20, (400,))
    ratings = 3.0 + (taste[users] * kind[items]).sum(1) + 0.1 * torch.randn(400)
    model = Factors(30, 20)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.2)

    def step(users, items, ratings):
        error = model(users, items) - ratings
        penalty = model.user(users).pow(2).mean() + model.item(items).pow(2).mean()
        loss = error.pow(2).mean() + 0.01 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for _ in range(10):
        for rows in torch.randperm(400).split(80):
            losses.append(step(users[rows], items[rows], ratings[rows]).item())
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

"""A variational autoencoder of binary patterns: reparameterised samples, two losses in a sum."""

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F


class VAE(nn.Module):
    def __init__(self, size=20, hidden=24, latent=3):
        super().__init__()
        self.fc1 = nn.Linear(size, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, size)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def train(compiled=False):
    torch.manual_seed(2)
    prototypes = torch.bernoulli(torch.full((4, 20), 0.5))
    flips = torch.bernoulli(torch.full((32, 20), 0.05))
    data = (prototypes[torch.arange(32) % 4] - flips).abs()
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def step(x):
        optimizer.zero_grad()
        recon, mu, logvar = model(x)
        loss = loss_function(recon, x, mu, logvar)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = [step(data).item() / len(data) for _ in range(50)]
    with torch.no_grad():
        losses.append(model.decode(torch.randn(5, 3)).mean().item())
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

"""A generative adversarial network on a ring of points: two models, two optimizers, detach."""

import flambeau as torch
from flambeau import nn, optim


def block(inputs, outputs):
    return [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]


def train(compiled=False):
    torch.manual_seed(3)
    generator = nn.Sequential(*block(4, 16), *block(16, 16), nn.Linear(16, 2))
    discriminator = nn.Sequential(*block(2, 16), *block(16, 16), nn.Linear(16, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer_g = optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    optimizer_d = optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    real_label, fake_label = torch.ones(32, 1), torch.zeros(32, 1)

    def step(real):
        # The discriminator: log(D(x)) + log(1 - D(G(z)))
        discriminator.zero_grad()
        error_real = criterion(discriminator(real), real_label)
        error_real.backward()
        fake = generator(torch.randn(32, 4))
        error_fake = criterion(discriminator(fake.detach()), fake_label)
        error_fake.backward()
        optimizer_d.step()
        # The generator: log(D(G(z)))
        generator.zero_grad()
        error_g = criterion(discriminator(fake), real_label)
        error_g.backward()
        optimizer_g.step()
        return error_real + error_fake, error_g

    if compiled:
        step = torch.compile(step)
    losses = []
    for _ in range(50):
        angle = 6.2832 * torch.rand(32, 1)
        real = torch.cat([angle.cos(), angle.sin()], dim=1)
        losses += [loss.item() for loss in step(real)]
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

"""REINFORCE on a cart with a pole: eight carts at a time, whose episodes end at different times."""

import flambeau as torch
from flambeau import nn, optim


class CartPole:
    """The dynamics of Barto, Sutton and Anderson (1983), for several carts at once."""

    def __init__(self, count):
        self.state = 0.1 * torch.rand(count, 4) - 0.05
        self.alive = torch.ones(count)

    def step(self, action):
        _, v, angle, spin = self.state.unbind(1)
        force = 20.0 * action.float() - 10.0
        cosine, sine = torch.cos(angle), torch.sin(angle)
        push = (force + 0.05 * spin**2 * sine) / 1.1
        turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3.0 - 0.1 * cosine**2 / 1.1))
        moved = push - 0.05 * turn * cosine / 1.1
        change = torch.stack([v, moved, spin, turn], dim=1)
        self.state = self.state + 0.02 * change
        reward = self.alive
        inside = (self.state[:, 0].abs() < 2.4) & (self.state[:, 2].abs() < 0.2095)
        self.alive = self.alive * inside.float()
        return reward


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 32)
        self.affine2 = nn.Linear(32, 2)

    def forward(self, x):
        return torch.log_softmax(self.affine2(torch.relu(self.affine1(x))), dim=-1)


def play(policy, steps):
    carts = CartPole(8)
    states, actions, rewards = [], [], []
    with torch.no_grad():
        for _ in range(steps):
            states.append(carts.state)
            action = torch.multinomial(policy(carts.state).exp(), 1).squeeze(1)
            actions.append(action)
            rewards.append(carts.step(action))
    return torch.stack(states), torch.stack(actions), torch.stack(rewards)


def discounted(rewards, gamma=0.95):
    total, returns = torch.zeros(rewards.shape[1]), []
    for reward in rewards.flip(0):
        total = reward + gamma * total
        returns.insert(0, total)
    return torch.stack(returns) / 10


def train(compiled=False):
    torch.manual_seed(8)
    policy = Policy()
    optimizer = optim.Adam(policy.parameters(), lr=1e-2)

    def update(states, actions, returns, weights):
        log_prob = policy(states).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        loss = -(log_prob * returns * weights).sum() / weights.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        update = torch.compile(update)
    losses = []
    for _ in range(50):
        states, actions, rewards = play(policy, 20)
        loss = update(states, actions, discounted(rewards), rewards)
        losses += [loss.item(), rewards.sum().item()]
    return losses


if __name__ == "__main__":
    print(*train(), sep="\n")

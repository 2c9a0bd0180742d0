"""A diffusion model of curves: schedules in buffers, linear attention, an average of weights."""

import copy
import math

import flambeau as torch
import flambeau.nn.functional as F
from flambeau import einsum, nn


def extract(a, t, x_shape):
    b, *_ = t.shape
    out = a.gather(-1, t)
    return out.reshape(b, *((1,) * (len(x_shape) - 1)))


def cosine_beta_schedule(timesteps, s=0.008):
    x = torch.linspace(0, timesteps, timesteps + 1, dtype=torch.float64)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * math.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    return torch.clip(1 - (alphas_cumprod[1:] / alphas_cumprod[:-1]), 0, 0.999)


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        half = self.dim // 2
        emb = torch.exp(torch.arange(half, device=x.device) * -(math.log(10000) / (half - 1)))
        emb = x[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class Block(nn.Module):
    def __init__(self, dim, groups=2):
        super().__init__()
        self.proj = nn.Conv1d(dim, dim, 3, padding=1)
        self.norm = nn.GroupNorm(groups, dim)
        self.act = nn.SiLU()

    def forward(self, x, scale_shift=None):
        x = self.norm(self.proj(x))
        if scale_shift is not None:
            scale, shift = scale_shift
            x = x * (scale + 1) + shift
        return self.act(x)


class LinearAttention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=4):
        super().__init__()
        self.scale, self.heads = dim_head**-0.5, heads
        self.to_qkv = nn.Conv1d(dim, heads * dim_head * 3, 1, bias=False)
        self.to_out = nn.Conv1d(heads * dim_head, dim, 1)

    def forward(self, x):
        qkv = self.to_qkv(x).chunk(3, dim=1)
        q, k, v = (t.unflatten(1, (self.heads, -1)) for t in qkv)
        q = q.softmax(dim=-2) * self.scale
        k = k.softmax(dim=-1)
        context = einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(out.flatten(1, 2))


class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.time_mlp = nn.Sequential(
            SinusoidalPosEmb(dim), nn.Linear(dim, dim * 4), nn.GELU(), nn.Linear(dim * 4, dim * 2)
        )
        self.inp = nn.Conv1d(1, dim, 1)
        self.block1, self.block2 = Block(dim), Block(dim)
        self.attn = LinearAttention(dim)
        self.down = nn.Conv1d(dim, dim, 4, 2, 1)
        self.up = nn.ConvTranspose1d(dim, dim, 4, 2, 1)
        self.out = nn.Conv1d(dim * 2, 1, 1)
        nn.init.zeros_(self.out.bias)

    def forward(self, x, time):
        scale_shift = self.time_mlp(time)[..., None].chunk(2, dim=1)
        h = self.block1(self.inp(x), scale_shift)
        r = h.clone()
        h = self.up(F.silu(self.down(h)))
        h = self.attn(self.block2(h)) + h
        return self.out(torch.cat((h, r), dim=1))


class Diffusion(nn.Module):
    def __init__(self, model, timesteps=20):
        super().__init__()
        self.model, self.num_timesteps = model, timesteps
        betas = cosine_beta_schedule(timesteps)
        alphas = 1.0 - betas
        total = torch.cumprod(alphas, dim=0)
        before = F.pad(total[:-1], (1, 0), value=1.0)
        snr = total / (1 - total)

        def register_buffer(name, value):
            self.register_buffer(name, value.to(torch.float32))

        register_buffer("sqrt_total", torch.sqrt(total))
        register_buffer("sqrt_rest", torch.sqrt(1.0 - total))
        register_buffer("variance", betas * (1.0 - before) / (1.0 - total))
        register_buffer("coef1", betas * torch.sqrt(before) / (1.0 - total))
        register_buffer("coef2", (1.0 - before) * torch.sqrt(alphas) / (1.0 - total))
        register_buffer("loss_weight", snr.clone().clamp_(max=5) / snr)

    def forward(self, x):
        t = torch.randint(0, self.num_timesteps, (x.shape[0],), device=x.device).long()
        noise = torch.randn_like(x)
        noisy = extract(self.sqrt_total, t, x.shape) * x
        noisy = noisy + extract(self.sqrt_rest, t, x.shape) * noise
        loss = F.mse_loss(self.model(noisy, t), noise, reduction="none").flatten(1).mean(dim=1)
        return (loss * extract(self.loss_weight, t, loss.shape)).mean()

    @torch.inference_mode()
    def sample(self, shape):
        x = torch.randn(shape)
        for i in reversed(range(self.num_timesteps)):
            t = torch.full((shape[0],), i, dtype=torch.long)
            start = x - extract(self.sqrt_rest, t, x.shape) * self.model(x, t)
            start = (start / extract(self.sqrt_total, t, x.shape)).clamp_(-1.0, 1.0)
            mean = extract(self.coef1, t, x.shape) * start + extract(self.coef2, t, x.shape) * x
            noise = torch.randn_like(x) if i > 0 else 0.0
            x = mean + extract(self.variance, t, x.shape).sqrt() * noise
        return x


def update_average(average, current, beta=0.9):
    for p, q in zip(average.parameters(), current.parameters()):
        p.data = p.data * beta + (1 - beta) * q.data


def train(compiled=False):
    torch.manual_seed(7)
    diffusion = Diffusion(Net())
    average = copy.deepcopy(diffusion)
    optimizer = torch.optim.Adam(diffusion.parameters(), lr=3e-3, betas=(0.9, 0.99))
    x = torch.sin(torch.linspace(0, 6.28, 16))[None, None] * torch.rand(16, 1, 1)

    def step(x):
        optimizer.zero_grad()
        loss = diffusion(x)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = []
    for _ in range(50):
        losses.append(step(x).item())
        update_average(average, diffusion)
    curves = average.sample((4, 1, 16))
    return [*losses, curves.mean().item(), curves.std().item()]


if __name__ == "__main__":
    print(*train(), sep="\n")

"""Record what PyTorch's losses give into losses.json: `python -m tests.golden.record_losses`."""

import torch

from tests.golden.losses_of_torch import record

if __name__ == "__main__":
    torch.set_num_threads(1)
    record(torch)

"""Record PyTorch's random streams into random.json: `python -m tests.golden.record_random`."""

import json

import torch

from tests.golden.random_of_torch import torch_draw
from tests.golden.random_steps import SEEDS, STREAMS_FILE, digest, last_value, steps


def main() -> None:
    """One sequence of all draws for each seed, with the bits of each draw and of the end state."""
    torch.set_num_threads(1)
    streams = {}
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        samples = [torch_draw(generator, step) for step in steps()]
        streams[str(seed)] = {
            "digests": "".join(digest(array) for array in samples),
            "state": digest(generator.get_state().numpy()),
        }
        if seed == SEEDS[0]:
            streams[str(seed)]["last values"] = [
                last_value(array) if step.uses_library_functions else None
                for step, array in zip(steps(), samples, strict=True)
            ]
    recorded = {"torch": torch.__version__, "steps": len(steps()), "streams": streams}
    STREAMS_FILE.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

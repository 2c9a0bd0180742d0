"""A process that saves without end, to be killed at any moment."""

import sys

import flambeau as fb


def value(number: int) -> dict:
    """What save number ``number`` writes."""
    return {"number": number, "x": fb.full((3000,), number), "y": [fb.full((7,), number + 0.5)]}


def save_without_end(path: str, kind: str, number: int) -> None:
    """Save one value after the other."""
    while True:
        number += 1
        if kind == "pt":
            fb.save(value(number), path)
        else:
            x = fb.full((3000,), number)
            fb.checkpoint.save_safetensors({"x": x}, path, {"number": str(number)})


if __name__ == "__main__":
    print("ready", flush=True)
    save_without_end(sys.argv[1], sys.argv[2], int(sys.argv[3]))

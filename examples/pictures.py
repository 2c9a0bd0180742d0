"""Loss curves as pictures."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "pictures"


def save_curves(name: str, title: str, curves: dict[str, list[float]], log: bool = True) -> Path:
    """Draw losses over steps and save them as a PNG file.

    Args:
        name: the file's name without ending.
        title: what stands above the picture.
        curves: for each label, the losses in order.
        log: draw the losses on a logarithmic axis.

    Returns:
        Where the picture lies.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for label, losses in curves.items():
        axes.plot(range(1, len(losses) + 1), losses, label=label, linewidth=1.4)
    axes.set(title=title, xlabel="step", ylabel="loss", yscale="log" if log else "linear")
    axes.grid(alpha=0.25)
    if len(curves) > 1:
        axes.legend(frameon=False)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path

"""Watching a run: progress, the history of its figures, and logs that other tools read."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".progress_bar": "Progress progress",
        ".history": "History",
        ".event_log": "SummaryWriter",
    },
)

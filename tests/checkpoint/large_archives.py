"""Archives as those of more than 4 GiB are, without being that large.

Sizes and places that 32 bits cannot hold stand in fields of their own. The limit from which on they
do is lowered here; files of 4.3 GiB were written and read by hand, in both directions.
"""

import io
import zipfile

import flambeau as fb
from flambeau.checkpoint import archive_writing

STATE = {"before": fb.arange(3), "large": fb.arange(1000), "after": fb.ones(3)}


def large_archive(monkeypatch) -> bytes:
    """A file with the state, whose entries are as those of large files are."""
    with monkeypatch.context() as lowered:
        lowered.setattr(zipfile, "ZIP64_LIMIT", 100)
        lowered.setattr(archive_writing, "_LARGE", 100)
        file = io.BytesIO()
        fb.save(STATE, file)
    return file.getvalue()

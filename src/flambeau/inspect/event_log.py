"""`SummaryWriter`: a run's figures, pictures and texts as TensorBoard's event files."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.inspect.figures import figure
from flambeau.inspect.pictures import grid, picture_of_figure, png, to_picture
from flambeau.inspect.value_histogram import value_histogram
from flambeau.tensor.tensor import Tensor


class SummaryWriter:
    """Write what TensorBoard shows; needs ``pip install flambeau[tensorboard]``.

    The files are written by the tensorboard package itself, in a thread of its own.

    Args:
        log_dir: the folder; ``runs/<time>_<machine>`` if not given.
        comment: added to that name.
        purge_step: forget what an earlier writer wrote from this step on.
        max_queue: how many events may wait to be written.
        flush_secs: seconds between two writes.
        filename_suffix: added to the file's name.

    Raises:
        ImportError: if tensorboard is not installed.

    Example:
        >>> import flambeau as fb, tempfile
        >>> with fb.utils.tensorboard.SummaryWriter(tempfile.mkdtemp()) as writer:
        ...     for step in range(3):
        ...         writer.add_scalar("loss", fb.tensor(1.0) / (step + 1), step)

    Differs from PyTorch: there is no ``add_graph``, ``add_embedding``, ``add_mesh``, ``add_audio``,
    ``add_video``, ``add_pr_curve`` and ``add_custom_scalars``.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        self._event = _part("compat.proto.event_pb2")
        self._summary = _part("compat.proto.summary_pb2")
        if not log_dir:
            now = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{platform.node()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self._options = (max_queue, flush_secs, filename_suffix)
        self._purge_step = purge_step
        self._writers: dict[str, Any] = {}
        self._writer(self.log_dir)

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    # --- figures ------------------------------------------------------------------------------

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A point of a curve.

        Args:
            tag: the curve's name.
            scalar_value: a number, or a tensor with one element.
            global_step: where it stands.
            walltime: when, in seconds since 1970; now if not given.
            new_style, double_precision: as a tensor, of 64 bits.
        """
        number = float(figure("add_scalar", scalar_value))
        if not new_style and not double_precision:
            value = self._summary.Summary.Value(tag=tag, simple_value=number)
        else:
            kind = "float64" if double_precision else "float32"
            value = self._tensor_value(tag, np.asarray(number, kind), "scalars")
        self._add([value], global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Points of several curves in one diagram; each curve is a folder of its own.

        Args:
            main_tag: the diagram's name.
            tag_scalar_dict: each curve's value by its name.
            global_step, walltime: as for :meth:`add_scalar`.
        """
        for tag, scalar in tag_scalar_dict.items():
            name = f"{main_tag.replace('/', '_')}_{tag}"
            number = float(figure("add_scalars", scalar))
            value = self._summary.Summary.Value(tag=main_tag, simple_value=number)
            self._add([value], global_step, walltime, os.path.join(self.log_dir, name))

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: str = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How values are distributed.

        Args:
            tag: the diagram's name.
            values: a tensor or array, not empty.
            global_step, walltime: as for :meth:`add_scalar`.
            bins: ``"tensorflow"`` for bins that grow by a tenth, or a rule of NumPy's
                ``histogram_bin_edges``.
            max_bins: join bins until there are no more than this.

        Raises:
            ValueError: if there are no values.
        """
        limits, counts, moments = value_histogram(_array(values), bins, max_bins)
        proto = self._summary.HistogramProto(bucket_limit=limits, bucket=counts, **moments)
        self._add([self._summary.Summary.Value(tag=tag, histo=proto)], global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, list[Any]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """What a run was made with, and what it reached.

        Args:
            hparam_dict: numbers, truth values and text by name.
            metric_dict: the figures reached, by name.
            hparam_domain_discrete: the values that were to be tried, by name.
            run_name: the folder below the log's; the time if not given.
            global_step: where the figures stand.
        """
        hp = _part("plugins.hparams.summary_v2")
        domains = hparam_domain_discrete or {}
        hparams = [
            hp.HParam(name, hp.Discrete(domains[name]) if name in domains else None)
            for name in hparam_dict
        ]
        config = hp.hparams_config_pb(hparams, [hp.Metric(name) for name in metric_dict])
        values = {n: figure(f"add_hparams: {n}", v) for n, v in hparam_dict.items()}
        folder = os.path.join(self.log_dir, run_name or str(time.time()))
        for summary in (config, hp.hparams_pb(values)):
            self._writer(folder).add_event(self._stamped(summary, global_step, None))
        for name, value in metric_dict.items():
            number = float(figure(f"add_hparams: {name}", value))
            proto = self._summary.Summary.Value(tag=name, simple_value=number)
            self._add([proto], global_step, None, folder)

    # --- pictures and text ----------------------------------------------------------------------

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture.

        Args:
            tag: its name.
            img_tensor: integers from 0 to 255, or fractions from 0 to 1.
            global_step, walltime: as for :meth:`add_scalar`.
            dataformats: what the dimensions are: channels C (1, 3 or 4), height H, width W.

        Raises:
            ValueError: if the dimensions do not fit.
        """
        self._add_picture(tag, to_picture(_array(img_tensor), dataformats), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Pictures side by side, in rows of eight.

        Args:
            tag: their name.
            img_tensor: as for :meth:`add_image`.
            global_step, walltime: as for :meth:`add_scalar`.
            dataformats: what the dimensions are; N is the number of pictures.

        Raises:
            ValueError: if the dimensions do not fit.
        """
        pictures = grid(_array(img_tensor), dataformats)
        self._add_picture(tag, pictures, global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """A figure of matplotlib's.

        Args:
            tag: its name.
            figure: a ``matplotlib.figure.Figure``.
            global_step, walltime: as for :meth:`add_scalar`.
            close: whether it is not needed any more.
        """
        self._add_picture(tag, picture_of_figure(figure, close), global_step, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """A text, in Markdown.

        Args:
            tag: its name.
            text_string: the text.
            global_step, walltime: as for :meth:`add_scalar`.
        """
        words = np.array([text_string.encode()], dtype=object)
        value = self._tensor_value(f"{tag}/text_summary", words, "text")
        self._add([value], global_step, walltime)

    # --- files --------------------------------------------------------------------------------

    def flush(self) -> None:
        """Return when everything is in the files."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Write everything, and end the threads that write."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _writer(self, folder: str) -> Any:
        if folder not in self._writers:
            files = _part("summary.writer.event_file_writer")
            writer = self._writers[folder] = files.EventFileWriter(folder, *self._options)
            if self._purge_step is not None:
                start = self._event.SessionLog(status=self._event.SessionLog.START)
                event = self._event.Event(step=self._purge_step, session_log=start)
                event.wall_time = time.time()
                writer.add_event(event)
        return self._writers[folder]

    def _stamped(self, summary: Any, step: int | None, walltime: float | None) -> Any:
        event = self._event.Event(summary=summary)
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        return event

    def _add(
        self, values: list[Any], step: int | None, walltime: float | None, folder: str = ""
    ) -> None:
        summary = self._summary.Summary(value=values)
        self._writer(folder or self.log_dir).add_event(self._stamped(summary, step, walltime))

    def _add_picture(
        self, tag: str, picture: np.ndarray, step: int | None, walltime: float | None
    ) -> None:
        height, width, colours = picture.shape
        image = self._summary.Summary.Image(
            height=height, width=width, colorspace=colours, encoded_image_string=png(picture)
        )
        self._add([self._summary.Summary.Value(tag=tag, image=image)], step, walltime)

    def _tensor_value(self, tag: str, array: np.ndarray, plugin: str) -> Any:
        proto = self._summary.SummaryMetadata
        metadata = proto(plugin_data=proto.PluginData(plugin_name=plugin))
        tensor = _part("util.tensor_util").make_tensor_proto(array)
        return self._summary.Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def _array(values: Any) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach()
        return (values.float() if values.dtype.itemsize == 2 else values).numpy()
    return np.asarray(values)


def _part(name: str) -> Any:
    """A module of the tensorboard package."""
    try:
        return import_module(f"tensorboard.{name}")
    except ImportError as error:
        raise ImportError(
            message(
                "SummaryWriter: tensorboard is not installed",
                expected="the extra that writes its files",
                got=str(error),
                help="pip install flambeau[tensorboard]; flambeau.History writes JSON lines and "
                "tables without it",
            )
        ) from None

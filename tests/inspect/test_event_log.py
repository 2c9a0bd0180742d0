"""TensorBoard's own reader finds what was written."""

import itertools
import sys
import zlib

import numpy as np
import pytest
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import flambeau as fb
from flambeau.inspect.pictures import grid, png, to_picture
from flambeau.inspect.value_histogram import value_histogram
from flambeau.utils.tensorboard import SummaryWriter


def read(folder):
    found = EventAccumulator(str(folder), size_guidance={"histograms": 0, "images": 0})
    return found.Reload()


def decoded(data):
    """The bytes of a PNG file with lines that are not filtered."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    length = int.from_bytes(data[33:37])
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8)
    return lines.reshape(height, -1)[:, 1:].reshape(height, width, -1)


def test_figures(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", fb.tensor(1.0 + step), step, walltime=step + 10)
        writer.add_scalar("exact", 0.1, 7, double_precision=True)
        writer.add_scalars("both", {"a": 1, "b": fb.tensor([2.0])}, 5)
        assert writer.get_logdir() == str(tmp_path)
    found = read(tmp_path)
    assert [(e.wall_time, e.step, e.value) for e in found.Scalars("loss")] == [
        (10, 0, 1),
        (11, 1, 2),
        (12, 2, 3),
    ]
    (event,) = found.Tensors("exact")
    assert (event.step, event.tensor_proto.double_val[:]) == (7, [0.1])
    for name, value in (("a", 1.0), ("b", 2.0)):
        (event,) = read(tmp_path / f"both_{name}").Scalars("both")
        assert (event.step, event.value) == (5, value)


def test_histograms(tmp_path):
    values = fb.randn(1000).bfloat16()
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", values, 3)
    (event,) = read(tmp_path).Histograms("weights")
    found = event.histogram_value
    x = values.double().numpy()
    assert event.step == 3
    assert found.num == sum(found.bucket) == 1000
    assert (found.min, found.max) == (x.min(), x.max())
    assert found.sum == pytest.approx(x.sum())
    assert found.sum_squares == pytest.approx((x * x).sum())
    assert found.bucket_limit == sorted(found.bucket_limit)
    assert found.bucket_limit[-2] <= found.max <= found.bucket_limit[-1]


@pytest.mark.parametrize("bins", ["tensorflow", "auto", "sqrt"])
def test_counts_of_histograms(bins):
    x = np.array([-2.0, 0.0, 0.0, 1e-3, 5.0, 5.0, 5.0])
    limits, counts, _ = value_histogram(x, bins, None)
    edges = np.array([-np.inf, *limits])
    assert counts[0] == 0
    assert counts[1:] == [
        ((x >= a) & ((x < b) | (b == limits[-1]) & (x == b))).sum()
        for a, b in itertools.pairwise(edges[1:])
    ]
    few, joined, _ = value_histogram(x, bins, 3)
    assert len(few) <= 4
    assert sum(joined) == x.size
    with pytest.raises(ValueError, match="add_histogram: no values"):
        value_histogram(np.empty(0), bins, None)


def test_pictures(tmp_path):
    x = fb.rand(3, 4, 5)
    many = fb.randint(0, 256, (10, 1, 4, 5), dtype=fb.uint8)
    drawing = Figure(figsize=(2, 1), dpi=50)
    drawing.subplots().plot([1, 2])
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("one", x, 1)
        writer.add_image("grey", x[0] > 0.5, 1, dataformats="HW")
        writer.add_images("many", many, 2)
        writer.add_figure("drawing", drawing, 3)
    found = read(tmp_path)
    expected = (x.permute(1, 2, 0) * 255).numpy().astype(np.uint8)
    assert decoded(found.Images("one")[0].encoded_image_string).tolist() == expected.tolist()
    grey = decoded(found.Images("grey")[0].encoded_image_string)
    assert grey[:, :, 0].tolist() == ((x[0] > 0.5) * 255).tolist()
    (event,) = found.Images("many")
    sheet = decoded(event.encoded_image_string)
    assert (event.height, event.width) == sheet.shape[:2] == (8, 40)
    assert sheet[4:, 5:10, 0].tolist() == many[9, 0].tolist()
    assert not sheet[4:, 10:].any()
    (event,) = found.Images("drawing")
    assert decoded(event.encoded_image_string).shape == (50, 100, 4)


def test_pictures_that_do_not_fit():
    for shape, dimensions in [((3, 4), "CHW"), ((2, 4, 5), "CHW"), ((3, 4, 4), "CHX")]:
        with pytest.raises(ValueError, match="add_image: "):
            to_picture(np.zeros(shape), dimensions)
    assert to_picture(np.full((2, 3), 2.0), "HW").tolist() == [[[255]] * 3] * 2
    assert grid(np.zeros((4, 5, 3)), "HWC").shape == (4, 5, 3)
    assert decoded(png(np.full((2, 3, 4), 7, np.uint8))).tolist() == [[[7] * 4] * 3] * 2


def test_text_and_parameters(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "**hello**", 4)
        options = {"lr": 0.1, "name": "sgd", "nesterov": True}
        writer.add_hparams(options, {"accuracy": fb.tensor(0.5)}, {"lr": [0.1, 0.2]}, "first")
    found = read(tmp_path)
    (event,) = found.Tensors("note/text_summary")
    assert event.tensor_proto.string_val[:] == [b"**hello**"]
    assert found.summary_metadata["note/text_summary"].plugin_data.plugin_name == "text"
    run = read(tmp_path / "first")
    assert run.Scalars("accuracy")[0].value == 0.5
    assert {"_hparams_/experiment", "_hparams_/session_start_info"} <= set(
        run.PluginTagToContent("hparams")
    )


def test_names_and_flushing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter(comment="-lr", purge_step=3, filename_suffix=".x")
    writer.add_scalar("loss", 1.0, 3)
    writer.flush()
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-lr")
    assert [p.suffix for p in folder.iterdir()] == [".x"]
    assert read(folder).Scalars("loss")[0].value == 1
    writer.close()


def test_without_tensorboard(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportError, match=r"pip install flambeau\[tensorboard\]"):
        SummaryWriter("anywhere")

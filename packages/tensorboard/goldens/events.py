"""Event files that PyTorch and TensorBoard write, for the tests of the reader: python events.py

Needs torch, tensorboard and numpy. torch/ is what torch.utils.tensorboard writes, tf2/ are summaries in the
form of TensorFlow 2; expected.json is what TensorBoard's own reader finds in torch/.
"""

import json
import pathlib
import shutil

import numpy as np
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from torch.utils.tensorboard import SummaryWriter

here = pathlib.Path(__file__).parent


def torch_run(folder):
    shutil.rmtree(folder, ignore_errors=True)
    writer = SummaryWriter(folder)
    for step in range(5):
        writer.add_scalar("train/loss", 1 / (step + 1), step, walltime=1000 + step)
    writer.add_scalar("accuracy", 0.75, 3, walltime=1003, new_style=True)
    writer.add_scalar("exact", 0.1, 3, walltime=1003, new_style=True, double_precision=True)
    values = torch.linspace(-1, 2, 50)
    writer.add_histogram("weights", values, 2, walltime=1002)
    writer.add_histogram("ten", values, 2, bins=10, walltime=1002)
    writer.add_histogram("auto", values.square(), 2, bins="auto", walltime=1002)
    writer.add_histogram("joined", values, 2, walltime=1002, max_bins=20)
    image = torch.arange(3 * 4 * 5).reshape(3, 4, 5) / 60
    writer.add_image("image", image, 1, walltime=1001)
    writer.add_images("images", image.repeat(10, 1, 1, 1), 1, walltime=1001)
    writer.add_text("note", "**bold** text", 4, walltime=1004)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    writer.add_graph(model, torch.ones(2, 4))
    writer.add_hparams({"lr": 0.1, "model": "mlp", "bias": True}, {"best": 0.9}, run_name="tried")
    writer.close()


def tensor_value(tag, plugin, tensor):
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin)
    )
    return summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def tf2_run(folder):
    shutil.rmtree(folder, ignore_errors=True)
    writer = EventFileWriter(str(folder))
    rows = np.array([[0, 1, 3], [1, 2, 5]], dtype=np.float64)
    shape = tensor_shape_pb2.TensorShapeProto(dim=[{"size": 2}, {"size": 3}])
    png = b"not really a PNG"
    values = [
        tensor_value(
            "loss",
            "scalars",
            tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=np.float32(0.25).tobytes()),
        ),
        tensor_value(
            "weights",
            "histograms",
            tensor_pb2.TensorProto(
                dtype=types_pb2.DT_DOUBLE, tensor_shape=shape, tensor_content=rows.tobytes()
            ),
        ),
        tensor_value(
            "image",
            "images",
            tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"7", b"9", png, png + b"2"]),
        ),
    ]
    summary = summary_pb2.Summary(value=values)
    writer.add_event(event_pb2.Event(wall_time=1000.5, step=6, summary=summary))
    writer.close()


def rename(folder):
    """Names without the host and the time."""
    for path in sorted(folder.rglob("*tfevents*")):
        path.rename(path.with_name("events.out.tfevents.golden"))


def expected(folder):
    run = EventAccumulator(str(folder), size_guidance={"histograms": 0, "images": 0})
    run.Reload()
    scalars = {tag: [[e.wall_time, e.step, e.value] for e in run.Scalars(tag)] for tag in run.Tags()["scalars"]}
    histograms = {}
    for tag in run.Tags()["histograms"]:
        (event,) = run.Histograms(tag)
        h = event.histogram_value
        histograms[tag] = {
            "min": h.min,
            "max": h.max,
            "num": h.num,
            "sum": h.sum,
            "sumSquares": h.sum_squares,
            "bucketLimit": list(h.bucket_limit),
            "bucket": list(h.bucket),
        }
    images = {
        tag: [[e.step, e.width, e.height] for e in run.Images(tag)] for tag in run.Tags()["images"]
    }
    return {"scalars": scalars, "histograms": histograms, "images": images}


torch_run(here / "torch")
tf2_run(here / "tf2")
for name in ["torch", "tf2"]:
    rename(here / name)
(here / "expected.json").write_text(json.dumps(expected(here / "torch"), indent=1) + "\n")

"""Reads a run that flambeau wrote with TensorBoard's own reader: python check_ours.py RUN"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

run = EventAccumulator(sys.argv[1], size_guidance={"histograms": 0, "images": 0, "tensors": 0})
run.Reload()
tags = run.Tags()
found = {
    "tags": {kind: tags[kind] for kind in ["scalars", "images", "histograms", "tensors", "graph"]},
    "scalars": {tag: [[e.step, e.value] for e in run.Scalars(tag)] for tag in tags["scalars"]},
    "images": {tag: [[e.step, e.width, e.height] for e in run.Images(tag)] for tag in tags["images"]},
    "histograms": {tag: [e.histogram_value.num for e in run.Histograms(tag)] for tag in tags["histograms"]},
    "texts": {
        tag: [e.tensor_proto.string_val[0].decode() for e in run.Tensors(tag)] for tag in tags["tensors"]
        if tag.endswith("/text_summary")
    },
    "nodes": [[node.name, node.op, list(node.input)] for node in run.Graph().node] if tags["graph"] else [],
    "hparams": {},
}
for tag in ["_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"]:
    try:
        content = run.SummaryMetadata(tag).plugin_data.content
    except KeyError:
        continue
    found["hparams"][tag] = str(plugin_data_pb2.HParamsPluginData.FromString(content))
json.dump(found, sys.stdout, indent=1)

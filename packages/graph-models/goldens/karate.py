"""Writes karate.json: Zachary's karate club as PyTorch Geometric has it.

    python karate.py        needs torch 2.13, torch_geometric 2.8
"""
import json
from pathlib import Path

from torch_geometric.datasets import KarateClub

edges = KarateClub()[0].edge_index.t().tolist()
Path(__file__).with_name("karate.json").write_text(json.dumps({"edges": edges}) + "\n")

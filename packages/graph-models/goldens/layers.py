"""Writes layers.json: outputs and gradients of PyTorch Geometric's layers on a small graph.

    python layers.py        needs torch 2.13, torch_geometric 2.8

The graph has an isolated node, a self loop, an edge that occurs twice, and weights and features of edges.
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch_geometric.nn import (
    AttentionalAggregation, ChebConv, GATConv, GATv2Conv, GCNConv, GINConv, NNConv, SAGEConv,
    TopKPooling, global_add_pool, global_max_pool, global_mean_pool)

torch.manual_seed(0)
# Node 5 is isolated; (2, 2) is a self loop; (0, 1) is there twice.
EDGES = torch.tensor([
    [0, 1, 1, 2, 2, 3, 3, 4, 2, 0, 0, 4],
    [1, 0, 2, 1, 3, 2, 4, 3, 2, 1, 3, 1]])
N, E, F, D, O = 6, EDGES.shape[1], 4, 3, 5
x = torch.randn(N, F, dtype=torch.float64)
weight = torch.rand(E, dtype=torch.float64) + 0.5
attr = torch.randn(E, D, dtype=torch.float64)
batch = torch.tensor([0, 0, 0, 1, 1, 1])
out = {"edges": EDGES.tolist(), "x": x.tolist(), "weight": weight.tolist(), "attr": attr.tolist(),
       "batch": batch.tolist(), "cases": {}}


def case(name, module, call):
    """State, output, and the gradients of sum(out · numbers 1, 2, …) by x and each parameter."""
    module = module.double()
    module.eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    leaf = x.clone().requires_grad_()
    w, a = weight.clone().requires_grad_(), attr.clone().requires_grad_()
    y = call(module, leaf, w, a)
    numbers = torch.arange(1, y.numel() + 1, dtype=y.dtype).reshape(y.shape) / y.numel()
    (y * numbers).sum().backward()
    out["cases"][name] = {
        "state": {k: v.tolist() for k, v in module.state_dict().items()},
        "out": y.tolist(),
        "gradX": leaf.grad.tolist(),
        "gradWeight": None if w.grad is None else w.grad.tolist(),
        "gradAttr": None if a.grad is None else a.grad.tolist(),
        "grads": {k: p.grad.tolist() for k, p in module.named_parameters()},
    }


plain = lambda m, h, w, a: m(h, EDGES)
weighted = lambda m, h, w, a: m(h, EDGES, w)
featured = lambda m, h, w, a: m(h, EDGES, a)
mlp = lambda i, o: nn.Sequential(nn.Linear(i, 6), nn.ReLU(), nn.Linear(6, o))

case("gcn", GCNConv(F, O), plain)
case("gcn weighted", GCNConv(F, O), weighted)
case("gcn improved", GCNConv(F, O, improved=True, bias=False), weighted)
case("gcn without loops", GCNConv(F, O, add_self_loops=False), weighted)
case("gcn unnormalised", GCNConv(F, O, normalize=False), weighted)
case("sage mean", SAGEConv(F, O), plain)
case("sage max", SAGEConv(F, O, aggr="max", normalize=True), plain)
case("sage pool", SAGEConv(F, O, aggr="max", project=True, bias=False), plain)
case("sage without root", SAGEConv(F, O, root_weight=False), plain)
case("gat", GATConv(F, O, heads=2), plain)
case("gat mean", GATConv(F, O, heads=3, concat=False, negative_slope=0.1, residual=True), plain)
case("gat edges", GATConv(F, O, heads=2, edge_dim=D), featured)
case("gat without loops", GATConv(F, O, heads=2, add_self_loops=False, bias=False), plain)
case("gat2", GATv2Conv(F, O, heads=2), plain)
case("gat2 edges", GATv2Conv(F, O, heads=2, edge_dim=D, concat=False, residual=True), featured)
case("gin", GINConv(mlp(F, O), eps=0.3), plain)
case("gin learnt", GINConv(mlp(F, O), eps=0.3, train_eps=True), plain)
case("nn", NNConv(F, O, mlp(D, F * O)), featured)
case("nn mean", NNConv(F, O, mlp(D, F * O), aggr="mean", root_weight=False), featured)
case("nn max", NNConv(F, O, mlp(D, F * O), aggr="max", bias=False), featured)
for normalization in ("sym", "rw", None):
    name = normalization or "none"
    case(f"cheb {name}", ChebConv(F, O, 3, normalization=normalization), plain)
    case(f"cheb {name} weighted", ChebConv(F, O, 4, normalization=normalization),
         lambda m, h, w, a: m(h, EDGES, w, lambda_max=torch.tensor(1.7, dtype=h.dtype)))
case("cheb of one", ChebConv(F, O, 1), plain)
case("attention pool", AttentionalAggregation(nn.Linear(F, 1), mlp(F, O)),
     lambda m, h, w, a: m(h, batch))
case("top-k", TopKPooling(F, ratio=0.5), lambda m, h, w, a: m(h, EDGES, None, batch)[0])
case("top-2", TopKPooling(F, ratio=2), lambda m, h, w, a: m(h, EDGES, None, batch)[0])
out["pools"] = {"add": global_add_pool(x, batch).tolist(), "mean": global_mean_pool(x, batch).tolist(),
                "max": global_max_pool(x, batch).tolist()}
Path(__file__).with_name("layers.json").write_text(json.dumps(out) + "\n")

"""Writes parsing.json: a biaffine parser written in PyTorch, with the weights of seed 0.

    python parsing.py        needs torch 2.13
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def biaffine(x, y, weight, bias_x, bias_y):
    if bias_x:
        x = torch.cat((x, torch.ones_like(x[..., :1])), -1)
    if bias_y:
        y = torch.cat((y, torch.ones_like(y[..., :1])), -1)
    return torch.einsum("nta,oab,nsb->nots", x, weight, y)


torch.manual_seed(0)
words, tags = nn.Embedding(9, 6), nn.Embedding(5, 3)
lstm = nn.LSTM(9, 4, num_layers=2, batch_first=True, bidirectional=True)
arc_word, arc_head, label_word, label_head = nn.Linear(8, 5), nn.Linear(8, 5), nn.Linear(8, 3), nn.Linear(8, 3)
arc_weight = nn.Parameter(torch.arange(30.0).cos().view(1, 6, 5))
label_weight = nn.Parameter(torch.arange(64.0).sin().view(4, 4, 4))
tokens, parts = torch.tensor([[2, 3, 4, 5], [2, 6, 8, 0]]), torch.tensor([[2, 3, 4, 3], [2, 4, 3, 1]])
lengths, heads = torch.tensor([4, 3]), torch.tensor([[-100, 2, 0, 2], [-100, 0, 1, -100]])
labels = torch.tensor([[-100, 1, 2, 3], [-100, 2, 1, -100]])
x = torch.cat((words(tokens), tags(parts)), -1)
h = pad_packed_sequence(lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))[0], batch_first=True)[0]
act = lambda layer: F.leaky_relu(layer(h), 0.1)
arcs = biaffine(act(arc_word), act(arc_head), arc_weight, True, False).squeeze(1)
arcs = arcs.masked_fill((torch.arange(4) >= lengths[:, None])[:, None], -1e9)
scores = biaffine(act(label_word), act(label_head), label_weight, True, True)
gold = scores.permute(0, 2, 3, 1).gather(2, heads.clamp(0)[..., None, None].expand(2, 4, 1, 4)).squeeze(2)
loss = F.cross_entropy(arcs.flatten(0, 1), heads.flatten(), ignore_index=-100) + F.cross_entropy(gold.flatten(0, 1), labels.flatten(), ignore_index=-100)
loss.backward()
layers = (words, tags, lstm, arc_word, arc_head, label_word, label_head)
gradients = [p.grad.norm().item() for layer in layers for p in layer.parameters()] + [arc_weight.grad.norm().item(), label_weight.grad.norm().item()]
Path(__file__).with_name("parsing.json").write_text(json.dumps({
    "tokens": tokens.tolist(), "tags": parts.tolist(), "lengths": lengths.tolist(),
    "arcs": arcs.tolist(), "labels": scores.tolist(), "loss": loss.item(), "gradients": gradients,
}) + "\n")

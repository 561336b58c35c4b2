"""Writes recurrent.json: recurrent models written in PyTorch, with the weights of seed 0.

    python recurrent.py        needs torch 2.13
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class LM(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.emb = nn.Embedding(11, 6)
        self.rnn = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](6, 8, 2, batch_first=True)
        self.out = nn.Linear(8, 11)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


out = {}
tokens = torch.tensor([[1, 2, 3, 10, 5], [4, 4, 0, 9, 1]])
for kind in ("rnn", "lstm", "gru"):
    torch.manual_seed(0)
    model = LM(kind)
    logits = model(tokens[:, :-1])
    F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
    out[kind] = {
        "keys": list(model.state_dict()),
        "logits": logits.tolist(),
        "gradient": [p.grad.norm().item() for p in model.parameters()],
    }

torch.manual_seed(0)
embedding, lstm, emit = nn.Embedding(11, 6), nn.LSTM(6, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)
packed = pack_padded_sequence(embedding(tokens), torch.tensor([3, 5]), batch_first=True, enforce_sorted=False)
out["tagger"] = emit(pad_packed_sequence(lstm(packed)[0], batch_first=True)[0]).tolist()

torch.manual_seed(0)
x, h, c = torch.randn(2, 3), torch.randn(2, 4), torch.randn(2, 4)
whh, wxh = torch.randn(4, 4), torch.randn(4, 3)
out["taught_rnn"] = torch.tanh(h @ whh.T + x @ wxh.T).tolist()
wf, wi, wc, wo = (torch.randn(4, 7) for _ in range(4))
v = torch.cat((h, x), 1)
c = torch.sigmoid(v @ wf.T) * c + torch.sigmoid(v @ wi.T) * torch.tanh(v @ wc.T)
out["taught_lstm"] = [(torch.sigmoid(v @ wo.T) * torch.tanh(c)).tolist(), c.tolist()]
Path(__file__).with_name("recurrent.json").write_text(json.dumps(out) + "\n")

"""Writes typical recurrent models as PyTorch exports them, by both exporters, with what ONNX Runtime answers, for
src/exports.ts.

python exports.py FOLDER: NAME.onnx (and NAME.onnx.data), and models.jsonl
python exports.py FOLDER FILE: also the small ones that packages/interop tests, in one file
(packages/interop/src/fixtures/pytorch-exports.json)
"""
import base64
import json
import pathlib
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(5)
T, N, D, H, V = 7, 3, 5, 6, 11


class LastState(nn.Module):
    """An embedding, an LSTM, and a linear layer on its last hidden state."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.head = nn.Embedding(V, D), nn.LSTM(D, H, batch_first=True), nn.Linear(H, 4)

    def forward(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[1][0][-1])


class Packed(nn.Module):
    """A bidirectional GRU over a packed sequence."""

    def __init__(self):
        super().__init__()
        self.gru, self.head = nn.GRU(D, H, bidirectional=True, batch_first=True), nn.Linear(2 * H, 3)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.shape[1])
        return self.head(output)


class Attention(nn.Module):
    """An encoder, a decoder under teacher forcing, and dot-product attention with a mask."""

    def __init__(self):
        super().__init__()
        self.source, self.target = nn.Embedding(V, D), nn.Embedding(V, D)
        self.encoder, self.decoder = nn.GRU(D, H, batch_first=True), nn.GRU(D, H, batch_first=True)
        self.head = nn.Linear(2 * H, V)

    def forward(self, source, target):
        memory, state = self.encoder(self.source(source))
        queries, _ = self.decoder(self.target(target), state)
        scores = queries @ memory.transpose(1, 2) / H**0.5
        scores = scores.masked_fill((source == 0).unsqueeze(1), float("-inf"))
        context = torch.softmax(scores, -1) @ memory
        return self.head(torch.cat([queries, context], -1)).log_softmax(-1)


class Tied(nn.Module):
    """Both directions and both layers of one LSTM with equal biases, which the exporter writes once."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(D, H, num_layers=2, bidirectional=True)
        with torch.no_grad():
            for name, parameter in self.lstm.named_parameters():
                if "bias" in name:
                    parameter.zero_()

    def forward(self, x):
        return self.lstm(x)[0]


class Normed(nn.Module):
    """LayerNorm, GELU and a residual around a GRU."""

    def __init__(self):
        super().__init__()
        self.inp, self.norm, self.gru, self.head = nn.Linear(D, H), nn.LayerNorm(H), nn.GRU(H, H), nn.Linear(H, 2)

    def forward(self, x):
        x = nn.functional.gelu(self.inp(x))
        return self.head(x + self.gru(self.norm(x))[0])


class Speech(nn.Module):
    """Two convolutions over time and frequency, batch norm, a two-layer BiLSTM, and a CTC head."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 4, (3, 3), stride=(2, 2), padding=(1, 1)), nn.BatchNorm2d(4), nn.Hardtanh(0, 20),
            nn.Conv2d(4, 4, (3, 3), padding=(1, 1)), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d((2, 1)),
        )
        self.lstm, self.head = nn.LSTM(4 * 4, H, num_layers=2, bidirectional=True, batch_first=True), nn.Linear(2 * H, V)

    def forward(self, x):
        x = self.conv(x.unsqueeze(1))
        x = x.permute(0, 3, 1, 2).flatten(2)
        return self.head(self.lstm(x)[0]).log_softmax(-1)


class Projected(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(D, H, proj_size=4, num_layers=2)

    def forward(self, x):
        output, (h, c) = self.lstm(x)
        return output, h, c


class Stacked(nn.Module):
    """Three Elman layers, tanh, with an initial state."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(D, H, num_layers=3, dropout=0.3)

    def forward(self, x, h):
        return self.rnn(x, h)


class LanguageModel(nn.Module):
    """Tied embeddings, a state in and out: one step or many."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(V, H), nn.LSTM(H, H, num_layers=2, batch_first=True)
        self.head = nn.Linear(H, V)
        self.head.weight = self.embedding.weight

    def forward(self, tokens, h, c):
        output, (h, c) = self.lstm(self.embedding(tokens), (h, c))
        return self.head(output), h, c


class Cells(nn.Module):
    """LSTMCell in a loop that the exporter unrolls."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(D, H), nn.Linear(H, 2)

    def forward(self, x):
        h = x.new_zeros(x.shape[1], H)
        c = x.new_zeros(x.shape[1], H)
        steps = []
        for t in range(T):
            h, c = self.cell(x[t], (h, c))
            steps.append(self.head(h))
        return torch.stack(steps)


class Causal(nn.Module):
    """Dilated causal convolutions with groups, uneven padding, and a GRU."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv1d(D, 8, 3, dilation=2), nn.Conv1d(8, 8, 2, groups=4)
        self.gru, self.head = nn.GRU(8, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x):
        y = nn.functional.leaky_relu(self.one(nn.functional.pad(x, (4, 0))))
        y = nn.functional.elu(self.two(nn.functional.pad(y, (1, 0))))
        return torch.sigmoid(self.head(self.gru(y.transpose(1, 2))[0])).squeeze(-1)


class MultiHead(nn.Module):
    """A BiGRU and multi-head self-attention over it, mean and maximum over the steps that a mask names."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(D, 4, bidirectional=True, batch_first=True)
        self.attention, self.head = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(16, 3)

    def forward(self, x, mask):
        y, _ = self.gru(x)
        z, _ = self.attention(y, y, y, key_padding_mask=mask)
        keep = (~mask).unsqueeze(-1).to(z.dtype)
        mean = (z * keep).sum(1) / keep.sum(1).clamp(min=1)
        largest = z.masked_fill(mask.unsqueeze(-1), -1e9).max(1).values
        return self.head(torch.cat([mean, largest], -1))


class Tagger(nn.Module):
    """Embedding, BiLSTM over states gathered by length: the last true step of each sequence."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.head = nn.Embedding(V, D, padding_idx=0), nn.LSTM(D, H, batch_first=True), nn.Linear(H, 2)

    def forward(self, tokens):
        lengths = (tokens != 0).sum(1)
        output, _ = self.lstm(self.embedding(tokens))
        last = output.gather(1, (lengths - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, H)).squeeze(1)
        values, places = torch.topk(self.head(last), 2, dim=-1)
        return values, places, lengths


def floats(*shape):
    return torch.randn(*shape)


def tokens(*shape):
    return torch.randint(0, V, shape)


MASK = torch.arange(T)[None, :] >= torch.tensor([7, 4, 2])[:, None]
PADDED = tokens(N, T).clamp(min=1) * (~MASK)
CASES = {
    "last-state": (LastState, (tokens(N, T),), {0: "N", 1: "T"}),
    "packed": (Packed, (floats(N, T, D), torch.tensor([4, 7, 2])), None),
    "attention": (Attention, (torch.cat([tokens(N, 5).clamp(min=1), torch.zeros(N, 2, dtype=torch.long)], 1), tokens(N, 4)), None),
    "tied": (Tied, (floats(T, N, D),), {0: "T", 1: "N"}),
    "normed": (Normed, (floats(T, N, D),), {0: "T", 1: "N"}),
    "speech": (Speech, (floats(N, 16, 12),), None),
    "projected": (Projected, (floats(T, N, D),), None),
    "stacked": (Stacked, (floats(T, N, D), floats(3, N, H)), None),
    "language-model": (LanguageModel, (tokens(N, T), floats(2, N, H), floats(2, N, H)), None),
    "cells": (Cells, (floats(T, N, D),), None),
    "causal": (Causal, (floats(N, D, T),), {0: "N", 2: "T"}),
    "multi-head": (MultiHead, (floats(N, T, D), MASK), None),
    "tagger": (Tagger, (PADDED,), {0: "N", 1: "T"}),
}


def encoded(value):
    value = numpy.ascontiguousarray(value)
    data = value.astype(numpy.uint8) if value.dtype == bool else value
    return {"type": value.dtype.name, "shape": list(value.shape), "data": base64.b64encode(data.tobytes()).decode()}


def main():
    folder = pathlib.Path(sys.argv[1])
    with open(folder / "models.jsonl", "w") as out:
        for exporter in ("traced by torch.jit", "torch.export"):
            dynamo = exporter == "torch.export"
            for name, (kind, inputs, axes) in CASES.items():
                path = folder / f"{name}{'-dynamo' if dynamo else ''}.onnx"
                line = {"name": name, "exporter": exporter, "file": path.name}
                try:
                    model = kind().eval()
                    if name == "speech":
                        for module in model.modules():
                            if isinstance(module, nn.BatchNorm2d):
                                nn.init.normal_(module.running_mean), nn.init.uniform_(module.running_var, 0.5, 2)
                    names = [f"in{k}" for k in range(len(inputs))]
                    options = {"dynamo": dynamo, "input_names": names}
                    if dynamo:
                        options["verbose"] = False
                        if axes:
                            options["dynamic_shapes"] = ({k: torch.export.Dim(v) for k, v in axes.items()},)
                    else:
                        options["opset_version"] = 17
                        if axes:
                            options["dynamic_axes"] = {"in0": axes}
                    torch.onnx.export(model, inputs, str(path), **options)
                    session = onnxruntime.InferenceSession(str(path))
                    given = {value.name for value in session.get_inputs()}
                    feeds = {key: value.numpy() for key, value in zip(names, inputs) if key in given}
                    results = session.run(None, feeds)
                    line["inputs"] = {key: encoded(value) for key, value in feeds.items()}
                    line["outputs"] = [
                        [value.name, encoded(result)] for value, result in zip(session.get_outputs(), results)
                    ]
                    file = onnx.load(path, load_external_data=False)
                    line["opset"] = file.opset_import[0].version
                except Exception as error:  # An exporter that cannot write a model says so, in many ways.
                    line["failed"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                out.write(json.dumps(line) + "\n")
    if len(sys.argv) > 2:
        write_fixtures(folder, pathlib.Path(sys.argv[2]))


def write_fixtures(folder, path):
    fixtures = {}
    for line in map(json.loads, open(folder / "models.jsonl")):
        if line["exporter"] == "torch.export" or line["name"] not in ("packed", "tagger", "attention", "multi-head"):
            continue
        model = onnx.load(folder / line["file"])
        for node in model.graph.node:
            node.ClearField("doc_string"), node.ClearField("name")
        del model.graph.value_info[:]
        file = base64.b64encode(model.SerializeToString()).decode()
        fixtures[line["name"]] = {"model": file, "inputs": line["inputs"], "outputs": dict(line["outputs"])}
    path.write_text(json.dumps(fixtures) + "\n")


if __name__ == "__main__":
    main()

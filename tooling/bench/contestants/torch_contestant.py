"""PyTorch's side of the benchmark: `python3 torch_contestant.py THREADS [cuda]`, requests and replies as lines of JSON."""

import json
import math
import re
import sys
import time

import torch

from values import digest, fill, seed_of

torch.set_num_threads(int(sys.argv[1]))
device = sys.argv[2] if len(sys.argv) > 2 else "cpu"
# Plain fp32: TF32 has ten bits of mantissa.
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def numbers(tensor):
    return tensor.detach().cpu().numpy()


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


def values(label, shape, scale):
    return torch.from_numpy(fill(math.prod(shape), seed_of(label), scale)).reshape(shape).to(device)


class Recurrent:
    def __init__(self, case):
        layer_type = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[case["cell"]]
        self.training = case["training"]
        hidden = case["hiddenSize"]
        self.layer = layer_type(case["inputSize"], hidden, num_layers=case["layers"], bidirectional=case["bidirectional"]).to(device)
        with torch.no_grad():
            for name, parameter in self.layer.named_parameters():
                parameter.copy_(values(name, tuple(parameter.shape), 2 / math.sqrt(hidden)))
        if not self.training:
            self.layer.eval()
        self.x = values("x", (case["steps"], case["batch"], case["inputSize"]), 2).requires_grad_(self.training)
        width = hidden * (2 if case["bidirectional"] else 1)
        self.upstream = values("upstream", (case["steps"], case["batch"], width), 2)
        if case.get("lossOnLastStep"):
            self.upstream[:-1] = 0
        self.lengths = None if case["lengths"] is None else torch.tensor(case["lengths"])

    def forward(self):
        if self.lengths is None:
            return self.layer(self.x)[0]
        packed = torch.nn.utils.rnn.pack_padded_sequence(self.x, self.lengths, enforce_sorted=False)
        return torch.nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], total_length=self.x.shape[0])[0]

    def run(self):
        if not self.training:
            with torch.inference_mode():
                return self.forward()
        self.x.grad = None
        self.layer.zero_grad(set_to_none=True)
        output = self.forward()
        output.backward(self.upstream)
        return output

    def result(self):
        found = {"output": digest(numbers(self.run()))}
        if self.training:
            found["d x"] = digest(numbers(self.x.grad))
            for name, parameter in self.layer.named_parameters():
                found[f"d {name}"] = digest(numbers(parameter.grad))
        return found


class Matmul:
    def __init__(self, case):
        self.a = values("a", (case["m"], case["k"]), 1)
        self.b = values("b", (case["k"], case["n"]), 1)

    def run(self):
        return torch.matmul(self.a, self.b)

    def result(self):
        return {"product": digest(numbers(self.run()))}


class Ctc:
    def __init__(self, case):
        steps, batch, classes, length = case["steps"], case["batch"], case["classes"], case["targetLength"]
        self.logits = values("logits", (steps, batch, classes), 4).requires_grad_()
        self.upstream = values("upstream", (batch,), 2)
        uniform = fill(batch * length, 9, 1).astype("float64") + 0.5
        self.targets = torch.from_numpy((1 + (uniform * (classes - 1)).astype("int64")).reshape(batch, length)).to(device)
        self.input_lengths = torch.full((batch,), steps)
        self.target_lengths = torch.full((batch,), length)

    def run(self):
        self.logits.grad = None
        losses = torch.nn.functional.ctc_loss(
            self.logits.log_softmax(-1), self.targets, self.input_lengths, self.target_lengths, reduction="none"
        )
        losses.backward(self.upstream)
        return losses

    def result(self):
        losses = self.run()
        return {"losses": digest(numbers(losses)), "d logits": digest(numbers(self.logits.grad))}


class CharacterModel:
    compared_steps = 3

    def __init__(self, case):
        hidden, vocabulary = case["hiddenSize"], case["vocabulary"]
        self.model = torch.nn.ModuleDict({
            "embedding": torch.nn.Embedding(vocabulary, case["embedding"]),
            "lstm": torch.nn.LSTM(case["embedding"], hidden),
            "head": torch.nn.Linear(hidden, vocabulary),
        }).to(device)
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(values(name, tuple(parameter.shape), 0.2))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.inputs, self.targets = (self.characters(case, seed) for seed in (21, 22))

    def characters(self, case, seed):
        uniform = fill(case["steps"] * case["batch"], seed, 1).astype("float64") + 0.5
        return torch.from_numpy((uniform * case["vocabulary"]).astype("int64")).reshape(case["steps"], case["batch"]).to(device)

    def run(self):
        output, _ = self.model["lstm"](self.model["embedding"](self.inputs))
        logits = self.model["head"](output)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), self.targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def result(self):
        for _ in range(self.compared_steps):
            loss = self.run()
        found = {"loss": digest(numbers(loss))}
        for name, parameter in self.model.named_parameters():
            found[name] = digest(numbers(parameter))
        return found


class Step:
    """One step at batch 1 through the cell, its state carried on; no gradient."""

    compared_steps = 5

    def __init__(self, case):
        hidden = case["hiddenSize"]
        cell_type = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell, "rnn": torch.nn.RNNCell}[case["cell"]]
        self.cell = cell_type(hidden, hidden).to(device).eval()
        with torch.no_grad():
            for name, parameter in self.cell.named_parameters():
                parameter.copy_(values(f"{name}_l0", tuple(parameter.shape), 2 / math.sqrt(hidden)))
        self.x = values("x", (1, hidden), 2)
        self.state = None

    def run(self):
        with torch.inference_mode():
            self.state = self.cell(self.x, self.state)
        return self.state

    def result(self):
        for _ in range(self.compared_steps):
            state = self.run()
        return {"output": digest(numbers(state[0] if isinstance(state, tuple) else state))}


def status(field):
    try:
        with open("/proc/self/status") as file:
            return int(re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024
    except (OSError, AttributeError):
        return 0


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass
    return status("VmRSS")


def timed(work, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work.run()
        wait()
        times.append((time.perf_counter() - start) * 1000)
    return times


def main():
    kinds = {"recurrent": Recurrent, "matmul": Matmul, "ctc": Ctc, "character-model": CharacterModel, "step": Step}
    say = lambda message: print(json.dumps(message), flush=True)
    where = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    say({"version": torch.__version__, "device": where})
    work, idle = None, 0
    for line in sys.stdin:
        request = json.loads(line)
        if request["type"] == "prepare":
            work = None
            idle = reset_peak()
            case = request["case"]
            if case["kind"] not in kinds:
                say({"unsupported": f"not written for {case['kind']}"})
                continue
            work = kinds[case["kind"]](case)
            result = work.result()
            for _ in range(2):
                work.run()
            wait()
            say({"digest": result, "milliseconds": timed(work, 1)[0]})
        elif request["type"] == "time":
            say({"milliseconds": timed(work, request["repeats"])})
        else:
            say({"idleBytes": idle, "peakBytes": status("VmHWM")})


main()

"""From nothing to the first training step, once: `python3 startup.py THREADS`."""

import json
import sys
import time

begin = time.perf_counter()
import torch

imported = time.perf_counter()
torch.set_num_threads(int(sys.argv[1]))
created = time.perf_counter()
layer = torch.nn.LSTM(32, 128)
output, _ = layer(torch.full((100, 32, 32), 0.1))
output.backward(torch.full((100, 32, 128), 0.1))
layer.weight_ih_l0.grad.numpy()
stepped = time.perf_counter()
parts = {"process": 0, "import": imported - begin, "create": created - imported, "step": stepped - created}
print(json.dumps({name: 1000 * seconds for name, seconds in parts.items()}))

"""The step of train_bench.cpp by PyTorch: train_step.py THREADS STEPS [DEVICE]. On the CPU it serves as three baselines:
as installed without OpenBLAS (LD_LIBRARY_PATH naming the reference BLAS), with OpenBLAS and two threads, and with
malloc keeping what is freed (MALLOC_MMAP_MAX_=0, the trim threshold raised) as well: train_ratio.sh does."""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

threads, steps = int(sys.argv[1]), int(sys.argv[2])
device = torch.device(sys.argv[3] if len(sys.argv) > 3 else "cpu")
torch.set_num_threads(threads)
D = 4096
pool, text_fc, text_gate, video_fc, video_gate = nn.Linear(300, D), nn.Linear(D, D), nn.Linear(D, D), nn.Linear(D, D), nn.Linear(D, D)
layers = [layer.to(device) for layer in (pool, text_fc, text_gate, video_fc, video_gate)]
optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=1e-4)
clips, words = (torch.rand(32, D) * 2 - 1).to(device), (torch.rand(32, 20, 300) * 2 - 1).to(device)
words[:, 9:] = 0


def unit(x, fc, gate):
    x = fc(x)
    return F.normalize(F.glu(torch.cat((x, gate(x)), 1), 1))


def step():
    text = unit(torch.max(F.relu(pool(words)), dim=1)[0], text_fc, text_gate)
    similarity = text @ unit(clips, video_fc, video_gate).t()
    own = similarity.diag()
    loss = (F.relu(0.1 + similarity - own.view(-1, 1)) + F.relu(0.1 + similarity - own.view(1, -1))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize()


step()
finish()
times = []
for _ in range(steps):
    start = time.perf_counter()
    step()
    finish()
    times.append(1e3 * (time.perf_counter() - start))
times.sort()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(f"training step                median {times[len(times) // 2]:7.1f} ms   fastest {times[0]:7.1f} ms   peak memory {peak:.2f} GB")

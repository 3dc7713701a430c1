"""The step of narrated_bench.cpp as antoine77340/howto100m takes it, in PyTorch: narrated_step.py [STEPS] [VIDEOS] [N_PAIR]
[D] [THREADS]. Each video's features are read whole from .npy files, each pair's rows sliced and pooled; then the model,
the weighted max-margin loss and Adam. Run it right after narrated_bench, with OpenBLAS."""
import os
import resource
import sys
import tempfile
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

steps, videos, pairs, D, threads = (int(sys.argv[i]) if len(sys.argv) > i else default
                                    for i, default in ((1, 2), (2, 32), (3, 64), (4, 4096), (5, 2)))
torch.set_num_threads(threads)
rng = np.random.default_rng(1)
folder = tempfile.TemporaryDirectory()
for video in range(videos):
    np.save(f"{folder.name}/2d-{video}.npy", rng.random((390, 2048), dtype=np.float32).astype(np.float16))
    np.save(f"{folder.name}/3d-{video}.npy", rng.random((585, 2048), dtype=np.float32).astype(np.float16))
vectors = torch.rand(2000, 300) - 0.5
pool, text_fc, text_gate, video_fc, video_gate = nn.Linear(300, D), nn.Linear(D, D), nn.Linear(D, D), nn.Linear(4096, D), nn.Linear(D, D)
layers = (pool, text_fc, text_gate, video_fc, video_gate)
optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=1e-4)
count = videos * pairs
share = 0.5 / ((videos - 1) * 0.5)
same = torch.kron(torch.eye(videos), torch.ones(pairs, pairs))
weights = (same + (1 - same) * share) * videos * 0.5


def read():
    """Clips [count, 4096] and words [count, 20, 300], as the reference's loader gives them."""
    clips, words = torch.zeros(count, 4096), torch.zeros(count, 20, 300)
    for video in range(videos):
        rows_2d = torch.from_numpy(np.load(f"{folder.name}/2d-{video}.npy")).float()
        rows_3d = torch.from_numpy(np.load(f"{folder.name}/3d-{video}.npy")).float()
        for pair in range(pairs):
            start = 3.5 * int(rng.integers(108))
            end = start + 7.5
            for rows, rate, at in ((rows_2d, 1.0, 0), (rows_3d, 1.5, 2048)):
                clip = rows[int(start * rate):int(end * rate) + 1].max(dim=0)[0]
                clips[video * pairs + pair, at:at + 2048] = F.normalize(clip, dim=0)
            words[video * pairs + pair, :16] = vectors[torch.from_numpy(rng.integers(2000, size=16))]
    return clips, words


def unit(x, fc, gate):
    x = fc(x)
    return F.normalize(F.glu(torch.cat((x, gate(x)), 1), 1))


def compute(clips, words):
    text = unit(torch.max(F.relu(pool(words)), dim=1)[0], text_fc, text_gate)
    similarity = text @ unit(clips, video_fc, video_gate).t()
    own = similarity.diag()
    loss = (weights * (F.relu(0.1 + similarity - own.view(-1, 1)) + F.relu(0.1 + similarity - own.view(1, -1)))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


a, b = torch.ones(2048, 4096), torch.ones(4096, 4096)
a @ b
begin = time.perf_counter()
a @ b
rate = 2 * 2048 * 4096 * 4096 / (time.perf_counter() - begin) / 1e9
fastest = [1e9, 1e9]
for _ in range(steps + 1):
    begin = time.perf_counter()
    batch = read()
    read_at = time.perf_counter()
    compute(*batch)
    fastest = [min(fastest[0], read_at - begin), min(fastest[1], time.perf_counter() - read_at)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(f"PyTorch: reading {1e3 * fastest[0]:.0f} ms, computing {1e3 * fastest[1]:.0f} ms, one after the other {1e3 * sum(fastest):.0f} ms; "
      f"product rate {rate:.0f} GFLOP/s; peak memory {peak:.2f} GB")

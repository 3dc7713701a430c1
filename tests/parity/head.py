"""A head's loss, gradients and steps by PyTorch's autograd and AdamW: head.py FOLDER.

Reads case.pth (weights, batches, rate, decay), writes results.pth. Formulas: model/head.h and CLIP's loss.
"""
import collections
import pathlib
import sys

import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def loss_of(a, b, log_scale, text, video, groups):
    t = F.normalize(text + text @ a.T)
    v = F.normalize(video[:, : text.shape[1]] + video @ b.T)
    logits = log_scale.exp() * t @ v.T
    same = groups[:, None] == groups[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, float("-inf"))
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def main():
    folder = pathlib.Path(sys.argv[1])
    case = torch.load(folder / "case.pth")
    a, b = (torch.nn.Parameter(case[name].clone()) for name in ("text.weight", "video.weight"))
    log_scale = torch.nn.Parameter(case["logit_scale"].clone())
    lr, decay = case["rates"].tolist()
    optimizer = torch.optim.AdamW([{"params": [a, b], "weight_decay": decay}, {"params": [log_scale], "weight_decay": 0.0}],
                                  lr=lr)
    losses = []
    results = collections.OrderedDict()
    for text, video, groups in zip(case["text"], case["video"], case["groups"]):
        optimizer.zero_grad()
        loss = loss_of(a, b, log_scale, text, video, groups)
        loss.backward()
        losses.append(loss.item())
        if len(losses) == 1:
            results["first.text"], results["first.video"] = a.grad.clone(), b.grad.clone()
            results["first.log_scale"] = log_scale.grad.clone()
        optimizer.step()
    results.update({"text.weight": a.data, "video.weight": b.data, "logit_scale": log_scale.data,
                    "losses": torch.tensor(losses, dtype=torch.float64)})
    torch.save(results, folder / "results.pth")
    print([round(x, 7) for x in losses])
    for name in ("text.weight", "video.weight"):
        print(name, [round(x, 7) for x in results[name].flatten()[:4].tolist()])
    print("log_scale", log_scale.item())


main()

"""The reference's joint embedding, loss and optimizer by PyTorch's own autograd and Adam: joint_embedding.py FOLDER.

Reads weights.pth, inputs.pth and the loss's name from FOLDER/case.txt, writes results.pth. Formulas: antoine77340/howto100m.
"""
import collections
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class ContextGating(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.batch_norm = nn.BatchNorm1d(dim)

    def forward(self, x):
        return F.glu(torch.cat((x, self.fc(x)), 1), 1)


class GatedUnit(nn.Module):
    def __init__(self, inputs, dim):
        super().__init__()
        self.fc = nn.Linear(inputs, dim)
        self.cg = ContextGating(dim)

    def forward(self, x):
        return F.normalize(self.cg(self.fc(x)))


class TextPooling(nn.Module):
    def __init__(self, word_dim, dim):
        super().__init__()
        self.fc = nn.Linear(word_dim, dim)

    def forward(self, words):
        return torch.max(F.relu(self.fc(words)), dim=1)[0]


class Net(nn.Module):
    def __init__(self, word_dim, video_dim, dim):
        super().__init__()
        self.text_pooling = TextPooling(word_dim, dim)
        self.GU_text = GatedUnit(dim, dim)
        self.GU_video = GatedUnit(video_dim, dim)

    def forward(self, clips, words):
        return self.GU_text(self.text_pooling(words)) @ self.GU_video(clips).t()


def max_margin(similarity, margin, weights):
    diagonal = similarity.diag()
    hinges = F.relu(margin + similarity - diagonal.view(-1, 1)) + F.relu(margin + similarity - diagonal.view(1, -1))
    return (hinges * weights).mean()


def intra_video(videos, n_pair, rate):
    alpha = (1 - rate) / ((videos - 1) * rate)
    mask = (1 - alpha) * np.eye(videos) + alpha
    return torch.tensor(np.kron(mask, np.ones((n_pair, n_pair))) * videos * rate, dtype=torch.float32)


def nce(similarity, log_scale, clips):
    same = (clips[:, None] == clips[None, :]) & ~torch.eye(len(clips), dtype=torch.bool)
    logits = (log_scale.exp() * similarity).masked_fill(same, float("-inf"))
    target = torch.arange(len(clips))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2


def legacy_ranks(similarity):
    """compute_metrics of the reference: a tie counts once for each place it could take."""
    ordered = np.sort(-similarity, axis=1)
    own = np.diag(-similarity)[:, np.newaxis]
    return np.where(ordered - own == 0)[1] + 1


def main(folder):
    torch.set_num_threads(2)
    inputs = torch.load(folder / "inputs.pth")
    state = torch.load(folder / "weights.pth")
    case = (folder / "case.txt").read_text().split()
    loss_name, videos, n_pair, rate, margin, lr = case[0], int(case[1]), int(case[2]), float(case[3]), float(case[4]), float(case[5])
    dim, word_dim = state["text_pooling.fc.weight"].shape
    net = Net(word_dim, inputs["clips"].shape[1], dim)
    net.load_state_dict(state, strict=True)
    padded = torch.cat((inputs["vectors"], torch.zeros(1, word_dim)))  # id -1: the zero vector
    log_scale = nn.Parameter(torch.tensor(1.5))
    parameters = list(net.parameters()) + ([log_scale] if loss_name == "nce" else [])
    optimizer = torch.optim.Adam(parameters, lr=lr)
    results = collections.OrderedDict()
    losses = []
    for step, batch in enumerate(inputs["batches"]):
        clips = inputs["clip_of"][batch]
        similarity = net(inputs["clips"][clips], padded[inputs["ids"][batch]])
        if loss_name == "nce":
            loss = nce(similarity, log_scale, clips)
        else:
            weights = intra_video(videos, n_pair, rate) if loss_name == "weighted" else torch.ones(1)
            loss = max_margin(similarity, margin, weights)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            results["similarity"] = similarity.detach().clone()
            for name, parameter in net.named_parameters():
                if parameter.grad is not None:
                    results["gradient." + name] = parameter.grad.clone()
        losses.append(loss.item())
        optimizer.step()
    results["losses"] = torch.tensor(losses, dtype=torch.float64)
    for name, value in net.state_dict().items():
        results["weights." + name] = value.clone()
    ties = torch.round(results["similarity"] * 4) / 4
    results["ties"] = ties
    results["legacy"] = torch.tensor(legacy_ranks(ties.numpy()))
    torch.save(results, folder / "results.pth")


main(pathlib.Path(sys.argv[1]))

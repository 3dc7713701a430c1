"""The reference's networks in PyTorch on random weights and a random clip:
networks.py FOLDER MODEL FRAMES HEIGHT WIDTH [SHORTCUT].

Writes w.pth, rgb (uint8 [frames, height, width, 3]) and row (float32 [dim]) into FOLDER. 2D networks are
torchvision's; the 3D ones follow the layout of kenshohara/3D-ResNets-PyTorch (shortcut A or B), which no Debian
package holds.
"""
import pathlib
import sys

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

CLIP_FRAMES = 16
BLOCKS = {"18": [2, 2, 2, 2], "34": [3, 4, 6, 3], "50": [3, 4, 6, 3], "101": [3, 4, 23, 3]}


class Residual(nn.Module):
    """Basic: two 3x3x3 convolutions; otherwise 1x1x1, 3x3x3 in groups, 1x1x1."""

    def __init__(self, inputs, middle, outputs, stride, groups, basic, shortcut):
        super().__init__()
        self.basic, self.stride, self.padding = basic, stride, outputs - inputs
        shapes = [(3, stride, 1), (3, 1, 1)] if basic else [(1, 1, 1), (3, stride, groups), (1, 1, 1)]
        channels = [inputs] + [middle] * (len(shapes) - 1) + [outputs]
        for i, (kernel, step, parts) in enumerate(shapes):
            convolution = nn.Conv3d(channels[i], channels[i + 1], kernel, step, kernel // 2, 1, parts, False)
            setattr(self, f"conv{i + 1}", convolution)
            setattr(self, f"bn{i + 1}", nn.BatchNorm3d(channels[i + 1]))
        self.downsample = None
        if shortcut == "B" and (stride != 1 or inputs != outputs):
            projection = nn.Conv3d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm3d(outputs))

    def forward(self, x):
        shortcut = x
        if self.downsample is not None:
            shortcut = self.downsample(x)
        elif self.padding > 0:
            shortcut = F.pad(F.avg_pool3d(x, 1, self.stride), (0, 0, 0, 0, 0, 0, 0, self.padding))
        y = F.relu(self.bn1(self.conv1(x)), True)
        y = self.bn2(self.conv2(y))
        if not self.basic:
            y = self.bn3(self.conv3(F.relu(y, True)))
        y += shortcut
        return F.relu(y, True)


class Network3d(nn.Module):
    def __init__(self, name, shortcut="B"):
        super().__init__()
        resnext = name.startswith("resnext")
        depth = name.replace("resnext", "").replace("resnet", "").replace("-3d", "")
        basic = depth in ("18", "34")
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        channels = 64
        for layer, count in enumerate(BLOCKS[depth]):
            planes = (128 if resnext else 64) << layer
            outputs = planes * (2 if resnext else 1 if basic else 4)
            blocks = []
            for block in range(count):
                stride = 2 if block == 0 and layer > 0 else 1
                groups = 32 if resnext else 1
                blocks.append(Residual(channels, planes, outputs, stride, groups, basic, shortcut))
                channels = outputs
            setattr(self, f"layer{layer + 1}", nn.Sequential(*blocks))

    def forward(self, x):
        x = F.max_pool3d(F.relu(self.bn1(self.conv1(x)), True), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3, 4))


def enliven(network):
    """Gives the batch normalisations something to do."""
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.running_mean.normal_(0, .1)
            module.running_var.uniform_(.5, 1.5)
            module.weight.data.uniform_(.3, .8)
            module.bias.data.normal_(0, .1)


def main():
    folder, name, (frames, height, width) = pathlib.Path(sys.argv[1]), sys.argv[2], map(int, sys.argv[3:6])
    torch.manual_seed(1)
    is_3d = name.startswith("resnext") or name.endswith("-3d")
    network = Network3d(name, *sys.argv[6:]) if is_3d else getattr(torchvision.models, name)()
    enliven(network)
    network.eval()
    torch.save(network.state_dict(), folder / "w.pth")
    rgb = torch.randint(0, 256, (frames, height, width, 3), dtype=torch.uint8)
    (folder / "rgb").write_bytes(rgb.numpy().tobytes())
    x = rgb.float().permute(3, 0, 1, 2)
    if is_3d:
        x = F.pad(x, (0, 0, 0, 0, 0, CLIP_FRAMES - frames))
        x = (x - torch.tensor([110.6, 103.2, 96.3]).view(3, 1, 1, 1)) / (1 + 1e-8)
    else:
        mean, std = torch.tensor([.485, .456, .406]), torch.tensor([.229, .224, .225])
        x = (x[:, 0] / 255 - mean.view(3, 1, 1)) / (std.view(3, 1, 1) + 1e-8)
        network = nn.Sequential(*list(network.children())[:-2])
    with torch.no_grad():
        y = network(x[None])
    row = y[0] if is_3d else y.mean((2, 3))[0]
    (folder / "row").write_bytes(row.numpy().tobytes())


if __name__ == "__main__":
    main()

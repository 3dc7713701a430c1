"""What a user of antoine77340/video_feature_extractor does, by the ffmpeg program and eager PyTorch:

    extract_reference.py weights FOLDER                          writes 2d.pth (ResNet-152) and 3d.pth (ResNeXt-101)
    extract_reference.py extract FOLDER THREADS LANE OUT VIDEO...  writes OUT/LANE/<n>.npy, float16 [rows, 2048]

THREADS is a number, or "cuda": then the network runs on the GPU in half precision, as is the default there.
The weights are random, their batch normalisations lively. One lane a run, as there: every video is decoded by the
ffmpeg program in a worker of a DataLoader, its rows go through the network 64 at a time, are L2-normalised and
stored. The last line printed is the seconds from the first video to the last, start-up and loading left out.
"""
import pathlib
import subprocess
import sys
import time

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from networks import CLIP_FRAMES, Network3d, enliven  # noqa: E402

BATCH = 64


def networks():
    return {"2d": torchvision.models.resnet152(), "3d": Network3d("resnext101")}


def displayed_size(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
                          "-of", "csv=p=0", path], check=True, capture_output=True, text=True).stdout
    width, height = map(int, out.strip().rstrip(",").split(",")[:2])
    return height, width


def scaled_size(height, width, side):
    return (int(height * side / width), side) if height >= width else (side, int(width * side / height))


def filters(path, lane):
    height, width = scaled_size(*displayed_size(path), 224 if lane == "2d" else 112)
    scale = f"scale={width}:{height}:flags=bicubic"
    if lane == "2d":
        return f"fps=1,{scale}", height, width
    return f"fps=24,{scale},crop=112:112:{int((width - 112) / 2.0)}:{int((height - 112) / 2.0)}", 112, 112


class Videos(torch.utils.data.Dataset):
    def __init__(self, paths, lane):
        self.paths, self.lane = paths, lane

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        graph, height, width = filters(self.paths[index], self.lane)
        raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.paths[index], "-filter_complex", graph,
                              "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:"], check=True, capture_output=True).stdout
        frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
        return torch.from_numpy(frames.astype("float32")).permute(0, 3, 1, 2)


def preprocess(frames, lane):
    if lane == "2d":
        mean, std = torch.tensor([.485, .456, .406]), torch.tensor([.229, .224, .225])
        return (frames / 255.0 - mean.view(1, 3, 1, 1)) / (std.view(1, 3, 1, 1) + 1e-8)
    missing = -len(frames) % CLIP_FRAMES
    frames = torch.cat((frames, torch.zeros(missing, *frames.shape[1:])))
    frames = (frames - torch.tensor([110.6, 103.2, 96.3]).view(1, 3, 1, 1)) / (1 + 1e-8)
    return frames.view(-1, CLIP_FRAMES, 3, 112, 112).transpose(1, 2)


def extract(folder, threads, lane, out, paths):
    device, type_ = ("cuda", torch.half) if threads == "cuda" else ("cpu", torch.float)
    if device == "cpu":
        torch.set_num_threads(int(threads))
    network = networks()[lane]
    network.load_state_dict(torch.load(f"{folder}/{lane}.pth"))
    network.eval()
    if lane == "2d":
        network = nn.Sequential(*list(network.children())[:-2])
    network.to(device, type_)
    pathlib.Path(out, lane).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    loader = torch.utils.data.DataLoader(Videos(paths, lane), batch_size=1, num_workers=4)
    with torch.no_grad():
        for index, (frames,) in enumerate(loader):
            clips = preprocess(frames, lane)
            rows = []
            for batch in torch.split(clips, BATCH):
                y = network(batch.to(device, type_))
                rows.append(F.normalize(y if y.dim() == 2 else y.mean((2, 3)), dim=1))
            np.save(f"{out}/{lane}/{index}.npy", torch.cat(rows).cpu().numpy().astype("float16"))
    print(time.perf_counter() - start)


def write_weights(folder):
    torch.manual_seed(1)
    for lane, network in networks().items():
        enliven(network)
        torch.save(network.state_dict(), f"{folder}/{lane}.pth")


if __name__ == "__main__":
    if sys.argv[1] == "weights":
        write_weights(sys.argv[2])
    else:
        extract(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5], sys.argv[6:])

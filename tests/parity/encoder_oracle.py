#!/usr/bin/env python3
"""Small models of the families that towers/ knows, in PyTorch from the published architectures, with weights by a
formula, so that nobody needs a download.

  encoder_oracle.py FOLDER     a folder per model as its hub serves it, with pictures.u8, ids.json, image.f32, text.f32
  encoder_oracle.py --fixture  tests/towers/tiny_encoders.json: of the tiny ones the configs, a line [shape, scale,
                               offset] per tensor, and what comes out

The n-th value (n = 1, 2, ...) of a tensor is offset + scale * u: u in [-1, 1) from the upper 24 bits of SplitMix64's
n-th number, begun at the FNV-1a hash of the tensor's name. Pictures and ids come from the same formula.
"""
import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
STEP = np.uint64(0x9E3779B97F4A7C15)


def unit(name, count):
    """`count` numbers in [-1, 1), as float64."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, count + 1, dtype=np.uint64) * STEP
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


class Weights:
    """Makes a tensor when it is asked for the first time, and remembers it."""

    def __init__(self, half):
        self.half, self.made, self.rules = half, {}, {}

    def __call__(self, name, shape, scale, offset=0.0):
        if name not in self.made:
            scale = round(scale, 4)
            values = offset + scale * unit(name, math.prod(shape))
            tensor = torch.from_numpy(values.astype(np.float32)).reshape(shape)
            self.made[name] = tensor.half() if self.half else tensor
            self.rules[name] = [list(shape), scale, offset]
        return self.made[name].float()

    def linear(self, stem, x, out):
        width = x.shape[-1]
        return x @ self(stem + "weight", (out, width), math.sqrt(3 / width)).T + self(stem + "bias", (out,), 0.3)

    def norm(self, stem, x, eps):
        width = x.shape[-1]
        return F.layer_norm(x, (width,), self(stem + "weight", (width,), 0.3, 1.0), self(stem + "bias", (width,), 0.3),
                            eps)


ACTIVATIONS = {"quick_gelu": lambda x: x * torch.sigmoid(1.702 * x), "gelu": F.gelu,
               "tanh": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))}

HF = dict(blocks="encoder.layers.", norm1="layer_norm1.", qkv=["self_attn.q_proj.", "self_attn.k_proj.",
          "self_attn.v_proj."], out="self_attn.out_proj.", norm2="layer_norm2.", up="mlp.fc1.", down="mlp.fc2.")
OPEN = dict(blocks="transformer.resblocks.", norm1="ln_1.", qkv=["attn.in_proj_"], out="attn.out_proj.", norm2="ln_2.",
            up="mlp.c_fc.", down="mlp.c_proj.")
TIMM = dict(blocks="blocks.", norm1="norm1.", qkv=["attn.qkv."], out="attn.proj.", norm2="norm2.", up="mlp.fc1.",
            down="mlp.fc2.")


def attend(q, k, v, heads, mask=None):
    def split(t):
        return t.unflatten(-1, (heads, -1)).transpose(-3, -2)

    scores = split(q) @ split(k).transpose(-1, -2) / math.sqrt(q.shape[-1] // heads)
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(-1) @ split(v)).transpose(-3, -2).flatten(-2)


def rotate(x, heads, grid, class_token):
    """RoPE in two dimensions, of [N, rows, width]."""
    head = x.shape[-1] // heads
    frequencies = 10000.0 ** (-torch.arange(0, head // 2, 2).float() / (head // 2))
    places = torch.arange(grid).float() + (1 if class_token else 0)
    by = (places[:, None] * frequencies).repeat_interleave(2, -1)
    angles = torch.cat([by[None].expand(grid, -1, -1), by[:, None].expand(-1, grid, -1)], -1).reshape(grid * grid, head)
    if class_token:
        angles = torch.cat([torch.zeros(1, head), angles])
    angles = angles.repeat(1, heads)
    pairs = x.unflatten(-1, (-1, 2))
    turned = torch.stack([-pairs[..., 1], pairs[..., 0]], -1).flatten(-2)
    return x * angles.cos() + turned * angles.sin()


def run_blocks(w, prefix, names, x, m, mask=None, turn=lambda x: x):
    width = x.shape[-1]
    for layer in range(m["layers"]):
        block = f"{prefix}{names['blocks']}{layer}."
        h = w.norm(block + names["norm1"], x, m["eps"])
        qkv = torch.cat([w.linear(block + stem, h, 3 * width // len(names["qkv"])) for stem in names["qkv"]], -1)
        q, k, v = qkv.chunk(3, -1)
        x = x + w.linear(block + names["out"], attend(turn(q), turn(k), v, m["heads"], mask), width)
        h = w.norm(block + names["norm2"], x, m["eps"])
        x = x + w.linear(block + names["down"], ACTIVATIONS[m["act"]](w.linear(block + names["up"], h, m["mlp"])), width)
    return x


def image_tower(w, m, names, pictures):
    """m: px, patch, width, layers, heads, mlp, act, eps, dim, class_token, norm_before, rotary, pool_heads, mean, std"""
    width, patch, p = m["width"], m["patch"], names["prefix"]
    x = (pictures.float() / 255 - torch.tensor(m["mean"])) / torch.tensor(m["std"])
    weight = w(p + names["patches"] + "weight", (width, 3, patch, patch), math.sqrt(3 / (3 * patch * patch)))
    bias = w(p + names["patches"] + "bias", (width,), 0.3) if m["patch_bias"] else None
    x = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, stride=patch).flatten(2).transpose(1, 2)
    one = names.get("lead", ())
    if m["class_token"]:
        token = w(p + names["class"], (*one, *one, width), 1.0).reshape(width)
        x = torch.cat([token.expand(len(x), 1, width), x], 1)
    x = x + w(p + names["positions"], (*one, x.shape[1], width), 1.0).reshape(x.shape[1], width)
    if m["norm_before"]:
        x = w.norm(p + names["norm_before"], x, m["eps"])
    grid = m["px"] // patch
    turn = (lambda t: rotate(t, m["heads"], grid, m["class_token"])) if m["rotary"] else (lambda t: t)
    x = run_blocks(w, p, names["blocks"], x, m, turn=turn)
    x = w.norm(p + names["norm_after"], x, m["eps"])
    if m["pool_heads"]:
        pool = names["pool"]
        probe = w(p + pool["probe"], pool["shape"] + (width,), 1.0).reshape(1, 1, width)
        if len(pool["qkv"]) == 1:
            full = w(p + pool["qkv"][0] + "weight", (3 * width, width), math.sqrt(3 / width))
            full_bias = w(p + pool["qkv"][0] + "bias", (3 * width,), 0.3)
            q = probe @ full[:width].T + full_bias[:width]
            kv = x @ full[width:].T + full_bias[width:]
        else:
            q, kv = w.linear(p + pool["qkv"][0], probe, width), w.linear(p + pool["qkv"][1], x, 2 * width)
        k, v = kv.chunk(2, -1)
        x = w.linear(p + pool["out"], attend(q.expand(len(x), 1, width), k, v, m["pool_heads"]), width)
        h = w.norm(p + pool["norm"], x, m["eps"])
        x = x + w.linear(p + pool["down"], ACTIVATIONS[m["act"]](w.linear(p + pool["up"], h, m["pool_mlp"])), width)
    x = x[:, 0]
    return project(w, names["projection"], x, m["dim"])


def project(w, name, x, dim):
    if name is None:
        return x
    width = x.shape[-1]
    if name.endswith("."):
        return w.linear(name, x, dim)
    if name.endswith("weight"):
        return x @ w(name, (dim, width), math.sqrt(3 / width)).T
    return x @ w(name, (width, dim), math.sqrt(3 / width))


def text_tower(w, m, names, sentences):
    """m: vocabulary, context, width, layers, heads, mlp, act, eps, dim, causal, end (None: the largest id)"""
    p, rows = names["prefix"], []
    for ids in sentences:
        n = len(ids)
        x = w(p + names["tokens"], (m["vocabulary"], m["width"]), 1.0)[ids]
        x = x + w(p + names["positions"], (m["context"], m["width"]), 1.0)[:n]
        mask = torch.full((n, n), -math.inf).triu(1) if m["causal"] else None
        x = run_blocks(w, p, names["blocks"], x[None], m, mask)[0]
        x = w.norm(p + names["norm_after"], x, m["eps"])
        end = n - 1 if not m["causal"] else ids.index(max(ids) if m["end"] is None else m["end"])
        rows.append(x[end])
    return project(w, names["projection"], torch.stack(rows), m["dim"])


HF_IMAGE = dict(prefix="vision_model.", patches="embeddings.patch_embedding.", positions="embeddings.position_embedding.weight",
                blocks=HF, norm_after="post_layernorm.")
CLIP_HF_IMAGE = dict(HF_IMAGE, **{"class": "embeddings.class_embedding"}, norm_before="pre_layrnorm.",
                     projection="visual_projection.weight")
SIGLIP_HF_IMAGE = dict(HF_IMAGE, projection=None, pool=dict(
    probe="head.probe", shape=(1, 1), qkv=["head.attention.in_proj_"], out="head.attention.out_proj.", norm="head.layernorm.",
    up="head.mlp.fc1.", down="head.mlp.fc2."))
HF_TEXT = dict(prefix="text_model.", tokens="embeddings.token_embedding.weight",
               positions="embeddings.position_embedding.weight", blocks=HF, norm_after="final_layer_norm.")
CLIP_HF_TEXT = dict(HF_TEXT, projection="text_projection.weight")
SIGLIP_HF_TEXT = dict(HF_TEXT, projection="text_model.head.")
OPEN_IMAGE = dict({"class": "class_embedding"}, prefix="visual.", patches="conv1.", positions="positional_embedding",
                  norm_before="ln_pre.", blocks=OPEN, norm_after="ln_post.", projection="visual.proj",
                  pool=dict(probe="attn_pool.probe", shape=(1, 1), qkv=["attn_pool.attn.in_proj_"],
                            out="attn_pool.attn.out_proj.", norm="attn_pool.layernorm.", up="attn_pool.mlp.c_fc.",
                            down="attn_pool.mlp.c_proj."))
TIMM_IMAGE = dict({"class": "cls_token"}, prefix="visual.trunk.", lead=(1,), patches="patch_embed.proj.",
                  positions="pos_embed", norm_before="norm_pre.", blocks=TIMM, norm_after="norm.",
                  projection="visual.trunk.head.",
                  pool=dict(probe="attn_pool.latent", shape=(1, 1), qkv=["attn_pool.q.", "attn_pool.kv."],
                            out="attn_pool.proj.", norm="attn_pool.norm.", up="attn_pool.mlp.fc1.",
                            down="attn_pool.mlp.fc2."))
OPEN_TEXT = dict(prefix="", tokens="token_embedding.weight", positions="positional_embedding", blocks=OPEN,
                 norm_after="ln_final.", projection="text_projection")
CUSTOM_TEXT = dict(OPEN_TEXT, prefix="text.", projection="text.text_projection")

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
HALF = [0.5, 0.5, 0.5]


def clip_hf(image, text, act, end):
    hf_act = {} if act == "quick_gelu" else {"hidden_act": act}
    config = {"model_type": "clip", "projection_dim": image["dim"],
              "text_config": {"hidden_size": text["width"], "intermediate_size": text["mlp"],
                              "num_hidden_layers": text["layers"], "num_attention_heads": text["heads"],
                              "max_position_embeddings": text["context"], "vocab_size": text["vocabulary"],
                              "eos_token_id": 2 if end is None else end, **hf_act},
              "vision_config": {"hidden_size": image["width"], "intermediate_size": image["mlp"],
                                "num_hidden_layers": image["layers"], "num_attention_heads": image["heads"],
                                "image_size": image["px"], "patch_size": image["patch"], **hf_act}}
    preprocessor = {"crop_size": {"height": image["px"], "width": image["px"]}, "size": {"shortest_edge": image["px"]},
                    "do_center_crop": True, "do_normalize": True, "do_resize": True, "image_mean": CLIP_MEAN,
                    "image_std": CLIP_STD, "resample": 3}
    return {"config.json": config, "preprocessor_config.json": preprocessor}


def siglip_hf(image, text, resample):
    config = {"model_type": "siglip",
              "text_config": {"hidden_size": text["width"], "intermediate_size": text["mlp"],
                              "num_hidden_layers": text["layers"], "num_attention_heads": text["heads"],
                              "max_position_embeddings": text["context"], "vocab_size": text["vocabulary"]},
              "vision_config": {"hidden_size": image["width"], "intermediate_size": image["mlp"],
                                "num_hidden_layers": image["layers"], "num_attention_heads": image["heads"],
                                "image_size": image["px"], "patch_size": image["patch"]}}
    preprocessor = {"do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": HALF, "image_std": HALF,
                    "resample": resample, "rescale_factor": 1 / 255, "size": {"height": image["px"], "width": image["px"]}}
    return {"config.json": config, "preprocessor_config.json": preprocessor}


def open_clip(image, text, timm, quick):
    vision = {"image_size": image["px"]}
    if timm:
        vision.update(timm_model_name=timm, timm_model_pretrained=False, timm_pool="map", timm_proj=None)
    else:
        vision.update(layers=image["layers"], width=image["width"], head_width=image["width"] // image["heads"],
                      mlp_ratio=image["mlp"] / image["width"], patch_size=image["patch"])
    model = {"embed_dim": image["dim"], "vision_cfg": vision,
             "text_cfg": {"context_length": text["context"], "vocab_size": text["vocabulary"], "width": text["width"],
                          "heads": text["heads"], "layers": text["layers"]}}
    if quick:
        model["quick_gelu"] = True
    if timm:
        model["custom_text"] = True
    preprocess = {"mean": image["mean"], "std": image["std"], "interpolation": "bicubic",
                  "resize_mode": "squash" if timm else "shortest"}
    return {"open_clip_config.json": {"model_cfg": model, "preprocess_cfg": preprocess}}


def clip_image(**sizes):
    return dict(dict(act="quick_gelu", eps=1e-5, class_token=True, norm_before=True, rotary=False, patch_bias=False,
                     pool_heads=0, mean=CLIP_MEAN, std=CLIP_STD), **sizes)


def siglip_image(**sizes):
    return dict(dict(act="tanh", eps=1e-6, class_token=False, norm_before=False, rotary=False, patch_bias=True,
                     pool_heads=sizes["heads"], pool_mlp=sizes["mlp"], mean=HALF, std=HALF), **sizes)


def pe_image(**sizes):
    return dict(dict(act="gelu", eps=1e-5, class_token=True, norm_before=True, rotary=True, patch_bias=False, pool_heads=8,
                     pool_mlp=4 * sizes["width"], mean=HALF, std=HALF), **sizes)


def text(**sizes):
    return dict(dict(act="quick_gelu", eps=1e-5, causal=True, end=None), **sizes)


def models():
    """name: configs, names and sizes of both towers, number of the file of weights"""
    yield ("clip_hf", clip_image(px=32, patch=8, width=24, layers=2, heads=3, mlp=96, dim=20), CLIP_HF_IMAGE,
           text(vocabulary=60, context=13, width=16, layers=2, heads=2, mlp=64, dim=20), CLIP_HF_TEXT,
           lambda i, t: clip_hf(i, t, "quick_gelu", None), dict(file="model.safetensors", tiny=True))
    yield ("clip_hf_gelu_half", clip_image(px=45, patch=9, width=40, layers=3, heads=5, mlp=72, dim=33, act="gelu"),
           CLIP_HF_IMAGE, text(vocabulary=70, context=19, width=56, layers=3, heads=7, mlp=100, dim=33, act="gelu", end=61),
           CLIP_HF_TEXT, lambda i, t: clip_hf(i, t, "gelu", 61), dict(file="model.safetensors", half=True))
    yield ("clip_hf_wide", clip_image(px=70, patch=14, width=192, layers=3, heads=3, mlp=768, dim=128), CLIP_HF_IMAGE,
           text(vocabulary=99, context=40, width=128, layers=3, heads=2, mlp=512, dim=128), CLIP_HF_TEXT,
           lambda i, t: clip_hf(i, t, "quick_gelu", None), dict(file="shards"))
    yield ("clip_open", clip_image(px=30, patch=7, width=36, layers=2, heads=2, mlp=90, dim=18), OPEN_IMAGE,
           text(vocabulary=50, context=11, width=24, layers=2, heads=3, mlp=96, dim=18), OPEN_TEXT,
           lambda i, t: open_clip(i, t, None, True), dict(file="open_clip_model.safetensors", tiny=True))
    yield ("clip_open_gelu", clip_image(px=32, patch=16, width=32, layers=2, heads=4, mlp=128, dim=16, act="gelu"),
           OPEN_IMAGE, text(vocabulary=50, context=11, width=24, layers=2, heads=3, mlp=96, dim=16, act="gelu"),
           CUSTOM_TEXT, lambda i, t: open_clip(i, t, None, False), dict(file="open_clip_pytorch_model.bin"))
    yield ("siglip_hf", siglip_image(px=36, patch=9, width=30, layers=2, heads=3, mlp=70, dim=30), SIGLIP_HF_IMAGE,
           text(vocabulary=64, context=9, width=30, layers=2, heads=5, mlp=50, dim=30, act="tanh", eps=1e-6, causal=False),
           SIGLIP_HF_TEXT, lambda i, t: siglip_hf(i, t, 3), dict(file="model.safetensors", tiny=True))
    yield ("siglip2_hf", siglip_image(px=64, patch=16, width=72, layers=3, heads=6, mlp=144, dim=72), SIGLIP_HF_IMAGE,
           text(vocabulary=2000, context=16, width=72, layers=2, heads=6, mlp=144, dim=72, act="tanh", eps=1e-6,
                causal=False),
           SIGLIP_HF_TEXT, lambda i, t: siglip_hf(i, t, 2), dict(file="model.safetensors"))
    pe_text = text(vocabulary=80, context=12, width=32, layers=2, heads=2, mlp=128, dim=48, act="gelu")
    pe = pe_image(px=64, patch=16, width=192, layers=12, heads=3, mlp=768, dim=48)
    yield ("pe_timm", pe, TIMM_IMAGE, pe_text, CUSTOM_TEXT,
           lambda i, t: open_clip(i, t, "vit_pe_core_tiny_patch16_64", False),
           dict(file="open_clip_model.safetensors", tiny=True))
    yield ("pe_facebook", pe, OPEN_IMAGE, pe_text, OPEN_TEXT,
           lambda i, t: open_clip(i, t, "vit_pe_core_tiny_patch16_64", False), dict(file="open_clip_pytorch_model.bin"))


def inputs(name, image, words):
    count = 3
    pictures = ((unit(name + " pictures", count * image["px"] ** 2 * 3) + 1) * 128).astype(np.uint8)
    pictures = pictures.reshape(count, image["px"], image["px"], 3)
    context, vocabulary = words["context"], words["vocabulary"]
    end = vocabulary - 1 if words["end"] is None else words["end"]
    drawn = ((unit(name + " ids", 4 * context) + 1) / 2 * (vocabulary - 12)).astype(int).reshape(4, context)
    sentences = []
    for row, length in zip(drawn.tolist(), (2, context // 2, context - 1, context)):
        ids = row[:length - 1] + [end] if words["causal"] else row
        sentences.append(ids)
    if words["causal"]:
        sentences.append(sentences[1] + [end] * (context - len(sentences[1])))  # padded by the end token
        sentences.append(sentences[1] + [0] * (context - len(sentences[1])))    # and by zeros
    return pictures, sentences


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": {torch.float32: "F32", torch.float16: "F16"}[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [at, at + size]}
        at += size
    text_of_header = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(len(text_of_header).to_bytes(8, "little") + text_of_header)
        for tensor in tensors.values():
            out.write(tensor.contiguous().numpy().tobytes())


def write_weights(folder, file, tensors):
    if file.endswith(".bin"):
        torch.save(tensors, os.path.join(folder, file))
    elif file == "shards":
        names = list(tensors)
        shards = {"model-00001-of-00002.safetensors": names[: len(names) // 2],
                  "model-00002-of-00002.safetensors": names[len(names) // 2:]}
        for shard, part in shards.items():
            write_safetensors(os.path.join(folder, shard), {name: tensors[name] for name in part})
        with open(os.path.join(folder, "model.safetensors.index.json"), "w") as out:
            json.dump({"weight_map": {name: shard for shard, part in shards.items() for name in part}}, out)
    else:
        write_safetensors(os.path.join(folder, file), tensors)


def print_fixture(fixture):
    """JSON with a line per config and tensor."""
    models = []
    for name, model in fixture.items():
        tensors = ",\n".join(f"  {json.dumps(key)}: {json.dumps(rule)}" for key, rule in model.pop("tensors").items())
        rest = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in model.items())
        models.append(f'{json.dumps(name)}: {{\n{rest},\n "tensors": {{\n{tensors}}}}}')
    print("{" + ",\n".join(models) + "}")


def main():
    fixture = {}
    for name, image, image_names, words, text_names, configs, how in models():
        if sys.argv[1] == "--fixture" and not how.get("tiny"):
            continue
        w = Weights(how.get("half", False))
        pictures, sentences = inputs(name, image, words)
        with torch.no_grad():
            of_pictures = image_tower(w, image, image_names, torch.from_numpy(pictures))
            of_sentences = text_tower(w, words, text_names, sentences)
        w("logit_scale", () if image["class_token"] else (1,), 0.1, 2.0)
        written = configs(image, words)
        if sys.argv[1] == "--fixture":
            fixture[name] = {"configs": written, "file": how["file"], "tensors": w.rules, "pictures": len(pictures), "px": image["px"], "ids": sentences,
                             "image": [round(float(v), 6) for v in of_pictures.flatten()],
                             "text": [round(float(v), 6) for v in of_sentences.flatten()]}
            continue
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder)
        for file, config in written.items():
            with open(os.path.join(folder, file), "w") as out:
                json.dump(config, out)
        write_weights(folder, how["file"], w.made)
        pictures.tofile(os.path.join(folder, "pictures.u8"))
        of_pictures.numpy().astype(np.float32).tofile(os.path.join(folder, "image.f32"))
        of_sentences.numpy().astype(np.float32).tofile(os.path.join(folder, "text.f32"))
        with open(os.path.join(folder, "ids.json"), "w") as out:
            json.dump(sentences, out)
    if sys.argv[1] == "--fixture":
        print_fixture(fixture)


main()

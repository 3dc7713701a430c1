#pragma once

#include <array>
#include <string>
#include <vector>

#include "extract/networks/network.h"

namespace tvr {

/// Mean and standard deviation of ImageNet, RGB in 0..1; mean of Kinetics, RGB in 0..255: as in
/// video_feature_extractor's preprocessing, including its 1e-8.
[[nodiscard]] Normalization imagenet_normalization();
[[nodiscard]] Normalization kinetics_normalization();

/// ResNet-18/34/50/101/152 (He et al. 2016) with torchvision's layout and names, without its last two
/// children. `blocks`: per layer, four layers; `bottleneck`: three convolutions per block and expansion 4,
/// otherwise two.
[[nodiscard]] Network resnet2d(const std::array<int, 4>& blocks, bool bottleneck);

/// 3D ResNets and ResNeXts with the layout and names of kenshohara/3D-ResNets-PyTorch, shortcut B, without
/// fc. conv1 7x7x7 stride (1, 2, 2) padding 3, max pool 3 stride 2 padding 1, 16 frames.
enum class Block3d { Basic, Bottleneck, ResNeXt };  // expansion 1, 4, 2; ResNeXt: 32 groups
[[nodiscard]] Network resnet3d(const std::array<int, 4>& blocks, Block3d block);

/// The same with shortcut A (He et al. 2016): where the size changes, the shortcut takes every second
/// position and pads with zero channels, without parameters. Kenshohara's published ResNet-18 and -34 use it.
[[nodiscard]] Network with_shortcut_a(Network network);

/// Whether these weights belong to a network with shortcut A: no block has a projection.
[[nodiscard]] bool is_shortcut_a(const NamedTensors& weights);

}  // namespace tvr

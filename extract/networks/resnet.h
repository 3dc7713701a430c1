#pragma once

#include <array>
#include <string>
#include <vector>

#include "extract/networks/network.h"

namespace tvr {

/// The mean and deviation of ImageNet, RGB in 0..1; the mean of Kinetics, RGB in 0..255: as
/// video_feature_extractor's preprocessing has them, 1e-8 included.
[[nodiscard]] Normalization imagenet_normalization();
[[nodiscard]] Normalization kinetics_normalization();

/// ResNet-18/34/50/101/152 (He et al. 2016) in torchvision's layout and names, without its last two children.
/// `blocks`: of the four layers; `bottleneck`: three convolutions a block and expansion 4, else two.
[[nodiscard]] Network resnet2d(const std::array<int, 4>& blocks, bool bottleneck);

/// 3D ResNets and ResNeXts in the layout and names of kenshohara/3D-ResNets-PyTorch, shortcut B, without fc.
/// conv1 7x7x7 stride (1, 2, 2) padding 3, max pool 3 stride 2 padding 1, 16 frames.
enum class Block3d { Basic, Bottleneck, ResNeXt };  // expansion 1, 4, 2; ResNeXt: 32 groups
[[nodiscard]] Network resnet3d(const std::array<int, 4>& blocks, Block3d block);

/// The same with shortcut A (He et al. 2016): where the size changes, a shortcut takes every second position
/// and fills up with channels of zeros, without parameters. Kenshohara's published ResNet-18 and -34 are so.
[[nodiscard]] Network with_shortcut_a(Network network);

/// Whether weights of these names are of a network with shortcut A: no block projects its input.
[[nodiscard]] bool is_shortcut_a(const NamedTensors& weights);

}  // namespace tvr

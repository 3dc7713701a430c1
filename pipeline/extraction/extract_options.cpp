#include "pipeline/extraction/extract_options.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "data/error.h"
#include "extract/gpu.h"
#include "extract/networks/plugin.h"

namespace tvr {
namespace {

/// The numbers of "0,1"; none where it is anything else.
std::vector<int> numbers_in(std::string_view list) {
  std::vector<int> numbers;
  const char* next = list.data();
  const char* const end = next + list.size();
  for (;;) {
    int number = -1;
    const auto [after, fault] = std::from_chars(next, end, number);
    const bool seen = std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    if (fault != std::errc() || number < 0 || seen) return {};
    numbers.push_back(number);
    if (after == end) return numbers;
    if (*after != ',') return {};
    next = after + 1;
  }
}

/// The pictures of a -gpu preset stay on the GPU: the network has to be there too.
void require_seen(const Lane& lane) {
  if (!is_gpu(lane.sampling.preset)) return;
  const bool plugin = is_plugin(lane.network.model);
  if (!plugin && lane.network.device != Device::Cpu) return;
  throw Error(Fault::InvalidArgument, std::string("--preset ") + name(lane.sampling.preset),
              "its pictures are made on a GPU, and " +
                  (plugin ? "the plug-in of lane " + lane.sampling.name + " runs on the processor"
                          : std::string("--device is cpu")),
              plugin ? "Use a preset without -gpu" : "Use --device cuda, or a preset without -gpu");
}

Lane builtin_lane(const std::string& name, const FeatureOptions& options) {
  const bool is_3d = name == "3d";
  Lane lane;
  lane.sampling = is_3d ? lane_3d() : lane_2d();
  lane.network.model = is_3d ? options.model_3d : options.model_2d;
  lane.network.weights = is_3d ? options.weights_3d : options.weights_2d;
  lane.network.random_seed = options.random_seed;
  lane.network.precision = precision_named(options.precision);
  if (lane.network.weights.empty() && !options.random_weights) {
    throw Error(Fault::InvalidArgument, "lane " + name, "no weights for " + lane.network.model,
                "Pass --weights-" + name + " FILE, or --random-weights for a trial without real features");
  }
  return lane;
}

}  // namespace

Devices devices_named(const std::string& name) {
  if (name == "auto") return {};
  if (name == "cpu") return {Device::Cpu};
  if (name == "cuda") return {Device::Cuda};
  const std::string_view kind = "cuda:";
  if (name.compare(0, kind.size(), kind) == 0) {
    std::vector<int> gpus = numbers_in(std::string_view(name).substr(kind.size()));
    if (!gpus.empty()) return {Device::Cuda, std::move(gpus)};
  }
  throw Error(Fault::InvalidArgument, "--device", "'" + name + "' is not known",
              "It is auto, cpu, cuda, or different GPUs by their numbers: cuda:0,1");
}

bool uses_gpu(const SpeedOptions& speed) {
  const Device kind = devices_named(speed.device).kind;
  return kind == Device::Cuda || (kind == Device::Auto && gpu_count() > 0);
}

std::vector<Lane> lanes_of(const FeatureOptions& options, const SpeedOptions& speed) {
  const Devices devices = devices_named(speed.device);
  std::vector<Lane> lanes;
  for (const std::string& name : options.lanes) {
    Lane lane;
    if (is_plugin(name)) {
      lane.sampling = read_plugin(name).sampling;
      lane.network.model = name;
    } else {
      lane = builtin_lane(name, options);
    }
    lane.sampling.preset = preset_named(options.preset);
    lane.sampling.legacy_rotation = options.legacy_rotation;
    lane.network.device = devices.kind;
    lane.network.gpu = devices.gpus.front();
    require_seen(lane);
    for (const Lane& other : lanes) {
      if (other.sampling.name != lane.sampling.name) continue;
      throw Error(Fault::InvalidArgument, "--lanes", "two lanes are called " + lane.sampling.name,
                  "Give the plug-in another 'lane' in its manifest");
    }
    lanes.push_back(std::move(lane));
  }
  return lanes;
}

}  // namespace tvr

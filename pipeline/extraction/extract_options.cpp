#include "pipeline/extraction/extract_options.h"

#include <utility>

#include "data/error.h"
#include "extract/networks/plugin.h"
#include "extract/networks/tower_backbone.h"

namespace tvr {
namespace {

/// The frames of a -gpu preset stay on the GPU, so the network must run there, too.
void require_visible_frames(const LaneSpec& lane) {
  if (!is_gpu(lane.sampling.preset)) return;
  const bool plugin = is_plugin(lane.network.model);
  if (!plugin && lane.network.device != Device::Cpu) return;
  throw Error(Fault::InvalidArgument, std::string("--preset ") + kPresets.name(lane.sampling.preset),
              "its frames are in GPU memory, but " +
                  (plugin ? "the plug-in of lane " + lane.sampling.name + " runs on the CPU"
                          : std::string("--device is cpu")),
              plugin ? "Use a preset without -gpu" : "Use --device cuda, or a preset without -gpu");
}

/// The lane that a network was made for; empty: it is not known.
std::string lane_of(const std::string& model) {
  for (const BackboneName& network : backbone_names()) {
    if (network.model == model) return network.lane;
  }
  return {};
}

/// Throws unless `model` is a network for clips of this lane's kind.
void require_network(const BuiltinLane& row, const std::string& model) {
  const std::string wanted = lane_of(row.model), made_for = lane_of(model);
  if (made_for == wanted) return;
  std::string fitting;
  for (const BackboneName& network : backbone_names()) {
    if (network.lane == wanted) fitting += (fitting.empty() ? "" : ", ") + network.model;
  }
  throw Error(
      Fault::InvalidArgument, std::string("--model-") + row.name,
      "'" + model + "' is " + (made_for.empty() ? "not a network" : "a network of the " + made_for + " lane"),
      "Networks of this lane: " + fitting);
}

LaneSpec builtin_lane(const std::string& name, const FeatureOptions& options,
                      const std::vector<BuiltinLane>& builtin) {
  const BuiltinLane& row = lane_named(name, builtin);
  LaneSpec lane{row.sampling(options.preset), {}};
  lane.network.model = row.model;
  if (const auto choice = options.networks.find(name); choice != options.networks.end()) {
    if (!choice->second.model.empty()) lane.network.model = choice->second.model;
    lane.network.weights = choice->second.weights;
  }
  require_network(row, lane.network.model);
  lane.network.random_seed = options.random_seed;
  lane.network.precision = options.precision;
  if (lane.network.weights.empty() && !options.random_weights) {
    throw Error(Fault::InvalidArgument, "lane " + name, "no weights for " + lane.network.model,
                "Pass --weights-" + name + " FILE (" + row.weights_from +
                    "), or --random-weights for a test run without meaningful features");
  }
  return lane;
}

LaneSpec plugin_lane(const std::string& manifest, const FeatureOptions& options) {
  const Plugin plugin = read_plugin(manifest);
  LaneSpec lane{plugin.sampling, {}};
  if (!plugin.has_filter) lane.sampling.preset = options.preset;
  lane.network.model = manifest;
  return lane;
}

LaneSpec lane_of_encoder(const std::string& folder, const FeatureOptions& options) {
  LaneSpec lane{encoder_lane(folder, options.encoder_fps), {}};
  lane.network.model = folder;
  lane.network.precision = options.precision;
  return lane;
}

LaneSpec lane_of_choice(const std::string& name, const FeatureOptions& options,
                        const std::vector<BuiltinLane>& builtin) {
  if (is_plugin(name)) return plugin_lane(name, options);
  return is_encoder(name) ? lane_of_encoder(name, options) : builtin_lane(name, options, builtin);
}

/// Frames are decoded once for all lanes, into the memory of a GPU or of this machine.
void require_one_memory(const std::vector<PlannedLane>& lanes) {
  for (const PlannedLane& lane : lanes) {
    if (is_gpu(lane.spec.sampling.preset) == is_gpu(lanes.front().spec.sampling.preset)) continue;
    throw Error(
        Fault::InvalidArgument, "--preset",
        "frames of a -gpu preset stay in GPU memory, and those of an encoder pair are resized on the CPU",
        "Use a preset without -gpu, or extract the lanes one after the other");
  }
}

}  // namespace

ExtractionPlan plan_extraction(const ExtractOptions& options, const std::vector<BuiltinLane>& builtin) {
  const FeatureOptions& features = options.features;
  ExtractionPlan plan{{}, options.speed, options.store, options.retry_failed};
  for (const std::string& name : features.lanes) {
    LaneSpec lane = lane_of_choice(name, features, builtin);
    lane.sampling.legacy_rotation = features.legacy_rotation;
    lane.network.device = options.speed.devices.kind;
    lane.network.gpu = options.speed.devices.gpus.front();
    require_visible_frames(lane);
    for (const PlannedLane& other : plan.lanes) {
      if (other.spec.sampling.name != lane.sampling.name) continue;
      throw Error(Fault::InvalidArgument, "--lanes", "two lanes are named " + lane.sampling.name,
                  "Pass each lane once; set another 'lane' in a plug-in's manifest");
    }
    plan.lanes.push_back({std::move(lane), {}});
  }
  require_one_memory(plan.lanes);
  for (PlannedLane& lane : plan.lanes) lane.recipe = recipe_of(lane.spec);  // last, since it hashes files
  return plan;
}

}  // namespace tvr

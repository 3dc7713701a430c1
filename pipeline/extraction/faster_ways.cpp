#include "pipeline/extraction/faster_ways.h"

#include <algorithm>

#include "extract/networks/plugin.h"
#include "pipeline/machine/machine.h"

namespace tvr {
namespace {

constexpr const char* kOthers = " (its features differ and are stored under their own recipe)";

}  // namespace

Advice faster_ways(const ExtractionPlan& plan) {
  const bool gpu = uses_gpu(plan.speed.devices);
  const bool exact = std::any_of(plan.lanes.begin(), plan.lanes.end(), [](const PlannedLane& lane) {
    return !is_plugin(lane.spec.network.model) && lane.spec.network.precision == Precision::Fp32;
  });
  Advice advice;
  if (exact && (gpu || read_machine().computes_bf16()))
    advice["networks"] = std::string("--precision ") + (gpu ? "fp16" : "bf16") + " is faster here" + kOthers;
  if (gpu && !is_gpu(plan.lanes.front().spec.sampling.preset))
    advice["decode"] = std::string("a -gpu preset scales frames on the GPU") + kOthers;
  return advice;
}

}  // namespace tvr

#include "pipeline/extraction/faster_ways.h"

#include <gtest/gtest.h>

#include "pipeline/extraction/extract_step.h"

namespace tvr {
namespace {

ExtractionPlan plan_with(const std::string& device, Preset preset, Precision precision) {
  ExtractOptions options;
  options.features.random_weights = true;
  options.features.preset = preset;
  options.features.precision = precision;
  options.speed.devices = devices_named(device);
  return plan_extraction(options);
}

TEST(FasterWays, AreOfAGpuOnlyWhereOneIsUsed) {
  const Advice on_cpu = faster_ways(plan_with("cpu", Preset::Ffmpeg5, Precision::Fp32));
  EXPECT_EQ(on_cpu.count("decode"), 0u);
  const auto networks = on_cpu.find("networks");
  EXPECT_TRUE(networks == on_cpu.end() || networks->second.find("fp16") == std::string::npos);
  const Advice on_gpu = faster_ways(plan_with("cuda", Preset::Ffmpeg5, Precision::Fp32));
  EXPECT_EQ(on_gpu.at("networks").rfind("--precision fp16 is faster here", 0), 0u);
  EXPECT_EQ(on_gpu.at("decode").rfind("a -gpu preset scales frames on the GPU", 0), 0u);
}

TEST(FasterWays, AreNoneWhereTheFastestIsUsed) {
  EXPECT_TRUE(faster_ways(plan_with("cuda", Preset::Ffmpeg5Gpu, Precision::Fp16)).empty());
  EXPECT_TRUE(faster_ways(plan_with("cpu", Preset::Ffmpeg5, Precision::Bf16)).empty());
}

TEST(ExtractionLap, IsSharedOutByWhatTheThreadsDid) {
  ExtractReport extraction;
  extraction.times = {30, 60, 10, 1e9};  // a wall time cannot be longer than the lap
  TimeAccount time;
  lap(time, extraction);
  EXPECT_LT(time.seconds(), 5) << "thread time is not wall time";
}

}  // namespace
}  // namespace tvr

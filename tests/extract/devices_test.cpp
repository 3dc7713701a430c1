#include "extract/devices.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

TEST(DevicesNamed, AreTheProcessorOrGpusByTheirNumbers) {
  using Gpus = std::vector<int>;
  EXPECT_EQ(devices_named("auto").kind, Device::Auto);
  EXPECT_EQ(devices_named("cpu").kind, Device::Cpu);
  EXPECT_EQ(devices_named("cuda").kind, Device::Cuda);
  for (const char* name : {"auto", "cuda", "cuda:0"}) EXPECT_EQ(devices_named(name).gpus, Gpus{0}) << name;
  EXPECT_EQ(devices_named("cuda:1").gpus, Gpus{1});
  EXPECT_EQ(devices_named("cuda:2,0,11").gpus, (Gpus{2, 0, 11}));
  for (const char* name : {"", "gpu", "cpu:0", "cuda:", "cuda:,", "cuda:0,", "cuda:,0", "cuda:0,0", "cuda:-1",
                           "cuda:0 ,1", "cuda:x", "cuda:1x", "cuda0", "CUDA", "cuda:99999999999"}) {
    testing::expect_error([&] { (void)devices_named(name); }, Fault::InvalidArgument, "is not known");
  }
}

}  // namespace
}  // namespace tvr

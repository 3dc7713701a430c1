#include "pipeline/machine/machine.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;
using testing::write_file;

class MachineFiles : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) { write_file(folder_ / path, text); }
  TempFolder folder_;
};

TEST_F(MachineFiles, TellTheProcessorItsFeaturesAndTheMemory) {
  put("proc/cpuinfo",
      "processor\t: 0\nmodel name\t: Fast (R) 1\nflags\t\t: fpu avx2 avx512_bf16\n\nflags\t: other\n");
  put("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 3 kB\n");
  const Machine machine = read_machine(folder_.path());
  EXPECT_EQ(machine.processor, "Fast (R) 1");
  EXPECT_TRUE(machine.has("avx2"));
  EXPECT_FALSE(machine.has("other"));
  EXPECT_TRUE(machine.computes_bf16());
  EXPECT_EQ(machine.memory_bytes, 1024000);
  EXPECT_FALSE(machine.cpu_quota);
  EXPECT_FALSE(machine.memory_limit_bytes);
}

TEST_F(MachineFiles, GiveTheTightestLimitOfNestedCgroupsV2) {
  put("proc/self/cgroup", "0::/slice/job\n");
  put("sys/fs/cgroup/slice/cpu.max", "150000 100000\n");
  put("sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/slice/job/memory.max", "2147483648\n");
  put("sys/fs/cgroup/slice/memory.max", "max\n");
  const Machine machine = read_machine(folder_.path());
  EXPECT_EQ(machine.cpu_quota, 1.5);
  EXPECT_EQ(machine.memory_limit_bytes, 2147483648);
}

TEST_F(MachineFiles, GiveTheLimitsOfCgroupsV1) {
  put("proc/self/cgroup", "5:cpuacct,cpu:/job\n4:memory:/job\n1:name=systemd:/\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "400000\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
  const Machine machine = read_machine(folder_.path());
  EXPECT_EQ(machine.cpu_quota, 4);
  EXPECT_FALSE(machine.memory_limit_bytes) << "the number that means none";
}

TEST_F(MachineFiles, AreMissingAndNothingIsKnown) {
  const Machine machine = read_machine(folder_ / "nowhere");
  EXPECT_EQ(machine.processor, "");
  EXPECT_EQ(machine.memory_bytes, 0);
  EXPECT_FALSE(machine.cpu_quota);
}

}  // namespace
}  // namespace tvr

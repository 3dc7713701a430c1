#include "data/usable_cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

class CoresByQuota : public ::testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = folder_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] double cores(const std::string& membership) const {
    return cores_by_quota(folder_.path(), membership);
  }

  testing::TempFolder folder_;
};

TEST_F(CoresByQuota, IsTheLeastOnTheWayUpInVersion2) {
  write("a/b/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(cores("0::/a/b\n")));
  write("a/cpu.max", "150000 100000\n");
  EXPECT_EQ(cores("0::/a/b\n"), 1.5);
  write("a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(cores("0::/a/b\n"), 0.5);
}

TEST_F(CoresByQuota, IsFoundAtTheTopWithinAContainer) {
  write("cpu.max", "300000 100000\n");
  EXPECT_EQ(cores("0::/system.slice/of-the-host.scope\n"), 3);
  EXPECT_EQ(cores("0::/\n"), 3);
}

TEST_F(CoresByQuota, IsFoundInVersion1) {
  write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
  write("cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores("5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n"), 2.5);
  write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
  EXPECT_TRUE(std::isinf(cores("4:cpu,cpuacct:/docker/x\n")));
}

TEST_F(CoresByQuota, IsNoneWhereNothingIsMountedOrTheTextIsOdd) {
  EXPECT_TRUE(std::isinf(cores("0::/a\n4:cpu:/b\n")));
  EXPECT_TRUE(std::isinf(cores("nonsense\n:\n")));
  write("cpu.max", "-5 0\n");
  EXPECT_TRUE(std::isinf(cores("0::/\n")));
}

TEST(UsableCores, AreThoseOfTheAffinityMask) {
  const testing::ChildReport report = testing::in_child([] {
    cpu_set_t allowed, one;
    CPU_ZERO(&one);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core) {
      if (CPU_ISSET(core, &allowed)) CPU_SET(core, &one);
    }
    ::sched_setaffinity(0, sizeof one, &one);
    return std::to_string(usable_cores());
  });
  EXPECT_EQ(report.text, "1");
}

}  // namespace
}  // namespace tvr

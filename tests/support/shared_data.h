#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tvr::testing {

/// A folder of real or hostile files that lies beside some checkouts ("corpus", "hostile"); it is not part of
/// the project.
inline std::filesystem::path shared_data(const std::string& name) {
  return std::filesystem::path(TVR_SOURCE_DIR) / ".." / "shared" / name;
}

/// Skips the test, saying why, where that folder is absent.
#define TVR_NEEDS_SHARED(name)                                             \
  if (!std::filesystem::exists(::tvr::testing::shared_data(name)))         \
  GTEST_SKIP() << "needs the folder " << ::tvr::testing::shared_data(name) \
               << ", which is not part of the project"

}  // namespace tvr::testing

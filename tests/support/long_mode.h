#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

/// Skips a test that takes a minute or more, unless TVR_LONG_TESTS is set.
#define TVR_NEEDS_LONG_MODE()                   \
  if (std::getenv("TVR_LONG_TESTS") == nullptr) \
  GTEST_SKIP() << "takes minutes: set TVR_LONG_TESTS=1 to run it"

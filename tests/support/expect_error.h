#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/error.h"

namespace tvr::testing {

/// Expects that `action` throws tvr::Error of this kind, with `phrase` in its message.
template <class Action>
void expect_error(const Action& action, Fault fault, const std::string& phrase) {
  try {
    action();
    ADD_FAILURE() << "no error; wanted: " << name(fault) << " with '" << phrase << "'";
  } catch (const Error& error) {
    EXPECT_STREQ(name(error.fault()), name(fault)) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(phrase));
  }
}

}  // namespace tvr::testing

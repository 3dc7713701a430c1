#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace tvr::testing {

using AddCommand = void (*)(CLI::App& app, int& exit_code);

/// Runs `pipeline ARGUMENTS` in this process, with these subcommands; returns what it prints on standard
/// output. It is an error of the test if the exit code is not `wanted`.
inline std::string run_command(const std::vector<AddCommand>& commands, std::vector<std::string> arguments,
                               int wanted = 0) {
  CLI::App app;
  int exit_code = -1;
  for (const AddCommand add : commands) add(app, exit_code);
  std::reverse(arguments.begin(), arguments.end());
  ::testing::internal::CaptureStdout();
  try {
    app.parse(arguments);
  } catch (...) {
    (void)::testing::internal::GetCapturedStdout();
    throw;
  }
  EXPECT_EQ(exit_code, wanted);
  return ::testing::internal::GetCapturedStdout();
}

}  // namespace tvr::testing

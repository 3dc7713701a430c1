#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/temp_folder.h"

namespace tvr::testing {

/// Debian's Python, which sees the packages of Debian (python3-torch), not one of the user's.
inline const std::string kPython = "/usr/bin/python3";

/// Runs `script` with `arguments`; returns what it printed, the exit status in `status`.
inline std::string run_python(const std::string& script, const std::string& arguments, int& status) {
  const TempFolder folder;
  const auto file = folder / "script.py";
  std::ofstream(file) << script;
  const std::string command = kPython + " '" + file.string() + "' " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  char part[4096];
  while (pipe != nullptr && fgets(part, sizeof(part), pipe) != nullptr) output += part;
  status = pipe == nullptr ? -1 : pclose(pipe);
  return output;
}

/// Whether the modules ("torch, torchvision") are installed; they are not imported, which takes seconds.
inline bool python_has(const std::string& modules) {
  int status = 0;
  (void)run_python(
      "import sys, importlib.util as u; sys.exit(any(u.find_spec(m.strip()) is None for m in "
      "sys.argv[1].split(',')))",
      "'" + modules + "'", status);
  return status == 0;
}

/// Skips the test, saying why, where Debian's Python cannot import `modules`.
#define TVR_NEEDS_PYTHON(modules)           \
  if (!::tvr::testing::python_has(modules)) \
  GTEST_SKIP() << "needs " << ::tvr::testing::kPython << " with " << (modules) << ", the oracle of this test"

}  // namespace tvr::testing

#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/shared_data.h"

namespace tvr::testing {

/// A file that was made to break readers, and what must become of it.
struct HostileFile {
  std::filesystem::path path;
  std::string name;         // file name, for messages
  bool is_ok = false;       // must be read
  std::string error_class;  // otherwise: what is wrong with it
  std::string note;
  nlohmann::json facts;  // of good files: "words", "rows", ...
  nlohmann::json entry;  // all that the manifest says of it
};

/// All files of a kind ("csv", "word2vec", ...) in the manifest; call TVR_NEEDS_SHARED("hostile") first.
inline std::vector<HostileFile> hostile_files(const std::string& kind) {
  const std::filesystem::path folder = shared_data("hostile");
  std::vector<HostileFile> files;
  const auto manifest = nlohmann::json::parse(std::ifstream(folder / "manifest.json"));
  for (const auto& entry : manifest["files"]) {
    if (entry["kind"] != kind) continue;
    const std::filesystem::path path = folder / entry["file"].get<std::string>();
    const nlohmann::json error_class = entry["error_class"];
    files.push_back({path, path.filename().string(), entry["expected"] == "ok",
                     error_class.is_string() ? error_class.get<std::string>() : "",
                     entry["note"].get<std::string>(), entry.value("facts", nlohmann::json::object()),
                     entry});
  }
  return files;
}

}  // namespace tvr::testing

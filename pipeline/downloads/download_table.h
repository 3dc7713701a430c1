#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

/// A file that somebody else publishes.
struct PublishedFile {
  std::string name;  // under which it is kept; no path
  std::string url;
  std::int64_t bytes = 0;  // 0: not known here
  std::string sha256;      // hex, or its first digits where only these are published; empty: not known here
};

/// A model, or data, that a NAME stands for.
struct Download {
  std::string name;  // "clip-vit-b-32"
  std::string what;
  std::string licence;
  std::vector<PublishedFile> files;
};

/// All that `pipeline get` knows. Adding one is adding a row to the table.
[[nodiscard]] const std::vector<Download>& downloads();

/// nullptr: not known.
[[nodiscard]] const Download* download_named(const std::string& name);

/// Of all files; 0 if that of one is not known.
[[nodiscard]] std::int64_t bytes_of(const Download& download);

/// Whether the content of every file is known here by a hash of it.
[[nodiscard]] bool is_verified(const Download& download);

}  // namespace tvr

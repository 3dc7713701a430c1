#include "pipeline/extraction/row_files.h"

#include <vector>

namespace tvr {
namespace {

std::string prefix_of(const std::filesystem::path& store) {
  return "." + store.filename().string() + ".rows-";
}

}  // namespace

RowPlace row_place(const std::filesystem::path& store, const std::string& video_id, const Digest& content,
                   const Digest& recipe) {
  const Digest key = sha256("rows 1\n" + content + recipe + video_id);
  return {store.parent_path() / (prefix_of(store) + key.substr(0, 32)), key};
}

void remove_row_files(const std::filesystem::path& store) {
  const std::filesystem::path folder = store.has_parent_path() ? store.parent_path() : ".";
  const std::string prefix = prefix_of(store);
  std::vector<std::filesystem::path> left;
  std::error_code ignored;  // what cannot be deleted is in nobody's way
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().rfind(prefix, 0) == 0) left.push_back(entry.path());
  }
  for (const std::filesystem::path& file : left) std::filesystem::remove(file, ignored);
}

}  // namespace tvr

#include "data/folder_of.h"

#include "data/error.h"

namespace tvr {

void make_folder_of(const std::filesystem::path& file, const std::filesystem::path& folder) {
  std::filesystem::path made = folder;
  for (const std::filesystem::path& part :
       file.parent_path().lexically_normal().lexically_relative(folder.lexically_normal())) {
    made /= part;
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(made))) continue;
    throw Error(Fault::Unsupported, made.string(), "is a link, where a folder belongs",
                "Remove it, or write into another folder");
  }
  std::filesystem::create_directories(file.parent_path());
}

}  // namespace tvr

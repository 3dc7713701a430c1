#include "data/file_kind.h"

namespace tvr {
namespace {

struct Row {
  std::string_view begin;
  ForeignFile file;
};

constexpr const char* kConvert = "Convert it with the program that wrote it";

constexpr Row kRows[] = {
    {"version https://git-lfs",
     {"a Git LFS pointer, not the file itself", "Get the file with `git lfs pull`"}},
    {"<",
     {"a web page, saved under this name", "Look at it in a browser: it may say why the download failed"}},
    {"\x1f\x8b", {"compressed with gzip", "Unpack it first: gunzip --keep FILE"}},
    {"BZh", {"compressed with bzip2", "Unpack it first: bunzip2 --keep FILE"}},
    {"\xfd\x37zXZ", {"compressed with xz", "Unpack it first: unxz --keep FILE"}},
    {"\x28\xb5\x2f\xfd", {"compressed with zstd", "Unpack it first: unzstd FILE"}},
    {"7z\xbc\xaf", {"a 7z archive", "Unpack it first: 7z x FILE"}},
    {"\x89HDF", {"an HDF5 file", kConvert}},
    {"\x93NUMPY", {"a NumPy array", kConvert}},
    {"SQLite format 3", {"an SQLite file", kConvert}},
    {"\xff\xfe", {"UTF-16 text", "Save it as UTF-8"}},
    {"\xfe\xff", {"UTF-16 text", "Save it as UTF-8"}},
};

}  // namespace

std::optional<ForeignFile> foreign_file(std::string_view bytes) noexcept {
  for (const Row& row : kRows) {
    if (bytes.substr(0, row.begin.size()) == row.begin) return row.file;
  }
  return std::nullopt;
}

}  // namespace tvr

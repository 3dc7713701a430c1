#include "data/narrations/narration_source.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "data/descriptor.h"
#include "data/error.h"
#include "data/file_kind.h"
#include "data/narrations/narration_csv.h"
#include "data/narrations/narration_json.h"
#include "data/narrations/narration_pickle.h"
#include "data/text_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

std::string beginning_of(const fs::path& path) {
  std::string bytes(4096, '\0');
  const Descriptor file = open_regular(path);
  bytes.resize(read_all(file, bytes.data(), bytes.size(), path.string()));
  return bytes;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// PROTO, or what protocols 0 and 1 begin a dict with.
bool is_pickle(std::string_view text) {
  return starts_with(text, "\x80") || starts_with(text, "(d") || starts_with(text, "}q");
}

}  // namespace

std::unique_ptr<NarrationSource> open_narrations(const fs::path& path, const Progress& progress) {
  if (fs::is_directory(path)) return open_narration_folder(path);
  const std::string beginning = beginning_of(path);
  std::string_view text = beginning;
  if (starts_with(text, "PK\x03\x04") || starts_with(text, "PK\x05\x06")) return open_narration_zip(path);
  if (is_pickle(text)) return open_narration_pickle(path, progress);
  if (starts_with(text, "\xef\xbb\xbf")) text.remove_prefix(3);
  if (starts_with(trim(text), "{")) return open_narration_json(path);
  const std::optional<ForeignFile> foreign = foreign_file(beginning);
  throw Error(
      Fault::Unsupported, path.string(),
      foreign ? fmt::format("is {}, not narrations", foreign->is) : "is not a file of narrations",
      foreign ? foreign->advice : "Wanted are caption.json, caption.pickle, or a folder or zip of CSV files");
}

std::string identity_of_narrations(const fs::path& path, const NarrationSource& source) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  if (fs::is_directory(path)) return fmt::format("{} ({} files)", name, source.total());
  const struct stat status = status_of(open_regular(path), path.string());
  return fmt::format("{} ({} bytes, of {}.{:09})", name, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace tvr

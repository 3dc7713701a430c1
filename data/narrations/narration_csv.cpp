#include "data/narrations/narration_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "data/csv.h"
#include "data/error.h"
#include "data/mapped_file.h"
#include "data/narrations/narration_record.h"
#include "data/narrations/narration_rules.h"
#include "data/tensors/zip.h"
#include "data/text_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kExtension = ".csv";

/// The video's name in that of its file; empty: the file is none. What begins with a dot is hidden, or, in a
/// zip from macOS, what goes with a file.
std::string_view video_of(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0
  const bool is_csv = file.size() > kExtension.size() && file.front() != '.' &&
                      file.substr(file.size() - kExtension.size()) == kExtension;
  return is_csv ? file.substr(0, file.size() - kExtension.size()) : std::string_view();
}

double seconds_of(const CsvTable& table, const CsvTable::Row& row, std::size_t column) {
  const std::string text = table.required(row, column);
  double seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size()) {
    throw Error(
        Fault::Corrupt, table.where(row),
        fmt::format("'{}' in the column '{}' is not a number of seconds", text, table.columns()[column]));
  }
  return seconds;
}

Narration narration_of(const CsvTable& table) {
  const std::size_t start = table.column("start"), end = table.column("end"), text = table.column("text");
  Narration narration;
  for (const CsvTable::Row& row : table.rows()) {
    narration.start.push_back(seconds_of(table, row, start));
    narration.end.push_back(seconds_of(table, row, end));
    narration.text.push_back(row.cells[text]);
  }
  return narration;
}

Error none_there(const std::string& name, const char* kind) {
  return {Fault::NotFound, name, fmt::format("{} holds no CSV file", kind),
          "Wanted is a file ID.csv for every video, with the columns start, end, text"};
}

/// What folder and zip have in common: files that are read one by one.
class CsvNarrations : public NarrationSource {
 public:
  bool next(NarratedVideo& video) final {
    if (at_ == total()) return false;
    const std::string name = file_name(at_);
    video.id = narrated_id(video_of(name), name);
    video.narration = narration_of(CsvTable(name, text(at_)));
    ++at_;
    return true;
  }
  [[nodiscard]] std::uint64_t position() const final { return at_; }
  [[nodiscard]] std::uint64_t done() const final { return at_; }
  [[nodiscard]] const char* unit() const final { return "files"; }
  void seek(std::uint64_t position) final { at_ = std::min(position, total()); }

 private:
  /// In errors.
  [[nodiscard]] virtual std::string file_name(std::uint64_t place) const = 0;
  [[nodiscard]] virtual std::string text(std::uint64_t place) = 0;

  std::uint64_t at_ = 0;
};

class FolderNarrations : public CsvNarrations {
 public:
  explicit FolderNarrations(fs::path folder) : folder_(std::move(folder)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
      std::string name = entry.path().filename().string();
      if (!video_of(name).empty()) names_.push_back(std::move(name));
    }
    if (names_.empty()) throw none_there(folder_.string(), "the folder");
    std::sort(names_.begin(), names_.end());
  }
  [[nodiscard]] std::uint64_t total() const override { return names_.size(); }

 private:
  [[nodiscard]] std::string file_name(std::uint64_t place) const override {
    return (folder_ / names_[place]).string();
  }
  [[nodiscard]] std::string text(std::uint64_t place) override {
    return read_text_file(folder_ / names_[place], kMostNarrationBytes);
  }

  fs::path folder_;
  std::vector<std::string> names_;
};

class ZipNarrations : public CsvNarrations {
 public:
  explicit ZipNarrations(const fs::path& path) : name_(path.string()), file_(path), zip_(file_, name_) {
    for (const ZipReader::Record& record : zip_.records()) {
      if (!video_of(record.name).empty()) records_.push_back(&record);
    }
    if (records_.empty()) throw none_there(name_, "the archive");
  }
  [[nodiscard]] std::uint64_t total() const override { return records_.size(); }

 private:
  [[nodiscard]] std::string file_name(std::uint64_t place) const override {
    return name_ + ": " + records_[place]->name;
  }
  [[nodiscard]] std::string text(std::uint64_t place) override {
    constexpr std::size_t kBytesPerRelease = 16 << 20;
    const ZipReader::Record& record = *records_[place];
    std::string content = zip_.content(record, kMostNarrationBytes);
    read_ += record.bytes.size();
    if (read_ >= kBytesPerRelease) {
      file_.release_before(file_.bytes().size());
      read_ = 0;
    }
    file_.require_unchanged();
    if (content.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0)
      content.erase(0, kByteOrderMark.size());
    return content;
  }

  static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

  std::string name_;
  MappedFile file_;
  ZipReader zip_;
  std::vector<const ZipReader::Record*> records_;  // the CSVs
  std::size_t read_ = 0;                           // bytes since the last release
};

}  // namespace

Narration read_narration_csv(const fs::path& path) {
  return narration_of(CsvTable(path.string(), read_text_file(path, kMostNarrationBytes)));
}

std::unique_ptr<NarrationSource> open_narration_folder(const fs::path& folder) {
  return std::make_unique<FolderNarrations>(folder);
}

std::unique_ptr<NarrationSource> open_narration_zip(const fs::path& path) {
  return std::make_unique<ZipNarrations>(path);
}

}  // namespace tvr

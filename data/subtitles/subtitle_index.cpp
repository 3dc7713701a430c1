#include "data/subtitles/subtitle_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "data/error.h"
#include "data/store/sqlite.h"
#include "data/subtitles/subtitles.h"
#include "data/text_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kApplicationId = 0x54565253 + 1;  // "TVRT"
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostWords = 64;
constexpr std::int64_t kMostLinesRead = 20'000;  // of a search, of which each video has many

/// ".en", ".pt-BR", ".english": not ".2", which may be a part of a video's name.
bool is_language(const fs::path& ending) {
  const std::string& text = ending.native();
  return text.size() >= 3 && text.size() <= 13 && std::all_of(text.begin() + 1, text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

/// The subtitles of the videos of a folder: file names by what stands before their endings.
class Listing {
 public:
  Listing(const fs::path& folder, bool with_csv) {
    std::error_code unseen;
    for (fs::directory_iterator at(folder, unseen), end; !unseen && at != end; at.increment(unseen)) {
      const fs::path name = at->path().filename();
      const fs::path ending = name.extension();
      if (ending == ".csv" ? !with_csv : ending != ".srt" && ending != ".vtt") continue;
      const fs::path stem = name.stem();
      files_.emplace(stem.native(), at->path());
      if (is_language(stem.extension()) && ending != ".csv") files_.emplace(stem.stem().native(), at->path());
    }
    exists_ = fs::is_directory(folder, unseen);
  }
  [[nodiscard]] bool exists() const noexcept { return exists_; }
  void add_files_of(const std::string& stem, std::vector<fs::path>& files) const {
    const auto [begin, end] = files_.equal_range(stem);
    for (auto at = begin; at != end; ++at) files.push_back(at->second);
  }

 private:
  std::multimap<std::string, fs::path> files_;
  bool exists_ = false;
};

/// Names, sizes and times: they change with every change of a file.
std::string stamp_of(const std::vector<fs::path>& files) {
  std::string stamp;
  for (const fs::path& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) continue;
    stamp += file.string() + ":" + std::to_string(status.st_size) + ":" +
             std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + ";";
  }
  return find_invalid_utf8(stamp) == std::string::npos ? stamp : escape_video_id(stamp);
}

/// Any of the words, each quoted, so that none is taken for an operator of FTS5.
std::string any_of(std::string_view text) {
  std::string query;
  std::size_t words = 0;
  for (std::size_t at = 0; at < text.size() && words < kMostWords;) {
    const auto is_part = [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z');
    };
    const std::size_t begin = at;
    while (at < text.size() && is_part(text[at])) ++at;
    if (at == begin) {
      ++at;
      continue;
    }
    if (words++ > 0) query += " OR ";
    query += '"' + std::string(text.substr(begin, at - begin)) + '"';
  }
  return query;
}

void create(Database& database) {
  Transaction transaction(database);
  database.run(
      "CREATE VIRTUAL TABLE line USING fts5(text, video UNINDEXED, start_us UNINDEXED, end_us UNINDEXED, "
      "tokenize = 'porter unicode61 remove_diacritics 2');"
      "CREATE TABLE subtitled (video TEXT PRIMARY KEY, stamp TEXT NOT NULL, first INTEGER NOT NULL, "
      "lines INTEGER NOT NULL) STRICT;");
  database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(kVersion)).c_str());
  transaction.commit();
}

/// A stranger's file could hold views and triggers.
std::string schema_of(Database& database) {
  std::string schema;
  Statement(database, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
      .for_each([&](const Statement& row) { schema += row.text(0) + '\n'; });
  return schema;
}

std::int64_t micros(double seconds) { return std::llround(seconds * 1e6); }

}  // namespace

class SubtitleIndex::Impl {
 public:
  explicit Impl(const fs::path& file) : database_(file, Database::Open::Create) {
    if (database_.integer("PRAGMA page_count") == 0) create(database_);
    Database ours(":memory:", Database::Open::Create);
    create(ours);
    if (database_.integer("PRAGMA application_id") != kApplicationId ||
        database_.integer("PRAGMA user_version") != kVersion || schema_of(database_) != schema_of(ours)) {
      throw Error(Fault::Unsupported, file.string(), "it is no index of subtitles of this program");
    }
  }

  /// Stamps by video.
  [[nodiscard]] std::unordered_map<std::string, std::string> known() {
    std::unordered_map<std::string, std::string> stamps;
    Statement(database_, "SELECT video, stamp FROM subtitled").for_each([&](const Statement& row) {
      stamps.emplace(row.text(0), row.text(1));
    });
    return stamps;
  }

  void forget(const std::string& video) {
    Statement(database_,
              "DELETE FROM line WHERE rowid >= (SELECT first FROM subtitled WHERE video = ?1) "
              "AND rowid < (SELECT first + lines FROM subtitled WHERE video = ?1)")
        .run(video);
    Statement(database_, "DELETE FROM subtitled WHERE video = ?").run(video);
  }

  void add(const std::string& video, const std::string& stamp, const std::vector<Narration>& narrations) {
    const std::int64_t first = database_.integer("SELECT coalesce(max(first + lines), 1) FROM subtitled");
    std::int64_t row = first;
    Statement insert(database_, "INSERT INTO line (rowid, text, video, start_us, end_us) VALUES (?,?,?,?,?)");
    for (const Narration& narration : narrations) {
      for (std::size_t i = 0; i < narration.text.size(); ++i) {
        if (narration.text[i].empty()) continue;
        insert.run(row++, narration.text[i], video, micros(narration.start[i]), micros(narration.end[i]));
      }
    }
    Statement(database_, "INSERT INTO subtitled (video, stamp, first, lines) VALUES (?,?,?,?)")
        .run(video, stamp, first, row - first);
  }

  [[nodiscard]] std::vector<SubtitleHit> search(const std::string& query, std::size_t most) {
    std::vector<SubtitleHit> hits;
    std::set<std::string> seen;
    Statement(
        database_,
        "SELECT video, start_us, end_us, text FROM line WHERE line MATCH ? ORDER BY rank, rowid LIMIT ?")
        .for_each(
            [&](const Statement& row) {
              if (hits.size() == most || !seen.insert(row.text(0)).second) return;
              hits.push_back({row.text(0), {Micros(row.integer(1)), Micros(row.integer(2))}, row.text(3)});
            },
            query, kMostLinesRead);
    return hits;
  }

  [[nodiscard]] bool is_empty() {
    return database_.integer("SELECT NOT EXISTS (SELECT 1 FROM subtitled)") != 0;
  }
  [[nodiscard]] Database& database() noexcept { return database_; }

 private:
  Database database_;
};

SubtitleIndex::SubtitleIndex(fs::path file) : file_(std::move(file)) {
  std::error_code unseen;
  if (fs::exists(file_, unseen)) impl_ = open(false);
}
SubtitleIndex::~SubtitleIndex() = default;

std::unique_ptr<SubtitleIndex::Impl> SubtitleIndex::open(bool afresh) const {
  std::error_code unseen;
  try {
    if (afresh) fs::remove(file_, unseen);
    return std::make_unique<Impl>(file_);
  } catch (const Error&) {
    return afresh ? std::make_unique<Impl>(":memory:") : open(true);
  }
}

std::vector<std::string> SubtitleIndex::update(const std::vector<VideoSource>& videos,
                                               const fs::path& folder) {
  try {
    return bring_up_to_date(videos, folder);
  } catch (const Error& error) {
    if (error.fault() != Fault::Corrupt || impl_ == nullptr) throw;
  }
  impl_.reset();
  impl_ = open(true);
  return bring_up_to_date(videos, folder);
}

std::vector<std::string> SubtitleIndex::bring_up_to_date(const std::vector<VideoSource>& videos,
                                                         const fs::path& folder) {
  std::vector<std::string> faults;
  std::map<std::pair<fs::path, bool>, Listing> listings;
  const auto listing = [&](const fs::path& of, bool with_csv) -> const Listing& {
    return listings.try_emplace({of, with_csv}, of, with_csv).first->second;
  };
  std::unordered_map<std::string, std::string> known;
  if (impl_ != nullptr) known = impl_->known();
  std::optional<Transaction> transaction;
  const auto writable = [&]() -> Impl& {
    if (impl_ == nullptr) impl_ = open(true);
    if (!transaction) transaction.emplace(impl_->database());
    return *impl_;
  };
  for (const VideoSource& video : videos) {
    const Listing& beside = listing(video.path.parent_path(), false);
    std::vector<fs::path> files;
    beside.add_files_of(video.path.stem().native(), files);
    if (!folder.empty()) {
      const fs::path named = folder / video_name(video.id);
      listing(named.parent_path(), true).add_files_of(named.filename().native(), files);
    }
    const auto before = known.find(video.id);
    const std::string had = before == known.end() ? std::string() : before->second;
    if (before != known.end()) known.erase(before);
    if (files.empty() && !beside.exists()) continue;
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    const std::string stamp = stamp_of(files);
    if (stamp == had) continue;
    std::vector<Narration> narrations;
    for (const fs::path& file : files) {
      try {
        narrations.push_back(read_subtitles(file));
      } catch (const Error& error) {
        faults.emplace_back(error.what());
      }
    }
    if (!had.empty()) writable().forget(video.id);
    if (!files.empty()) writable().add(video.id, stamp, narrations);
  }
  for (const auto& [video, stamp] : known) writable().forget(video);
  if (transaction) transaction->commit();
  return faults;
}

std::vector<SubtitleHit> SubtitleIndex::search(std::string_view text, std::size_t most) const {
  const std::string query = any_of(text);
  if (impl_ == nullptr || query.empty()) return {};
  return impl_->search(query, most);
}

bool SubtitleIndex::is_empty() const { return impl_ == nullptr || impl_->is_empty(); }

}  // namespace tvr

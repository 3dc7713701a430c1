#include "data/store/store_inspector.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/store/feature_store.h"
#include "data/store/sqlite.h"
#include "data/store/store_catalog.h"
#include "data/store/store_schema.h"
#include "data/store/store_set.h"

namespace tvr {
namespace {

constexpr const char* kFailures = "o.status IN ('partial', 'no_video', 'unreadable', 'limit', 'timeout')";

/// Up to this many outcomes are found by their index and sorted; for more, the videos are scanned in order of
/// name.
constexpr std::int64_t kFew = 100'000;

/// The beginning that all names matching `glob` share, as far as their ids must have it too.
std::string literal_beginning(const std::string& glob) {
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           std::string_view("*?[\\%").find(c) == std::string_view::npos;
  };
  if (glob.empty() || glob.front() == '-') return {};
  return {glob.begin(), std::find_if_not(glob.begin(), glob.end(), is_plain)};
}

/// The SQL condition that a video's id begins with `beginning`, which uses the index.
std::string begins_with(const std::string& beginning) {
  std::string end = beginning;
  ++end.back();  // below 0x7f
  return "v.name >= " + sql_literal(beginning) + " AND v.name < " + sql_literal(end);
}

}  // namespace

class StoreInspector::File {
 public:
  explicit File(const std::filesystem::path& path) : path_(path), database_(path, Database::Open::ReadOnly) {
    check_store_schema(database_, path_.c_str());
    features_ = feature_summary(database_);
  }

  void for_each(const OutcomeFilter& filter, std::int64_t skip, std::int64_t limit,
                const std::function<void(const OutcomeRow&)>& use) {
    const std::string sql =
        "SELECT v.name, r.lane, r.identity, o.status, o.message, v.path, o.content, o.finished_at, "
        "coalesce(f.row_count, 0), coalesce(f.dim, 0), o.decoded_frames, o.expected_frames, o.duration_s, "
        "o.seconds, o.first_frame_only, r.id FROM " +
        joined(filter) + " CROSS JOIN recipe r ON r.id = o.recipe" + with_features() + where(filter) +
        " ORDER BY v.name, r.lane, r.identity LIMIT ?4 OFFSET ?6";
    Statement(database_, sql.c_str())
        .for_each(
            [&](const Statement& row) {
              use({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6),
                   row.text(7), row.integer(8), row.integer(9), row.integer(10), row.integer(11),
                   row.real(12), row.real(13), row.integer(14) != 0, row.integer(15)});
            },
            composed(filter.video), filter.status, composed(filter.part),
            limit > 0 ? limit : std::int64_t{-1}, filter.id, skip);
  }

  std::vector<std::string> newest_videos(std::int64_t limit) {
    std::vector<std::string> names;
    Statement(database_, "SELECT name FROM video ORDER BY id DESC LIMIT ?1")
        .for_each([&](const Statement& row) { names.push_back(row.text(0)); }, limit);
    return names;
  }

  std::vector<OutcomeSum> sums(const OutcomeFilter& filter) {
    std::vector<OutcomeSum> sums;
    const std::string sql =
        "SELECT r.lane, r.identity, s.* FROM (SELECT o.recipe, o.status, count(*), "
        "coalesce(sum(f.row_count), 0), coalesce(sum(f.row_count * (16 + 2 * f.dim)), 0), sum(o.duration_s), "
        "sum(o.seconds), min(o.finished_at), max(o.finished_at) FROM " +
        (filter.id.empty() && filter.video.empty() && filter.part.empty() ? "outcome o" : joined(filter)) +
        with_features() + where(filter) +
        " GROUP BY o.recipe, o.status) s CROSS JOIN recipe r ON r.id = s.recipe "
        "ORDER BY r.lane, r.identity, s.status";
    Statement(database_, sql.c_str())
        .for_each(
            [&](const Statement& row) {
              sums.push_back({row.text(0), row.text(1), row.text(3), row.integer(4), row.integer(5),
                              row.integer(6), row.real(7), row.real(8), row.text(9), row.text(10)});
            },
            composed(filter.video), filter.status, composed(filter.part), std::int64_t{0}, filter.id);
    return sums;
  }

  std::vector<DamagedRow> damaged_features(const OutcomeFilter& filter, const Progress& progress) {
    const FeatureStore store(path_);
    std::map<std::int64_t, std::int64_t> columns;  // by recipe; one added meanwhile: of its first row
    for (const RecipeRow& recipe : store.recipes()) columns.emplace(recipe.id, recipe.dim);
    std::vector<DamagedRow> damaged;
    const std::int64_t total = progress ? database_.integer("SELECT count(*) FROM feature") : 0;
    std::int64_t done = 0;
    for_each(filter, 0, 0, [&](const OutcomeRow& row) {
      if (progress && !progress({"verify", done++, total}))
        throw Error(Fault::Interrupted, path_.string(), "the check was stopped");
      try {
        if (const auto features = store.read(row.video, row.recipe_row))
          require_sound(*features, columns.emplace(row.recipe_row, features->values.cols()).first->second,
                        row.video);
      } catch (const Error& error) {
        if (error.fault() != Fault::Corrupt) throw;
        damaged.push_back({row.video, row.lane, error.seen(), row.recipe_row});
      }
    });
    return damaged;
  }

  std::vector<std::string> damaged_structure() {
    std::vector<std::string> complaints;
    Statement(database_, "PRAGMA integrity_check").for_each([&](const Statement& row) {
      if (row.text(0) != "ok") complaints.push_back(row.text(0));
    });
    const std::int64_t orphans = database_.integer(
        "SELECT count(*) FROM feature f WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.video = f.video "
        "AND o.recipe = f.recipe)");
    if (orphans > 0) complaints.push_back(std::to_string(orphans) + " feature rows have no outcome");
    return complaints;
  }

 private:
  std::string with_features() const {
    return " LEFT JOIN " + features_ + " ON f.video = o.video AND f.recipe = o.recipe ";
  }

  /// Row numbers of the matching recipes: "1, 2".
  std::string recipes_of(const OutcomeFilter& filter) {
    std::string ids;
    Statement(database_,
              "SELECT id FROM recipe WHERE (?1 = '' OR lane = ?1) AND substr(identity, 1, length(?2)) = ?2")
        .for_each(
            [&](const Statement& row) { ids += (ids.empty() ? "" : ", ") + std::to_string(row.integer(0)); },
            filter.lane, filter.recipe);
    return ids;
  }

  /// Refers to every parameter, used or not, so that binding is uniform.
  std::string where_outcome(const OutcomeFilter& filter) {
    const bool any = filter.lane.empty() && filter.recipe.empty() && filter.status.empty() && !filter.failed;
    return (any ? "" : "o.recipe IN (" + recipes_of(filter) + ") AND ") +
           (filter.status.empty() ? "?2 = ''" : "o.status = ?2") +
           (filter.failed ? std::string(" AND ") + kFailures : "");
  }

  std::string where(const OutcomeFilter& filter) {
    const std::string beginning = literal_beginning(composed(filter.video));
    return "WHERE " + where_outcome(filter) + " AND " + (filter.id.empty() ? "?5 = ''" : "v.name = ?5") +
           " AND " + (beginning.empty() ? "" : begins_with(beginning) + " AND ") +
           (filter.video.empty() ? "?1 = ''"
                                 : "(composed_name(v.name) GLOB ?1 OR listed_name(v.name) GLOB ?1)") +
           " AND " + (filter.part.empty() ? "?3 = ''" : "instr(composed_name(v.name), ?3) > 0");
  }

  /// Joins videos and outcomes, starting with the table to scan.
  std::string joined(const OutcomeFilter& filter) {
    const bool chosen =
        !filter.lane.empty() || !filter.recipe.empty() || !filter.status.empty() || filter.failed;
    if (chosen && filter.id.empty() && literal_beginning(composed(filter.video)).empty()) {
      std::int64_t count = 0;
      const std::string sql = "SELECT count(*) FROM (SELECT 1 FROM outcome o WHERE ?1 = '' AND " +
                              where_outcome(filter) + " LIMIT " + std::to_string(kFew) + ")";
      Statement(database_, sql.c_str())
          .for_each([&](const Statement& row) { count = row.integer(0); }, std::string(), filter.status);
      if (count < kFew) return "outcome o CROSS JOIN video v ON v.id = o.video";
    }
    return "video v CROSS JOIN outcome o ON o.video = v.id";
  }

  std::filesystem::path path_;
  Database database_;
  std::string features_;
};

StoreInspector::StoreInspector(const std::filesystem::path& path) : files_(stores_of(path)) {
  if (is_store_set(path))
    catalog_ = StoreCatalog::of(files_);
  else
    file_ = std::make_unique<File>(path);
}
StoreInspector::~StoreInspector() = default;

/// Calls use(file, its place) for every file, until it returns false.
template <class Use>
void StoreInspector::each_file(const Use& use) const {
  if (file_) {
    (void)use(*file_, 0);
    return;
  }
  for (std::size_t place = 0; place < files_.size(); ++place) {
    File file(files_[place]);
    if (!use(file, place)) return;
  }
}

void StoreInspector::for_each(const OutcomeFilter& filter, std::int64_t limit,
                              const std::function<void(const OutcomeRow&)>& use) const {
  pass(filter, 0, limit, use);
}

void StoreInspector::pass(const OutcomeFilter& filter, std::int64_t skip, std::int64_t limit,
                          const std::function<void(const OutcomeRow&)>& use) const {
  std::int64_t passed = 0;
  if (file_) return file_->for_each(filter, skip, limit, use);
  each_file([&](File& file, std::size_t place) {
    const std::int64_t wanted = limit > 0 ? skip + limit - passed : 0;
    file.for_each(filter, 0, wanted, [&](const OutcomeRow& row) {
      if (passed++ < skip) return;
      OutcomeRow of_set = row;
      of_set.recipe_row = catalog_->recipe_from(place, row.recipe_row);
      use(of_set);
    });
    return limit == 0 || passed < skip + limit;
  });
}

std::vector<OutcomeRow> StoreInspector::outcomes(const OutcomeFilter& filter, std::int64_t limit,
                                                 std::int64_t skip) const {
  std::vector<OutcomeRow> rows;
  pass(filter, skip, limit, [&](const OutcomeRow& row) { rows.push_back(row); });
  return rows;
}

std::vector<std::string> StoreInspector::newest_videos(std::int64_t limit) const {
  std::vector<std::string> names;
  each_file([&](File& file, std::size_t) {
    for (std::string& name : file.newest_videos(limit - static_cast<std::int64_t>(names.size())))
      names.push_back(std::move(name));
    return static_cast<std::int64_t>(names.size()) < limit;
  });
  return names;
}

std::vector<OutcomeSum> StoreInspector::sums(const OutcomeFilter& filter) const {
  std::map<std::tuple<std::string, std::string, std::string>, OutcomeSum> all;
  each_file([&](File& file, std::size_t) {
    for (const OutcomeSum& sum : file.sums(filter)) {
      const auto [total, is_new] = all.try_emplace({sum.lane, sum.recipe, sum.status}, sum);
      if (!is_new) total->second.add(sum);
    }
    return true;
  });
  std::vector<OutcomeSum> sums;
  for (auto& [key, sum] : all) sums.push_back(std::move(sum));
  return sums;
}

std::vector<DamagedRow> StoreInspector::damaged_features(const OutcomeFilter& filter,
                                                         const Progress& progress) const {
  std::vector<DamagedRow> rows;
  each_file([&](File& file, std::size_t) {
    for (DamagedRow& row : file.damaged_features(filter, progress)) rows.push_back(std::move(row));
    return true;
  });
  return rows;
}

std::vector<std::string> StoreInspector::damaged_structure() const {
  std::vector<std::string> complaints;
  each_file([&](File& file, std::size_t) {
    for (std::string& complaint : file.damaged_structure()) complaints.push_back(std::move(complaint));
    return true;
  });
  return complaints;
}

void OutcomeSum::add(const OutcomeSum& other) {
  videos += other.videos;
  feature_rows += other.feature_rows;
  feature_bytes += other.feature_bytes;
  duration_s += other.duration_s;
  seconds += other.seconds;
  first_finished = std::min(first_finished, other.first_finished);
  last_finished = std::max(last_finished, other.last_finished);
}

}  // namespace tvr

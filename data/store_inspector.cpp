#include "data/store_inspector.h"

#include "data/error.h"
#include "data/feature_store.h"
#include "data/sqlite.h"
#include "data/store_schema.h"

namespace tvr {

class StoreInspector::Impl {
 public:
  explicit Impl(const std::filesystem::path& path) : path_(path), database_(path, Database::Open::ReadOnly) {
    check_store_schema(database_, path_.c_str());
  }

  std::vector<OutcomeRow> outcomes(const OutcomeFilter& filter, std::int64_t limit) {
    std::vector<OutcomeRow> rows;
    Statement(database_,
              "SELECT v.name, r.lane, r.identity, o.status, o.message, v.path, o.finished_at, "
              "coalesce(f.row_count, 0), "
              "coalesce(f.dim, 0), o.decoded_frames, o.expected_frames, o.duration_s, o.seconds, "
              "o.first_frame_only "
              "FROM video v JOIN outcome o ON o.video = v.id JOIN recipe r ON r.id = o.recipe "
              "LEFT JOIN feature f ON f.video = o.video AND f.recipe = o.recipe "
              "WHERE (?1 = '' OR r.lane = ?1) AND (?2 = '' OR substr(r.identity, 1, length(?2)) = ?2) "
              "AND (?3 = '' OR o.status = ?3) AND (?4 = '' OR v.name GLOB ?4) "
              "AND (?5 = '' OR instr(v.name, ?5) > 0) AND (?6 = 0 OR o.status <> 'ok') "
              "ORDER BY v.name, r.lane, r.identity LIMIT ?7")
        .for_each(
            [&](const Statement& row) {
              rows.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5),
                              row.text(6), row.integer(7), row.integer(8), row.integer(9), row.integer(10),
                              row.real(11), row.real(12), row.integer(13) != 0});
            },
            filter.lane, filter.recipe, filter.status, filter.video, filter.part, std::int64_t{filter.failed},
            limit > 0 ? limit : std::int64_t{-1});
    return rows;
  }

  std::vector<ProgressRow> progress() {
    std::vector<ProgressRow> rows;
    Statement(database_,
              "SELECT lane, status, videos, video_seconds, work_seconds FROM progress ORDER BY lane, status")
        .for_each([&](const Statement& row) {
          rows.push_back({row.text(0), row.text(1), row.integer(2), row.real(3), row.real(4)});
        });
    return rows;
  }

  std::vector<DamagedRow> damaged_features() {
    const FeatureStore store(path_);
    std::vector<DamagedRow> damaged;
    Statement(database_,
              "SELECT v.name, r.lane, f.recipe FROM feature f JOIN video v ON v.id = f.video "
              "JOIN recipe r ON r.id = f.recipe ORDER BY v.name, r.lane")
        .for_each([&](const Statement& row) {
          try {
            (void)store.read(row.text(0), row.integer(2));
          } catch (const Error& error) {
            if (error.fault() != Fault::Corrupt) throw;
            damaged.push_back({row.text(0), row.text(1), row.integer(2)});
          }
        });
    return damaged;
  }

 private:
  std::filesystem::path path_;
  Database database_;
};

StoreInspector::StoreInspector(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
StoreInspector::~StoreInspector() = default;

std::vector<OutcomeRow> StoreInspector::outcomes(const OutcomeFilter& filter, std::int64_t limit) const {
  return impl_->outcomes(filter, limit);
}
std::vector<ProgressRow> StoreInspector::progress() const { return impl_->progress(); }
std::vector<DamagedRow> StoreInspector::damaged_features() const { return impl_->damaged_features(); }

}  // namespace tvr

#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>

#include "data/error.h"
#include "data/files_matching.h"
#include "data/fingerprint.h"
#include "data/store/feature_store.h"
#include "data/store/store_lock.h"
#include "data/store/store_set.h"
#include "extract/networks/backbone.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/terminal/table.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// From linux/magic.h and the sources of Lustre and GPFS.
struct FileSystem {
  std::int64_t type;
  const char* name;
};
constexpr std::array kNetworks = {
    FileSystem{0x6969, "NFS"},      FileSystem{0x0BD00BD0, "Lustre"}, FileSystem{0x47504653, "GPFS"},
    FileSystem{0xFF534D42, "CIFS"}, FileSystem{0xFE534D42, "SMB"},    FileSystem{0x01021997, "9p"},
    FileSystem{0x00C36400, "Ceph"}, FileSystem{0x19830326, "BeeGFS"},
};
constexpr std::int64_t kTmpfs = 0x01021994;

std::int64_t file_system_of(const fs::path& path) {
  struct statfs answer {};
  return ::statfs(path.c_str(), &answer) == 0 ? static_cast<std::int64_t>(answer.f_type) & 0xFFFFFFFF : 0;
}

/// The folder itself, or its nearest parent that exists.
fs::path existing(fs::path folder) {
  if (folder.empty()) folder = fs::current_path();
  std::error_code ignored;
  while (!fs::is_directory(folder, ignored) && folder.has_parent_path() && folder != folder.root_path())
    folder = folder.parent_path();
  return folder;
}

/// Tests both with a temporary lock file: a second lock on it must fail.
Checks check_writing_and_locks(const fs::path& folder) {
  const fs::path probe = folder / fmt::format(".pipeline-doctor-{}", ::getpid());
  Checks checks;
  try {
    const StoreLock first(probe);
    checks.push_back({"store", "folder", Finding::Ok, folder.string() + " is writable", {}});
    try {
      const StoreLock second(probe);
      checks.push_back({"store", "locks", Finding::Warning, "two writers could hold the same lock",
                        "Put the store on a local disk"});
    } catch (const Error&) {
      checks.push_back({"store", "locks", Finding::Ok, "work", {}});
    }
  } catch (const Error& error) {
    checks.push_back({"store", "folder", Finding::Missing, folder.string() + ": " + error.seen(),
                      "Choose another path with --store"});
  }
  std::error_code ignored;
  fs::remove(probe.string() + ".lock", ignored);
  return checks;
}

/// "b121ed2d" of "resnet152-b121ed2d.pth": torchvision's convention (torch.hub.HASH_REGEX).
std::string digits_in_name(const fs::path& file) {
  static const std::regex convention("-([0-9a-f]{8,64})\\.[A-Za-z]+$");
  std::smatch match;
  const std::string name = file.filename();
  return std::regex_search(name, match, convention) ? match[1].str() : std::string{};
}

std::optional<fs::path> find_in(const std::vector<fs::path>& folders, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& folder : folders) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> network_file_system(std::int64_t type) {
  const auto found = std::find_if(kNetworks.begin(), kNetworks.end(),
                                  [type](const FileSystem& network) { return network.type == type; });
  return found == kNetworks.end() ? std::nullopt : std::optional<std::string>(found->name);
}

Checks check_store_place(const fs::path& store) {
  const fs::path folder = existing(store.parent_path());
  Checks checks = check_writing_and_locks(folder);
  const std::int64_t type = file_system_of(folder);
  Check disk{"store", "file system", Finding::Ok, "local", {}};
  if (const auto network = network_file_system(type)) {
    disk.finding = Finding::Warning;
    disk.seen = *network + ": SQLite's write-ahead log does not work safely there";
    disk.advice =
        "Extract into a store on a local disk (one per machine, with --shard I/N), then merge them with "
        "`pipeline store merge`";
  } else if (type == kTmpfs) {
    disk.finding = Finding::Note;
    disk.seen = "in memory: lost when the machine restarts";
    disk.advice = "Choose a path on a disk with --store";
  }
  checks.push_back(std::move(disk));
  return checks;
}

Checks check_existing_stores(const fs::path& store) {
  if (files_matching(store).empty()) return {};
  const std::string name = is_store_set(store) ? "set of stores" : "store";
  try {
    const std::vector<fs::path> files = stores_of(store);
    const FeatureStore stores(files);
    std::map<std::string, std::int64_t> videos_by_lane;
    for (const RecipeRow& row : stores.recipes()) {
      std::int64_t& videos = videos_by_lane[row.recipe.lane];
      videos = std::max(videos, row.videos);
    }
    std::string seen = files.size() == 1 ? files.front().string() : fmt::format("{} files", files.size());
    for (const auto& [lane, videos] : videos_by_lane) seen += fmt::format(", {}: {} videos", lane, videos);
    return {{"store", name, Finding::Ok, seen, {}}};
  } catch (const Error& error) {
    return {{"store", name, Finding::Missing, error.where() + ": " + error.seen(), error.advice()}};
  }
}

StoreEstimate estimate_store(const std::vector<VideoSource>& videos,
                             const std::function<double(const fs::path&)>& duration_s,
                             const std::vector<BuiltinLane>& lanes) {
  constexpr std::size_t kAsked = 50;
  constexpr double kRowBytes = 2048 * 2 + 16;  // float16, and times
  constexpr double kVideoBytes = 4096;         // the other rows of a video
  double rows_per_second = 0;
  for (const BuiltinLane& lane : lanes) rows_per_second += lane.rows_per_second;
  StoreEstimate estimate;
  estimate.videos = videos.size();
  double seconds = 0;
  const std::size_t step = std::max<std::size_t>(1, (videos.size() + kAsked - 1) / kAsked);
  for (std::size_t i = 0; i < videos.size(); i += step) {
    const double duration = duration_s(videos[i].path);
    if (duration <= 0) continue;
    seconds += duration;
    ++estimate.asked;
  }
  if (estimate.asked == 0) return estimate;
  const auto count = static_cast<double>(videos.size());
  const double all_s = seconds / static_cast<double>(estimate.asked) * count;
  estimate.hours = all_s / 3600;
  estimate.bytes = all_s * rows_per_second * kRowBytes + count * kVideoBytes;
  return estimate;
}

Check check_room(const StoreEstimate& estimate, double free_bytes) {
  Check check{"store", "room", Finding::Ok, bytes_text(free_bytes) + " free", {}};
  if (estimate.asked == 0) return check;
  check.seen +=
      fmt::format("; about {} needed for {} videos, {:.1f} hours (estimated from the headers of {} of them)",
                  bytes_text(estimate.bytes), estimate.videos, estimate.hours, estimate.asked);
  if (free_bytes < 1.2 * estimate.bytes) {
    check.finding = Finding::Missing;
    check.advice = "Free some space, or choose a path on another disk with --store";
  }
  return check;
}

Check check_frames_limit(const fs::path& video, double seconds, double fps, std::int64_t most) {
  const auto frames = static_cast<std::int64_t>(seconds * fps);
  Check check{"data set",
              "longest video",
              Finding::Ok,
              fmt::format("{}, {}: {} frames at {:g} per second", video.filename().string(),
                          seconds_text(seconds), frames, fps),
              {}};
  if (frames <= most) return check;
  check.finding = Finding::Missing;
  check.seen += fmt::format(", more than --max-frames {}", most);
  check.advice = fmt::format("Pass --max-frames {}, or the video fails", frames);
  return check;
}

Check check_weights(const std::string& lane, const fs::path& file, const std::string& model) {
  Check check{"files", "weights " + lane, Finding::Ok, file.string(), {}};
  const std::string digits = digits_in_name(file);
  try {
    const Digest digest = sha256_file(file);
    if (!digits.empty() && digest.compare(0, digits.size(), digits) != 0) {
      check.finding = Finding::Missing;
      check.seen +=
          fmt::format(": its sha256 begins with {}, unlike its name", digest.substr(0, digits.size()));
      check.advice = "It is damaged or was renamed: download it again";
      return check;
    }
    check.seen += digits.empty()
                      ? fmt::format(": sha256 {}..., with no published hash to compare", digest.substr(0, 12))
                      : ": its sha256 matches its name";
    if (!model.empty()) {
      (void)load_backbone({model, file, 1, Precision::Fp32, Device::Cpu, 1});
      check.seen += "; it fits " + model;
    }
  } catch (const Error& error) {
    check.finding = Finding::Missing;
    check.seen = file.string() + ": " + error.seen();
    check.advice = error.advice().empty() ? "Give another file" : error.advice();
  }
  return check;
}

Check check_word_vectors(const fs::path& file) {
  try {
    const auto vectors = open_word_vectors(file);
    return {"files",
            "word vectors",
            Finding::Ok,
            fmt::format("{}: {} words, {} columns", file.string(), vectors->size(), vectors->dim()),
            {}};
  } catch (const Error& error) {
    return {"files", "word vectors", Finding::Missing, file.string() + ": " + error.seen(),
            error.advice().empty() ? "Give another file, or none, to train fastText on the captions"
                                   : error.advice()};
  }
}

Check check_published_weights(const std::vector<fs::path>& folders, const BuiltinLane& lane) {
  if (const std::optional<fs::path> found = find_in(folders, lane.weights))
    return check_weights(lane.name, *found, lane.model);
  return {"files", std::string("weights ") + lane.name, Finding::Note,
          std::string(lane.weights) + " was not found",
          std::string(lane.weights_from) + "; --random-weights is enough to try the program"};
}

Checks check_known_files(const std::vector<fs::path>& folders, bool word_vectors, bool annotations,
                         const std::vector<DatasetFormat>& formats) {
  Checks checks;
  const auto look_for = [&](bool wanted, const std::string& name, const std::string& file,
                            const std::string& advice, const auto& check) {
    if (!wanted) return;
    const std::optional<fs::path> found = find_in(folders, file);
    if (found)
      checks.push_back(check(*found));
    else
      checks.push_back({"files", name, Finding::Note, file + " was not found", advice});
  };
  look_for(word_vectors, "word vectors", "GoogleNews-vectors-negative300.bin",
           "3,000,000 words, 300 columns: see https://code.google.com/archive/p/word2vec; without them "
           "fastText is trained on the captions",
           check_word_vectors);
  for (const DatasetFormat& format : formats) {
    const bool can_be_got = !format.source.empty();
    look_for(annotations && can_be_got, format.title, format.annotations,
             format.source + "; not needed for captions of your own", [&](const fs::path& file) {
               return Check{"files",
                            format.title,
                            Finding::Ok,
                            file.string() + "; pass it as --annotations to check it",
                            {}};
             });
  }
  return checks;
}

}  // namespace tvr

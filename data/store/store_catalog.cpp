#include "data/store/store_catalog.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "data/atomic_file.h"
#include "data/cache_folder.h"
#include "data/descriptor.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/stable_hash.h"
#include "data/store/store_file.h"
#include "data/store/store_set.h"

namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

/// A cache begins with this, the digest of what follows and a line of JSON: "TVRC 1 DIGEST\n{...}\n". Then
/// come the hashes and the numbers of the files. A cache of another version is made again.
constexpr const char* kMagic = "TVRC 1 ";
constexpr std::size_t kDigestDigits = 64;
constexpr std::uintmax_t kMostCacheBytes = std::uintmax_t{4} << 30;
constexpr std::size_t kBytesPerVideo = sizeof(std::uint64_t) + sizeof(std::uint32_t);

std::string stamp_of(const fs::path& file) {
  std::string stamp;
  for (const char* const ending : {"", "-wal"}) {
    struct stat status {};
    // Readers create an empty log, too.
    if (::stat((file.string() + ending).c_str(), &status) != 0 || status.st_size == 0) continue;
    stamp += fmt::format("{}:{}.{:09};", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  return stamp;
}

/// One per list of files. nullopt: this user has no cache folder.
std::optional<fs::path> cache_of(const std::vector<fs::path>& files) {
  Sha256 names;
  for (const fs::path& file : files) names.add(fs::absolute(file).string() + '\n');
  try {
    return cache_folder() / "store_sets" / names.finish();
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string read_whole(const fs::path& file) {
  const Descriptor descriptor = open_regular(file);
  const auto bytes = static_cast<std::uintmax_t>(status_of(descriptor, file.string()).st_size);
  if (bytes > kMostCacheBytes) throw Error(Fault::Limit, file.string(), "is too large");
  std::string content(bytes, '\0');
  content.resize(read_all(descriptor, content.data(), content.size(), file.string()));
  return content;
}

template <class Number>
std::string_view bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

json json_of(const RecipeRow& row) {
  return {row.id, row.recipe.lane, row.recipe.text, row.recipe.weights, row.dim, row.videos};
}

RecipeRow recipe_of(const json& row, const fs::path& cache) {
  constexpr std::int64_t kMostVideos = std::int64_t{1} << 32;  // so that no sum of them overflows
  if (row.at(5).get<std::int64_t>() < 0 || row.at(5).get<std::int64_t>() > kMostVideos)
    throw Error(Fault::Corrupt, cache.string(), "a recipe with a number of videos that cannot be");
  return {row.at(0).get<std::int64_t>(),
          {row.at(1).get<std::string>(), row.at(2).get<std::string>(), row.at(3).get<std::string>()},
          row.at(4).get<std::int64_t>(),
          row.at(5).get<std::int64_t>(),
          {}};
}

/// Leaves the newest caches: every list of files has one of its own, and while stores are made there are
/// many.
void remove_oldest(const fs::path& folder) {
  constexpr std::size_t kKept = 32;
  std::vector<std::pair<fs::file_time_type, fs::path>> caches;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    caches.emplace_back(entry.last_write_time(), entry.path());
  std::sort(caches.rbegin(), caches.rend());
  std::error_code unseen;
  for (std::size_t i = kKept; i < caches.size(); ++i) fs::remove(caches[i].second, unseen);
}

[[noreturn]] void refuse_two_places(const std::string& id, const fs::path& one, const fs::path& other) {
  throw Error(Fault::Mismatch, "the set of stores",
              "video '" + id + "' is in " + one.string() + " and in " + other.string(),
              "Leave one of them out, or make one store of them with `pipeline store merge`");
}

}  // namespace

std::string store_stamp(const fs::path& store) {
  if (!is_store_set(store)) return stamp_of(store);
  std::string stamp;
  for (const fs::path& file : stores_of(store)) stamp += file.string() + ' ' + stamp_of(file);
  return stamp;
}

std::shared_ptr<const StoreCatalog> StoreCatalog::of(const std::vector<fs::path>& files) {
  auto catalog = std::make_shared<StoreCatalog>();
  catalog->files_ = files;
  for (const fs::path& file : files) catalog->parts_.push_back({stamp_of(file), {}});
  const std::optional<fs::path> cache = cache_of(files);
  const bool is_cached = cache && catalog->load(*cache);
  if (!is_cached) catalog->build();
  catalog->number_recipes();
  catalog->require_common_recipes();
  if (cache && !is_cached) catalog->save(*cache);
  return catalog;
}

void StoreCatalog::build() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> places;
  for (std::size_t file = 0; file < files_.size(); ++file) look_into(file, places);
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i].first != places[i - 1].first || places[i].second == places[i - 1].second) continue;
    const fs::path &one = files_[places[i - 1].second], &other = files_[places[i].second];
    std::set<std::string> ids;  // one id in both files, or two ids of one hash
    open_store_file(one, FeatureStore::Access::ReadOnly)
        ->for_each_id([&](const std::string& id, const std::string&) {
          if (stable_hash(id) == places[i].first) ids.insert(id);
        });
    open_store_file(other, FeatureStore::Access::ReadOnly)
        ->for_each_id([&](const std::string& id, const std::string&) {
          if (ids.count(id) > 0) refuse_two_places(id, one, other);
        });
  }
  hashes_.reserve(places.size());
  places_.reserve(places.size());
  for (const auto& [hash, file] : places) {
    hashes_.push_back(hash);
    places_.push_back(file);
  }
}

void StoreCatalog::look_into(std::size_t file, std::vector<std::pair<std::uint64_t, std::uint32_t>>& places) {
  const std::unique_ptr<StoreFile> store = open_store_file(files_[file], FeatureStore::Access::ReadOnly);
  parts_[file].recipes = store->recipes();
  store->for_each_id([&](const std::string& id, const std::string&) {
    places.emplace_back(stable_hash(id), static_cast<std::uint32_t>(file));
  });
}

void StoreCatalog::number_recipes() {
  std::map<std::string, std::size_t> known;  // by identity
  std::vector<std::map<std::int64_t, std::int64_t>> videos_by_dim;
  for (std::size_t file = 0; file < files_.size(); ++file) {
    for (const RecipeRow& row : parts_[file].recipes) {
      const auto [seen, is_new] = known.emplace(row.recipe.identity(), recipes_.size());
      if (is_new) {
        recipes_.push_back({static_cast<std::int64_t>(recipes_.size()) + 1, row.recipe, 0, 0, files_[file]});
        videos_by_dim.emplace_back();
      }
      recipes_[seen->second].videos += row.videos;
      videos_by_dim[seen->second][row.dim] += row.videos;
    }
  }
  for (std::size_t i = 0; i < recipes_.size(); ++i) {
    const auto most = std::max_element(videos_by_dim[i].begin(), videos_by_dim[i].end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    recipes_[i].dim = most->first;
  }
  numbers_.assign(files_.size(), std::vector<std::int64_t>(recipes_.size(), 0));
  for (std::size_t file = 0; file < files_.size(); ++file) {
    for (const RecipeRow& row : parts_[file].recipes)
      numbers_[file][known.at(row.recipe.identity())] = row.id;
  }
}

void StoreCatalog::require_common_recipes() const {
  struct Common {
    std::set<std::string> identities;
    fs::path file;  // the first that has the lane
  };
  std::map<std::string, Common> lanes;
  for (std::size_t file = 0; file < files_.size(); ++file) {
    std::map<std::string, std::set<std::string>> here;
    for (const RecipeRow& row : parts_[file].recipes)
      if (row.videos > 0) here[row.recipe.lane].insert(row.recipe.identity());
    for (auto& [lane, identities] : here) {
      const auto [common, is_new] = lanes.emplace(lane, Common{identities, files_[file]});
      if (is_new) continue;
      std::set<std::string> both;
      std::set_intersection(identities.begin(), identities.end(), common->second.identities.begin(),
                            common->second.identities.end(), std::inserter(both, both.end()));
      if (both.empty()) {
        throw Error(
            Fault::Mismatch, "the set of stores",
            fmt::format("lane {} was extracted by recipe {} in {} and by recipe {} in {}", lane,
                        common->second.identities.begin()->substr(0, 12), common->second.file.string(),
                        identities.begin()->substr(0, 12), files_[file].string()),
            "Features of different recipes cannot be mixed: extract one of them anew, or leave it "
            "out. `pipeline store stats` shows the recipes");
      }
      common->second.identities = std::move(both);
    }
  }
}

bool StoreCatalog::load(const fs::path& cache) {
  std::error_code unseen;
  if (!fs::exists(cache, unseen)) return false;
  try {
    const std::string content = read_whole(cache);
    const std::string_view all = content;
    const std::size_t body = std::strlen(kMagic) + kDigestDigits + 1;
    const std::size_t end = all.find('\n', std::min(body, all.size()));
    if (all.substr(0, std::strlen(kMagic)) != kMagic || end == std::string_view::npos ||
        sha256(all.substr(body)) != all.substr(std::strlen(kMagic), kDigestDigits))
      return false;
    const json head = parse_json(all.substr(body, end - body), cache.string());
    const auto& parts = head.at("files");
    const std::string_view numbers = all.substr(end + 1);
    const std::size_t videos = numbers.size() / kBytesPerVideo;
    if (parts.size() != files_.size() || numbers.size() % kBytesPerVideo != 0) return false;
    for (std::size_t file = 0; file < files_.size(); ++file)
      if (parts.at(file).at("stamp").get<std::string>() != parts_[file].stamp) return false;
    hashes_.resize(videos);
    places_.resize(videos);
    if (videos > 0) {
      std::memcpy(hashes_.data(), numbers.data(), videos * sizeof(std::uint64_t));
      std::memcpy(places_.data(), numbers.data() + videos * sizeof(std::uint64_t),
                  videos * sizeof(std::uint32_t));
    }
    if (!std::is_sorted(hashes_.begin(), hashes_.end()) ||
        std::any_of(places_.begin(), places_.end(), [&](std::uint32_t p) { return p >= files_.size(); }))
      return false;
    for (std::size_t file = 0; file < files_.size(); ++file)
      for (const json& row : parts.at(file).at("recipes"))
        parts_[file].recipes.push_back(recipe_of(row, cache));
    return true;
  } catch (const Error&) {
    return false;  // damaged: it is made again
  } catch (const json::exception&) {
    return false;
  }
}

void StoreCatalog::save(const fs::path& cache) const {
  json parts = json::array();
  for (const Part& part : parts_) {
    json recipes = json::array();
    for (const RecipeRow& row : part.recipes) recipes.push_back(json_of(row));
    parts.push_back({{"stamp", part.stamp}, {"recipes", recipes}});
  }
  const std::string head = json_line({{"files", parts}}) + '\n';
  Sha256 digest;
  for (const std::string_view piece : {std::string_view(head), bytes_of(hashes_), bytes_of(places_)})
    digest.add(piece);
  try {
    fs::create_directories(cache.parent_path());
    AtomicFile file(cache);
    file.write(kMagic + digest.finish() + '\n' + head);
    file.write(bytes_of(hashes_));
    file.write(bytes_of(places_));
    file.commit();
    remove_oldest(cache.parent_path());
  } catch (const Error&) {  // it is made again next time
  } catch (const fs::filesystem_error&) {
  }
}

std::vector<std::size_t> StoreCatalog::places_of(const std::string& video_id) const {
  const auto [first, last] = std::equal_range(hashes_.begin(), hashes_.end(), stable_hash(video_id));
  const auto at = [&](auto hash) { return places_.begin() + (hash - hashes_.begin()); };
  std::vector<std::size_t> places(at(first), at(last));
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

std::int64_t StoreCatalog::recipe_in(std::size_t file, std::int64_t recipe) const {
  if (recipe < 1 || recipe > static_cast<std::int64_t>(recipes_.size())) return 0;
  return numbers_[file][static_cast<std::size_t>(recipe) - 1];
}

std::int64_t StoreCatalog::recipe_from(std::size_t file, std::int64_t recipe_there) const {
  const auto& numbers = numbers_[file];
  const auto found = std::find(numbers.begin(), numbers.end(), recipe_there);
  return found == numbers.end() ? 0 : found - numbers.begin() + 1;
}

}  // namespace tvr

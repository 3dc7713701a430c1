#include "pipeline/run/run_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "data/datasets/dataset.h"
#include "data/error.h"
#include "data/files_matching.h"
#include "data/json_text.h"
#include "data/store/store_set.h"
#include "data/text_file.h"
#include "pipeline/run/run_folder.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersion = 3;  // 2: several networks, a linear model; 3: a kernel model
constexpr int kMostLevels = 8;
constexpr std::uintmax_t kMostBytes = 4 << 20;
constexpr std::size_t kMostLanes = 64;
constexpr const char* kWriteAgain = "Run the same `pipeline run` or `pipeline train` again to rewrite it";

/// The beginning of a value, for messages.
std::string shown(const json& value) {
  constexpr std::size_t kMost = 40;
  const std::string text = json_line(value);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

/// An object of the file and where it is in the file, for messages.
class Part {
 public:
  Part(const fs::path& file, std::string place, const json& value)
      : file_(file), place_(std::move(place)), value_(value) {
    if (!value_.is_object()) fail("must be an object, is " + std::string(value_.type_name()));
  }

  [[noreturn]] void fail(const std::string& seen) const {
    throw Error(Fault::Corrupt, file_.string(), place_.empty() ? "it " + seen : "'" + place_ + "' " + seen,
                kWriteAgain);
  }
  [[noreturn]] void fail(const char* key, const std::string& seen) const {
    throw Error(Fault::Corrupt, file_.string(), "'" + place_of(key) + "' " + seen, kWriteAgain);
  }

  [[nodiscard]] bool has(const char* key) const { return value_.contains(key); }
  [[nodiscard]] const json& at(const char* key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) fail(key, "is missing");
    return *found;
  }
  [[nodiscard]] Part part(const char* key) const { return {file_, place_of(key), at(key)}; }

  [[nodiscard]] std::string text(const char* key) const { return text(key, at(key)); }
  [[nodiscard]] std::string optional_text(const char* key) const { return has(key) ? text(key) : ""; }

  /// A whole number within [low, high].
  [[nodiscard]] std::int64_t whole(const char* key, std::int64_t low, std::int64_t high) const {
    const json& value = at(key);
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(high)
                          : value.is_number_integer() && value.get<std::int64_t>() <= high;
    if (!fits || value.get<std::int64_t>() < low) {
      fail(key, fmt::format("must be an integer from {} to {}, is {}", low, high, shown(value)));
    }
    return value.get<std::int64_t>();
  }
  [[nodiscard]] double share(const char* key) const {
    const json& value = at(key);
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!(number >= 0 && number <= 1)) fail(key, "must be a number from 0 to 1, is " + shown(value));
    return number;
  }
  [[nodiscard]] bool optional_truth(const char* key) const {
    if (!has(key)) return false;
    if (!at(key).is_boolean()) fail(key, "must be true or false");
    return at(key).get<bool>();
  }
  [[nodiscard]] std::uint64_t seed(const char* key) const {
    if (!at(key).is_number_unsigned()) fail(key, "must be an integer of 0 or more, is " + shown(at(key)));
    return at(key).get<std::uint64_t>();
  }
  /// A path; a relative one lies in `run`. Empty where the key is missing.
  [[nodiscard]] fs::path path(const char* key, const fs::path& run) const {
    const fs::path path = optional_text(key);
    if (path.empty() || path.is_absolute()) return path;
    const fs::path normal = path.lexically_normal();
    if (*normal.begin() == "..") fail(key, "points outside the run's folder: '" + path.string() + "'");
    return run / normal;
  }
  [[nodiscard]] std::map<std::string, std::string> texts(const char* key) const {
    std::map<std::string, std::string> texts;
    if (!has(key)) return texts;
    const Part part = this->part(key);
    for (const auto& [name, value] : part.value_.items()) texts[name] = part.text(name.c_str(), value);
    return texts;
  }

 private:
  [[nodiscard]] std::string place_of(const char* key) const {
    return place_.empty() ? key : place_ + "." + key;
  }
  [[nodiscard]] std::string text(const char* key, const json& value) const {
    if (!value.is_string()) fail(key, std::string("must be a string, is ") + value.type_name());
    std::string text = value.get<std::string>();
    if (text.find('\0') != std::string::npos) fail(key, "has a zero byte");
    return text;
  }

  const fs::path& file_;
  std::string place_;
  const json& value_;
};

fs::path manifest_in(const fs::path& run) { return run / "run.json"; }

void require_version(const Part& top, const fs::path& file) {
  const std::int64_t version = top.whole("version", 1, 1'000'000);
  if (version <= kVersion) return;
  throw Error(Fault::Unsupported, file.string(),
              fmt::format("it has version {}, this program reads versions up to {}", version, kVersion),
              "Use the program that trained the run, or a newer one");
}

std::vector<Recipe> lanes_of(const Part& top, const fs::path& file) {
  const json& list = top.at("lanes");
  if (!list.is_array() || list.empty() || list.size() > kMostLanes) {
    top.fail("lanes", fmt::format("must be a list of 1 to {} lanes", kMostLanes));
  }
  std::vector<Recipe> lanes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Part lane(file, fmt::format("lanes[{}]", i), list[i]);
    lanes.push_back({lane.text("lane"), lane.text("recipe"), lane.text("weights")});
    if (lanes.back().lane.empty()) lane.fail("lane", "is empty");
    for (std::size_t other = 0; other < i; ++other) {
      if (lanes[other].lane == lanes[i].lane) lane.fail("lane", "appears twice: '" + lanes[i].lane + "'");
    }
    if (lanes.back().identity() != lane.text("identity")) {
      lane.fail("identity", "is not that of its lane, recipe and weights");
    }
  }
  return lanes;
}

fs::path required_path(const Part& top, const char* key, const fs::path& run) {
  fs::path path = top.path(key, run);
  if (path.empty()) top.fail(key, "is missing");
  return path;
}

Digest digest_of(const Part& top, const char* key) {
  Digest digest = top.optional_text(key);
  if (!digest.empty() &&
      (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    top.fail(key, "must be a SHA-256 of 64 digits, is " + shown(top.at(key)));
  }
  return digest;
}

ModelFile file_of(const Part& part, const fs::path& run) {
  return {required_path(part, "file", run), digest_of(part, "sha256")};
}

/// The checkpoints in `list`, which stands at `place`.
std::vector<ModelFile> checkpoints_of(const json& list, const std::string& place, const Part& top,
                                      const fs::path& file, const fs::path& run) {
  if (!list.is_array() || list.empty() || list.size() > kMostNetworks)
    top.fail(place.c_str(), fmt::format("must be a list of 1 to {} checkpoints", kMostNetworks));
  std::vector<ModelFile> networks;
  for (std::size_t i = 0; i < list.size(); ++i)
    networks.push_back(file_of(Part(file, fmt::format("{}[{}]", place, i), list[i]), run));
  return networks;
}

std::vector<ModelFile> networks_of(const Part& top, const fs::path& file, const fs::path& run) {
  if (!top.has("networks"))  // version 1 had one
    return {{required_path(top, "checkpoint", run), digest_of(top, "checkpoint_sha256")}};
  return checkpoints_of(top.at("networks"), "networks", top, file, run);
}

std::vector<std::vector<ModelFile>> further_seeds_of(const Part& top, const fs::path& file,
                                                     const fs::path& run) {
  if (!top.has("further_seeds")) return {};
  const json& list = top.at("further_seeds");
  if (!list.is_array()) top.fail("further_seeds", "must be a list of lists of checkpoints");
  std::vector<std::vector<ModelFile>> seeds;
  for (std::size_t i = 0; i < list.size(); ++i)
    seeds.push_back(checkpoints_of(list[i], fmt::format("further_seeds[{}]", i), top, file, run));
  return seeds;
}

/// `value`, which stands at `key`, is that of the training's option, where the training names it.
void require_as_trained(const Part& top, const RunManifest& manifest, const char* option, const char* key,
                        double value) {
  const auto found = manifest.training.find(option);
  if (found == manifest.training.end()) return;
  const std::string& text = found->second;
  double trained = value;
  std::from_chars(text.data(), text.data() + text.size(), trained);
  if (trained == value) return;
  top.fail(key, fmt::format("does not agree with 'training.{}': is {}, wanted {}", option, value, text));
}

/// The model is the one that its training options give: nothing was taken out of it, or put into it.
void require_as_trained(const Part& top, const RunManifest& manifest) {
  const auto count = static_cast<double>(manifest.networks.size());
  require_as_trained(top, manifest, "ensemble", "networks", count);
  for (const std::vector<ModelFile>& seed : manifest.further_seeds) {
    require_as_trained(top, manifest, "ensemble", "further_seeds", static_cast<double>(seed.size()));
  }
  if (!manifest.further_seeds.empty()) {
    require_as_trained(top, manifest, "seeds", "further_seeds",
                       static_cast<double>(manifest.further_seeds.size() + 1));
  }
  require_as_trained(top, manifest, "linear-weight", "linear.weight", manifest.linear_weight);
  require_as_trained(top, manifest, "kernel-weight", "kernel.weight", manifest.kernel_weight);
  require_as_trained(top, manifest, "max-words", "max_words", manifest.max_words);
}

Pooling pooling_of(const Part& top) {
  const std::string pooling = top.text("pooling");
  if (const std::optional<Pooling> known = kPoolings.find(pooling)) return *known;
  top.fail("pooling", "must be " + kPoolings.text() + ", is '" + pooling + "'");
}

DataOptions data_of(const Part& part, const fs::path& run) {
  DataOptions data;
  DatasetSpec& dataset = data.dataset;
  dataset.format = part.text("format");
  const auto& formats = dataset_formats();
  if (std::none_of(formats.begin(), formats.end(),
                   [&](const DatasetFormat& known) { return known.name == dataset.format; }))
    part.fail("format", "is no annotation format: '" + dataset.format + "'");
  dataset.annotations = part.path("annotations", run);
  dataset.train = part.path("train", run);
  dataset.val = part.path("val", run);
  dataset.test = part.path("test", run);
  dataset.split.test_videos = part.optional_text("test_videos");
  dataset.split.test_fraction = part.share("test_fraction");
  dataset.legacy_quotes = part.optional_truth("legacy_quotes");
  data.val_fraction = part.share("val_fraction");
  return data;
}

/// Relative to `run` if it lies inside.
std::string portable(const fs::path& path, const fs::path& run) {
  const fs::path inside = path.lexically_normal().lexically_relative(run.lexically_normal());
  return inside.empty() || *inside.begin() == ".." ? path.string() : inside.string();
}

json data_json(const RunManifest& manifest, const fs::path& run) {
  const DatasetSpec& dataset = manifest.data.dataset;
  json part = {{"format", dataset.format},
               {"test_fraction", dataset.split.test_fraction},
               {"val_fraction", manifest.data.val_fraction},
               {"seed", manifest.seed}};
  if (!dataset.split.test_videos.empty()) part["test_videos"] = dataset.split.test_videos;
  if (dataset.legacy_quotes) part["legacy_quotes"] = true;
  for (const auto& [key, path] :
       {std::pair{"annotations", &dataset.annotations}, std::pair{"train", &dataset.train},
        std::pair{"val", &dataset.val}, std::pair{"test", &dataset.test}}) {
    if (!path->empty()) part[key] = portable(*path, run);
  }
  return part;
}

json json_of(const fs::path& run, const RunManifest& manifest) {
  json lanes = json::array();
  for (const Recipe& lane : manifest.lanes) {
    lanes.push_back({{"lane", lane.lane},
                     {"recipe", lane.text},
                     {"weights", lane.weights},
                     {"identity", lane.identity()}});
  }
  const auto file_json = [&](const ModelFile& file) {
    return json{{"file", portable(file.file, run)}, {"sha256", file.content}};
  };
  const auto files_json = [&](const std::vector<ModelFile>& files) {
    json list = json::array();
    for (const ModelFile& file : files) list.push_back(file_json(file));
    return list;
  };
  json text = {{"version", kVersion},
               {"lanes", std::move(lanes)},
               {"store", portable(manifest.store, run)},
               {"networks", files_json(manifest.networks)},
               {"pooling", kPoolings.name(manifest.pooling)},
               {"max_words", manifest.max_words},
               {"data", data_json(manifest, run)},
               {"training", manifest.training},
               {"made", manifest.made}};
  if (manifest.encoder.empty()) {
    text["word_vectors"] = portable(manifest.word_vectors, run);
    text["word_vectors_sha256"] = manifest.word_vectors_content;
  } else {
    text["encoder"] = portable(manifest.encoder, run);
    text["encoder_id"] = manifest.encoder_id;
  }
  for (const std::vector<ModelFile>& seed : manifest.further_seeds)
    text["further_seeds"].push_back(files_json(seed));
  if (!manifest.linear.file.empty()) {
    text["linear"] = file_json(manifest.linear);
    text["linear"]["weight"] = manifest.linear_weight;
  }
  if (!manifest.kernel.file.empty()) {
    text["kernel"] = file_json(manifest.kernel);
    text["kernel"]["weight"] = manifest.kernel_weight;
  }
  if (!manifest.training_videos.file.empty()) text["training_videos"] = file_json(manifest.training_videos);
  return text;
}

/// Whether run.json equals `manifest`, apart from when and where it was made.
bool says_the_same(const fs::path& run, const RunManifest& manifest) {
  try {
    json kept = json_of(run, read_manifest(run)), wanted = json_of(run, manifest);
    kept.erase("made");
    wanted.erase("made");
    return kept == wanted;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

RunManifest parse_manifest(const fs::path& run, std::string_view text) {
  const fs::path file = manifest_in(run);
  const json value = parse_json(text, file.string(), kWriteAgain, kMostLevels);
  const Part top(file, "", value);
  require_version(top, file);
  RunManifest manifest;
  manifest.lanes = lanes_of(top, file);
  manifest.store = required_path(top, "store", run);
  manifest.networks = networks_of(top, file, run);
  manifest.further_seeds = further_seeds_of(top, file, run);
  if (top.has("linear")) {
    manifest.linear = file_of(top.part("linear"), run);
    manifest.linear_weight = top.part("linear").share("weight");
  }
  if (top.has("kernel")) {
    manifest.kernel = file_of(top.part("kernel"), run);
    manifest.kernel_weight = top.part("kernel").share("weight");
  }
  if (manifest.linear_weight + manifest.kernel_weight >= 1 && !manifest.networks.empty())
    top.fail("kernel.weight", fmt::format("and 'linear.weight' are {} together, wanted less than 1",
                                          manifest.linear_weight + manifest.kernel_weight));
  if (top.has("training_videos")) manifest.training_videos = file_of(top.part("training_videos"), run);
  if (top.has("encoder")) {
    manifest.encoder = required_path(top, "encoder", run);
    manifest.encoder_id = top.optional_text("encoder_id");
  } else {
    manifest.word_vectors = required_path(top, "word_vectors", run);
    manifest.word_vectors_content = digest_of(top, "word_vectors_sha256");
  }
  manifest.pooling = pooling_of(top);
  manifest.max_words = static_cast<int>(top.whole("max_words", 1, kMostWords));
  manifest.data = data_of(top.part("data"), run);
  manifest.seed = top.part("data").seed("seed");
  manifest.training = top.texts("training");
  manifest.made = top.texts("made");
  require_as_trained(top, manifest);
  return manifest;
}

std::string text_of(const fs::path& run, const RunManifest& manifest) {
  // A path that is not UTF-8 is written with U+FFFD and must then be given by a flag.
  return json_of(run, manifest).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

RunManifest read_manifest(const fs::path& run) {
  const fs::path file = manifest_in(run);
  if (!fs::is_directory(run)) {
    throw Error(Fault::NotFound, run.string(), "there is no such folder", "Name the folder of a run");
  }
  if (!fs::exists(file)) {
    throw Error(Fault::NotFound, run.string(), "no run.json: it is not the folder of a finished run",
                "Name the folder that `pipeline run --out` or `pipeline train --out` wrote; if it was "
                "interrupted, run the same command again");
  }
  if (fs::is_regular_file(file) && fs::file_size(file) > kMostBytes) {
    throw Error(Fault::Corrupt, file.string(), fmt::format("it has more than {} bytes", kMostBytes),
                kWriteAgain);
  }
  return parse_manifest(run, read_text_file(file));
}

void write_manifest(const fs::path& run, const RunManifest& manifest) {
  write_text(manifest_in(run), text_of(run, manifest));
}

void keep_manifest(const fs::path& run, const RunManifest& manifest) {
  if (!says_the_same(run, manifest)) write_manifest(run, manifest);
}

Digest required_content(const ModelFile& file, const std::string& what) {
  Digest content = sha256_file(file.file);
  if (file.content.empty() || file.content == content) return content;
  throw Error(
      Fault::Mismatch, file.file.string(),
      fmt::format("it is not the {} that run.json describes: its SHA-256 is {}, wanted {}", what, content,
                  file.content),
      "Run the same `pipeline run` or `pipeline train` to completion, or copy the run's folder again");
}

void require_files(const RunManifest& manifest) {
  const auto require = [](const fs::path& file, const char* seen, const char* advice) {
    if (!fs::exists(file)) throw Error(Fault::NotFound, file.string(), seen, advice);
  };
  for (const ModelFile& network : manifest.networks) {
    require(network.file, "a checkpoint of the run was not found",
            "Run the same `pipeline run` or `pipeline train` again, or copy the run's folder again");
  }
  if (manifest.linear_weight > 0) {
    require(manifest.linear.file, "the run's linear model was not found",
            "Run the same `pipeline run` or `pipeline train` again");
  }
  if (manifest.kernel_weight > 0) {
    require(manifest.kernel.file, "the run's kernel model was not found",
            "Run the same `pipeline run` or `pipeline train` again");
  }
  if (!is_store_set(manifest.store) || files_matching(manifest.store).empty())
    require(manifest.store, "the feature store of the run was not found",
            "Name where it is now, or another one, with --store FILE.db");
  if (!manifest.encoder.empty()) {
    return require(manifest.encoder, "the encoder pair of the run was not found",
                   "Name where it is now with --encoder FOLDER");
  }
  require(manifest.word_vectors, "the word vectors that the model was trained with were not found",
          "Name where they are now with --word-vectors FILE");
}

}  // namespace tvr

#include "model/train_state.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "data/atomic_file.h"
#include "data/descriptor.h"
#include "data/error.h"
#include "data/json_text.h"

namespace tvr {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "tvr train state 1\n";
constexpr const char* kTrainAgain = "Delete the file to train from scratch";
constexpr std::size_t kHeaderLimit = 64U << 20U;

/// A file being read, with the checksum of what has been read.
class SummedFile {
 public:
  explicit SummedFile(const std::filesystem::path& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}

  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(file_); }
  [[nodiscard]] std::uint64_t checksum() const noexcept { return checksum_.value(); }

  void get(void* bytes, std::size_t count) {
    if (read_all(file_, bytes, count, path_.string()) < count) throw damaged("it ends early");
    checksum_.add(bytes, count);
  }
  [[nodiscard]] Error failure(const std::string& seen) const {
    return {Fault::Unreadable, path_.string(), seen + " (" + std::strerror(errno) + ")"};
  }
  [[nodiscard]] Error damaged(const std::string& seen) const {
    return {Fault::Corrupt, path_.string(), seen, kTrainAgain};
  }

 private:
  std::filesystem::path path_;
  Descriptor file_;
  Checksum checksum_;
};

/// The arrays of a state in the order of the file; `best` may be empty.
template <class State, class Visit>
void for_each_array(State& state, const Visit& visit) {
  for (auto* parameters : {&state.weights, &state.adam.mean, &state.adam.variance, &state.best}) {
    for (auto& layer : *parameters) {
      visit(layer.weight.data(),
            static_cast<std::size_t>(layer.weight.rows() * layer.weight.cols()) * sizeof(float));
      visit(layer.bias.data(), layer.bias.size() * sizeof(float));
    }
  }
}

bool is_empty(const Parameters& parameters) { return parameters[0].bias.empty(); }

Json json_of(const EpochReport& report) {
  Json json = {
      {"epoch", report.epoch}, {"loss", report.loss}, {"lr", report.lr}, {"seconds", report.seconds}};
  if (const auto& val = report.val_t2v) {
    for (std::size_t m = 0; m < val->values.size(); ++m) json["val"][val->table()[m].name] = val->values[m];
    json["val"]["queries"] = val->queries;
  }
  return json;
}

EpochReport report_of(const Json& json) {
  EpochReport report{json.at("epoch"), json.at("loss"), json.at("lr"), json.at("seconds"), std::nullopt};
  if (json.contains("val")) {
    RetrievalMetrics& val = report.val_t2v.emplace();
    for (const Metric& metric : val.table()) val[metric.name] = json.at("val").at(metric.name);
    val.queries = json.at("val").at("queries");
  }
  return report;
}

Json shape_json(const EmbeddingShape& shape) {
  return {shape.word_dim, shape.video_dim, shape.embd_dim, shape.max_words};
}

std::string header_of(const TrainState& state, const std::string& identity) {
  Json reports = Json::array();
  for (const EpochReport& report : state.reports) reports.push_back(json_of(report));
  return Json{{"identity", identity},
              {"shape", shape_json(shape_of(state.weights, 0))},
              {"adam_step", state.adam.step},
              {"epoch", state.epoch},
              {"step", state.step},
              {"loss_sum", state.loss_sum},
              {"reports", reports},
              {"with_best", !is_empty(state.best)},
              {"log_scale", {state.log_scale.value, state.log_scale.mean, state.log_scale.variance}},
              {"best_score", state.best_score},
              {"best_epoch", state.best_epoch}}
      .dump();
}

std::string read_header(SummedFile& in) {
  std::string magic(kMagic.size(), '\0');
  in.get(magic.data(), magic.size());
  if (magic != kMagic) throw in.damaged("it is not a training state in the format of this version");
  std::uint64_t length = 0;
  in.get(&length, sizeof length);
  if (length > kHeaderLimit) throw in.damaged("its header claims " + std::to_string(length) + " bytes");
  std::string header(length, '\0');
  in.get(header.data(), header.size());
  return header;
}

std::int64_t whole_number(const Json& header, const char* key) {
  const Json& value = header.at(key);
  return value.is_number_integer() ? value.get<std::int64_t>() : -1;
}

/// Whether the counters are those of a training: batches are drawn by them.
bool is_possible(const TrainState& state) {
  return state.epoch >= 1 && state.step >= 0 && state.adam.step >= 0 && state.best_epoch >= 0 &&
         state.best_epoch < state.epoch && (state.best_epoch == 0) == is_empty(state.best) &&
         static_cast<int>(state.reports.size()) == state.epoch - 1;
}

TrainState state_of_header(const Json& header, const EmbeddingShape& shape) {
  TrainState state;
  state.weights = state.adam.mean = state.adam.variance = zero_parameters(shape);
  if (header.at("with_best").get<bool>()) state.best = state.weights;
  state.adam.step = whole_number(header, "adam_step");
  state.epoch = static_cast<int>(whole_number(header, "epoch"));
  state.step = whole_number(header, "step");
  state.loss_sum = header.at("loss_sum");
  const auto log_scale = header.at("log_scale").get<std::array<float, 3>>();
  state.log_scale = {log_scale[0], log_scale[1], log_scale[2]};
  state.best_score = header.at("best_score");
  state.best_epoch = static_cast<int>(whole_number(header, "best_epoch"));
  for (const Json& report : header.at("reports")) state.reports.push_back(report_of(report));
  return state;
}

}  // namespace

void Checksum::add(const void* bytes, std::size_t count) noexcept {
  const auto* at = static_cast<const unsigned char*>(bytes);
  const auto take = [this](std::uint64_t word) {
    value_ = (value_ ^ word) * 0xbf58476d1ce4e5b9ULL;
    value_ ^= value_ >> 29;
  };
  for (; count >= 8; at += 8, count -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    take(word);
  }
  if (count == 0) return;  // `at` may be null
  std::uint64_t rest = count;
  std::memcpy(&rest, at, count);
  take(rest ^ (std::uint64_t{count} << 56U));
}

void write_state(const std::filesystem::path& file, const TrainState& state, const std::string& identity) {
  AtomicFile out(file);
  Checksum checksum;
  const auto put = [&](const void* bytes, std::size_t count) {
    checksum.add(bytes, count);
    out.write(bytes, count);
  };
  const std::string header = header_of(state, identity);
  const std::uint64_t length = header.size();
  put(kMagic.data(), kMagic.size());
  put(&length, sizeof length);
  put(header.data(), header.size());
  for_each_array(state, put);
  const std::uint64_t sum = checksum.value();
  out.write(&sum, sizeof sum);
  out.commit();
}

std::optional<TrainState> read_state(const std::filesystem::path& file, const EmbeddingShape& shape,
                                     const std::string& identity) {
  SummedFile in(file);
  if (!in.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    throw in.failure("it cannot be opened");
  }
  const Json header = parse_json(read_header(in), file.string(), kTrainAgain);
  try {
    const bool fits = header.at("identity") == identity;
    if (!fits || header.at("shape") != shape_json({shape.word_dim, shape.video_dim, shape.embd_dim, 0})) {
      throw Error(Fault::Mismatch, file.string(), "this training state belongs to other data or options",
                  "Train into another folder, or delete the file to train from scratch");
    }
    TrainState state = state_of_header(header, shape);
    if (!is_possible(state)) throw in.damaged("its header is damaged");
    for_each_array(state, [&](float* values, std::size_t bytes) { in.get(values, bytes); });
    const std::uint64_t wanted = in.checksum();
    std::uint64_t checksum = 0;
    in.get(&checksum, sizeof checksum);
    if (checksum != wanted) throw in.damaged("its checksum is wrong");
    return state;
  } catch (const Json::exception&) {
    throw in.damaged("its header is damaged");
  }
}

}  // namespace tvr

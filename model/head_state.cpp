#include "model/head_state.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "data/error.h"
#include "data/tensors/pth.h"

namespace tvr {
namespace {

constexpr const char* kTrainAgain = "Delete the file to train from scratch";
constexpr const char* kIdentity = "identity";
constexpr const char* kCounters = "counters";
constexpr const char* kReports = "reports";
constexpr double kMostCount = 9e15;  // whole numbers up to it are exact as float64

template <class State, class Visit>
void for_each_head(State& state, const Visit& visit) {
  visit("head.", state.head);
  visit("mean.", state.moments.mean);
  visit("variance.", state.moments.variance);
  visit("best.", state.best);
}

Tensor doubles(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  Tensor tensor{DType::F64, std::move(shape), std::vector<std::byte>(values.size() * sizeof(double))};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

/// epoch, loss, rate, seconds, number of validation queries (0: no validation), metrics.
std::vector<double> row_of(const EpochReport& report) {
  std::vector<double> row = {static_cast<double>(report.epoch), report.loss, report.lr, report.seconds, 0};
  const RetrievalMetrics metrics = report.val_t2v.value_or(RetrievalMetrics());
  row.back() = static_cast<double>(metrics.queries);
  row.insert(row.end(), metrics.values.begin(), metrics.values.end());
  return row;
}

EpochReport report_of(const double* row) {
  EpochReport report{static_cast<int>(row[0]), row[1], row[2], row[3], std::nullopt};
  if (row[4] > 0) {
    RetrievalMetrics& metrics = report.val_t2v.emplace();
    metrics.queries = static_cast<std::int64_t>(row[4]);
    std::copy_n(row + 5, metrics.values.size(), metrics.values.begin());
  }
  return report;
}

class StateReader {
 public:
  StateReader(const std::filesystem::path& file, NamedTensors tensors)
      : file_(file), tensors_(std::move(tensors)) {}

  [[noreturn]] void fail(const std::string& seen) const {
    throw Error(Fault::Corrupt, file_.string(), "it is no state of a head's training: " + seen, kTrainAgain);
  }

  [[nodiscard]] const Tensor& at(const char* name, DType dtype, std::size_t dimensions) const {
    const Tensor* const tensor = find(tensors_, name);
    if (tensor == nullptr || tensor->dtype != dtype || tensor->shape.size() != dimensions)
      fail(std::string("its tensor '") + name + "' is missing or of another kind");
    return *tensor;
  }

  /// The tensors whose names begin with `prefix`, as a head of these sizes.
  [[nodiscard]] Head head(const std::string& prefix, std::int64_t dim, std::int64_t video_dim) const {
    NamedTensors own;
    for (const auto& [name, tensor] : tensors_)
      if (name.rfind(prefix, 0) == 0) own.emplace_back(name.substr(prefix.size()), tensor);
    try {
      Head head = head_of(own, file_.string());
      if (head.dim() == dim && head.video_dim() == video_dim) return head;
    } catch (const Error& error) {
      fail(error.seen());
    }
    fail("its matrices have other sizes");
  }

 private:
  const std::filesystem::path& file_;
  NamedTensors tensors_;
};

}  // namespace

void write_head_state(const std::filesystem::path& file, const HeadState& state,
                      const std::string& identity) {
  NamedTensors tensors;
  for_each_head(state, [&](const std::string& prefix, const Head& head) {
    for (auto& [name, tensor] : state_of(head)) tensors.emplace_back(prefix + name, std::move(tensor));
  });
  Tensor text{
      DType::U8, {static_cast<std::int64_t>(identity.size())}, std::vector<std::byte>(identity.size())};
  if (!identity.empty()) std::memcpy(text.bytes.data(), identity.data(), identity.size());
  tensors.emplace_back(kIdentity, std::move(text));
  tensors.emplace_back(
      kCounters, doubles({6}, {static_cast<double>(state.moments.steps), static_cast<double>(state.epoch),
                               static_cast<double>(state.step), state.loss_sum, state.best_score,
                               static_cast<double>(state.best_epoch)}));
  std::vector<double> rows;
  for (const EpochReport& report : state.reports) {
    const std::vector<double> row = row_of(report);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  const auto columns = static_cast<std::int64_t>(row_of({}).size());
  tensors.emplace_back(kReports, doubles({static_cast<std::int64_t>(state.reports.size()), columns}, rows));
  write_pth(file, tensors);
}

std::optional<HeadState> read_head_state(const std::filesystem::path& file, std::int64_t dim,
                                         std::int64_t video_dim, const std::string& identity) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  const StateReader in(file, read_pth(file));
  const Tensor& text = in.at(kIdentity, DType::U8, 1);
  const std::string_view seen(reinterpret_cast<const char*>(text.bytes.data()), text.bytes.size());
  if (seen != identity) {
    throw Error(Fault::Mismatch, file.string(), "this training state belongs to other data or options",
                "Train into another folder, or delete the file to train from scratch");
  }
  HeadState state;
  for_each_head(state,
                [&](const std::string& prefix, Head& head) { head = in.head(prefix, dim, video_dim); });
  const std::vector<double> counters = in.at(kCounters, DType::F64, 1).to_doubles();
  if (counters.size() != 6) in.fail("it has other counters");
  for (const double counter : counters)
    if (!(counter >= 0 && counter <= kMostCount)) in.fail("a counter is no count");
  state.moments.steps = static_cast<std::int64_t>(counters[0]);
  state.step = static_cast<std::int64_t>(counters[2]);
  state.loss_sum = counters[3];
  state.best_score = counters[4];
  const Tensor& reports = in.at(kReports, DType::F64, 2);
  const std::vector<double> rows = reports.to_doubles();
  const std::size_t columns = row_of({}).size();
  if (reports.shape[1] != static_cast<std::int64_t>(columns) || reports.shape[0] < 1 ||
      static_cast<double>(reports.shape[0]) != counters[1] || counters[5] >= counters[1])
    in.fail("its epochs do not agree");
  state.epoch = static_cast<int>(reports.shape[0]);
  state.best_epoch = static_cast<int>(counters[5]);
  for (std::size_t at = 0; at < rows.size(); at += columns) {
    const double queries = rows[at + 4];
    if (rows[at] != static_cast<double>(state.reports.size()) || !(queries >= 0 && queries <= kMostCount))
      in.fail("an epoch's report is damaged");
    state.reports.push_back(report_of(rows.data() + at));
  }
  return state;
}

}  // namespace tvr

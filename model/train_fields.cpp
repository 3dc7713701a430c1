#include "model/train_fields.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/error.h"
#include "model/head_fields.h"

namespace tvr {
namespace {

/// Converts to any type: used where only the number of initialisers matters.
struct Anything {
  template <class Value>
  constexpr operator Value() const;  // NOLINT: implicit is its purpose
};

template <class Struct, std::size_t... Index>
constexpr auto takes(std::index_sequence<Index...>) -> decltype(Struct{(void(Index), Anything{})...}, true) {
  return true;
}
template <class Struct>
constexpr bool takes(...) {
  return false;
}
/// The number of members of an aggregate: the most initialisers that it accepts.
template <class Struct, std::size_t Count = 0>
constexpr std::size_t member_count() {
  if constexpr (takes<Struct>(std::make_index_sequence<Count + 1>{})) {
    return member_count<Struct, Count + 1>();
  } else {
    return Count;
  }
}

constexpr std::size_t row_count() {
  std::size_t count = 0;
  const TrainOptions options;
  for_each_field(options, [&](const auto&...) { ++count; });
  return count;
}
constexpr std::size_t head_row_count() {
  std::size_t count = 0;
  const HeadOptions options;
  for_each_head_field(options, [&](const auto&...) { ++count; });
  return count;
}
static_assert(head_row_count() == member_count<HeadOptions>(),
              "a member of HeadOptions has no row in for_each_head_field()");
static_assert(row_count() == member_count<TrainOptions>(),
              "a member of TrainOptions has no row in for_each_field(): a checkpoint trained with another "
              "value of it would count as up to date");

/// As a message shows it; JSON has no NaN.
std::string text_of(const nlohmann::json& value) {
  const bool strange = value.is_number_float() && !std::isfinite(value.get<double>());
  return strange ? std::to_string(value.get<double>()) : value.dump();
}

template <class Value, class Domain>
void require(const char* name, const Value& value, const Domain& domain) {
  if (domain.holds(value)) return;
  throw Error(Fault::InvalidArgument, name, "it is " + text_of(value), "Use " + domain.text());
}

}  // namespace

HeadPlan plan_head(const HeadOptions& options) {
  nlohmann::json result;
  for_each_head_field(options,
                      [&](const char* name, auto value, const auto& domain, Affects affects, const char*) {
                        require(name, value, domain);
                        if (affects != Affects::SpeedOnly) result[name] = value;
                      });
  return {options, "head " + result.dump()};
}

TrainingPlan plan_training(const TrainOptions& options) {
  nlohmann::json result, step;
  for_each_field(
      options, [&](const char* name, auto value, const auto& domain, Affects affects, const char*) {
        require(name, value, domain);
        const bool of_step = affects == Affects::Result || (affects == Affects::Length && options.cosine);
        if (affects != Affects::SpeedOnly) result[name] = value;
        if (of_step) step[name] = value;
      });
  return {options, result.dump(), step.dump()};
}

}  // namespace tvr

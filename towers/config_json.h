#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "data/error.h"

namespace tvr {

/// An object of a config from a stranger: every value is looked at before it is used. Values that the file
/// leaves out are given by the caller; null counts as left out.
class ConfigJson {
 public:
  /// Throws Error(Corrupt) where `value` is no object.
  ConfigJson(const nlohmann::json& value, std::string where) : value_(value), where_(std::move(where)) {
    if (!value.is_object()) bad("it is not a JSON object");
  }

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] bool has(const char* key) const {
    const auto found = value_.find(key);
    return found != value_.end() && !found->is_null();
  }
  [[nodiscard]] bool is_object(const char* key) const { return has(key) && value_[key].is_object(); }
  [[nodiscard]] bool is_number(const char* key) const { return has(key) && value_[key].is_number(); }

  /// Whether a switch is there and neither null, false, 0 nor "".
  [[nodiscard]] bool is_set(const char* key) const {
    if (!has(key)) return false;
    const nlohmann::json& value = value_[key];
    return value != false && value != 0 && value != "";
  }

  /// The object at `key`, which must be there.
  [[nodiscard]] ConfigJson object(const char* key) const {
    if (!has(key)) bad(std::string("it has no '") + key + "'");
    return {value_[key], where_ + ": " + key};
  }
  [[nodiscard]] std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!value_[key].is_string()) bad_value(key, "text");
    return value_[key].get<std::string>();
  }
  [[nodiscard]] bool flag(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!value_[key].is_boolean()) bad_value(key, "true or false");
    return value_[key].get<bool>();
  }
  /// A whole number from `least` to `most`.
  [[nodiscard]] int whole(const char* key, int otherwise, int most, int least = 1) const {
    if (!has(key)) return otherwise;
    const nlohmann::json& value = value_[key];
    const bool whole = value.is_number_integer();
    const bool fits = whole && (value.is_number_unsigned() ? value.get<std::uint64_t>() <= std::uint64_t(most)
                                                           : value.get<std::int64_t>() <= most);
    const bool enough = fits && value.get<std::int64_t>() >= least;
    if (!enough) {
      bad_value(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value.get<int>();
  }
  /// A number above 0.
  [[nodiscard]] double positive(const char* key, double otherwise, double most) const {
    if (!has(key)) return otherwise;
    const bool is_number = value_[key].is_number();
    const double number = is_number ? value_[key].get<double>() : 0;
    if (!(number > 0 && number <= most)) bad_value(key, "a number above 0");
    return number;
  }
  [[nodiscard]] std::array<float, 3> three(const char* key, const std::array<float, 3>& otherwise) const {
    if (!has(key)) return otherwise;
    const nlohmann::json& list = value_[key];
    if (!list.is_array() || list.size() != 3) bad_value(key, "three numbers");
    std::array<float, 3> numbers{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!list[i].is_number()) bad_value(key, "three numbers");
      numbers[i] = list[i].get<float>();
      if (!std::isfinite(numbers[i])) bad_value(key, "three numbers of less than 3.4e38");
    }
    return numbers;
  }

  [[noreturn]] void bad(const std::string& seen) const {
    throw Error(Fault::Corrupt, where_, seen, "The file is damaged or made by hand: download it again");
  }
  [[noreturn]] void unsupported(const std::string& seen, const std::string& advice) const {
    throw Error(Fault::Unsupported, where_, seen, advice);
  }

 private:
  [[noreturn]] void bad_value(const char* key, const std::string& wanted) const {
    bad(std::string("'") + key + "' is " +
        value_[key].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + ", wanted " + wanted);
  }

  const nlohmann::json& value_;  // outlives this
  std::string where_;
};

}  // namespace tvr

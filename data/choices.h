#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/error.h"

namespace tvr {

/// A value and its name in flags, files and messages.
template <class Value>
struct Choice {
  const char* name;
  Value value;
};

/// The values that can be chosen, in the order in which they are listed; names and values are distinct.
template <class Value, std::size_t Count>
struct Choices {
  Choice<Value> all[Count];

  /// Empty for a value that is not among them.
  [[nodiscard]] constexpr const char* name(Value value) const noexcept {
    for (const Choice<Value>& choice : all) {
      if (choice.value == value) return choice.name;
    }
    return "";
  }
  [[nodiscard]] constexpr bool holds(Value value) const noexcept { return *name(value) != '\0'; }

  [[nodiscard]] std::optional<Value> find(const std::string& name) const {
    for (const Choice<Value>& choice : all) {
      if (name == choice.name) return choice.value;
    }
    return std::nullopt;
  }
  /// Throws Error(InvalidArgument) at `where` listing the names.
  [[nodiscard]] Value named(const std::string& where, const std::string& name) const {
    if (const std::optional<Value> value = find(name)) return *value;
    throw Error(Fault::InvalidArgument, where, "'" + name + "' is not known", "Use " + text());
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Choice<Value>& choice : all) names.emplace_back(choice.name);
    return names;
  }
  /// "max or max+mean", "fp32, bf16 or fp16".
  [[nodiscard]] std::string text() const {
    std::string text = all[0].name;
    for (std::size_t i = 1; i < Count; ++i)
      text += (i + 1 < Count ? ", " : " or ") + std::string(all[i].name);
    return text;
  }
};

}  // namespace tvr

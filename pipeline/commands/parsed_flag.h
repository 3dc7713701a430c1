#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "data/choices.h"
#include "data/error.h"

namespace tvr {

/// A flag whose text `parse` turns into a value, once; an Error of `parse` is reported as the flag's.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& command, const std::string& flag, Value& value, const Parse& parse,
                        const std::string& shown_default, const std::string& help) {
  const auto fault_of = [parse](const std::string& text) {
    try {
      static_cast<void>(parse(text));
      return std::string();
    } catch (const Error& error) {
      return error.seen() + ". " + error.advice();
    }
  };
  return command
      .add_option_function<std::string>(
          flag, [&value, parse](const std::string& text) { value = parse(text); }, help)
      ->check(CLI::Validator(fault_of, ""))
      ->default_str(shown_default);
}

/// A flag that takes one of the names of `choices`.
template <class Value, std::size_t Count>
CLI::Option* add_choice(CLI::App& command, const std::string& flag, Value& value,
                        const Choices<Value, Count>& choices, const std::string& help) {
  const auto parse = [flag, choices](const std::string& name) { return choices.named(flag, name); };
  return add_parsed(command, flag, value, parse, choices.name(value), help)
      ->check(CLI::IsMember(choices.names()));
}

/// Numbers in [low, high]. CLI::Range lets NaN pass.
inline CLI::Validator number_within(double low, double high) {
  return CLI::Validator(
      [low, high](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return std::string();
        return "'" + text + "' is not a number from " + CLI::detail::to_string(low) + " to " +
               CLI::detail::to_string(high);
      },
      "");
}

}  // namespace tvr

#include "pipeline/commands/head_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <type_traits>

#include "data/choices.h"
#include "data/error.h"
#include "model/head_fields.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/parsed_flag.h"

namespace tvr {
namespace {

constexpr Choices<TextInput, 2> kTextInputs{{{"words", TextInput::Words}, {"encoder", TextInput::Encoder}}};
constexpr const char* kDecay = "weight-decay";
constexpr const char* kEncoder = "--encoder";

[[noreturn]] void refuse(const std::string& flag, const std::string& seen, const std::string& advice) {
  throw Error(Fault::InvalidArgument, flag, seen, advice);
}

/// Whether the option has another value than its default: --config sets all of them.
bool is_changed(const CLI::Option& option) {
  if (option.count() == 0) return false;
  const std::string text = fmt::format("{}", fmt::join(option.results(), ","));
  return text != (option.get_expected_max() == 0 ? "false" : option.get_default_str());
}

}  // namespace

void add_head_flags(CLI::App& command, HeadFlags& flags) {
  const std::string group = command.get_option("--epochs")->get_group();
  add_choice(
      command, "--text", flags.text, kTextInputs,
      "what makes a vector of a caption: words (word vectors, from which a joint embedding is trained), "
      "or encoder: the text tower of --encoder, on which a head is trained (docs/ENCODERS.md)")
      ->group(group);
  command
      .add_option(
          kEncoder, flags.encoder,
          "with --text encoder: folder of the pretrained pair, whose image tower's lane the store has")
      ->transform(encoder_folder())
      ->group(group);
  for_each_head_field(flags.options, [&](const std::string& name, auto& value, const auto& domain, Affects,
                                         const char* help) {
    if (name != kDecay) return;
    command.add_option("--" + name, value, help + std::string("; ") + domain.text())
        ->capture_default_str()
        ->group(group);
  });
}

void complete_head(CLI::App& command, HeadFlags& flags) {
  if (flags.text == TextInput::Words) {
    for (const char* const flag : {kEncoder, "--weight-decay"}) {
      if (is_changed(*command.get_option(flag)))
        refuse(flag, "it has no effect on the joint embedding", "Use it with --text encoder");
    }
    return;
  }
  if (flags.encoder.empty())
    refuse("text", "no encoder is given", "Pass --encoder FOLDER, the folder of a pretrained pair");
  const std::string group = command.get_option("--epochs")->get_group();
  for (const CLI::Option* const option : command.get_options()) {
    const bool of_training = option->get_group() == group || option->get_group() == "Narrations" ||
                             option->get_single_name() == "eval";
    if (!of_training || is_head_flag(*option) || !is_changed(*option)) continue;
    refuse(option->get_name(), "it has no effect on a head on an encoder", "Leave it out");
  }
  for_each_head_field(flags.options,
                      [&](const std::string& name, auto& value, const auto&, Affects, const char*) {
                        give_default(command, "--" + name, fmt::format("{}", value));
                        value = command.get_option("--" + name)->as<std::decay_t<decltype(value)>>();
                      });
}

bool is_head_flag(const CLI::Option& option) {
  const std::string& flag = option.get_single_name();
  bool is_field = flag == "text" || flag == "encoder" || flag == "seeds";
  const HeadOptions options;
  for_each_head_field(options, [&](const std::string& name, const auto&...) { is_field |= flag == name; });
  return is_field;
}

}  // namespace tvr

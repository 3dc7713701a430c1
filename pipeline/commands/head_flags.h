#pragma once

#include <filesystem>

#include "model/head_options.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tvr {

/// What makes a vector of a sentence.
enum class TextInput {
  Words,   // word vectors and the joint embedding's text tower
  Encoder  // the text tower of a pretrained pair, with a head on it
};

/// The training that `pipeline train --text encoder` does.
struct HeadFlags {
  TextInput text = TextInput::Words;
  std::filesystem::path encoder;  // folder of the pair
  HeadOptions options;
};

/// Adds --text, --encoder and the flags that only a head's training has; the others are those of the joint
/// embedding's training with the same names, which the command has already.
void add_head_flags(CLI::App& command, HeadFlags& flags);

/// With --text encoder: gives the flags of a head's training that the user has not set the head's defaults,
/// and reads them. Throws Error(InvalidArgument) naming the first flag that is set and has no effect on the
/// chosen training.
void complete_head(CLI::App& command, HeadFlags& flags);

/// Whether a flag is one of a head's training.
[[nodiscard]] bool is_head_flag(const CLI::Option& option);

}  // namespace tvr

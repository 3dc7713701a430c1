#include "pipeline/commands/tokens_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "data/error.h"
#include "pipeline/commands/command.h"
#include "text/tokenizers/open_tokenizer.h"

namespace tvr {
namespace {

struct TokensArguments {
  std::filesystem::path encoder, vocabulary;
  bool json = false;
};

/// The next line of standard input, without its end; false: there is none.
bool read_line(std::string& line) {
  constexpr int kEnd = std::char_traits<char>::eof();
  line.clear();
  std::streambuf& input = *std::cin.rdbuf();
  int c = input.sbumpc();
  if (c == kEnd) return false;
  for (; c != kEnd && c != '\n'; c = input.sbumpc()) {
    if (line.size() == kMostEncodedBytes)
      throw Error(Fault::Limit, "standard input", "has a line of more than 1 MiB");
    line += static_cast<char>(c);
  }
  return true;
}

int print_tokens(const TokensArguments& arguments) {
  const std::unique_ptr<SubwordTokenizer> tokenizer = arguments.encoder.empty()
                                                          ? open_tokenizer_file(arguments.vocabulary)
                                                          : open_tokenizer(arguments.encoder);
  for (std::string line; read_line(line);) {
    const std::vector<std::int32_t> ids = tokenizer->encode(line);
    if (arguments.json)
      fmt::print("[{}]\n", fmt::join(ids, ","));
    else
      fmt::print("{}\n", fmt::join(ids, " "));
  }
  return kDone;
}

}  // namespace

void add_tokens_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<TokensArguments>();
  CLI::App* command = add_command(app, "tokens");
  CLI::Option_group* from = command->add_option_group("Tokenizer");
  from->add_option("--encoder", arguments->encoder,
                   "folder of an encoder, as Hugging Face or open_clip serves it")
      ->type_name("FOLDER");
  from->add_option("--vocabulary", arguments->vocabulary,
                   "tokenizer.json, spiece.model or bpe_simple_vocab_16e6.txt.gz by itself")
      ->type_name("FILE");
  from->require_option(1);
  command->add_flag("--json", arguments->json, "print a JSON list a line");
  command->footer("Example: echo 'a photo of a cat' | pipeline tokens --encoder clip-vit-base-patch32");
  command->callback([arguments, &exit_code] { exit_code = print_tokens(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "data/error.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/terminal/console.h"
#include "text/word2vec_writer.h"

namespace tvr {
namespace {

struct WordsExport {
  std::filesystem::path from, out;
  bool text = false, whiten = false;
};

/// Fitted to the first words, which in most files are the commonest.
Whitening whitening_of(const WordVectors& vectors) {
  constexpr std::size_t kMostWords = 50'000;
  std::vector<std::string> words = vectors.words();
  words.resize(std::min(words.size(), kMostWords));
  return Whitening::of(vectors.lookup(words).vectors);
}

int run_export(const WordsExport& options) {
  const std::filesystem::path file =
      std::filesystem::is_directory(options.from) ? read_run(options.from).word_vectors : options.from;
  const std::unique_ptr<WordVectors> vectors = open_word_vectors(file);
  std::error_code no_file_yet;
  if (std::filesystem::equivalent(file, options.out, no_file_yet)) {
    throw Error(Fault::InvalidArgument, options.out.string(), "is the file that is exported",
                "Name another file for the result");
  }
  std::int64_t words = 0;
  {
    ProgressLine line("export", "words", 0);
    words = write_word2vec(*vectors, options.text ? Word2vecFormat::Text : Word2vecFormat::Binary,
                           options.out, progress_on(line),
                           options.whiten ? std::optional(whitening_of(*vectors)) : std::nullopt);
  }
  fmt::print("{} words of {} numbers in {}\n", words, vectors->dim(), options.out.string());
  return kDone;
}

}  // namespace

void add_words_command(CLI::App& app, int& exit_code) {
  CLI::App* words = add_command(app, "words");
  words->require_subcommand(1);
  auto options = std::make_shared<WordsExport>();
  CLI::App* command =
      words->add_subcommand("export", "Write word vectors in word2vec's format, as gensim reads it");
  command
      ->add_option("from", options->from,
                   "folder of a run, or a file of word vectors (fastText, word2vec, GloVe)")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("out", options->out, "the file to write")->required();
  command->add_flag("--text", options->text, "word2vec's text format instead of its binary one");
  command->add_flag("--whiten", options->whiten,
                    "map the vectors to mean 0 and covariance 1, to train on few captions with them");
  command->footer(
      "Example: pipeline words export trial words.w2v\n"
      "In Python: gensim.models.KeyedVectors.load_word2vec_format('words.w2v', binary=True)");
  command->callback([options, &exit_code] { exit_code = run_export(*options); });
}

}  // namespace tvr

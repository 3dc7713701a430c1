#include "pipeline/commands/search_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/error.h"
#include "data/json_text.h"
#include "data/text_file.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/search/search_json.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::size_t kQueriesAtOnce = 64;

std::vector<std::string> sentences_of(const SearchArguments& arguments) {
  if (arguments.query.sentence.empty() == arguments.queries.empty()) {
    throw Error(Fault::InvalidArgument, "search", "needs either a sentence or --queries FILE",
                "pipeline search --run RUN \"a man is cooking\"");
  }
  if (arguments.queries.empty()) return {arguments.query.sentence};
  std::vector<std::string> sentences;
  const std::string text = read_text_file(arguments.queries);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(std::string_view(text).substr(at, end - at));
    if (!line.empty()) sentences.emplace_back(line);
    at = end + 1;
  }
  return sentences;
}

void require_videos(const SearchIndex& index, const std::filesystem::path& store) {
  if (!index.videos().empty()) return;
  throw Error(
      Fault::NotFound, store.string(),
      "none of its videos can be searched: none has sound features in every lane of the model",
      "Extract them with the lanes and weights of the run (they are in its run.json); `pipeline store "
      "failures` says which failed");
}

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

/// Warns, once, of videos that are not where they were when their features were extracted.
class MissingVideos {
 public:
  /// The path of a video, or words in its place.
  std::string path_of(const VideoSource& video) {
    std::error_code unseen;
    if (std::filesystem::exists(video.path, unseen)) return video.path.string();
    if (!said_) {
      warn(fmt::format("video not found at {}: it has moved since its features were extracted",
                       printable(video.path.string())));
    }
    said_ = true;
    return "not found";
  }

 private:
  bool said_ = false;
};

std::string table_of(const SearchAnswer& answer, MissingVideos& missing) {
  using Align = Table::Align;
  Table table({{"score", Align::Right}, {"video"}, {"from", Align::Right}, {"to", Align::Right}, {"file"}});
  for (const SearchHit& hit : answer.hits) {
    const auto time = [&](Micros at) { return hit.whole ? std::string() : seconds_text(seconds(at)); };
    table.add({fmt::format("{:.3f}", hit.score), video_line(hit.source.id), time(hit.span.start),
               time(hit.span.end), missing.path_of(hit.source)});
  }
  return table.text();
}

void print_answer(const SearchArguments& arguments, const SearchQuery& query, const SearchAnswer& answer,
                  MissingVideos& missing) {
  if (!answer.unknown.empty())
    warn(fmt::format("unknown words in '{}': {}", query.sentence, fmt::join(answer.unknown, ", ")));
  if (!answer.understood) warn(fmt::format("'{}' has no known word: nothing can be found", query.sentence));
  if (const std::string note = note_on(answer); !note.empty())
    warn(fmt::format("'{}': {}", query.sentence, note));
  if (arguments.json) {
    fmt::print("{}\n", json_line(json_of(query, answer)));
    return;
  }
  if (!arguments.queries.empty()) fmt::print("# {}\n", printable(query.sentence));
  fmt::print("{}", table_of(answer, missing));
}

}  // namespace

std::unique_ptr<Searcher> open_searcher(const RunToSearch& what, bool many_sentences,
                                        const Progress& progress) {
  RunManifest run = read_run(what.run, what.store, what.word_vectors);
  if (!what.store.empty()) run.store = what.store;
  if (!what.word_vectors.empty()) {
    run.word_vectors = what.word_vectors;
    run.word_vectors_content.clear();
  }
  std::unique_ptr<EncoderPair> encoders = open_run(run);
  if (many_sentences) encoders->prepare();
  return std::make_unique<Searcher>(
      std::move(encoders), SearchOptions{run.store, what.run / "search_index.bin", what.windows}, progress);
}

int run_search(const SearchArguments& arguments) {
  const std::vector<std::string> sentences = sentences_of(arguments);
  ProgressLine line("search: embedding", "videos", 0);
  const std::unique_ptr<Searcher> opened =
      open_searcher(arguments.search, sentences.size() > kQueriesAtOnce, progress_on(line));
  Searcher& searcher = *opened;
  warn_of_damaged(searcher.index()->damaged());
  require_videos(*searcher.index(), searcher.store());
  MissingVideos missing;
  for (std::size_t begin = 0; begin < sentences.size(); begin += kQueriesAtOnce) {
    std::vector<SearchQuery> queries;
    for (std::size_t i = begin; i < std::min(begin + kQueriesAtOnce, sentences.size()); ++i) {
      queries.push_back(arguments.query);
      queries.back().sentence = sentences[i];
    }
    const std::vector<SearchAnswer> answers = searcher.answer(queries);
    for (std::size_t i = 0; i < answers.size(); ++i) print_answer(arguments, queries[i], answers[i], missing);
  }
  return kDone;
}

void add_search_flags(CLI::App& command, RunToSearch& options) {
  command.add_option("--run", options.run, "folder of the run whose model is used")
      ->required()
      ->transform(absolute_path());
  command.add_option("--store", options.store, "feature store to search (default: the run's own)")
      ->check(CLI::ExistingFile);
  command
      .add_option("--word-vectors", options.word_vectors,
                  "word vectors that the run was trained with, if the file has moved")
      ->check(CLI::ExistingFile);
  command
      .add_option("--window", options.windows.window_s,
                  "length in seconds of the moments that long videos are split into")
      ->capture_default_str();
  command
      .add_option("--long", options.windows.long_s,
                  "videos longer than this many seconds are split into moments")
      ->capture_default_str();
}

void add_search_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SearchArguments>();
  CLI::App* const command =
      app.add_subcommand("search", "Find videos, and moments of long ones, by a sentence");
  add_search_flags(*command, arguments->search);
  command->add_option("sentence", arguments->query.sentence, "what to search for");
  command
      ->add_option("--queries", arguments->queries, "file with one sentence per line, instead of a sentence")
      ->check(CLI::ExistingFile);
  command->add_option("--top", arguments->query.top, "number of videos to show")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--video", arguments->query.video, "only videos whose id contains this text");
  command->add_flag("--json", arguments->json, "print JSON, one line per sentence");
  command->footer("Example: pipeline search --run demo-run \"a red ball rolls\"");
  command->callback([arguments, &exit_code] { exit_code = run_search(*arguments); });
}

}  // namespace tvr

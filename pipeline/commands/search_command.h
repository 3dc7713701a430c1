#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/search/searcher.h"

namespace CLI {
class App;
}

namespace tvr {

/// Where a trained model and the videos to search lie: the flags of search and serve.
struct RunToSearch {
  std::filesystem::path run;           // folder of `pipeline run` or `pipeline train`
  std::filesystem::path store;         // empty: the run's own
  std::filesystem::path word_vectors;  // empty: the run's own
  WindowOptions windows;
};

/// The model of a run over its store, or over the one that is named; the embedded videos are kept in the
/// run's folder. `many_sentences`: a slower start, then each of them is quick. Throws what read_run() and
/// open_run() throw.
[[nodiscard]] std::unique_ptr<Searcher> open_searcher(const RunToSearch& what, bool many_sentences,
                                                      const Progress& progress = {});

struct SearchArguments {
  RunToSearch search;
  SearchQuery query;              // its sentence may be empty: then `queries`
  std::filesystem::path queries;  // a sentence a line
  bool json = false;
};

/// `pipeline search`: videos and their moments for sentences. Returns the exit code.
[[nodiscard]] int run_search(const SearchArguments& arguments);

void add_search_command(CLI::App& app, int& exit_code);

void add_search_flags(CLI::App& command, RunToSearch& options);

}  // namespace tvr

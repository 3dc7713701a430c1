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

/// A trained model and the videos to search: the flags that search and serve share.
struct RunToSearch {
  std::filesystem::path run;           // folder of `pipeline run` or `pipeline train`
  std::filesystem::path store;         // empty: the run's own
  std::filesystem::path word_vectors;  // empty: the run's own
  WindowOptions windows;
};

/// Opens the model of a run on its own store or on the one that is named. The video embeddings are cached in
/// the run's folder. `many_sentences`: starts slower, then encodes each sentence faster. Throws what
/// read_run() and open_run() throw.
[[nodiscard]] std::unique_ptr<Searcher> open_searcher(const RunToSearch& what, bool many_sentences,
                                                      const Progress& progress = {});

struct SearchArguments {
  RunToSearch search;
  SearchQuery query;              // its sentence is empty with `queries`
  std::filesystem::path queries;  // one sentence per line
  bool json = false;
};

/// `pipeline search`: finds videos and their moments by sentences. Returns the exit code.
[[nodiscard]] int run_search(const SearchArguments& arguments);

void add_search_flags(CLI::App& command, RunToSearch& options);

}  // namespace tvr

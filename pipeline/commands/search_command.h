#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/search/searcher.h"

namespace CLI {
class App;
}

namespace tvr {

struct SearchArguments {
  SearchOptions search;
  SearchQuery query;              // its sentence may be empty: then `queries`
  std::filesystem::path queries;  // a sentence a line
  bool json = false;
};

/// `pipeline search`: videos and their moments for sentences. Returns the exit code.
[[nodiscard]] int run_search(const SearchArguments& arguments);

/// --run, --store, --window and --long, which search and serve share.
void add_search_flags(CLI::App& command, SearchOptions& options);

}  // namespace tvr

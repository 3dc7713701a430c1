#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/datasets/video_selection.h"
#include "pipeline/search/searcher.h"

namespace CLI {
class App;
}

namespace tvr {

/// A model and the videos to search: the flags that search and serve share. The model is that of a run, or a
/// pretrained pair: of an index, or named beside videos, which are then indexed first.
struct ModelToSearch {
  std::filesystem::path run;           // folder of `pipeline run` or `pipeline train`
  std::filesystem::path store;         // empty: the run's own, or the default of `index`
  std::filesystem::path word_vectors;  // empty: the run's own
  WindowOptions windows;
  std::filesystem::path index{};      // store of `pipeline index`
  std::filesystem::path encoder{};    // folder of a pretrained pair; empty: the index's own
  VideoSelection videos{};            // to be indexed; or, beside a run or an index, where its videos are now
  std::filesystem::path subtitles{};  // folder of those that do not lie beside the videos; empty: none
};

/// Where what belongs to the searched videos is kept: the run's folder, or that of the index.
[[nodiscard]] std::filesystem::path folder_of(const ModelToSearch& what);

/// Opens the model on its videos. Their embeddings are cached in folder_of(). `many_sentences`: starts
/// slower, then encodes each sentence faster. Throws Error(InvalidArgument) when not exactly one model is
/// named, and what read_run(), open_run() and open_pretrained() throw.
[[nodiscard]] std::unique_ptr<Searcher> open_searcher(const ModelToSearch& what, bool many_sentences,
                                                      const Progress& progress = {});

/// Brings the index up to date where videos are named and neither a run nor an index is: `what` then names
/// it.
void index_videos(ModelToSearch& what);

struct SearchArguments {
  ModelToSearch search;
  SearchQuery query;              // its sentence is empty with `queries`
  std::filesystem::path queries;  // one sentence per line
  std::string like;               // VIDEO[@SECONDS]: more like this one; empty: none
  std::filesystem::path image;    // a picture file: what looks like it; empty: none
  bool json = false;
  std::filesystem::path cut;             // folder for the moments as clips; empty: none are cut
  bool exact = false;                    // clips of exactly the moments
  std::filesystem::path m3u, otio, edl;  // lists of the moments; empty: none
};

/// `pipeline search`: finds videos and their moments by sentences. Returns the exit code, which is
/// kSomeVideosFailed where moments could not be cut or listed.
[[nodiscard]] int run_search(const SearchArguments& arguments);

void add_search_flags(CLI::App& command, ModelToSearch& options);

}  // namespace tvr

#pragma once

#include "pipeline/search/search_service.h"
#include "pipeline/serve/page_facts.h"

namespace tvr {

/// The captions of the run in this folder, sentences to try, and how well wrong videos fit the test captions;
/// empty where there is no run, or its captions are not on this machine: they are not needed to search.
[[nodiscard]] PageFacts page_facts(const std::filesystem::path& run, SearchService& service);

/// The files below the folder that are videos of the index, by their names. Throws what videos_of() and
/// video_ids_of() throw.
[[nodiscard]] VideoFiles files_below(const std::filesystem::path& folder, const SearchIndex& index);

}  // namespace tvr

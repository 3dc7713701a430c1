#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/progress.h"
#include "pipeline/downloads/download_table.h"

namespace tvr {

struct DownloadOptions {
  std::string mirror;       // a server with what a cache folder holds: MIRROR/NAME/FILE; empty: none
  std::string hf_endpoint;  // in place of https://huggingface.co; empty: as it is
  int tries = 5;            // in a row that bring nothing new
  double wait_s = 1;        // before the second try; doubled before each further one
  double stall_s = 60;      // a transfer without a byte for so long is broken off and tried again
};

/// The file that NAME stands for in the cache folder, or the folder if it has several. nullopt if no row of
/// the table has this name. Throws Error(NotFound) naming the command that gets it if a file is missing.
[[nodiscard]] std::optional<std::filesystem::path> find_download(const std::string& name);

/// Where a file is got from: its own address, or the mirror's.
[[nodiscard]] std::string url_of(const Download& download, const PublishedFile& file,
                                 const DownloadOptions& options);

/// How to get by hand what is missing in `folder`: address, size, hash and place of each file.
[[nodiscard]] std::string by_hand(const Download& download, const std::filesystem::path& folder,
                                  const DownloadOptions& options);

/// Gets the files that are missing into `folder` (made if needed), and verifies those that are there. A file
/// has its name only when it is whole and its size and hash are those of the table, as far as they are known;
/// what has come of it lies in .FILE.part, beside its ETag in .FILE.etag, and is gone on with by the next
/// call. Throws Error(Mismatch) for a file that is another one, Error(NotFound | Unreadable | Timeout) if it
/// cannot be got, Error(Busy) if another process is at it, Error(Interrupted), write_error().
void get_download(const Download& download, const std::filesystem::path& folder,
                  const DownloadOptions& options, const Progress& progress);

}  // namespace tvr

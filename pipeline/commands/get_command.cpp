#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "data/cache_folder.h"
#include "data/error.h"
#include "pipeline/commands/command.h"
#include "pipeline/downloads/download.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

struct GetArguments {
  std::string name;
  std::filesystem::path to;
  std::string from;
};

bool is_there(const Download& download, const std::filesystem::path& folder) {
  for (const PublishedFile& file : download.files) {
    if (!std::filesystem::exists(folder / file.name)) return false;
  }
  return true;
}

int list() {
  const std::filesystem::path cache = cache_folder();
  Table table({{"name"}, {"what"}, {"size", Table::Align::Right}, {"licence"}, {"hash"}, {"here"}});
  for (const Download& row : downloads()) {
    const std::int64_t bytes = bytes_of(row);
    table.add({row.name, row.what, bytes > 0 ? bytes_text(static_cast<double>(bytes)) : "?", row.licence,
               is_verified(row) ? "verified" : "not verified here",
               is_there(row, cache / row.name) ? "yes" : ""});
  }
  fmt::print("{}", table.text());
  say("`pipeline get NAME` puts it into " + (cache / "NAME").string());
  return kDone;
}

int get(const GetArguments& arguments) {
  const Download* const row = download_named(arguments.name);
  if (row == nullptr) {
    throw Error(Fault::InvalidArgument, "get", "'" + arguments.name + "' is not known",
                "`pipeline get` lists what is");
  }
  const std::filesystem::path folder = arguments.to.empty() ? cache_folder() / row->name : arguments.to;
  DownloadOptions options;
  options.mirror = arguments.from;
  if (const char* const endpoint = std::getenv("HF_ENDPOINT")) options.hf_endpoint = endpoint;
  try {
    ProgressLine line(row->name, "bytes", bytes_of(*row));
    get_download(*row, folder, options, progress_on(line));
  } catch (const Error& error) {
    if (error.fault() == Fault::NotFound || error.fault() == Fault::Unreadable)
      say("Still to get, here or by hand:\n" + by_hand(*row, folder, options));
    throw;
  }
  for (const PublishedFile& file : row->files) {
    say((folder / file.name).string() +
        (file.sha256.empty() ? ": not verified here, no hash of it is known" : ": verified"));
  }
  fmt::print("{}\n", (row->files.size() == 1 ? folder / row->files.front().name : folder).string());
  return kDone;
}

}  // namespace

void add_get_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<GetArguments>();
  CLI::App* const command = add_command(app, "get");
  command->add_option("name", arguments->name, "what to get");
  command->add_option("--to", arguments->to, "the folder for its files (default: the cache folder's)")
      ->transform(absolute_path());
  command->add_option(
      "--from", arguments->from,
      "a server that holds what a cache folder holds: URL/NAME/FILE (HF_ENDPOINT names a mirror "
      "of huggingface.co)");
  command->callback(
      [arguments, &exit_code] { exit_code = arguments->name.empty() ? list() : get(*arguments); });
}

}  // namespace tvr

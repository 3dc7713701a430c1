#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/page_facts.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/search_command.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

struct ServeOptions {
  ModelToSearch search;
  std::string host = "127.0.0.1";
  int port = 8000;         // 0: any free one
  double max_seconds = 0;  // 0: until Ctrl-C
};

std::unique_ptr<Searcher> make_searcher(const ModelToSearch& what) {
  ProgressLine line("serve: embedding", "videos", 0);
  return open_searcher(what, true, progress_on(line));
}

/// One warning for all: such videos are found all the same.
void tell_missing_files(const SearchIndex& index, const VideoFiles& files) {
  std::size_t missing = 0;
  const IndexedVideo* first = nullptr;
  for (const IndexedVideo& video : index.videos()) {
    std::error_code problem;
    if (files.count(video.source.id) > 0 || std::filesystem::exists(video.source.path, problem)) continue;
    if (missing++ == 0) first = &video;
  }
  if (first == nullptr) return;
  const std::string path = first->source.path.string();
  warn(fmt::format(
      "the files of {} of {} videos are not there, for example {}: they can be found, but not "
      "played. --videos FOLDER names where they are",
      missing, index.videos().size(), path.empty() ? video_line(first->source.id) : printable(path)));
}

int run_serve(const ServeOptions& options) {
  using Clock = std::chrono::steady_clock;
  ModelToSearch model = options.search;
  const bool are_indexed = model.run.empty() && model.index.empty();
  index_videos(model);
  SearchService service(make_searcher(model));
  PageFacts facts = page_facts(options.search.run, service);
  if (!are_indexed && model.videos.is_named()) {
    facts.files = files_below(model.videos.folder, *service.index());
    say(fmt::format("serve: {} of {} videos are in {}", facts.files.size(), service.index()->videos().size(),
                    printable(model.videos.folder.string())));
  }
  const WebServer server(service, folder_of(model), options.host, options.port, facts);
  say(fmt::format("serve: {} videos; Ctrl-C stops it", service.index()->videos().size()));
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  fmt::print("http://{}:{}/\n", is_ipv6 ? "[" + options.host + "]" : options.host, server.port());
  std::fflush(stdout);
  if (const std::string note = service.note_on_random(); !note.empty()) warn(note);
  tell_missing_files(*service.index(), facts.files);
  const auto begin = Clock::now();
  const auto is_over = [&] {
    return options.max_seconds > 0 &&
           std::chrono::duration<double>(Clock::now() - begin).count() > options.max_seconds;
  };
  while (!stop_requested() && !is_over()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return kDone;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* const command = add_command(app, "serve");
  add_search_flags(*command, options->search);
  command
      ->add_option(
          "--videos", options->search.videos.folder,
          "folder of videos: where those of --run or --index are now; or, with --encoder alone, videos "
          "that are indexed first")
      ->check(CLI::ExistingDirectory)
      ->transform(absolute_path());
  command->add_option("--port", options->port, "port to listen on; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option(
          "--host", options->host,
          "address to listen on; any but loopback gives others on the network access, without a password")
      ->capture_default_str();
  command->add_option("--max-seconds", options->max_seconds, "stop after this many seconds; 0: never")
      ->check(number_within(0, 1e9))
      ->capture_default_str()
      ->configurable(false);  // PIPELINE_MAX_SECONDS is the limit of decoding
  command->footer("Example: pipeline serve --run demo-run");
  command->callback([options, &exit_code] { exit_code = run_serve(*options); });
}

}  // namespace tvr

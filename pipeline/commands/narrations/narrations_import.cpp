#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/json_text.h"
#include "data/narrations/narration_file.h"
#include "data/narrations/narration_source.h"
#include "data/narrations/narration_writer.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"
#include "text/stop_words.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kBytesPerMegabyte = 1'000'000;

struct ImportArguments {
  fs::path source, file;
  bool stop_words = false, json = false;
};

/// What a line shows of bytes or files that are done.
class SourceProgress {
 public:
  explicit SourceProgress(const NarrationSource& source)
      : source_(source),
        per_unit_(source.unit() == std::string_view("bytes") ? kBytesPerMegabyte : 1),
        line_("importing", per_unit_ == 1 ? source.unit() : "MB", counted(source.total())) {}

  void update(std::int64_t videos) {
    line_.update(counted(source_.done()), fmt::format("{} videos", videos));
  }

 private:
  [[nodiscard]] std::int64_t counted(std::uint64_t amount) const {
    return static_cast<std::int64_t>(amount) / per_unit_;
  }

  const NarrationSource& source_;
  std::int64_t per_unit_;
  ProgressLine line_;
};

void import_all(NarrationSource& source, NarrationWriter& writer, bool stop_words) {
  constexpr std::int64_t kVideosPerReport = 256;
  SourceProgress progress(source);
  NarratedVideo video;
  while (source.next(video)) {
    if (stop_words) {
      for (std::string& text : video.narration.text) text = without_stop_words(text);
    }
    writer.add(video.id, video.narration, source.position());
    if (writer.video_count() % kVideosPerReport != 0) continue;
    progress.update(writer.video_count());
    if (stop_requested())
      throw Error(Fault::Interrupted, "narrations", "the import was interrupted", "Run it again: it goes on");
  }
}

void print_result(const ImportArguments& arguments, const NarrationFile& file, std::int64_t lines,
                  std::int64_t empty_lines) {
  if (arguments.json) {
    fmt::print("{}\n", json_text({{"videos", file.video_count()},
                                  {"lines", lines},
                                  {"lines_without_text", empty_lines},
                                  {"bytes", file.bytes()},
                                  {"digest", file.digest()}}));
    return;
  }
  fmt::print("{} videos with {} lines, {} of them without {}; {}, content digest {}\n", file.video_count(),
             lines, empty_lines, arguments.stop_words ? "words" : "text",
             bytes_text(static_cast<double>(file.bytes())), file.digest());
}

int import(const ImportArguments& arguments) {
  std::unique_ptr<NarrationSource> source;
  {
    ProgressLine line("looking through " + arguments.source.filename().string(), "bytes", 0);
    source = open_narrations(arguments.source, progress_on(line));
  }
  const json origin = {{"source", identity_of_narrations(arguments.source, *source)},
                       {"stop_words", arguments.stop_words ? kStopWordList : 0}};
  if (has_narrations(arguments.file, json_line(origin))) {
    say(arguments.file.string() + " has them already");
    return kDone;
  }
  std::unique_ptr<NarrationWriter> writer;
  {
    ProgressLine line("checking what is there", "bytes", 0);
    writer = std::make_unique<NarrationWriter>(arguments.file, json_line(origin), progress_on(line));
  }
  if (writer->video_count() > 0)
    say(fmt::format("{} videos are there from an interrupted import: it goes on", writer->video_count()));
  source->seek(writer->source_position());
  import_all(*source, *writer, arguments.stop_words);
  writer->finish();
  print_result(arguments, NarrationFile(arguments.file), writer->line_count(), writer->empty_line_count());
  return kDone;
}

}  // namespace

void add_narrations_import(CLI::App& narrations, int& exit_code) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = narrations.add_subcommand(
      "import", "Import narrations into a file that training reads by position; goes on when interrupted");
  command
      ->add_option(
          "source", arguments->source,
          "caption.json or raw_caption.json; caption.pickle or MMPT's raw_caption.pkl; a folder or a zip "
          "of CSVs, one a video, with the columns start, end, text")
      ->required();
  command->add_option("file", arguments->file, "the file to be written")->required();
  command->add_flag(
      "--stop-words", arguments->stop_words,
      "drop English stop words and words of narrators, by a list of ours (for raw_caption*, which "
      "still have them)");
  command->add_flag("--json", arguments->json, "print JSON");
  command->footer("Example: pipeline narrations import caption.json narrations.db");
  command->callback([arguments, &exit_code] { exit_code = import(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "data/error.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/narrated_chain.h"
#include "pipeline/demo/demo.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

struct DemoArguments {
  std::filesystem::path out;
  DemoOptions demo;
  bool narrated = false;
  NarratedChainOptions chain;
};

void write_clips(const DemoArguments& arguments) {
  if (arguments.out.empty())
    throw Error(Fault::InvalidArgument, "demo", "no folder is given", "Pass --out FOLDER");
  ProgressLine line("draw", "clips", arguments.demo.clips);
  const DemoFiles files = write_demo(arguments.out, arguments.demo, progress_on(line));
  fmt::print("{}\n{}\n{}\n{}\n", files.videos.string(), files.annotations.string(), files.train.string(),
             files.test.string());
}

}  // namespace

void add_demo_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<DemoArguments>();
  CLI::App* command = add_command(app, "demo");
  command->add_option("--out", arguments->out,
                      "folder to write to (with --narrated by default: demo-narrated)");
  auto* const clips = command
                          ->add_option("--clips", arguments->demo.clips,
                                       "number of clips; every fifth goes to the test split")
                          ->check(CLI::Range(10, 100'000))
                          ->capture_default_str();
  command->add_option("--seed", arguments->demo.seed, "equal seeds generate equal clips")
      ->capture_default_str();
  auto* const narrated =
      command->add_flag("--narrated", arguments->narrated, "the demo of learning from narrated videos")
          ->excludes(clips);
  command
      ->add_option("--train-videos", arguments->chain.demo.videos,
                   "number of videos to learn from; others are added to test with")
      ->check(CLI::Range(4, 10'000))
      ->capture_default_str()
      ->needs(narrated);
  command->add_option("--seeds", arguments->chain.seeds, "trainings of each kind, with seeds 1, 2, ...")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->needs(narrated);
  command->add_flag("--json", arguments->chain.json, "print the figures as JSON")
      ->configurable(false)
      ->needs(narrated);
  command->footer("Example: pipeline demo --narrated");
  command->callback([arguments, &exit_code] {
    if (arguments->narrated) {
      if (!arguments->out.empty()) arguments->chain.out = arguments->out;
      arguments->chain.demo.seed = arguments->demo.seed;
      run_narrated_chain(arguments->chain);
    } else {
      write_clips(*arguments);
    }
    exit_code = kDone;
  });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "pipeline/commands/command.h"
#include "pipeline/demo/demo.h"
#include "pipeline/terminal/console.h"

namespace tvr {

void add_demo_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::filesystem::path out;
    DemoOptions demo;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("demo", "Write the demo data set: generated H.264 clips with captions");
  command->add_option("--out", arguments->out, "folder to write to")->required();
  command->add_option("--clips", arguments->demo.clips, "number of clips; every fifth goes to the test split")
      ->check(CLI::Range(10, 100'000))
      ->capture_default_str();
  command->add_option("--seed", arguments->demo.seed, "equal seeds generate equal clips")
      ->capture_default_str();
  command->callback([arguments, &exit_code] {
    ProgressLine line("draw", "clips", arguments->demo.clips);
    const DemoFiles files = write_demo(arguments->out, arguments->demo, progress_on(line));
    fmt::print("{}\n{}\n{}\n{}\n", files.videos.string(), files.annotations.string(), files.train.string(),
               files.test.string());
    exit_code = kDone;
  });
}

}  // namespace tvr

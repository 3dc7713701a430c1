#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "data/error.h"
#include "pipeline/command.h"
#include "pipeline/console.h"
#include "pipeline/demo_command.h"
#include "pipeline/frames_command.h"
#include "pipeline/search_command.h"
#include "pipeline/serve_command.h"
#include "pipeline/store_command.h"

namespace {

int complain(const std::exception& error, int code) {
  fmt::print(stderr, "{} {}\n", tvr::coloured("error:", tvr::Colour::Red, STDERR_FILENO), error.what());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  tvr::install_stop_handler();
  CLI::App app("Raw videos and captions in, a trained and searchable text-to-video retrieval model out.",
               "pipeline");
  app.require_subcommand(1);
  app.set_config("--config", "", "TOML file of flags, in sections named like the subcommands");
  app.set_version_flag("--version", TVR_VERSION);
  app.add_flag_callback(
      "--quiet", [] { tvr::set_quiet(true); }, "say nothing but warnings and results");
  app.fallthrough();

  int exit_code = tvr::kDone;
  tvr::add_run_command(app, exit_code);
  tvr::add_extract_command(app, exit_code);
  tvr::add_train_command(app, exit_code);
  tvr::add_eval_command(app, exit_code);
  tvr::add_search_command(app, exit_code);
  tvr::add_serve_command(app, exit_code);
  tvr::add_store_command(app, exit_code);
  tvr::add_frames_command(app, exit_code);
  tvr::add_demo_command(app, exit_code);
  tvr::add_doctor_command(app, exit_code);
  tvr::add_config_command(app, exit_code);
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? tvr::kDone : tvr::kUsage;
  } catch (const tvr::Error& error) {
    return complain(error, error.fault() == tvr::Fault::InvalidArgument ? tvr::kUsage : tvr::kFailed);
  } catch (const std::exception& error) {
    return complain(error, tvr::kFailed);
  }
}

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "data/error.h"
#include "pipeline/command.h"
#include "pipeline/console.h"
#include "pipeline/demo_command.h"
#include "pipeline/frames_command.h"
#include "pipeline/search_command.h"
#include "pipeline/serve_command.h"
#include "pipeline/store_command.h"
#include "pipeline/usage.h"

namespace {

void complain(const std::string& what) {
  fmt::print(stderr, "{} {}\n", tvr::coloured("error:", tvr::Colour::Red, STDERR_FILENO), what);
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
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.footer(
      "Every flag can also be set in the file of --config, or by environment: --embd-dim by "
      "PIPELINE_EMBD_DIM.");

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
  tvr::read_environment(app);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw tvr::Error(tvr::Fault::Unreadable, "standard output", "the results cannot be written to it");
    }
    return exit_code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    complain(tvr::explain(app, error));
    fmt::print(stderr, "Run with --help for more information.\n");
    return tvr::kUsage;
  } catch (const tvr::Error& error) {
    complain(error.what());
    return error.fault() == tvr::Fault::InvalidArgument ? tvr::kUsage : tvr::kFailed;
  } catch (const std::filesystem::filesystem_error& error) {
    complain(error.path1().string() + ": " + error.code().message());
    return tvr::kFailed;
  } catch (const std::exception& error) {
    complain(error.what());
    return tvr::kFailed;
  }
}

#include "pipeline/commands/program.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "data/error.h"
#include "data/text_file.h"
#include "data/write_error.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/usage.h"
#include "pipeline/machine/version.h"
#include "pipeline/terminal/console.h"

namespace tvr {

int run_program(int argc, char** argv, void (*add_commands)(CLI::App& app, int& exit_code)) {
  install_stop_handler();
  CLI::App app("Raw videos and captions in, a trained and searchable text-to-video retrieval model out.",
               "pipeline");
  app.require_subcommand(1);
  read_config_file(app);
  app.set_version_flag("-V,--version", program_version_text());
  app.add_flag_callback(
      "--quiet", [] { set_quiet(true); }, "print only warnings and results");
  app.fallthrough();
  app.footer(
      "Every flag can also be set in the --config file or by an environment variable: --embd-dim by "
      "PIPELINE_EMBD_DIM.\n"
      "`pipeline help COMMAND` shows the flags of one, `pipeline doctor` what is missing on this machine.");

  int exit_code = kDone;
  add_commands(app, exit_code);
  read_environment(app);
  require_numbers(app);
  app.parse_complete_callback([&app] { require_legal_environment(app); });
  if (argc < 2) {
    say(std::string(trim(app.help())));
    return kUsage;
  }
  try {
    app.parse(argc, argv);
    const bool flushed = std::fflush(stdout) == 0;
    if (!flushed && is_no_room(errno)) throw write_error("standard output", "cannot be written", errno);
    if (!flushed || std::ferror(stdout) != 0) {
      throw Error(Fault::Unreadable, "standard output", "the results cannot be written to it");
    }
    return exit_code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    complain(explain(app, error, {argv + 1, argv + argc}) + "\nRun with --help for more information.");
    return kUsage;
  } catch (const std::exception&) {
    return report_failure();
  }
}

int report_failure(const std::string& who) {
  const std::string where = who.empty() ? "" : who + ": ";
  try {
    throw;
  } catch (const Error& error) {
    complain(where + error.what());
    if (error.fault() == Fault::Interrupted && stop_requested()) return kSignalled + stop_signal();
    return error.fault() == Fault::InvalidArgument ? kUsage : kFailed;
  } catch (const std::filesystem::filesystem_error& error) {
    complain(where + error.path1().string() + ": " + error.code().message());
    return kFailed;
  } catch (const std::exception& error) {
    complain(where + error.what());
    return kFailed;
  }
}

}  // namespace tvr

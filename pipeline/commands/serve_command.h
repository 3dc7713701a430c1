#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `pipeline serve`: search in a local web page.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace tvr

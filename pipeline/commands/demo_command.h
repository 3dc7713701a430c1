#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `pipeline demo`: writes the embedded demo data set.
void add_demo_command(CLI::App& app, int& exit_code);

}  // namespace tvr

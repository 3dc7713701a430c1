#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `pipeline store ls | show | stats | failures | verify | merge`: look at and after a feature store.
void add_store_command(CLI::App& app, int& exit_code);

}  // namespace tvr

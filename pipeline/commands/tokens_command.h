#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `pipeline tokens`: the ids that a text tower gets, without LibTorch. Its callback sets `exit_code`.
void add_tokens_command(CLI::App& app, int& exit_code);

}  // namespace tvr

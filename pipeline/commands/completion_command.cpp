#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/commands/command.h"

namespace tvr {
namespace {

struct Flag {
  std::string name;  // "--encoder"
  std::string help;
  std::vector<std::string> values;  // the words that it takes; empty: anything
};

/// One command, as completion sees it: "", "index", "store ls".
struct Page {
  std::string path;
  std::string help;
  std::vector<const Page*> subcommands;
  std::vector<Flag> flags;
};

/// The words of CLI11's "TEXT:{fp32,bf16}".
std::vector<std::string> words_of(const std::string& type) {
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void add_flags(const CLI::App& command, std::vector<Flag>& flags) {
  for (const CLI::Option* option :
       command.get_options([](const CLI::Option* any) { return !any->get_positional(); })) {
    for (const std::string& name : option->get_lnames())
      flags.push_back(
          {"--" + name, first_line(option->get_description()), words_of(option->get_type_name())});
  }
}

/// The pages of a command and of all below it, the command's last.
const Page* add_pages(const CLI::App& command, const std::string& path,
                      std::vector<std::unique_ptr<Page>>& pages) {
  auto page = std::make_unique<Page>();
  page->path = path;
  page->help = first_line(command.get_description());
  add_flags(command, page->flags);
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (below->get_name().empty()) {  // a group of flags
      add_flags(*below, page->flags);
    } else if (!below->get_group().empty()) {  // the others are not shown
      page->subcommands.push_back(
          add_pages(*below, path.empty() ? below->get_name() : path + " " + below->get_name(), pages));
    }
  }
  pages.push_back(std::move(page));
  return pages.back().get();
}

std::string last_word(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

/// In single quotes, as all three shells read them.
std::string in_quotes(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + safe + "'";
}

using Pages = std::vector<std::unique_ptr<Page>>;

/// `here` becomes the longest command that the words before the cursor name. (Not `path`, which is zsh's
/// PATH.)
constexpr const char* kFindsCommand =
    "    case \"$word\" in -*) ;; *) case \" $commands \" in *\"|${here:+$here }$word|\"*) "
    "here=\"${here:+$here }$word\" ;; esac ;; esac\n";

std::string known_paths(const Pages& pages) {
  std::string known = "|";
  for (const auto& page : pages) known += page->path + "|";
  return in_quotes(known);
}

/// From the loop over the words before the cursor, which is open, to the cases of each command: the values
/// of the flag before the cursor are offered as `offer` says.
template <class Offer>
std::string cases_of_values(const Pages& pages, const Offer& offer) {
  std::string script = std::string(kFindsCommand) + "  done\n  case \"$here:$prev\" in\n";
  for (const auto& page : pages) {
    for (const Flag& flag : page->flags) {
      if (flag.values.empty()) continue;
      script += fmt::format("    {}) {}; return ;;\n", in_quotes(page->path + ":" + flag.name),
                            offer(fmt::format("{}", fmt::join(flag.values, " "))));
    }
  }
  return script + "  esac\n  case \"$here\" in\n";
}

std::string for_bash(const Pages& pages) {
  std::string script = fmt::format(
      "# bash completion of pipeline\n_pipeline() {{\n  local cur=${{COMP_WORDS[COMP_CWORD]}} "
      "prev=${{COMP_WORDS[COMP_CWORD-1]}} here= word= words=\n  local commands={}\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n",
      known_paths(pages));
  script += cases_of_values(pages, [](const std::string& values) {
    return "COMPREPLY=($(compgen -W " + in_quotes(values) + " -- \"$cur\"))";
  });
  for (const auto& page : pages) {
    std::string flags, commands;
    for (const Flag& flag : page->flags) flags += flag.name + " ";
    for (const Page* below : page->subcommands) commands += last_word(below->path) + " ";
    script += fmt::format("    {}) case \"$cur\" in -*) words={} ;; *) words={} ;; esac ;;\n",
                          in_quotes(page->path), in_quotes(flags), in_quotes(commands));
  }
  return script +
         "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _pipeline "
         "pipeline\n";
}

/// 'name:what it does' for zsh's _describe.
std::string described(const std::string& name, const std::string& help) {
  std::string safe;
  for (const char c : name + "\n" + help) safe += c == ':' ? "\\:" : c == '\n' ? ":" : std::string(1, c);
  return in_quotes(safe);
}

std::string for_zsh(const Pages& pages) {
  std::string script = fmt::format(
      "#compdef pipeline\n# zsh completion of pipeline\n_pipeline() {{\n  local here= word= "
      "prev=$words[CURRENT-1]\n"
      "  local commands={}\n  local -a flags subcommands\n  for word in $words[2,CURRENT-1]; do\n",
      known_paths(pages));
  script += cases_of_values(pages, [](const std::string& values) { return "compadd -- " + values; });
  for (const auto& page : pages) {
    script += fmt::format("    {})\n      flags=(", in_quotes(page->path));
    for (const Flag& flag : page->flags) script += "\n        " + described(flag.name, flag.help);
    script += ")\n      subcommands=(";
    for (const Page* below : page->subcommands)
      script += "\n        " + described(last_word(below->path), below->help);
    script += ") ;;\n";
  }
  return script +
         "  esac\n  if [[ $words[CURRENT] == -* ]]; then _describe -o flag flags\n"
         "  elif (( $#subcommands )); then _describe command subcommands\n  else _files; fi\n}\n"
         "if [[ $funcstack[1] == _pipeline ]]; then _pipeline; else compdef _pipeline pipeline; fi\n";
}

std::string for_fish(const Pages& pages) {
  std::string script =
      "# fish completion of pipeline\nfunction __pipeline_at\n  set -l path\n  for word in (commandline "
      "-opc)[2..]\n"
      "    string match -q -- '-*' $word; and continue\n"
      "    contains -- (string join ' ' $path $word) $__pipeline_commands; and set path $path $word\n  end\n"
      "  test \"$path\" = \"$argv[1]\"\nend\nset -g __pipeline_commands";
  for (const auto& page : pages)
    if (!page->path.empty()) script += " " + in_quotes(page->path);
  script += "\n";
  for (const auto& page : pages) {
    const std::string when =
        fmt::format("complete -c pipeline -n {}", in_quotes("__pipeline_at '" + page->path + "'"));
    for (const Page* below : page->subcommands)
      script += fmt::format("{} -f -a {} -d {}\n", when, last_word(below->path), in_quotes(below->help));
    for (const Flag& flag : page->flags) {
      script += fmt::format("{} -l {} -d {}", when, flag.name.substr(2), in_quotes(flag.help));
      if (!flag.values.empty())
        script += fmt::format(" -x -a {}", in_quotes(fmt::format("{}", fmt::join(flag.values, " "))));
      script += "\n";
    }
  }
  return script;
}

}  // namespace

void add_completion_command(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* const command = add_command(app, "completion");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Example: pipeline completion bash > ~/.local/share/bash-completion/completions/pipeline\n"
      "         pipeline completion zsh > a folder of $fpath/_pipeline\n"
      "         pipeline completion fish > ~/.config/fish/completions/pipeline.fish");
  command->callback([shell, &app, &exit_code] {
    Pages pages;
    (void)add_pages(app, "", pages);
    fmt::print("{}", *shell == "bash" ? for_bash(pages) : *shell == "zsh" ? for_zsh(pages) : for_fish(pages));
    exit_code = kDone;
  });
}

}  // namespace tvr

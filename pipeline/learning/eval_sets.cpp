#include "pipeline/learning/eval_sets.h"

#include <fmt/format.h>

#include <utility>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "model/embed.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {

EvalSetOptions parse_eval_set(const std::string& text, const std::filesystem::path& store) {
  const auto refuse = [&](const char* seen) {
    throw Error(Fault::InvalidArgument, "eval", fmt::format("'{}' {}", text, seen),
                "Write NAME=ANNOTATIONS, NAME=ANNOTATIONS,TEST.csv or either with @STORE.db at its end");
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) refuse("has no name");
  EvalSetOptions set{text.substr(0, equals), {}, store};
  std::string files = text.substr(equals + 1);
  if (const std::size_t at = files.rfind('@'); at != std::string::npos) {
    set.store = files.substr(at + 1);
    files.erase(at);
  }
  if (const std::size_t comma = files.rfind(','); comma != std::string::npos) {
    set.dataset.test = files.substr(comma + 1);
    files.erase(comma);
  }
  set.dataset.annotations = files;
  set.dataset.test_only = true;
  if (files.empty()) refuse("names no annotations");
  if (set.store.empty()) refuse("names no store, and there is none to take instead");
  for (std::filesystem::path* path : {&set.dataset.annotations, &set.dataset.test, &set.store}) {
    if (path->empty()) continue;
    if (!std::filesystem::exists(*path))
      refuse(("names a file that does not exist: " + path->string()).c_str());
    *path = std::filesystem::absolute(*path);
  }
  return set;
}

std::string with_absolute_paths(const std::string& eval_set) {
  const std::filesystem::path none = ".";  // stands for the store that is not named
  const EvalSetOptions set = parse_eval_set(eval_set, none);
  std::string text = set.name + "=" + set.dataset.annotations.string();
  if (!set.dataset.test.empty()) text += "," + set.dataset.test.string();
  if (set.store != std::filesystem::absolute(none)) text += "@" + set.store.string();
  return text;
}

std::vector<EvalCaptions> read_eval_sets(const std::vector<EvalSetOptions>& options) {
  std::vector<EvalCaptions> sets;
  std::set<std::string> names;
  for (const EvalSetOptions& option : options) {
    if (!names.insert(option.name).second)
      throw Error(Fault::InvalidArgument, "eval", "two sets are named " + option.name,
                  "Give each a name of its own");
    say("eval: " + option.name);
    EvalCaptions set{option, read_data({option.dataset, 0}, sources_of(FeatureStore(option.store)), 0)};
    if (set.data.test.empty())
      throw Error(Fault::NotFound, option.name, "it has no test split",
                  "Name a list of test videos: NAME=ANNOTATIONS,TEST.csv");
    sets.push_back(std::move(set));
  }
  return sets;
}

EvalSet load_eval_set(const EvalCaptions& captions, const std::vector<std::string>& lanes,
                      const WordTable& words, Pooling pooling, int max_words) {
  const FeatureStore store(captions.options.store);
  LeftOut left_out;
  EvalSet set{captions.options.name,
              load_pairs(store, choose_recipes(store, lanes, {}), captions.data.test, pooling, left_out)};
  for (const std::string& sentence : sentences_of(left_out)) warn(set.name + ": " + sentence);
  if (set.test.captions.empty())
    throw Error(Fault::NotFound, set.name,
                "no test caption has a clip with features in " + captions.options.store.string(),
                "Name the store that has them: NAME=ANNOTATIONS@STORE.db");
  give_word_ids(set.test, words, max_words);
  return set;
}

RetrievalMetrics evaluate(const Parameters& model, const Matrix& vectors, const EvalSet& set, int max_words) {
  const PairData& test = set.test.pairs;
  const std::int64_t wanted = shape_of(model, max_words).video_dim;
  if (test.clips.cols() != wanted) {
    throw Error(Fault::Mismatch, set.name,
                fmt::format("its clips have {} values, the model takes {}", test.clips.cols(), wanted),
                "Use the lanes and the pooling that the model was trained with");
  }
  return summarize(text_to_video_ranks(embed_text(model, vectors, test.captions, max_words),
                                       embed_video(model, test.clips), test.clip_of));
}

std::string eval_set_table(const std::string& model_title, const std::vector<EvalSetRow>& rows) {
  const MetricTable& metrics = rows.front().sets.front().t2v.table();
  std::vector<Table::Column> columns = {{model_title}, {"set"}};
  for (const Metric& metric : metrics) columns.push_back({metric.name, Table::Align::Right});
  columns.push_back({"queries", Table::Align::Right});
  Table table(columns);
  for (const EvalSetRow& row : rows) {
    for (const EvalSetMetrics& set : row.sets) {
      std::vector<std::string> cells = {&set == &row.sets.front() ? row.model : "", set.name};
      for (const double value : set.t2v.values) cells.push_back(fmt::format("{:.1f}", value));
      cells.push_back(fmt::format("{}", set.t2v.queries));
      table.add(cells);
    }
  }
  return table.text();
}

}  // namespace tvr

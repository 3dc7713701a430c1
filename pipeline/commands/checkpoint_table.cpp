#include "pipeline/commands/checkpoint_table.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "data/error.h"
#include "data/files_matching.h"
#include "data/tensors/tensor_file.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/learning/evaluation.h"

namespace tvr {

std::vector<std::filesystem::path> checkpoints_matching(const std::string& pattern) {
  std::vector<std::filesystem::path> found = files_matching(pattern);
  if (!found.empty()) return found;
  throw Error(Fault::NotFound, pattern, "there is no such checkpoint",
              "Name a checkpoint (.pth), or several by a pattern in quotes: 'epochs/e*.pth'");
}

std::vector<EvalSetRow> evaluate_checkpoints(const std::vector<std::filesystem::path>& checkpoints,
                                             const std::vector<EvalSetOptions>& sets,
                                             const StoreRunOptions& given) {
  const std::optional<RunManifest> run = run_of(std::filesystem::absolute(checkpoints.front()));
  std::filesystem::path vectors = given.learn.word_vectors;
  if (vectors.empty() && run) vectors = run->word_vectors;
  if (vectors.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no word vectors are given",
                "Pass --word-vectors FILE, the file that the checkpoints were trained with");
  }
  std::vector<std::string> lanes = given.lanes;
  if (lanes.empty() && run) {
    for (const Recipe& lane : run->lanes) lanes.push_back(lane.lane);
  }
  const Pooling pooling = run ? run->pooling : given.learn.pooling;
  const int max_words = run ? run->max_words : given.learn.train.max_words;
  const std::vector<EvalCaptions> captions = read_eval_sets(sets);
  std::set<std::string> distinct;
  for (const EvalCaptions& set : captions) add_words(set.data, distinct);
  const WordTable words = words_of(distinct, vectors);
  std::vector<EvalSet> loaded;
  for (const EvalCaptions& set : captions)
    loaded.push_back(load_eval_set(set, lanes, words, pooling, max_words));
  std::vector<EvalSetRow> rows;
  for (const std::filesystem::path& checkpoint : checkpoints) {
    const Parameters model = parameters_of(read_weights(checkpoint));
    EvalSetRow& row = rows.emplace_back(EvalSetRow{checkpoint.string(), {}});
    for (const EvalSet& set : loaded)
      row.sets.push_back({set.name, evaluate(model, words.vectors, set, max_words)});
  }
  return rows;
}

std::string json_of(const std::vector<EvalSetRow>& rows) {
  nlohmann::json json = nlohmann::json::array();
  for (const EvalSetRow& row : rows) {
    nlohmann::json sets;
    for (const EvalSetMetrics& set : row.sets) sets[set.name]["t2v"] = json_of(set.t2v);
    json.push_back({{"checkpoint", row.model}, {"sets", std::move(sets)}});
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace tvr

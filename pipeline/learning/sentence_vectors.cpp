#include "pipeline/learning/sentence_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>

#include "data/error.h"
#include "data/tensors/pth.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

constexpr const char* kSentences = "sentences";
constexpr std::size_t kAtOnce = 256;  // between two looks at whether to go on

/// Gives each caption the number of its sentence; returns the sentences.
std::vector<std::string> number_sentences(const std::vector<Pairs*>& splits) {
  std::vector<std::string> sentences;
  std::unordered_map<std::string, std::int32_t> numbers;
  for (Pairs* const split : splits) {
    split->pairs.captions.clear();
    for (const std::string& caption : split->captions) {
      const auto [at, is_new] = numbers.emplace(caption, static_cast<std::int32_t>(sentences.size()));
      if (is_new) sentences.push_back(caption);
      split->pairs.captions.push_back({at->second});
    }
  }
  return sentences;
}

Matrix embedded(const std::vector<std::string>& sentences, PretrainedPair& pair) {
  Matrix rows(static_cast<std::int64_t>(sentences.size()), pair.dim());
  ProgressLine line("text: embedding", "sentences", rows.rows());
  const Progress progress = progress_on(line);
  for (std::size_t begin = 0; begin < sentences.size(); begin += kAtOnce) {
    const auto done = static_cast<std::int64_t>(begin);
    if (!progress({"sentences", done, rows.rows()})) {
      throw Error(Fault::Interrupted, "text", fmt::format("stopped after {} sentences", begin),
                  "Run the same command again");
    }
    const auto end = static_cast<std::ptrdiff_t>(std::min(begin + kAtOnce, sentences.size()));
    const Matrix part = pair.embed_text({sentences.begin() + done, sentences.begin() + end}).rows;
    std::copy_n(part.data(), part.rows() * part.cols(), rows.row(done));
  }
  return rows;
}

}  // namespace

Matrix embed_captions(RunFolder& folder, PretrainedPair& pair, const std::vector<Pairs*>& splits) {
  const std::vector<std::string> sentences = number_sentences(splits);
  const Digest inputs =
      Digester().add("sentences 1 " + pair.id()).add(fmt::format("{}", fmt::join(sentences, "\n"))).digest();
  const auto count = static_cast<std::int64_t>(sentences.size());
  if (folder.is_fresh(kSentences, inputs, folder.sentences())) {
    const NamedTensors kept = read_pth(folder.sentences());
    const Tensor* const tensor = find(kept, kSentences);
    if (tensor != nullptr && tensor->shape == std::vector<std::int64_t>{count, pair.dim()}) {
      say("text: the vectors of the captions are up to date");
      Matrix rows(count, pair.dim());
      const std::vector<float> values = tensor->to_floats();
      std::copy(values.begin(), values.end(), rows.data());
      return rows;
    }
  }
  Matrix rows = embedded(sentences, pair);
  write_pth(folder.sentences(), {{kSentences, Tensor::from_floats({rows.rows(), rows.cols()}, rows.data())}});
  folder.mark_done(kSentences, inputs, folder.sentences());
  return rows;
}

}  // namespace tvr

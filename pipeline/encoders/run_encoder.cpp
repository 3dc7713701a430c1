#include "pipeline/encoders/run_encoder.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "data/error.h"
#include "model/parallel.h"
#include "pipeline/encoders/head_encoder.h"
#include "pipeline/encoders/linear_encoder.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/encoders/run_lanes.h"
#include "pipeline/encoders/run_model.h"
#include "text/query_words.h"
#include "text/sentence.h"

namespace tvr {
namespace {

RunModel model_of(const RunManifest& run) {
  std::vector<std::filesystem::path> checkpoints;
  for (const ModelFile& network : run.networks) checkpoints.push_back(network.file);
  std::vector<LinearShare> shares;
  if (run.linear_weight > 0) shares.push_back({LinearEncoder(run.linear.file), run.linear_weight});
  if (run.kernel_weight > 0) shares.push_back({LinearEncoder(run.kernel.file), run.kernel_weight});
  return {checkpoints, run.max_words, std::move(shares)};
}

class RunEncoder final : public EncoderPair {
 public:
  /// `contents`: of the files of the model.
  RunEncoder(RunManifest run, std::string contents)
      : run_(std::move(run)),
        contents_(std::move(contents)),
        model_(model_of(run_)),
        words_(open_word_vectors(run_.word_vectors)) {
    if (words_.dim() == model_.word_dim()) return;
    throw Error(Fault::Mismatch, run_.word_vectors.string(),
                fmt::format("its vectors have {} values, the model was trained with {}", words_.dim(),
                            model_.word_dim()),
                "Pass the word vectors that the model was trained with");
  }

  [[nodiscard]] std::int64_t dim() const noexcept override { return model_.dim(); }
  void prepare() override { words_.prepare(); }

  [[nodiscard]] EncodedText embed_text(const std::vector<std::string>& sentences) override {
    const WordTable table = words_.table_for(sentences);
    EncodedText encoded;
    std::vector<std::vector<std::int32_t>> ids;
    for (const std::string& sentence : sentences) {
      ids.push_back(tvr::encode(sentence, table, run_.max_words));
      encoded.understood.push_back(!ids.back().empty());
      encoded.unknown.push_back(unknown_words(sentence, table));
      encoded.guessed.push_back(guessed_words(sentence, table));
      encoded.familiar.push_back(has_familiar_word(sentence, table));
    }
    encoded.rows = model_.embed_text(sentences, table.vectors, ids);
    return encoded;
  }

  [[nodiscard]] Matrix embed_video(const Matrix& parts) const override { return model_.embed_video(parts); }
  [[nodiscard]] bool takes_pictures() const noexcept override { return false; }
  [[nodiscard]] ClipFeature embed_picture(const Picture&) const override {
    throw Error(Fault::Unsupported, "a query by picture",
                "the model of this run knows videos by their lanes alone",
                "Search an index of a pretrained encoder pair (`pipeline index`), or name a video by --like");
  }
  // Scores in search are those of evaluation, to the bit.
  [[nodiscard]] IndexValues index_values() const noexcept override { return IndexValues::Floats; }
  [[nodiscard]] Pooling pooling() const noexcept override { return run_.pooling; }

  [[nodiscard]] std::vector<RecipeRow> lanes_in(const FeatureStore& store) const override {
    return run_lanes(run_, store, model_.video_dim());
  }

  [[nodiscard]] Digest identity() const override {
    std::string inputs = contents_ + kPoolings.name(run_.pooling);
    if (run_.linear_weight > 0) inputs += fmt::format("{}", run_.linear_weight);
    if (run_.kernel_weight > 0) inputs += fmt::format(" kernel {}", run_.kernel_weight);
    for (const Recipe& lane : run_.lanes) inputs += lane.identity();
    return sha256(inputs);
  }

 private:
  RunManifest run_;
  std::string contents_;
  RunModel model_;
  QueryWords words_;
};

}  // namespace

std::unique_ptr<EncoderPair> open_run(const RunManifest& run) {
  require_files(run);
  if (!run.encoder.empty()) {
    if (run.networks.empty()) return open_pretrained(run.encoder);
    return open_head(run);
  }
  std::string contents;
  for (const ModelFile& network : run.networks) contents += required_content(network, "checkpoint");
  if (run.linear_weight > 0) contents += required_content(run.linear, "linear model");
  if (run.kernel_weight > 0) contents += required_content(run.kernel, "kernel model");
  if (!run.word_vectors_content.empty())
    (void)required_content({run.word_vectors, run.word_vectors_content}, "file of word vectors");
  set_compute_threads(0);
  return std::make_unique<RunEncoder>(run, std::move(contents));
}

std::optional<LinearEncoder> open_linear_baseline(const RunManifest& run) {
  if (run.linear.file.empty() || !std::filesystem::exists(run.linear.file)) return std::nullopt;
  (void)required_content(run.linear, "linear model");
  return LinearEncoder(run.linear.file);
}

}  // namespace tvr

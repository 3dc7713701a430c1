#include "pipeline/encoders/head_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/error.h"
#include "data/tensors/tensor_file.h"
#include "model/head.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/encoders/run_lanes.h"

namespace tvr {
namespace {

class HeadEncoder final : public EncoderPair {
 public:
  /// `content`: that of the checkpoint.
  HeadEncoder(RunManifest run, std::unique_ptr<PretrainedPair> pair, Head head, Digest content)
      : run_(std::move(run)), pair_(std::move(pair)), head_(std::move(head)), content_(std::move(content)) {}

  [[nodiscard]] std::int64_t dim() const noexcept override { return head_.dim(); }
  void prepare() override { pair_->prepare(); }
  [[nodiscard]] EncodedText embed_text(const std::vector<std::string>& sentences) override {
    EncodedText text = pair_->embed_text(sentences);
    text.rows = head_.embed_text(text.rows);
    return text;
  }
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const override { return head_.embed_video(parts); }

  [[nodiscard]] bool takes_pictures() const noexcept override { return head_.video_dim() == head_.dim(); }
  [[nodiscard]] ClipFeature embed_picture(const Picture& picture) const override {
    if (!takes_pictures()) {
      throw Error(Fault::Unsupported, "a query by picture",
                  "the head of this run knows videos by further lanes, which a picture does not have",
                  "Search an index of the encoder alone (`pipeline index`), or name a video by --like");
    }
    const ClipFeature embedded = pair_->embed_picture(picture);
    Matrix row(1, dim());
    std::copy(embedded.begin(), embedded.end(), row.data());
    const Matrix out = head_.embed_video(row);
    return {out.data(), out.data() + out.cols()};
  }
  [[nodiscard]] IndexValues index_values() const noexcept override { return pair_->index_values(); }
  [[nodiscard]] Pooling pooling() const noexcept override { return run_.pooling; }
  [[nodiscard]] std::vector<RecipeRow> lanes_in(const FeatureStore& store) const override {
    return run_lanes(run_, store, head_.video_dim());
  }
  [[nodiscard]] Digest identity() const override {
    std::string inputs = pair_->identity() + content_;
    for (const Recipe& lane : run_.lanes) inputs += lane.identity();
    return sha256(inputs);
  }

 private:
  RunManifest run_;
  std::unique_ptr<PretrainedPair> pair_;
  Head head_;
  Digest content_;
};

}  // namespace

std::unique_ptr<EncoderPair> open_head(const RunManifest& run) {
  if (run.networks.size() != 1) {
    throw Error(Fault::Corrupt, "run.json",
                fmt::format("a head has {} checkpoints, wanted one", run.networks.size()),
                "Copy the run's folder again");
  }
  const ModelFile& checkpoint = run.networks.front();
  Digest content = required_content(checkpoint, "checkpoint");
  Head head = head_of(read_weights(checkpoint.file), checkpoint.file.string());
  std::unique_ptr<PretrainedPair> pair = open_pretrained(run.encoder);
  if (!run.encoder_id.empty() && pair->id() != run.encoder_id) {
    throw Error(Fault::Mismatch, run.encoder.string(),
                "it is not the encoder pair that the run's head was trained on",
                "Name the folder of that pair with --encoder FOLDER: its files must be the same to the byte");
  }
  if (head.dim() != pair->dim()) {
    throw Error(Fault::Mismatch, checkpoint.file.string(),
                fmt::format("it is a head on vectors of {} values, those of {} have {}", head.dim(),
                            run.encoder.string(), pair->dim()),
                "Copy the run's folder again");
  }
  return std::make_unique<HeadEncoder>(run, std::move(pair), std::move(head), std::move(content));
}

}  // namespace tvr

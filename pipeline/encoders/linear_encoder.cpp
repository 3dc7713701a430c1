#include "pipeline/encoders/linear_encoder.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

#include "data/error.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"

namespace tvr {
namespace {

constexpr std::size_t kMostWords = 3000;
constexpr const char* kWords = "text.words";
constexpr const char* kWeights = "text.idf";
constexpr const char* kSmoothing = "smoothing";
constexpr const char* kKernel = "kernel.landmarks";

LinearPairs linear_pairs(const std::vector<std::string>& captions, const PairData& pairs, const TfIdf& words,
                         const std::optional<KernelMap>& kernel) {
  LinearPairs linear;
  linear.words = static_cast<std::int64_t>(words.words().size());
  for (const std::string& caption : captions) linear.texts.push_back(words.encode(caption));
  linear.clip_of = pairs.clip_of;
  linear.clips = kernel ? kernel->coordinates(pairs.clips) : pairs.clips;
  linear.video_of = pairs.video_of;
  return linear;
}

[[noreturn]] void refuse(const std::string& where, const std::string& seen) {
  throw Error(Fault::Corrupt, where, seen, "Run the same command again: it writes the file anew");
}

const Tensor& required(const NamedTensors& tensors, const char* name, DType dtype, const std::string& where) {
  const Tensor* const tensor = find(tensors, name);
  if (tensor == nullptr || tensor->dtype != dtype || tensor->shape.size() != 1)
    refuse(where, fmt::format("it has no row '{}' of {}", name, tvr::name(dtype)));
  return *tensor;
}

/// Words, one per line.
TfIdf words_of(const NamedTensors& tensors, const std::string& where) {
  const Tensor& text = required(tensors, kWords, DType::U8, where);
  std::vector<std::string> words(1);
  for (const std::byte byte : text.bytes) {
    if (static_cast<char>(byte) == '\n') {
      words.emplace_back();
    } else {
      words.back() += static_cast<char>(byte);
    }
  }
  std::vector<float> weights = required(tensors, kWeights, DType::F32, where).to_floats();
  if (words.size() != weights.size())
    refuse(where, fmt::format("it has {} words and {} weights for them", words.size(), weights.size()));
  return {std::move(words), std::move(weights)};
}

LinearSmoothing smoothing_of(const NamedTensors& tensors, const std::string& where) {
  const Tensor& tensor = required(tensors, kSmoothing, DType::F64, where);
  double values[4] = {};
  if (tensor.numel() != 3 && tensor.numel() != 4)  // 3: of an older program, which did not keep the recall
    refuse(where, fmt::format("its smoothing has {} numbers, wanted 4", tensor.numel()));
  std::memcpy(values, tensor.bytes.data(), tensor.bytes.size());
  return {values[0], values[1], values[2], values[3]};
}

}  // namespace

LinearEncoder::LinearEncoder(const std::vector<std::string>& captions, const PairData& pairs,
                             std::optional<KernelMap> kernel)
    : words_(captions, kMostWords),
      kernel_(std::move(kernel)),
      fit_(fit(linear_pairs(captions, pairs, words_, kernel_))) {}

LinearEncoder::Fit LinearEncoder::fit(const LinearPairs& pairs) {
  const LinearSmoothing smoothing = choose_smoothing(pairs);
  return {smoothing, fit_linear_model(pairs, smoothing)};
}

LinearEncoder::LinearEncoder(const NamedTensors& tensors, const std::string& where)
    : words_(words_of(tensors, where)),
      kernel_(find(tensors, kKernel) != nullptr ? std::optional(KernelMap(tensors)) : std::nullopt),
      fit_{smoothing_of(tensors, where), LinearModel(tensors)} {
  require_finite(tensors, where);
  if (kernel_ && kernel_->dim() != fit_.model.video_dim())
    refuse(where, fmt::format("its kernel gives {} coordinates, its weights are for {}", kernel_->dim(),
                              fit_.model.video_dim()));
  if (fit_.model.words() != static_cast<std::int64_t>(words_.words().size()))
    refuse(where,
           fmt::format("it has {} words, its weights are for {}", words_.words().size(), fit_.model.words()));
}

LinearEncoder::LinearEncoder(const std::filesystem::path& file)
    : LinearEncoder(read_weights(file), file.string()) {}

void LinearEncoder::write(const std::filesystem::path& file) const {
  NamedTensors tensors = fit_.model.state();
  if (kernel_) {
    NamedTensors kernel = kernel_->state();
    std::move(kernel.begin(), kernel.end(), std::back_inserter(tensors));
  }
  std::string text;
  for (const std::string& word : words_.words()) text += (text.empty() ? "" : "\n") + word;
  Tensor words{DType::U8, {static_cast<std::int64_t>(text.size())}, std::vector<std::byte>(text.size())};
  std::memcpy(words.bytes.data(), text.data(), text.size());
  tensors.emplace_back(kWords, std::move(words));
  tensors.emplace_back(kWeights, Tensor::from_floats({static_cast<std::int64_t>(words_.weights().size())},
                                                     words_.weights().data()));
  const double values[] = {fit_.smoothing.text_ridge, fit_.smoothing.video_ridge, fit_.smoothing.power,
                           fit_.smoothing.recall};
  Tensor smoothing{DType::F64, {4}, std::vector<std::byte>(sizeof values)};
  std::memcpy(smoothing.bytes.data(), values, sizeof values);
  tensors.emplace_back(kSmoothing, std::move(smoothing));
  write_pth(file, tensors);
}

Matrix LinearEncoder::embed_text(const std::vector<std::string>& sentences) const {
  std::vector<SparseRow> rows;
  for (const std::string& sentence : sentences) rows.push_back(words_.encode(sentence));
  return fit_.model.embed_text(rows);
}

Matrix LinearEncoder::embed_video(const Matrix& parts) const {
  return fit_.model.embed_video(kernel_ ? kernel_->coordinates(parts) : parts);
}

}  // namespace tvr

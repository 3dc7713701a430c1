#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "data/error.h"
#include "extract/networks/module.h"

namespace tvr {
namespace {

/// One environment for the process; it says warnings and worse on stderr.
Ort::Env& environment() {
  static Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "pipeline");
  return env;
}

Ort::SessionOptions one_thread() {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  return options;
}

class OnnxModule final : public Module {
 public:
  explicit OnnxModule(std::filesystem::path file)
      : file_(std::move(file)), session_(environment(), file_.c_str(), one_thread()) {
    const Ort::AllocatorWithDefaultOptions memory;
    for (std::size_t i = 0; i < session_.GetInputCount(); ++i) {
      const std::string name = session_.GetInputNameAllocated(i, memory).get();
      if (name == kMask)
        has_mask_ = true;
      else
        inputs_.push_back(name);
    }
    for (std::size_t i = 0; i < session_.GetOutputCount(); ++i)
      outputs_.emplace_back(session_.GetOutputNameAllocated(i, memory).get());
    if (inputs_.size() != 1) {
      throw Error(Fault::Mismatch, file_.string(),
                  "the network has " + std::to_string(inputs_.size()) + " inputs besides attention_mask",
                  "Export one tower alone, with one input");
    }
  }

  [[nodiscard]] Matrix embed(const std::vector<float>& input, const std::vector<std::int64_t>& shape,
                             std::int64_t dim) const override {
    std::vector<Ort::Value> values;
    values.push_back(tensor(input, shape));
    return run({inputs_.front().c_str()}, values, shape.front(), dim);
  }

  [[nodiscard]] Matrix embed(const TokenBatch& batch, std::int64_t dim) const override {
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(batch.ids.size()) / batch.length,
                                             batch.length};
    std::vector<const char*> names = {inputs_.front().c_str()};
    std::vector<Ort::Value> values;
    values.push_back(tensor(batch.ids, shape));
    if (has_mask_) {
      names.push_back(kMask);
      values.push_back(tensor(batch.mask, shape));
    }
    return run(names, values, shape.front(), dim);
  }

 private:
  static constexpr const char* kMask = "attention_mask";

  /// The values stay the caller's; onnxruntime does not write into inputs.
  template <class Value>
  static Ort::Value tensor(const std::vector<Value>& values, const std::vector<std::int64_t>& shape) {
    return Ort::Value::CreateTensor<Value>(Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU),
                                           const_cast<Value*>(values.data()), values.size(), shape.data(),
                                           shape.size());
  }

  /// The output that is the embedding: "image_embeds" or "text_embeds" among several (Hugging Face's
  /// exports), otherwise the first.
  [[nodiscard]] const char* output() const {
    const auto named = std::find_if(outputs_.begin(), outputs_.end(), [](const std::string& name) {
      return name == "image_embeds" || name == "text_embeds";
    });
    return (named != outputs_.end() ? *named : outputs_.front()).c_str();
  }

  [[nodiscard]] Matrix run(const std::vector<const char*>& names, const std::vector<Ort::Value>& values,
                           std::int64_t count, std::int64_t dim) const {
    const char* const wanted = output();
    std::vector<Ort::Value> results;
    try {
      results = session_.Run(Ort::RunOptions(), names.data(), values.data(), values.size(), &wanted, 1);
    } catch (const Ort::Exception& problem) {
      throw Error(Fault::Unsupported, file_.string(), std::string("the network failed: ") + problem.what(),
                  "docs/PLUGINS.md says what it is called with");
    }
    if (!results.front().IsTensor()) refuse_result(file_, "no tensor", dim);
    const Ort::TensorTypeAndShapeInfo info = results.front().GetTensorTypeAndShapeInfo();
    if (info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)
      refuse_result(file_, "values that are not float32", dim);
    require_rows(file_, info.GetShape(), count, dim);
    Matrix rows(count, dim);
    std::copy_n(results.front().GetTensorData<float>(), count * dim, rows.data());
    return rows;
  }

  std::filesystem::path file_;
  mutable Ort::Session session_;  // Run() is thread-safe, but not const
  std::vector<std::string> inputs_, outputs_;
  bool has_mask_ = false;
};

}  // namespace

std::unique_ptr<Module> open_onnx(const std::filesystem::path& file) {
  try {
    return std::make_unique<OnnxModule>(file);
  } catch (const Ort::Exception& problem) {
    throw Error(Fault::Corrupt, file.string(), std::string("onnxruntime cannot load it: ") + problem.what(),
                "Export the network again, for an opset that this onnxruntime knows");
  }
}

}  // namespace tvr

// Format: torch/serialization.py, `_save`.
#include <algorithm>

#include "data/atomic_file.h"
#include "data/tensors/pth.h"
#include "data/tensors/zip.h"

namespace tvr {
namespace {

/// Writes the pickle of torch.save (protocol 2) and the storages, one per tensor.
class PthWriter {
 public:
  explicit PthWriter(const std::filesystem::path& path) : file_(path), zip_(file_) { pickle_ = "\x80\x02"; }

  void begin_ordered_dict() { pickle_ += "ccollections\nOrderedDict\n)R("; }
  void begin_dict() { pickle_ += "}("; }
  void end_dict() { pickle_ += 'u'; }
  void key(const std::string& text) { string(text); }

  void tensor(const Tensor& value) {
    pickle_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    string("storage");
    pickle_ += std::string("ctorch\n") + storage_type(value.dtype) + "\n";
    string(std::to_string(tensors_.size()));
    string("cpu");
    integer(value.numel());
    pickle_ += "tQK";  // storage; followed by the offset 0
    pickle_ += '\0';
    integers(value.shape);
    std::vector<std::int64_t> strides(value.shape.size(), 1);
    for (std::size_t i = strides.size(); i > 1; --i) {
      strides[i - 2] = strides[i - 1] * std::max<std::int64_t>(1, value.shape[i - 1]);
    }
    integers(strides);
    pickle_ +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";  // requires_grad=False, no hooks
    tensors_.push_back(&value);
  }

  void finish() {
    pickle_ += '.';
    zip_.add("archive/data.pkl", pickle_);
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto& bytes = tensors_[i]->bytes;
      zip_.add("archive/data/" + std::to_string(i),
               {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    zip_.add("archive/version", "3\n");
    zip_.finish();
    file_.commit();
  }

 private:
  static const char* storage_type(DType dtype) {
    switch (dtype) {
      case DType::F16:
        return "HalfStorage";
      case DType::BF16:
        return "BFloat16Storage";
      case DType::F32:
        return "FloatStorage";
      case DType::F64:
        return "DoubleStorage";
      case DType::U8:
        return "ByteStorage";
      case DType::I8:
        return "CharStorage";
      case DType::I16:
        return "ShortStorage";
      case DType::I32:
        return "IntStorage";
      case DType::I64:
        return "LongStorage";
      case DType::Bool:
        return "BoolStorage";
    }
    return "";
  }
  void little_endian(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) pickle_ += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
  void string(const std::string& text) {
    pickle_ += 'X';
    little_endian(text.size(), 4);
    pickle_ += text;
  }
  void integer(std::int64_t value) {
    if (value >= 0 && value <= 0x7FFFFFFF) {
      pickle_ += 'J';
      little_endian(static_cast<std::uint64_t>(value), 4);
    } else {
      pickle_ += "\x8a\x08";
      little_endian(static_cast<std::uint64_t>(value), 8);
    }
  }
  void integers(const std::vector<std::int64_t>& values) {
    pickle_ += '(';
    for (const std::int64_t value : values) integer(value);
    pickle_ += 't';
  }

  AtomicFile file_;
  ZipWriter zip_;
  std::string pickle_;
  std::vector<const Tensor*> tensors_;
};

}  // namespace

void write_pth(const std::filesystem::path& path, const NamedTensors& tensors) {
  PthWriter writer(path);
  writer.begin_ordered_dict();
  for (const auto& [name, tensor] : tensors) {
    writer.key(name);
    writer.tensor(tensor);
  }
  writer.end_dict();
  writer.finish();
}

void write_pth_groups(const std::filesystem::path& path, const TensorGroups& groups) {
  PthWriter writer(path);
  writer.begin_dict();
  for (const auto& [group, tensors] : groups) {
    writer.key(group);
    writer.begin_dict();
    for (const auto& [name, tensor] : tensors) {
      writer.key(name);
      writer.tensor(tensor);
    }
    writer.end_dict();
  }
  writer.end_dict();
  writer.finish();
}

}  // namespace tvr

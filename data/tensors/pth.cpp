// The formats: torch/serialization.py, `_save` (zip) and `_legacy_save`.
#include "data/tensors/pth.h"

#include <cstring>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "data/error.h"
#include "data/file_kind.h"
#include "data/mapped_file.h"
#include "data/tensors/pickle.h"
#include "data/tensors/zip.h"

namespace tvr {
namespace {

using Id = Pickle::Id;
using Kind = Pickle::Kind;
using Value = Pickle::Value;

/// The bytes of a storage, by its key and the size that the pickle states; throws if there are fewer.
using Storages = std::function<std::string_view(const TensorView&, std::size_t wanted_bytes)>;

bool begins(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

/// Recognises other files that are often found under a checkpoint's name.
[[noreturn]] void not_a_checkpoint(std::string_view bytes, const std::string& where) {
  std::string seen = "not a PyTorch checkpoint";
  std::string advice = "Wanted: a file written by torch.save";
  if (bytes.empty()) seen += ": the file is empty";
  if (const auto file = foreign_file(bytes)) {
    seen += std::string(": ") + file->is;
    advice = file->advice;
  }
  throw Error(Fault::Corrupt, where, seen, advice);
}

class Materializer {
 public:
  Materializer(const Pickle& pickle, const Storages& storages, std::size_t file_bytes, std::string where)
      : pickle_(pickle),
        storages_(storages),
        budget_(4 * file_bytes + (std::size_t{64} << 20U)),
        where_(std::move(where)) {}

  [[nodiscard]] NamedTensors tensors_of(const Value& dict) {
    NamedTensors tensors;
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value& key = pickle_[dict.items[i]];
      const Value& value = pickle_[dict.items[i + 1]];
      if (key.kind != Kind::String || value.kind != Kind::Tensor) continue;
      Tensor tensor = materialize(pickle_.view(value), std::string(key.text));
      const auto [place, is_new] = seen.emplace(key.text, tensors.size());
      if (is_new)
        tensors.emplace_back(key.text, std::move(tensor));
      else
        tensors[place->second].second = std::move(tensor);  // as in a Python dict: the later one wins
    }
    return tensors;
  }

 private:
  [[nodiscard]] Error refusal(Fault fault, const std::string& name, const TensorView& view,
                              const std::string& what) const {
    return Error(fault, where_,
                 "tensor '" + name + "' " + what + ": shape " + shape_text(view.shape) + ", strides " +
                     shape_text(view.strides) + ", offset " + std::to_string(view.offset) +
                     " in a storage of " + std::to_string(view.storage_numel),
                 "The file is damaged: download it again");
  }

  /// Throws unless the view is within its storage; returns its number of elements.
  [[nodiscard]] std::int64_t checked_numel(const TensorView& view, const std::string& name) const {
    std::int64_t numel = 1, last = view.offset;
    bool overflow = false;
    for (std::size_t i = 0; i < view.shape.size(); ++i) {
      if (view.shape[i] < 0 || view.strides[i] < 0)
        throw refusal(Fault::Corrupt, name, view, "has a bad shape");
      std::int64_t reach = 0;
      overflow |= __builtin_mul_overflow(numel, view.shape[i], &numel);
      overflow |= __builtin_mul_overflow(view.shape[i] > 0 ? view.shape[i] - 1 : 0, view.strides[i], &reach);
      overflow |= __builtin_add_overflow(last, reach, &last);
    }
    if (overflow) throw refusal(Fault::Corrupt, name, view, "has a bad shape (its size overflows)");
    if (view.offset < 0 || view.storage_numel < 0 || (numel > 0 && last >= view.storage_numel) ||
        view.offset > view.storage_numel) {
      throw refusal(Fault::Corrupt, name, view, "is out of bounds");
    }
    return numel;
  }

  [[nodiscard]] Tensor materialize(const TensorView& view, const std::string& name) {
    const std::int64_t numel = checked_numel(view, name);
    const std::size_t item = size_of(view.dtype);
    if (static_cast<std::uint64_t>(numel) > budget_ / item) {
      throw refusal(Fault::Limit, name, view, "is too large for its file");
    }
    std::int64_t storage_bytes = 0;
    if (__builtin_mul_overflow(view.storage_numel, static_cast<std::int64_t>(item), &storage_bytes)) {
      throw refusal(Fault::Corrupt, name, view, "is out of bounds");
    }
    const std::string_view storage = storages_(view, static_cast<std::size_t>(storage_bytes));
    Tensor tensor;
    tensor.dtype = view.dtype;
    tensor.shape = view.shape;
    const std::size_t bytes = static_cast<std::size_t>(numel) * item;
    budget_ -= bytes;
    if (numel == 0) return tensor;
    if (is_dense(view)) {
      const auto* const from =
          reinterpret_cast<const std::byte*>(storage.data()) + static_cast<std::size_t>(view.offset) * item;
      tensor.bytes.assign(from, from + bytes);
    } else {
      tensor.bytes.resize(bytes);
      copy(view, storage.data(), tensor.bytes.data(), item);
    }
    return tensor;
  }

  /// Whether the elements follow each other in row-major order.
  static bool is_dense(const TensorView& view) {
    std::int64_t run = 1;
    for (std::size_t axis = view.shape.size(); axis > 0; run *= view.shape[--axis])
      if (view.shape[axis - 1] != 1 && view.strides[axis - 1] != run) return false;
    return true;
  }

  /// Elements in row-major order of the view; contiguous runs are copied at once.
  static void copy(const TensorView& view, const char* storage, std::byte* out, std::size_t item) {
    std::size_t inner = view.shape.size();
    std::int64_t run = 1;
    while (inner > 0 && (view.shape[inner - 1] == 1 || view.strides[inner - 1] == run))
      run *= view.shape[--inner];
    std::vector<std::int64_t> index(inner, 0);
    const std::size_t run_bytes = static_cast<std::size_t>(run) * item;
    std::int64_t at = view.offset;
    for (;;) {
      std::memcpy(out, storage + static_cast<std::size_t>(at) * item, run_bytes);
      out += run_bytes;
      std::size_t axis = inner;
      while (axis > 0 && index[axis - 1] + 1 == view.shape[axis - 1]) {
        at -= index[axis - 1] * view.strides[axis - 1];
        index[--axis] = 0;
      }
      if (axis == 0) return;
      ++index[axis - 1];
      at += view.strides[axis - 1];
    }
  }

  const Pickle& pickle_;
  const Storages& storages_;
  std::size_t budget_;  // bytes left to allocate: many views of one storage must not exhaust memory
  std::string where_;
};

/// The content of a PyTorch file in either format.
class PthFile {
 public:
  explicit PthFile(const std::filesystem::path& path) : name_(path.string()), file_(path) {
    if (begins(file_.bytes(), std::string_view("PK\x03\x04", 4)))
      open_zip();
    else
      open_legacy();
  }

  [[nodiscard]] const Pickle& pickle() const noexcept { return *pickle_; }
  [[nodiscard]] Materializer materializer() const {
    return {*pickle_, storages_, file_.bytes().size(), name_};
  }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Throws Error(Unreadable) if the tensors that were read may be wrong.
  void require_unchanged() const { file_.require_unchanged(); }

 private:
  void open_zip() {
    zip_ = std::make_unique<ZipReader>(file_.bytes(), name_);
    const ZipReader::Record* data = nullptr;
    for (const ZipReader::Record& record : zip_->records()) {
      const std::size_t slash = record.name.rfind('/');
      if (slash == std::string::npos || record.name.substr(slash) != "/data.pkl") continue;
      if (data != nullptr)
        throw Error(Fault::Corrupt, name_, "zip: there are two data.pkl", "Download the file again");
      data = &record;
    }
    if (data == nullptr) {
      throw Error(Fault::Corrupt, name_, "not a PyTorch checkpoint: a zip archive without data.pkl",
                  "Wanted: a file written by torch.save");
    }
    const std::string root = data->name.substr(0, data->name.rfind('/') + 1);
    if (zip_->find(root + "constants.pkl") != nullptr) {
      throw Error(Fault::Unsupported, name_, "is a TorchScript module, which holds code; wanted: weights",
                  "Save its state_dict() with torch.save, or use the module as a plug-in lane");
    }
    const ZipReader::Record* order = zip_->find(root + "byteorder");
    if (order != nullptr && order->bytes != "little") {
      throw Error(Fault::Unsupported, name_,
                  "its byteorder is '" + std::string(order->bytes) + "', wanted little",
                  "Save it again on a little-endian machine");
    }
    zip_->check(*data);
    pickle_ = std::make_unique<Pickle>(data->bytes, name_);
    storages_ = [this, root, checked = std::unordered_set<std::string_view>()](
                    const TensorView& view, std::size_t wanted_bytes) mutable -> std::string_view {
      const ZipReader::Record* record = zip_->find(root + "data/" + std::string(view.storage));
      if (record == nullptr || record->bytes.size() < wanted_bytes) refuse_storage(view, record == nullptr);
      if (checked.insert(view.storage).second) zip_->check(*record);
      return record->bytes;
    };
  }

  /// Five pickles (magic number, protocol, system, object, storage keys), then per storage: int64 count,
  /// elements.
  void open_legacy() {
    static const std::string magic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
    std::string_view rest = file_.bytes();
    const auto next = [&] {
      auto pickle = std::make_unique<Pickle>(rest, name_);
      rest.remove_prefix(pickle->size());
      return pickle;
    };
    if (!begins(rest, "\x80")) not_a_checkpoint(rest, name_);
    const auto number = next();
    if ((*number)[number->root()].text != magic) not_a_checkpoint(file_.bytes(), name_);
    (void)next();
    (void)next();
    pickle_ = next();
    const auto keys = next();
    auto bytes_of = std::make_shared<std::unordered_map<std::string_view, std::string_view>>();
    for (const Id key : (*keys)[keys->root()].items) {
      const std::string_view storage = (*keys)[key].text;
      std::int64_t count = 0;
      if (rest.size() < sizeof(count)) refuse_count(storage, -1);
      std::memcpy(&count, rest.data(), sizeof(count));
      rest.remove_prefix(sizeof(count));
      const std::size_t item = item_bytes(storage);
      if (count < 0 || static_cast<std::uint64_t>(count) > rest.size() / item) refuse_count(storage, count);
      (*bytes_of)[storage] = rest.substr(0, static_cast<std::size_t>(count) * item);
      rest.remove_prefix(static_cast<std::size_t>(count) * item);
    }
    storages_ = [this, bytes_of](const TensorView& view, std::size_t wanted_bytes) -> std::string_view {
      const auto found = bytes_of->find(view.storage);
      if (found == bytes_of->end() || found->second.size() < wanted_bytes)
        refuse_storage(view, found == bytes_of->end());
      return found->second;
    };
  }

  /// In the legacy format, the element size of a storage is known only from its tensors.
  [[nodiscard]] std::size_t item_bytes(std::string_view storage) {
    if (item_bytes_.empty()) {
      for (Id id = 0; id < pickle_->count(); ++id) {
        const Value& value = (*pickle_)[id];
        if (value.kind == Kind::Storage) item_bytes_[value.text] = size_of(value.dtype);
      }
    }
    const auto found = item_bytes_.find(storage);
    return found == item_bytes_.end() ? 1 : found->second;
  }

  [[noreturn]] void refuse_storage(const TensorView& view, bool missing) const {
    throw Error(Fault::Corrupt, name_,
                "storage '" + std::string(view.storage) + "' " +
                    (missing ? "is missing" : "is smaller than its tensors need") + " (wanted " +
                    std::to_string(view.storage_numel) + " of " + tvr::name(view.dtype) + ")",
                "The download is incomplete: download it again");
  }
  [[noreturn]] void refuse_count(std::string_view storage, std::int64_t count) const {
    throw Error(Fault::Corrupt, name_,
                "storage '" + std::string(storage) + "' is truncated or has the impossible size " +
                    std::to_string(count),
                "The download is incomplete: download it again");
  }

  std::string name_;
  MappedFile file_;
  std::unique_ptr<ZipReader> zip_;
  std::unique_ptr<Pickle> pickle_;
  std::unordered_map<std::string_view, std::size_t> item_bytes_;
  Storages storages_;
};

bool holds_tensors(const Pickle& pickle, const Value& dict) {
  if (dict.kind != Kind::Dict) return false;
  if (dict.items.empty()) return true;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    if (pickle[dict.items[i + 1]].kind == Kind::Tensor) return true;
  }
  return false;
}

const Value& state_dict_of(const Pickle& pickle, const std::string& where) {
  const Value& root = pickle[pickle.root()];
  if (root.kind == Kind::Dict) {
    for (const char* key : {"state_dict", "model_state_dict", "model", "net"}) {
      const Value* nested = pickle.get(root, key);
      if (nested != nullptr && holds_tensors(pickle, *nested)) return *nested;
    }
    if (holds_tensors(pickle, root)) return root;
  }
  throw Error(Fault::Corrupt, where, "not a state dict: its root holds no tensors by name",
              "Save model.state_dict() with torch.save");
}

}  // namespace

NamedTensors read_pth(const std::filesystem::path& path) {
  const PthFile file(path);
  NamedTensors tensors = file.materializer().tensors_of(state_dict_of(file.pickle(), file.name()));
  file.require_unchanged();
  return tensors;
}

TensorGroups read_pth_groups(const std::filesystem::path& path) {
  const PthFile file(path);
  const Pickle& pickle = file.pickle();
  const Value& root = pickle[pickle.root()];
  TensorGroups groups;
  Materializer materializer = file.materializer();
  for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const Value& key = pickle[root.items[i]];
    const Value& group = pickle[root.items[i + 1]];
    if (root.kind != Kind::Dict || key.kind != Kind::String || group.kind != Kind::Dict) break;
    groups.emplace_back(key.text, materializer.tensors_of(group));
  }
  if (groups.size() * 2 != root.items.size() || groups.empty()) {
    throw Error(Fault::Corrupt, file.name(), "not a dictionary of dictionaries of tensors",
                "Wanted: {'2d': {video_id: tensor}, '3d': {video_id: tensor}}");
  }
  file.require_unchanged();
  return groups;
}

}  // namespace tvr

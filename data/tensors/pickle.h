#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/progress.h"
#include "data/tensors/numpy_array.h"
#include "data/tensors/tensor.h"

namespace tvr {

class MappedFile;
class PickleMachine;

/// A view of a storage, from the arguments of torch._utils._rebuild_tensor_v2; not yet checked against the
/// storage's size.
struct TensorView {
  std::string_view storage;  // key
  DType dtype = DType::F32;
  std::int64_t storage_numel = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// Parses a pickle of protocols 0 to 5 without executing anything. Supports the opcodes that torch.save and
/// numpy write, and their globals: collections.OrderedDict, torch._utils._rebuild_tensor_v2,
/// _rebuild_parameter, torch.*Storage, numpy.ndarray, numpy.dtype, numpy's _reconstruct, scalar and
/// _frombuffer, _codecs.encode, and bytes without arguments; any other global is refused by name. Values are
/// in one arena and refer to each other by index, so that no nesting depth can overflow the stack (a list may
/// contain itself). Strings and arrays of numbers point into the input bytes, which must outlive this object,
/// except where they have to be decoded. Memory stays below 100 MB plus 40 bytes per byte of the pickle.
class Pickle {
 public:
  using Id = std::uint32_t;
  enum class Kind : std::uint8_t {
    None,
    Bool,
    Int,
    BigInt,
    Float,
    String,
    Bytes,
    Tuple,
    List,
    Dict,
    Global,
    Storage,
    Tensor,
    NumpyType,
    Array,
    Mark
  };
  /// numpy's scalars are Bool, Int, Float, String or Bytes, as Python's.
  struct Value {
    Kind kind = Kind::None;
    DType dtype = DType::F32;  // Storage
    std::uint32_t depth = 0;
    std::int64_t integer = 0;  // Bool, Int; Float: its bits; Storage: number of elements; Tensor: index of
                               // its view
    std::string_view text;     // String, Bytes, BigInt (little-endian bytes; decimal digits in protocol 0),
                               // Global ("module.name"), Storage (key)
    std::vector<Id> items;     // Tuple, List; Dict: key, value, key, value, ...; Array of other than numbers:
                               // its elements in row-major order
    std::unique_ptr<std::string> decoded;     // what `text` points to, unless it is in the input
    std::unique_ptr<const NumpyArray> array;  // Array, NumpyType (its type alone)
  };

  /// Reads one pickle at the start of `bytes`. Throws Error(Corrupt) if it is malformed or truncated,
  /// Error(Unsupported) for a forbidden global, Error(Limit) if it would need too much memory; all name
  /// `where`.
  Pickle(std::string_view bytes, const std::string& where);

  [[nodiscard]] Id root() const noexcept { return root_; }
  [[nodiscard]] const Value& operator[](Id id) const noexcept { return values_[id]; }
  [[nodiscard]] const TensorView& view(const Value& tensor) const noexcept {
    return views_[static_cast<std::size_t>(tensor.integer)];
  }
  /// Number of values: ids are 0 to size - 1.
  [[nodiscard]] Id count() const noexcept { return static_cast<Id>(values_.size()); }
  /// Length of the pickle in bytes.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The value of a string key in a Dict; nullptr if there is none. Of equal keys the last counts.
  [[nodiscard]] const Value* get(const Value& dict, std::string_view key) const noexcept;

  /// The value of a Bool, Int or Float; nullopt: something else.
  [[nodiscard]] static std::optional<double> number(const Value& value) noexcept;
  /// The numbers of a List, a Tuple or an Array, in row-major order; nullopt if it is something else or holds
  /// something else.
  [[nodiscard]] std::optional<std::vector<double>> numbers(const Value& sequence) const;
  /// The same for texts; None and NaN, by which pandas and numpy mark a missing text, are empty ones.
  [[nodiscard]] std::optional<std::vector<std::string_view>> texts(const Value& sequence) const;
  /// The array of an Array. What numpy was to fill and the pickle never did is empty.
  [[nodiscard]] static const NumpyArray& array(const Value& array) noexcept;
  /// A copy of an Array of numbers, little-endian and row-major; nullopt for other values.
  [[nodiscard]] static std::optional<tvr::Tensor> tensor(const Value& array);

 private:
  friend class PickleMachine;
  friend class PickleDict;
  Pickle() = default;
  std::deque<Value> values_;  // grows without moving elements
  std::vector<TensorView> views_;
  Id root_ = 0;
  std::size_t size_ = 0;
};

/// A pickle of one dict that is larger than memory, read by its items: pickle.dump puts them in by the
/// thousand. What has been looked at is dropped, but for single texts and numbers to which later parts of the
/// pickle refer; where they refer to a whole list, all that was read with it stays. The limits of Pickle
/// hold, and there may be no more than four million values at a time (300 MB).
class PickleDict {
 public:
  /// Looks through the pickle for what is referred to. `bytes` must outlive this. Throws what Pickle()
  /// throws, and Error(Interrupted); `progress` receives bytes.
  PickleDict(std::string_view bytes, std::string where, const Progress& progress = {});
  /// The same, releasing the pages of the file that have been read.
  PickleDict(const MappedFile& file, std::string where, const Progress& progress = {});
  ~PickleDict();
  PickleDict(const PickleDict&) = delete;
  PickleDict& operator=(const PickleDict&) = delete;

  /// Reads the next items; false: there are no more. Throws what Pickle() throws, and Error(Corrupt) when the
  /// pickle is something else than a dict.
  [[nodiscard]] bool next();
  /// key, value, key, value, ...: values of pickle(). Valid until the next call of next().
  [[nodiscard]] const std::vector<Pickle::Id>& items() const noexcept;
  [[nodiscard]] const Pickle& pickle() const noexcept { return pickle_; }
  /// Bytes that have been read.
  [[nodiscard]] std::size_t position() const noexcept;

 private:
  const MappedFile* file_ = nullptr;
  std::string where_;
  Pickle pickle_;
  std::unique_ptr<PickleMachine> machine_;
};

}  // namespace tvr

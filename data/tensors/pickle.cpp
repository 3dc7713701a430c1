// The opcodes that torch.save has written since 2016, and those of numpy's pickles: Python's
// Lib/pickletools.py describes each. What numpy's functions mean: numpy/core/src/multiarray/methods.c
// (array_reduce, array_setstate), descriptor.c (arraydescr_reduce, arraydescr_setstate).
#include "data/tensors/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "data/error.h"
#include "data/mapped_file.h"
#include "data/tensors/pickle_text.h"

namespace tvr {
namespace {

constexpr std::size_t kMostValues = 500'000;  // plus one per four bytes: torch.save needs eight
constexpr std::size_t kMostItems = 4;  // container items per value: a value may be in several containers
constexpr std::size_t kMostMemo = 4'000'000;  // or as many as values
constexpr std::uint32_t kDeepest = 1000;
constexpr std::size_t kMostStreamed = 4'000'000;  // values of a PickleDict at a time
constexpr std::size_t kBytesPerRelease = 16 << 20;

struct KnownGlobal {
  std::string_view name;
  std::optional<DType> storage_of;  // for storage types
};
constexpr KnownGlobal kGlobals[] = {
    {"collections.OrderedDict", {}},
    {"torch._utils._rebuild_tensor_v2", {}},
    {"torch._utils._rebuild_tensor", {}},  // before 0.4
    {"torch._utils._rebuild_parameter", {}},
    {"torch.HalfStorage", DType::F16},
    {"torch.BFloat16Storage", DType::BF16},
    {"torch.FloatStorage", DType::F32},
    {"torch.DoubleStorage", DType::F64},
    {"torch.ByteStorage", DType::U8},
    {"torch.CharStorage", DType::I8},
    {"torch.ShortStorage", DType::I16},
    {"torch.IntStorage", DType::I32},
    {"torch.LongStorage", DType::I64},
    {"torch.BoolStorage", DType::Bool},
    {"numpy.ndarray", {}},
    {"numpy.dtype", {}},
    {"numpy.core.multiarray._reconstruct", {}},
    {"numpy.core.multiarray.scalar", {}},
    {"numpy.core.numeric._frombuffer", {}},
    {"_codecs.encode", {}},     // bytes, in protocols 0 to 2
    {"__builtin__.bytes", {}},  // an empty one, there
};

/// Opcodes that are known and refused.
struct RefusedOpcode {
  std::uint8_t opcode;
  const char* is;
};
constexpr RefusedOpcode kRefusedOpcodes[] = {
    {0x8f, "a set (EMPTY_SET)"},
    {0x90, "a set (ADDITEMS)"},
    {0x91, "a set (FROZENSET)"},
    {0x97, "data outside of the file (NEXT_BUFFER)"},
    {0x98, "data outside of the file (READONLY_BUFFER)"},
    {0x81, "an object of a class (NEWOBJ)"},
    {0x92, "an object of a class (NEWOBJ_EX)"},
    {'i', "an object of a class (INST)"},
    {'o', "an object of a class (OBJ)"},
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

std::int64_t bits_of(double value) noexcept {
  std::int64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double real_of(std::int64_t bits) noexcept {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// nullptr if the global is not on the list.
const KnownGlobal* known_global(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kGlobals), std::end(kGlobals),
                                         [&](const auto& known) { return known.name == name; });
  return found == std::end(kGlobals) ? nullptr : found;
}

/// Where each memo slot is fetched for the last time, by its index.
using LastUses = std::unordered_map<std::uint64_t, std::size_t>;

/// Looks through a pickle without reading its values. What it does not know or find whole ends it: the
/// machine will say what that is.
class UseScanner {
 public:
  UseScanner(std::string_view bytes, const std::string& where, const Progress& progress,
             const MappedFile* file)
      : bytes_(bytes), where_(where), progress_(progress), file_(file) {}

  LastUses scan() {
    while (at_ < bytes_.size() && step(static_cast<unsigned char>(bytes_[at_++]))) {
      if (at_ - released_ >= kBytesPerRelease) release();
    }
    if (file_ != nullptr) file_->release_before(bytes_.size());
    return std::move(uses_);
  }

 private:
  /// false: the end.
  bool step(std::uint8_t opcode) {
    switch (opcode) {
      case '.':
        return false;
      case 'h':
        return use(number(1));
      case 'j':
        return use(number(4));
      case 'g':
        return use_line();
      case 0x80:
      case 'K':
      case 'q':
        return skip(1);
      case 'M':
        return skip(2);
      case 'J':
      case 'r':
        return skip(4);
      case 'G':
      case 0x95:
        return skip(8);
      case 0x8c:
      case 'U':
      case 'C':
      case 0x8a:
        return skip(number(1));
      case 'X':
      case 'T':
      case 'B':
      case 0x8b:
        return skip(number(4));
      case 0x8d:
      case 0x8e:
      case 0x96:
        return skip(number(8));
      case 'I':
      case 'L':
      case 'F':
      case 'V':
      case 'S':
      case 'p':
        return skip_line();
      case 'c':
        return skip_line() && skip_line();
      default:
        return kPlain.find(static_cast<char>(opcode)) != std::string_view::npos;
    }
  }

  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width && at_ < bytes_.size(); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[at_++])} << (8 * i);
    return value;
  }
  bool skip(std::uint64_t count) {
    if (count > bytes_.size() - at_) return false;
    at_ += count;
    return true;
  }
  bool skip_line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) return false;
    at_ = end + 1;
    return true;
  }
  bool use_line() {
    const std::size_t start = at_;
    std::uint64_t index = 0;
    return skip_line() &&
           std::from_chars(bytes_.data() + start, bytes_.data() + at_ - 1, index).ec == std::errc{} &&
           use(index);
  }
  bool use(std::uint64_t index) {
    uses_[index] = at_;
    if (uses_.size() > kMostStreamed) {
      throw Error(Fault::Limit, where_,
                  "pickle: it refers to more than four million of its values from elsewhere in it",
                  "Such a pickle is not read piece by piece: save it as JSON");
    }
    return true;
  }
  void release() {
    released_ = at_;
    if (file_ != nullptr) file_->release_before(at_);
    if (progress_ &&
        !progress_({"scan", static_cast<std::int64_t>(at_), static_cast<std::int64_t>(bytes_.size())}))
      throw Error(Fault::Interrupted, where_, "reading was interrupted");
  }

  /// Opcodes without an argument.
  static constexpr std::string_view kPlain = "(02N})]tleadsuRbQ\x81\x85\x86\x87\x88\x89\x93\x94";

  std::string_view bytes_;
  const std::string& where_;
  const Progress& progress_;
  const MappedFile* file_;
  std::size_t at_ = 0, released_ = 0;
  LastUses uses_;
};

}  // namespace

class PickleMachine {
 public:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;
  using Value = Pickle::Value;

  PickleMachine(Pickle& pickle, std::string_view bytes, const std::string& where)
      : pickle_(pickle), bytes_(bytes), where_(where), most_values_(kMostValues + bytes.size() / 4) {}
  /// For a PickleDict.
  PickleMachine(Pickle& pickle, std::string_view bytes, const std::string& where, LastUses uses)
      : pickle_(pickle),
        bytes_(bytes),
        where_(where),
        most_values_(std::min(kMostStreamed, kMostValues + bytes.size() / 4)),
        uses_(std::move(uses)) {}

  void run() {
    (void)run_to_items();
    pickle_.root_ = pop();
    pickle_.size_ = at_;
  }

  /// false: it has come to the end. True only with uses: items() are to be put into the outermost dict.
  bool run_to_items() {
    static const OpcodeTable table = opcodes();
    for (std::uint8_t opcode = byte(); opcode != kStop; opcode = byte()) {
      if (table[opcode] == nullptr) refuse_opcode(opcode);
      table[opcode](*this);
      if (!outer_items_.empty()) return true;
    }
    if (uses_ && (stack_.size() != 1 || top().kind != Kind::Dict))
      throw Error(Fault::Corrupt, where_, "pickle: it is not a dict");
    return false;
  }

  [[nodiscard]] const std::vector<Id>& items() const noexcept { return outer_items_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

  /// Drops the items, and all values that came with them but those which are fetched later on. Values that
  /// refer to others cannot be moved: then all stay.
  void drop_items() {
    std::vector<std::uint64_t> fetched;  // slots
    bool movable = true;
    for (const std::uint64_t index : new_slots_) {
      const auto slot = slots_.find(index);
      if (slot == slots_.end() || slot->second < kept_) continue;
      if (uses_->at(index) <= at_) {
        slots_.erase(slot);
        continue;
      }
      movable = movable && is_single(at(slot->second).kind);
      fetched.push_back(index);
    }
    if (movable) move_to_kept(fetched);
    kept_ = pickle_.values_.size();
    kept_views_ = pickle_.views_.size();
    items_ = 0;
    new_slots_.clear();
    outer_items_.clear();
  }

 private:
  /// Whether such a value refers to no other.
  static bool is_single(Kind kind) {
    return kind != Kind::Tuple && kind != Kind::List && kind != Kind::Dict && kind != Kind::Array &&
           kind != Kind::Tensor;
  }
  void move_to_kept(const std::vector<std::uint64_t>& slots) {
    std::unordered_map<Id, Id> places;  // several slots may have one value
    std::vector<Value> moved;
    for (const std::uint64_t index : slots) {
      Id& id = slots_.at(index);
      const auto [place, is_new] = places.emplace(id, static_cast<Id>(kept_ + moved.size()));
      if (is_new) moved.push_back(std::move(at(id)));
      id = place->second;
    }
    pickle_.values_.resize(kept_);
    for (Value& value : moved) pickle_.values_.push_back(std::move(value));
    pickle_.views_.resize(kept_views_);
  }

  [[noreturn]] void limit_passed(const std::string& what) const {
    throw Error(Fault::Limit, where_, "pickle: limit exceeded, " + what + " at byte " + std::to_string(at_),
                kDamaged);
  }
  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(Fault::Corrupt, where_, "pickle: " + what + " at byte " + std::to_string(at_), kDamaged);
  }

  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error(Fault::Unsupported, where_, "pickle: " + what, kPlainOnly);
  }
  [[noreturn]] void refuse_opcode(std::uint8_t opcode) const {
    for (const RefusedOpcode& refused : kRefusedOpcodes) {
      if (refused.opcode == opcode) unsupported(std::string("it holds ") + refused.is);
    }
    malformed(fmt::format("opcode {:#04x} is not one of those that torch.save and numpy write", opcode));
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      throw Error(Fault::Corrupt, where_,
                  "pickle: truncated, " + std::to_string(count) + " bytes are needed at byte " +
                      std::to_string(at_) + " of " + std::to_string(bytes_.size()),
                  "The download is incomplete: download it again");
    }
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view part = take(width);
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
    return value;
  }
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    const std::string_view text =
        take(end == std::string_view::npos ? bytes_.size() - at_ + 1 : end + 1 - at_);
    return text.substr(0, text.size() - 1);
  }

  void push_again(Id id) {
    if (stack_.size() >= most_values_)
      limit_passed("more than " + std::to_string(most_values_) + " values on the stack");
    stack_.push_back(id);
  }
  /// A value that is not on the stack: the last of the arena.
  Value& make(Kind kind, std::int64_t integer = 0, std::string_view text = {}) {
    if (pickle_.values_.size() >= most_values_)
      limit_passed("more than " + std::to_string(most_values_) + " values");
    Value& value = pickle_.values_.emplace_back();
    value.kind = kind;
    value.integer = integer;
    value.text = text;
    return value;
  }
  Value& push(Kind kind, std::int64_t integer = 0, std::string_view text = {}) {
    Value& value = make(kind, integer, text);
    push_again(static_cast<Id>(pickle_.values_.size() - 1));
    return value;
  }
  void push_string(std::uint64_t count) { push(Kind::String, 0, take(count)); }
  void push_bytes(std::uint64_t count) { push(Kind::Bytes, 0, take(count)); }
  void push_float(double value) { push(Kind::Float, bits_of(value)); }

  /// Gives `value` a text of its own, which is malformed if there is none.
  void decode(Value& value, std::optional<std::string> text) {
    if (!text) malformed("a text that is badly encoded");
    value.decoded = std::make_unique<std::string>(std::move(*text));
    value.text = *value.decoded;
  }
  /// Bytes that are looked at again after they have been read: all of them together are hardly more than the
  /// pickle's, unless it asks for the same ones again and again.
  void look_again_at(std::size_t bytes) {
    looked_again_ += bytes;
    if (looked_again_ > kMostLooks * bytes_.size()) limit_passed("the same bytes again and again");
  }

  Id pop() {
    if (stack_.empty()) malformed("the stack is empty");
    const Id id = stack_.back();
    stack_.pop_back();
    if (at(id).kind == Kind::Mark) malformed("a mark instead of a value");
    return id;
  }
  Value& at(Id id) { return pickle_.values_[id]; }
  Value& top() {
    if (stack_.empty()) malformed("the stack is empty");
    return at(stack_.back());
  }
  /// Pops everything above the last mark, and the mark.
  std::vector<Id> pop_to_mark() {
    std::size_t from = stack_.size();
    while (from > 0 && at(stack_[from - 1]).kind != Kind::Mark) --from;
    if (from == 0) malformed("there is no mark");
    std::vector<Id> items(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    stack_.resize(from - 1);
    return items;
  }

  void count_items(std::size_t more) {
    items_ += more;
    if (items_ > kMostItems * most_values_)
      limit_passed("more than " + std::to_string(kMostItems * most_values_) + " items");
  }
  void append(Value& container, Id item) {
    count_items(1);
    container.items.push_back(item);
    container.depth = std::max(container.depth, at(item).depth + 1);
    if (container.depth > kDeepest) limit_passed("values are nested deeper than " + std::to_string(kDeepest));
  }
  void push_tuple(const std::vector<Id>& items) {
    Value& tuple = push(Kind::Tuple);
    for (const Id item : items) append(tuple, item);
  }
  void push_tuple(std::size_t count) {
    std::vector<Id> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    push_tuple(items);
  }
  void extend(Kind kind, const std::vector<Id>& items, const char* opcode) {
    if (kind == Kind::Dict && items.size() % 2 != 0)
      malformed(std::string(opcode) + " with an odd number of values");
    Value& container = top();
    if (container.kind != kind) malformed(std::string(opcode) + " on another kind of value");
    if (uses_ && kind == Kind::Dict && stack_.size() == 1) {
      outer_items_ = items;
      kept_ = std::max(kept_, std::size_t{stack_.back()} + 1);
      return;
    }
    for (const Id item : items) append(container, item);
  }

  void put(std::uint64_t index) {
    if (uses_) return put_if_used(index);
    if (index >= std::max(kMostMemo, most_values_)) limit_passed("memo index " + std::to_string(index));
    (void)top();
    if (index >= memo_.size()) memo_.resize(index + 1, kUnset);
    memo_[index] = stack_.back();
  }
  void put_if_used(std::uint64_t index) {
    (void)top();
    slot_count_ = std::max(slot_count_, index + 1);
    const auto use = uses_->find(index);
    if (use == uses_->end() || use->second <= at_) return;
    slots_[index] = stack_.back();
    new_slots_.push_back(index);
  }
  std::uint64_t next_slot() const { return uses_ ? slot_count_ : memo_.size(); }
  void get(std::uint64_t index) {
    if (uses_) {
      const auto slot = slots_.find(index);
      if (slot == slots_.end()) malformed("memo slot " + std::to_string(index) + " was never set");
      return push_again(slot->second);
    }
    if (index >= memo_.size() || memo_[index] == kUnset)
      malformed("memo slot " + std::to_string(index) + " was never set");
    push_again(memo_[index]);
  }

  void push_global(std::string_view module, std::string_view symbol) {
    const std::string global =
        std::string(module.substr(0, kLongestName)) + "." + std::string(symbol.substr(0, kLongestName));
    constexpr std::string_view kNumpy2 = "numpy._core.", kNumpy1 = "numpy.core.";
    const bool numpy2 = global.compare(0, kNumpy2.size(), kNumpy2) == 0;
    const KnownGlobal* known =
        known_global(numpy2 ? std::string(kNumpy1) + global.substr(kNumpy2.size()) : global);
    if (known == nullptr) unsupported("it asks for the forbidden global '" + global + "'");
    push(Kind::Global, 0, known->name);
  }

  void push_long(std::uint64_t count) {
    const std::string_view digits = take(count);
    if (count > 8) return void(push(Kind::BigInt, 0, digits));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
    const bool negative =
        count > 0 && count < 8 && (static_cast<unsigned char>(digits[count - 1]) & 0x80U) != 0;
    if (negative) value |= ~std::uint64_t{0} << (8 * count);
    push(Kind::Int, static_cast<std::int64_t>(value));
  }

  /// Persistent id: ("storage", torch.XStorage, key, location, number of elements[, view])
  void push_storage() {
    const Value& id = at(pop());
    const bool fits = id.kind == Kind::Tuple && id.items.size() >= 5 && at(id.items[0]).text == "storage" &&
                      at(id.items[1]).kind == Kind::Global && at(id.items[2]).kind == Kind::String &&
                      at(id.items[4]).kind == Kind::Int;
    if (!fits) malformed("a persistent id that is not a storage");
    if (id.items.size() > 5 && at(id.items[5]).kind != Kind::None) {
      throw Error(Fault::Unsupported, where_, "pickle: a storage that is a part of another",
                  "PyTorch before 0.4 wrote it: load the file there and save clones of the tensors");
    }
    const std::string_view type = at(id.items[1]).text;
    const std::optional<DType> dtype = known_global(type)->storage_of;
    if (!dtype) malformed("a storage of type '" + std::string(type) + "'");
    push(Kind::Storage, at(id.items[4]).integer, at(id.items[2]).text).dtype = *dtype;
  }

  std::vector<std::int64_t> integers(Id id, const std::string& whose = "a tensor") {
    std::vector<std::int64_t> numbers;
    if (at(id).kind != Kind::Tuple) malformed(whose + " whose shape is no tuple");
    if (at(id).items.size() > kMostDimensions) malformed(whose + " of more than 64 dimensions");
    count_items(at(id).items.size());
    for (const Id item : at(id).items) {
      if (at(item).kind != Kind::Int) malformed(whose + " whose shape is not of whole numbers");
      numbers.push_back(at(item).integer);
    }
    return numbers;
  }

  void reduce() {
    const Value& arguments = at(pop());
    const Value& function = at(pop());
    if (function.kind != Kind::Global) malformed("REDUCE of a value that is not a function");
    if (arguments.kind != Kind::Tuple) malformed("REDUCE without a tuple of arguments");
    if (function.text == "collections.OrderedDict") {
      push_ordered_dict(arguments);
    } else if (function.text == "torch._utils._rebuild_parameter") {
      if (arguments.items.empty() || at(arguments.items[0]).kind != Kind::Tensor)
        malformed("a parameter without tensor");
      push_again(arguments.items[0]);
    } else if (function.text == "torch._utils._rebuild_tensor_v2" ||
               function.text == "torch._utils._rebuild_tensor") {
      push_tensor(arguments);
    } else if (function.text == "numpy.core.multiarray._reconstruct") {
      if (arguments.items.empty() || at(arguments.items[0]).kind != Kind::Global ||
          at(arguments.items[0]).text != "numpy.ndarray")
        malformed("an array that is not a numpy.ndarray");
      push(Kind::Array);
    } else if (function.text == "numpy.dtype") {
      push_numpy_type(arguments);
    } else if (function.text == "numpy.core.multiarray.scalar") {
      push_numpy_scalar(arguments);
    } else if (function.text == "numpy.core.numeric._frombuffer") {
      push_array_of_buffer(arguments);
    } else if (function.text == "_codecs.encode") {
      push_latin1(arguments);
    } else if (function.text == "__builtin__.bytes") {
      if (!arguments.items.empty()) malformed("bytes made of something");
      push(Kind::Bytes);
    } else {
      malformed("'" + std::string(function.text) + "' is called");
    }
  }

  /// OrderedDict() and, from Python 2, OrderedDict([[key, value], ...])
  void push_ordered_dict(const Value& arguments) {
    Value& dict = push(Kind::Dict);
    if (arguments.items.empty()) return;
    for (const Id pair : at(arguments.items[0]).items) {
      if (at(pair).items.size() != 2) malformed("an OrderedDict of values that are not pairs");
      append(dict, at(pair).items[0]);
      append(dict, at(pair).items[1]);
    }
  }

  /// _rebuild_tensor(storage, offset, size, stride) and _rebuild_tensor_v2(the same, requires_grad, hooks)
  void push_tensor(const Value& arguments) {
    if (arguments.items.size() < 4 || at(arguments.items[0]).kind != Kind::Storage ||
        at(arguments.items[1]).kind != Kind::Int) {
      malformed("a tensor without storage or offset");
    }
    const Value& storage = at(arguments.items[0]);
    TensorView view{storage.text,
                    storage.dtype,
                    storage.integer,
                    at(arguments.items[1]).integer,
                    integers(arguments.items[2]),
                    integers(arguments.items[3])};
    if (view.shape.size() != view.strides.size())
      malformed("a tensor with different numbers of sizes and strides");
    push(Kind::Tensor, static_cast<std::int64_t>(pickle_.views_.size()));
    pickle_.views_.push_back(std::move(view));
  }

  /// _codecs.encode(text, 'latin1'): a byte per character
  void push_latin1(const Value& arguments) {
    if (arguments.items.size() != 2 || at(arguments.items[0]).kind != Kind::String ||
        at(arguments.items[1]).text != "latin1") {
      malformed("_codecs.encode of something else than a text to latin1");
    }
    const std::string_view text = at(arguments.items[0]).text;
    look_again_at(text.size());
    Value& bytes = push(Kind::Bytes, 0, text);
    if (!is_ascii(text)) decode(bytes, to_latin1(text));
  }

  /// numpy.dtype(code, align, copy)
  void push_numpy_type(const Value& arguments) {
    if (arguments.items.empty()) malformed("a numpy.dtype without code");
    const std::string_view code = at(arguments.items[0]).text;
    const std::optional<NumpyType> type = numpy_type(code);
    if (!type)
      unsupported("it holds numpy values of type '" + std::string(code.substr(0, kLongestName)) + "'");
    push(Kind::NumpyType).array = std::make_unique<const NumpyArray>(NumpyArray{*type});
  }

  const NumpyType& type_at(Id id) {
    if (at(id).kind != Kind::NumpyType) malformed("an array or a number without numpy.dtype");
    return at(id).array->type;
  }

  /// scalar(dtype, bytes)
  void push_numpy_scalar(const Value& arguments) {
    if (arguments.items.size() != 2 || at(arguments.items[1]).kind != Kind::Bytes)
      malformed("a numpy scalar without bytes");
    const NumpyType type = type_at(arguments.items[0]);
    const std::string_view bytes = at(arguments.items[1]).text;
    if (type.element == NumpyType::Element::Object ||
        static_cast<std::size_t>(type.item_bytes) != bytes.size())
      malformed(
          fmt::format("a numpy scalar of {} bytes, where its type has {}", bytes.size(), type.item_bytes));
    if (type.element != NumpyType::Element::Number) {
      push_again(make_text(type, bytes, true));
      return;
    }
    const Tensor tensor = copy_of({type, {}, false, bytes});
    switch (type.dtype) {
      case DType::F16:
      case DType::F32:
      case DType::F64:
        return push_float(tensor.to_doubles()[0]);
      case DType::Bool:
        return void(push(Kind::Bool, tensor.bytes[0] != std::byte{0}));
      default: {
        std::int64_t value = 0;
        const bool negative =
            type.dtype != DType::U8 && (tensor.bytes.back() & std::byte{0x80}) != std::byte{0};
        if (negative) value = -1;
        std::memcpy(&value, tensor.bytes.data(), tensor.bytes.size());
        push(Kind::Int, value);
      }
    }
  }

  /// An element of an array of texts, without the NULs that fill it up; `item` outlives the machine if it is
  /// `stable`.
  Id make_text(const NumpyType& type, std::string_view item, bool stable) {
    look_again_at(item.size());
    if (type.element == NumpyType::Element::Unicode) {
      decode(make(Kind::String), from_utf32(item, type.big_endian));
    } else {
      const std::string_view text = item.substr(0, item.find_last_not_of('\0') + 1);
      Value& value = make(Kind::Bytes, 0, text);
      if (!stable) decode(value, std::string(text));
    }
    return static_cast<Id>(pickle_.values_.size() - 1);
  }

  /// Number of elements. Throws if it is not what the data has.
  std::int64_t checked_count(const NumpyArray& array, std::size_t bytes) const {
    const std::optional<std::int64_t> count = count_in(array, bytes);
    if (!count) {
      malformed(fmt::format("an array of shape {} with items of {} bytes in {} bytes",
                            shape_text(array.shape), array.type.item_bytes, bytes));
    }
    return *count;
  }

  /// Completes `value`, an Array, by data of numbers or texts.
  void fill(Value& value, NumpyArray array, std::string_view data) {
    const std::int64_t count = checked_count(array, data.size());
    if (array.type.element == NumpyType::Element::Number) {
      array.data = data;
    } else {
      const auto item = static_cast<std::size_t>(array.type.item_bytes);
      std::vector<std::byte> in_rows;
      look_again_at(data.size());
      const bool moved = array.column_major && array.shape.size() > 1 && !data.empty();
      if (moved) {
        in_rows = from_column_major(array.shape, item, reinterpret_cast<const std::byte*>(data.data()));
        data = {reinterpret_cast<const char*>(in_rows.data()), in_rows.size()};
      }
      std::vector<Id> items;
      for (std::int64_t i = 0; i < count; ++i)
        items.push_back(make_text(array.type, data.substr(static_cast<std::size_t>(i) * item, item), !moved));
      count_items(items.size());
      value.items = std::move(items);
    }
    value.array = std::make_unique<const NumpyArray>(std::move(array));
  }

  /// _frombuffer(bytes, dtype, shape, order)
  void push_array_of_buffer(const Value& arguments) {
    if (arguments.items.size() < 4 || at(arguments.items[0]).kind != Kind::Bytes)
      malformed("an array without bytes");
    const std::string_view order = at(arguments.items[3]).text;
    if (order != "C" && order != "F")
      unsupported("it holds an array in the order '" + std::string(order.substr(0, kLongestName)) + "'");
    const NumpyType& type = type_at(arguments.items[1]);
    if (type.element == NumpyType::Element::Object) malformed("objects that are bytes");
    fill(push(Kind::Array), {type, integers(arguments.items[2], "an array"), order == "F"},
         at(arguments.items[0]).text);
  }

  /// The state of an array: (1, shape, dtype, is_fortran, bytes or list)
  void build_array(Value& value, const Value& state) {
    if (state.kind != Kind::Tuple || state.items.size() != 5 || at(state.items[0]).kind != Kind::Int ||
        at(state.items[0]).integer != 1 ||
        (at(state.items[3]).kind != Kind::Bool && at(state.items[3]).kind != Kind::Int)) {
      malformed("the state of an array that is not (1, shape, dtype, order, data)");
    }
    NumpyArray array{type_at(state.items[2]), integers(state.items[1], "an array"),
                     at(state.items[3]).integer != 0};
    const Value& data = at(state.items[4]);
    if (array.type.element == NumpyType::Element::Object) {
      if (data.kind != Kind::List) malformed("an array of objects without a list of them");
      checked_count(array, data.items.size() * static_cast<std::size_t>(array.type.item_bytes));
      count_items(data.items.size());
      value.items = data.items;
      value.depth = data.depth;
      value.array = std::make_unique<const NumpyArray>(std::move(array));
    } else if (data.kind == Kind::String) {
      unsupported("the bytes of an array are a text, as Python 2 writes them");
    } else if (data.kind == Kind::Bytes) {
      fill(value, std::move(array), data.text);
    } else {
      malformed("an array without bytes");
    }
  }

  /// The state of a type: (3, byte order, subarray, names, fields, bytes of an item, alignment, flags)
  void build_numpy_type(Value& value, const Value& state) {
    if (state.kind != Kind::Tuple || state.items.size() < 8 || at(state.items[0]).kind != Kind::Int ||
        at(state.items[5]).kind != Kind::Int)
      malformed("the state of a numpy.dtype that is not (3, order, ...)");
    for (const std::size_t field : {2, 3, 4}) {
      if (at(state.items[field]).kind != Kind::None) unsupported("it holds numpy values of several fields");
    }
    if (at(state.items[0]).integer != 3 || state.items.size() != 8)
      unsupported(fmt::format("the state of a numpy.dtype has version {}", at(state.items[0]).integer));
    const std::string_view order = at(state.items[1]).text;
    NumpyType type = value.array->type;
    const std::int64_t item_bytes = at(state.items[5]).integer;
    if (order.size() != 1 || std::string_view("<>|=").find(order) == std::string_view::npos ||
        (item_bytes != -1 && item_bytes != type.item_bytes)) {
      malformed("the state of a numpy.dtype of another type");
    }
    type.big_endian = order == ">";
    value.array = std::make_unique<const NumpyArray>(NumpyArray{type});
  }

  void push_stack_global() {
    const Value& symbol = at(pop());
    const Value& module = at(pop());
    push_global(module.text, symbol.text);
  }

  void check_protocol() {
    if (byte() > 5) malformed("a protocol above 5");
  }
  void check_frame() {
    if (number(8) > bytes_.size() - at_) malformed("a frame longer than the stream");
  }
  void duplicate() {
    (void)top();
    push_again(stack_.back());
  }
  void push_long4() {
    const auto count = static_cast<std::int32_t>(number(4));
    if (count < 0) malformed("LONG4 of negative length");
    push_long(static_cast<std::uint64_t>(count));
  }
  void push_big_endian_float() {
    std::uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8U | static_cast<unsigned char>(c);
    push(Kind::Float, static_cast<std::int64_t>(bits));
  }

  // Protocol 0: a line of text per value.
  template <class Number>
  Number line_number(std::string_view text) {
    Number number{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size())
      malformed("'" + std::string(text.substr(0, kLongestName)) + "' is not a number");
    return number;
  }
  std::uint64_t line_index() { return line_number<std::uint64_t>(line()); }
  void push_whole_number(std::string_view text) {
    const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
    const bool digits =
        text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string_view::npos;
    std::int64_t value = 0;
    if (digits &&
        std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range)
      push(Kind::BigInt, 0, text);
    else
      push(Kind::Int, line_number<std::int64_t>(text));
  }
  void push_line_int() {
    const std::string_view text = line();
    if (text == "00" || text == "01")
      push(Kind::Bool, text == "01" ? 1 : 0);
    else
      push_whole_number(text);
  }
  void push_line_long() {
    std::string_view text = line();
    if (!text.empty() && text.back() == 'L') text.remove_suffix(1);
    push_whole_number(text);
  }
  void push_line_unicode() {
    const std::string_view raw = line();
    Value& value = push(Kind::String, 0, raw);
    if (!is_ascii(raw) || raw.find('\\') != std::string_view::npos)
      decode(value, from_raw_unicode_escape(raw));
  }
  void push_line_string() { decode(push(Kind::String), from_string_repr(line())); }
  void push_container(Kind kind, const std::vector<Id>& items, const char* opcode) {
    push(kind);
    extend(kind, items, opcode);
  }
  void set_item() {
    const Id value = pop(), key = pop();
    extend(Kind::Dict, {key, value}, "SETITEM");
  }
  void push_line_global() {
    const std::string_view module = line();
    push_global(module, line());
  }
  /// The attributes of an OrderedDict (_metadata) are ignored.
  void build() {
    const Value& state = at(pop());
    Value& value = top();
    if (value.kind == Kind::Array) build_array(value, state);
    if (value.kind == Kind::NumpyType) build_numpy_type(value, state);
  }

  using Machine = PickleMachine;
  using OpcodeTable = std::array<void (*)(Machine&), 256>;
  static constexpr std::uint8_t kStop = '.';

  static OpcodeTable opcodes() {
    OpcodeTable table{};
    table[0x80] = [](Machine& m) { m.check_protocol(); };                                        // PROTO
    table[0x95] = [](Machine& m) { m.check_frame(); };                                           // FRAME
    table['('] = [](Machine& m) { m.push(Kind::Mark); };                                         // MARK
    table['0'] = [](Machine& m) { (void)m.pop(); };                                              // POP
    table['2'] = [](Machine& m) { m.duplicate(); };                                              // DUP
    table['N'] = [](Machine& m) { m.push(Kind::None); };                                         // NONE
    table[0x88] = [](Machine& m) { m.push(Kind::Bool, 1); };                                     // NEWTRUE
    table[0x89] = [](Machine& m) { m.push(Kind::Bool, 0); };                                     // NEWFALSE
    table['J'] = [](Machine& m) { m.push(Kind::Int, static_cast<std::int32_t>(m.number(4))); };  // BININT
    table['K'] = [](Machine& m) { m.push(Kind::Int, m.byte()); };                                // BININT1
    table['M'] = [](Machine& m) { m.push(Kind::Int, static_cast<std::int64_t>(m.number(2))); };  // BININT2
    table[0x8a] = [](Machine& m) { m.push_long(m.byte()); };                                     // LONG1
    table[0x8b] = [](Machine& m) { m.push_long4(); };                                            // LONG4
    table['G'] = [](Machine& m) { m.push_big_endian_float(); };                                  // BINFLOAT
    table['X'] = [](Machine& m) { m.push_string(m.number(4)); };                                 // BINUNICODE
    table[0x8c] = [](Machine& m) { m.push_string(m.byte()); };                   // SHORT_BINUNICODE
    table[0x8d] = [](Machine& m) { m.push_string(m.number(8)); };                // BINUNICODE8
    table['T'] = [](Machine& m) { m.push_string(m.number(4)); };                 // BINSTRING, Python 2
    table['U'] = [](Machine& m) { m.push_string(m.byte()); };                    // SHORT_BINSTRING, Python 2
    table['B'] = [](Machine& m) { m.push_bytes(m.number(4)); };                  // BINBYTES
    table['C'] = [](Machine& m) { m.push_bytes(m.byte()); };                     // SHORT_BINBYTES
    table[0x8e] = [](Machine& m) { m.push_bytes(m.number(8)); };                 // BINBYTES8
    table[0x96] = [](Machine& m) { m.push_bytes(m.number(8)); };                 // BYTEARRAY8
    table['}'] = [](Machine& m) { m.push(Kind::Dict); };                         // EMPTY_DICT
    table[']'] = [](Machine& m) { m.push(Kind::List); };                         // EMPTY_LIST
    table[')'] = [](Machine& m) { m.push(Kind::Tuple); };                        // EMPTY_TUPLE
    table['t'] = [](Machine& m) { m.push_tuple(m.pop_to_mark()); };              // TUPLE
    table[0x85] = [](Machine& m) { m.push_tuple(std::size_t{1}); };              // TUPLE1
    table[0x86] = [](Machine& m) { m.push_tuple(std::size_t{2}); };              // TUPLE2
    table[0x87] = [](Machine& m) { m.push_tuple(std::size_t{3}); };              // TUPLE3
    table['a'] = [](Machine& m) { m.extend(Kind::List, {m.pop()}, "APPEND"); };  // APPEND
    table['e'] = [](Machine& m) { m.extend(Kind::List, m.pop_to_mark(), "APPENDS"); };       // APPENDS
    table['s'] = [](Machine& m) { m.set_item(); };                                           // SETITEM
    table['u'] = [](Machine& m) { m.extend(Kind::Dict, m.pop_to_mark(), "SETITEMS"); };      // SETITEMS
    table['q'] = [](Machine& m) { m.put(m.byte()); };                                        // BINPUT
    table['r'] = [](Machine& m) { m.put(m.number(4)); };                                     // LONG_BINPUT
    table[0x94] = [](Machine& m) { m.put(m.next_slot()); };                                  // MEMOIZE
    table['h'] = [](Machine& m) { m.get(m.byte()); };                                        // BINGET
    table['j'] = [](Machine& m) { m.get(m.number(4)); };                                     // LONG_BINGET
    table['c'] = [](Machine& m) { m.push_line_global(); };                                   // GLOBAL
    table[0x93] = [](Machine& m) { m.push_stack_global(); };                                 // STACK_GLOBAL
    table['R'] = [](Machine& m) { m.reduce(); };                                             // REDUCE
    table['b'] = [](Machine& m) { m.build(); };                                              // BUILD
    table['Q'] = [](Machine& m) { m.push_storage(); };                                       // BINPERSID
    table['I'] = [](Machine& m) { m.push_line_int(); };                                      // INT
    table['L'] = [](Machine& m) { m.push_line_long(); };                                     // LONG
    table['F'] = [](Machine& m) { m.push_float(m.line_number<double>(m.line())); };          // FLOAT
    table['V'] = [](Machine& m) { m.push_line_unicode(); };                                  // UNICODE
    table['S'] = [](Machine& m) { m.push_line_string(); };                                   // STRING
    table['l'] = [](Machine& m) { m.push_container(Kind::List, m.pop_to_mark(), "LIST"); };  // LIST
    table['d'] = [](Machine& m) { m.push_container(Kind::Dict, m.pop_to_mark(), "DICT"); };  // DICT
    table['p'] = [](Machine& m) { m.put(m.line_index()); };                                  // PUT
    table['g'] = [](Machine& m) { m.get(m.line_index()); };                                  // GET
    return table;
  }

  static constexpr Id kUnset = ~Id{0};
  static constexpr std::size_t kLongestName = 200;  // of a global; longer ones are not on the list
  static constexpr std::size_t kMostLooks = 8;      // at each byte
  static constexpr const char* kDamaged =
      "The file is damaged or was not written by torch.save or pickle.dump";
  static constexpr const char* kPlainOnly =
      "Only tensors, numpy arrays, lists, dicts, texts and numbers are read, code in a file is never "
      "executed: "
      "save the bare state dict or plain values";

  Pickle& pickle_;
  std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::size_t most_values_, items_ = 0, looked_again_ = 0;
  std::vector<Id> stack_;
  std::vector<Id> memo_;

  // Of a PickleDict: the slots that are used later on, and those of them that came with the items.
  std::optional<LastUses> uses_;
  std::unordered_map<std::uint64_t, Id> slots_;
  std::vector<std::uint64_t> new_slots_;
  std::uint64_t slot_count_ = 0;
  std::vector<Id> outer_items_;
  std::size_t kept_ = 0, kept_views_ = 0;  // what is not dropped, at the beginning of the arena
};

Pickle::Pickle(std::string_view bytes, const std::string& where) { PickleMachine(*this, bytes, where).run(); }

PickleDict::PickleDict(std::string_view bytes, std::string where, const Progress& progress)
    : where_(std::move(where)),
      machine_(std::make_unique<PickleMachine>(pickle_, bytes, where_,
                                               UseScanner(bytes, where_, progress, nullptr).scan())) {}

PickleDict::PickleDict(const MappedFile& file, std::string where, const Progress& progress)
    : file_(&file),
      where_(std::move(where)),
      machine_(std::make_unique<PickleMachine>(pickle_, file.bytes(), where_,
                                               UseScanner(file.bytes(), where_, progress, &file).scan())) {}

PickleDict::~PickleDict() = default;

bool PickleDict::next() {
  machine_->drop_items();
  if (file_ != nullptr) file_->release_before(machine_->position());
  return machine_->run_to_items();
}

const std::vector<Pickle::Id>& PickleDict::items() const noexcept { return machine_->items(); }

std::size_t PickleDict::position() const noexcept { return machine_->position(); }

const Pickle::Value* Pickle::get(const Value& dict, std::string_view key) const noexcept {
  if (dict.kind != Kind::Dict) return nullptr;
  for (std::size_t i = dict.items.size(); i >= 2; i -= 2) {
    const Value& name = values_[dict.items[i - 2]];
    if (name.kind == Kind::String && name.text == key) return &values_[dict.items[i - 1]];
  }
  return nullptr;
}

std::optional<double> Pickle::number(const Value& value) noexcept {
  if (value.kind == Kind::Float) return real_of(value.integer);
  if (value.kind == Kind::Int || value.kind == Kind::Bool) return static_cast<double>(value.integer);
  return std::nullopt;
}

const NumpyArray& Pickle::array(const Value& array) noexcept {
  static const NumpyArray kEmpty;
  return array.array != nullptr ? *array.array : kEmpty;
}

std::optional<Tensor> Pickle::tensor(const Value& value) {
  if (value.kind != Kind::Array || array(value).type.element != NumpyType::Element::Number)
    return std::nullopt;
  return copy_of(array(value));
}

std::optional<std::vector<double>> Pickle::numbers(const Value& sequence) const {
  if (const std::optional<tvr::Tensor> numbers = tensor(sequence)) return numbers->to_doubles();
  if (sequence.kind != Kind::List && sequence.kind != Kind::Tuple && sequence.kind != Kind::Array)
    return std::nullopt;
  std::vector<double> numbers;
  numbers.reserve(sequence.items.size());
  for (const Id item : sequence.items) {
    const std::optional<double> value = number(values_[item]);
    if (!value) return std::nullopt;
    numbers.push_back(*value);
  }
  return numbers;
}

std::optional<std::vector<std::string_view>> Pickle::texts(const Value& sequence) const {
  if (const std::optional<tvr::Tensor> numbers = tensor(sequence)) {
    const std::vector<double> values = numbers->to_doubles();
    if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isnan(value); }))
      return std::nullopt;
    return std::vector<std::string_view>(values.size());
  }
  if (sequence.kind != Kind::List && sequence.kind != Kind::Tuple && sequence.kind != Kind::Array)
    return std::nullopt;
  std::vector<std::string_view> texts;
  texts.reserve(sequence.items.size());
  for (const Id item : sequence.items) {
    const Value& value = values_[item];
    const bool missing =
        value.kind == Kind::None || (value.kind == Kind::Float && std::isnan(real_of(value.integer)));
    if (value.kind != Kind::String && value.kind != Kind::Bytes && !missing) return std::nullopt;
    texts.push_back(missing ? std::string_view() : value.text);
  }
  return texts;
}

}  // namespace tvr
